//! Producers' tasks and one consumer's, on Tokio's channel.

use std::time::Instant;

use fiveways_peers::meter::{Meter, Window};
use fiveways_peers::mpmc::{Consumer, Message, Plan};
use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::trial::Trial;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{channel, unbounded_channel, Sender, UnboundedSender};
use tokio::sync::watch;
use tokio::task::yield_now;

/// A send without bound never waits, so a producer gives way by itself, as often as Tokio makes those that can wait.
const BUDGET: u64 = 128;

pub fn run(runtime: &Runtime, trial: &'static Trial) -> Result<Outcome, Refusal> {
    let plan = Plan::of(trial)?;
    if plan.consumers > 1 {
        return Err("tokio's channel has one consumer".into());
    }
    let mut consumer = Consumer::new(trial, &plan);
    let (open, opened) = watch::channel(None);
    let (producers, consumer): (Vec<_>, _) = match plan.capacity {
        Some(0) => return Err("tokio's channel has no rendezvous".into()),
        Some(capacity) => {
            let (sender, mut messages) = channel(capacity);
            let consume = async move {
                while let Some(message) = messages.recv().await {
                    consumer.take(message);
                }
                consumer
            };
            let produce = |p| runtime.spawn(produce(trial, p, sender.clone(), opened.clone()));
            ((0..plan.producers).map(produce).collect(), runtime.spawn(consume))
        }
        None => {
            let (sender, mut messages) = unbounded_channel();
            let consume = async move {
                while let Some(message) = messages.recv().await {
                    consumer.take(message);
                }
                consumer
            };
            let produce = |p| runtime.spawn(pour(trial, p, sender.clone(), opened.clone()));
            ((0..plan.producers).map(produce).collect(), runtime.spawn(consume))
        }
    };
    Ok(runtime.block_on(async {
        open.send(Some(Window::open(trial))).unwrap();
        let mut meters = Vec::new();
        for producer in producers {
            meters.push(producer.await.unwrap());
        }
        plan.outcome(meters, vec![consumer.await.unwrap()])
    }))
}

type Opened = watch::Receiver<Option<Window>>;

async fn meter(trial: &'static Trial, mut opened: Opened) -> Meter {
    opened.changed().await.unwrap();
    let window = opened.borrow().unwrap();
    Meter::new(trial, window)
}

async fn produce(trial: &'static Trial, p: u64, messages: Sender<Message>, opened: Opened) -> Meter {
    let mut meter = meter(trial, opened).await;
    let mut s = 0;
    loop {
        let start = Instant::now();
        for _ in 0..trial.batch {
            messages.send((p, s)).await.unwrap();
            s += 1;
        }
        if !meter.record(start, trial.batch) {
            return meter;
        }
    }
}

async fn pour(trial: &'static Trial, p: u64, messages: UnboundedSender<Message>, opened: Opened) -> Meter {
    let mut meter = meter(trial, opened).await;
    let mut s = 0;
    loop {
        let start = Instant::now();
        for _ in 0..trial.batch {
            messages.send((p, s)).unwrap();
            s += 1;
            if s % BUDGET == 0 {
                yield_now().await;
            }
        }
        if !meter.record(start, trial.batch) {
            return meter;
        }
    }
}
