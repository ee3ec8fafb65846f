//! The ten children of a node are forked in halves.

use std::ops::Range;

use fiveways_peers::arithmetic::Sum;
use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::trial::Trial;
use rayon::ThreadPool;

#[derive(Clone, Copy)]
struct Tree {
    grain: u64,
    seed: u64,
}

pub fn run(pool: &ThreadPool, trial: &'static Trial) -> Result<Outcome, Refusal> {
    let leaves = trial.param("leaves");
    let tree = Tree { grain: trial.param("grain"), seed: trial.seed };
    Ok(pool.install(|| tree.node(0, leaves)).outcome(leaves))
}

impl Tree {
    fn node(self, first: u64, leaves: u64) -> Sum {
        if leaves <= self.grain {
            return Sum::of(first, leaves, self.seed);
        }
        Sum { units: 1, ..Sum::default() } + self.children(first, leaves / 10, 0..10)
    }

    fn children(self, first: u64, leaves: u64, which: Range<u64>) -> Sum {
        let Range { start, end } = which;
        if end - start == 1 {
            return self.node(first + start * leaves, leaves);
        }
        let middle = (start + end) / 2;
        let (left, right) =
            rayon::join(|| self.children(first, leaves, start..middle), || self.children(first, leaves, middle..end));
        left + right
    }
}
