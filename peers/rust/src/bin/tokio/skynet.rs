//! A task a node, which its parent awaits.

use fiveways_peers::arithmetic::Sum;
use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::trial::Trial;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

pub fn run(runtime: &Runtime, trial: &'static Trial) -> Result<Outcome, Refusal> {
    let (leaves, grain) = (trial.param("leaves"), trial.param("grain"));
    let sum = runtime.block_on(async { start(0, leaves, grain, trial.seed).await.unwrap() });
    Ok(sum.outcome(leaves))
}

/// The handle's type is what keeps the node's from holding itself.
fn start(first: u64, leaves: u64, grain: u64, seed: u64) -> JoinHandle<Sum> {
    tokio::spawn(node(first, leaves, grain, seed))
}

async fn node(first: u64, leaves: u64, grain: u64, seed: u64) -> Sum {
    if leaves <= grain {
        return Sum::of(first, leaves, seed);
    }
    let share = leaves / 10;
    let children: [_; 10] = std::array::from_fn(|i| start(first + i as u64 * share, share, grain, seed));
    let mut all = Sum { units: 1, ..Sum::default() };
    for child in children {
        all = all + child.await.unwrap();
    }
    all
}
