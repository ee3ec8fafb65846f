//! A task a node, a channel to the next. There is one token: the channel needs no bound.

use std::time::Instant;

use fiveways_peers::arithmetic::{last_hops, mix, Token};
use fiveways_peers::meter::Meter;
use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::trial::Trial;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};

pub fn run(runtime: &Runtime, trial: &'static Trial) -> Result<Outcome, Refusal> {
    let nodes = trial.param("nodes");
    let (first, mut link) = unbounded_channel();
    let mut ends = Vec::new();
    for node in 1..nodes {
        let (next, from_it) = unbounded_channel();
        ends.push(runtime.spawn(pass_on(trial, node, link, next)));
        link = from_it;
    }
    let zero = runtime.spawn(measure(trial, nodes, link, first));
    Ok(runtime.block_on(async {
        let (meter, mut last, failure) = zero.await.unwrap();
        for end in ends {
            last = end.await.unwrap().or(last);
        }
        Outcome {
            units: nodes,
            messages: meter.ops * nodes + last_hops(trial.seed),
            live: nodes,
            checksum: last.unwrap_or_default(),
            failure,
            meters: vec![meter],
        }
    }))
}

/// A node until the ring closes; the one where the token ends has the checksum.
async fn pass_on(
    trial: &Trial,
    node: u64,
    mut tokens: UnboundedReceiver<Token>,
    next: UnboundedSender<Token>,
) -> Option<u64> {
    while let Some(mut token) = tokens.recv().await {
        if !token.hop(trial.seed, node) {
            return Some(mix(token.fold ^ node));
        }
        next.send(token).unwrap();
    }
    None
}

async fn measure(
    trial: &'static Trial,
    nodes: u64,
    mut tokens: UnboundedReceiver<Token>,
    next: UnboundedSender<Token>,
) -> (Meter, Option<u64>, Option<String>) {
    let mut token = Token::default();
    let mut failure = None;
    let mut meter = Meter::open(trial);
    loop {
        let start = Instant::now();
        for _ in 0..trial.batch {
            token.left = nodes;
            next.send(token).unwrap();
            token = tokens.recv().await.unwrap();
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
    (meter, pass_on(trial, 0, tokens, next).await, failure)
}
