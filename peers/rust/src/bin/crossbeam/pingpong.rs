//! Two threads, a channel for one message each way: a rendezvous takes longer between two CPUs.

use std::thread;
use std::time::Instant;

use crossbeam_channel::{bounded, Receiver, Sender};
use fiveways_peers::arithmetic::{ask, check, turn, Words};
use fiveways_peers::meter::Meter;
use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::trial::Trial;

use crate::{start, STACK};

pub fn run(_: &(), trial: &'static Trial) -> Result<Outcome, Refusal> {
    let (ask, asked) = bounded(1);
    let (answer, answered) = bounded(1);
    thread::scope(|scope| {
        let client = start(scope, trial, 0, STACK, move || request(trial, ask, answered))?;
        let server = start(scope, trial, 1, STACK, move || serve(trial, asked, answer))?;
        let mut outcome = client.join().unwrap();
        outcome.failure = server.join().unwrap().or(outcome.failure);
        Ok(outcome)
    })
}

fn serve(trial: &Trial, requests: Receiver<Words>, answers: Sender<Words>) -> Option<String> {
    let mut failure = None;
    for (s, mut words) in (0..).zip(requests) {
        if !turn(&mut words, trial.seed, s) {
            failure = Some(format!("request {s} is wrong"));
        }
        answers.send(words).unwrap();
    }
    failure
}

fn request(trial: &'static Trial, requests: Sender<Words>, answers: Receiver<Words>) -> Outcome {
    let mut words = vec![0; trial.param("size") as usize / 8].into_boxed_slice();
    let (mut s, mut checksum, mut failure) = (0, 0, None);
    let mut meter = Meter::open(trial);
    loop {
        let start = Instant::now();
        for _ in 0..trial.batch {
            ask(&mut words, trial.seed, s);
            requests.send(words).unwrap();
            words = answers.recv().unwrap();
            if !check(&words, trial.seed, s, &mut checksum) {
                failure = Some(format!("answer {s} is wrong"));
            }
            s += 1;
        }
        if !meter.record(start, trial.batch) {
            break;
        }
    }
    Outcome { units: 2, messages: 2 * s, live: 2, checksum, failure, meters: vec![meter] }
}
