//! A call above the cutoff starts a task for n-1, does n-2 itself, in a boxed frame, and awaits the task.

use std::future::Future;
use std::pin::Pin;

use fiveways_peers::arithmetic::{mix, Call};
use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::trial::Trial;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

pub fn run(runtime: &Runtime, trial: &'static Trial) -> Result<Outcome, Refusal> {
    let (n, cutoff, salt) = (trial.param("n"), trial.param("cutoff"), mix(trial.seed));
    let call = runtime.block_on(async { start(n, cutoff, salt).await.unwrap() });
    Ok(call.outcome())
}

/// The handle's type is what keeps the call's from holding itself.
fn start(n: u64, cutoff: u64, salt: u64) -> JoinHandle<Call> {
    tokio::spawn(fork(n, cutoff, salt))
}

async fn fork(n: u64, cutoff: u64, salt: u64) -> Call {
    if n <= cutoff {
        return Call::plain(n, salt);
    }
    let left = start(n - 1, cutoff, salt);
    let right = if n - 2 <= cutoff { Call::plain(n - 2, salt) } else { boxed(n - 2, cutoff, salt).await };
    left.await.unwrap().join(right)
}

fn boxed(n: u64, cutoff: u64, salt: u64) -> Pin<Box<dyn Future<Output = Call> + Send>> {
    Box::pin(fork(n, cutoff, salt))
}
