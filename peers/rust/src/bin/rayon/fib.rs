//! A call above the cutoff offers n-1 to the other workers and does n-2 itself.

use fiveways_peers::arithmetic::{mix, Call};
use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::trial::Trial;
use rayon::ThreadPool;

pub fn run(pool: &ThreadPool, trial: &'static Trial) -> Result<Outcome, Refusal> {
    let (n, cutoff, salt) = (trial.param("n"), trial.param("cutoff"), mix(trial.seed));
    Ok(pool.install(|| fork(n, cutoff, salt)).outcome())
}

fn fork(n: u64, cutoff: u64, salt: u64) -> Call {
    if n <= cutoff {
        return Call::plain(n, salt);
    }
    let (right, left) = rayon::join(|| fork(n - 2, cutoff, salt), || fork(n - 1, cutoff, salt));
    left.join(right)
}
