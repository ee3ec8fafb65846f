//! A thread a node, a rendezvous channel to the next.

use std::thread;
use std::time::Instant;

use crossbeam_channel::{bounded, Receiver, Sender};
use fiveways_peers::arithmetic::{last_hops, mix, Token};
use fiveways_peers::meter::Meter;
use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::trial::Trial;

use crate::{room_for, start, STACK};

pub fn run(_: &(), trial: &'static Trial) -> Result<Outcome, Refusal> {
    let nodes = trial.param("nodes");
    room_for(nodes)?;
    thread::scope(|scope| {
        let (first, mut link) = bounded(0);
        let mut ends = Vec::new();
        for node in 1..nodes {
            let (next, from_it) = bounded(0);
            let tokens = std::mem::replace(&mut link, from_it);
            // When one is refused, the links are dropped, and so all nodes before it end.
            ends.push(start(scope, trial, node, STACK, move || pass_on(trial, node, tokens, next))?);
        }
        let zero = start(scope, trial, 0, STACK, move || measure(trial, nodes, link, first))?;
        let (meter, mut last, failure) = zero.join().unwrap();
        for end in ends {
            last = end.join().unwrap().or(last);
        }
        Ok(Outcome {
            units: nodes,
            messages: meter.ops * nodes + last_hops(trial.seed),
            live: nodes,
            checksum: last.unwrap_or_default(),
            failure,
            meters: vec![meter],
        })
    })
}

/// A node until the ring closes; the one where the token ends has the checksum.
fn pass_on(trial: &Trial, node: u64, tokens: Receiver<Token>, next: Sender<Token>) -> Option<u64> {
    for mut token in tokens {
        if !token.hop(trial.seed, node) {
            return Some(mix(token.fold ^ node));
        }
        next.send(token).unwrap();
    }
    None
}

fn measure(
    trial: &'static Trial,
    nodes: u64,
    tokens: Receiver<Token>,
    next: Sender<Token>,
) -> (Meter, Option<u64>, Option<String>) {
    let mut token = Token::default();
    let mut failure = None;
    let mut meter = Meter::open(trial);
    loop {
        let start = Instant::now();
        for _ in 0..trial.batch {
            token.left = nodes;
            next.send(token).unwrap();
            token = tokens.recv().unwrap();
            if token.hop(trial.seed, 0) {
                failure = Some("the token did not come back after one lap".to_string());
            }
        }
        if !meter.record(start, trial.batch) {
            break;
        }
    }
    token.left = last_hops(trial.seed);
    next.send(token).unwrap();
    (meter, pass_on(trial, 0, tokens, next), failure)
}
