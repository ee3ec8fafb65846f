//! Producers and consumers, a thread each, on one channel.

use std::sync::RwLock;
use std::thread;
use std::time::Instant;

use crossbeam_channel::{bounded, unbounded, Sender};
use fiveways_peers::meter::{Meter, Window};
use fiveways_peers::mpmc::{Consumer, Message, Plan};
use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::trial::Trial;

use crate::{room_for, start, STACK};

pub fn run(_: &(), trial: &'static Trial) -> Result<Outcome, Refusal> {
    let plan = Plan::of(trial)?;
    room_for(plan.producers + plan.consumers)?;
    let opened = RwLock::new(None);
    thread::scope(|scope| {
        // No producer begins before there is a window, or the launch has failed and there is none.
        let mut window = opened.write().unwrap();
        let (sender, messages) = plan.capacity.map_or_else(unbounded, bounded);
        let mut producers = Vec::new();
        for p in 0..plan.producers {
            let (sender, opened) = (sender.clone(), &opened);
            let run = move || opened.read().unwrap().map(|window| produce(trial, p, sender, window));
            producers.push(start(scope, trial, p, STACK, run)?);
        }
        drop(sender);
        let mut consumers = Vec::new();
        for c in 0..plan.consumers {
            let (mut consumer, messages) = (Consumer::new(trial, &plan), messages.clone());
            let run = move || {
                for message in messages {
                    consumer.take(message);
                }
                consumer
            };
            consumers.push(start(scope, trial, plan.producers + c, STACK, run)?);
        }
        *window = Some(Window::open(trial));
        drop(window);
        let meters = producers.into_iter().filter_map(|p| p.join().unwrap()).collect();
        let consumers = consumers.into_iter().map(|c| c.join().unwrap()).collect();
        Ok(plan.outcome(meters, consumers))
    })
}

fn produce(trial: &'static Trial, p: u64, messages: Sender<Message>, window: Window) -> Meter {
    let mut meter = Meter::new(trial, window);
    let mut s = 0;
    loop {
        let start = Instant::now();
        for _ in 0..trial.batch {
            messages.send((p, s)).unwrap();
            s += 1;
        }
        if !meter.record(start, trial.batch) {
            return meter;
        }
    }
}
