//! Bursts of tasks, each with a boxed frame for every nested call.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::Arc;

use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::spawn::{bottom, climb, Plan};
use fiveways_peers::trial::Trial;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// Where a burst waits until all of it is there.
struct Gate {
    missing: AtomicU64,
    complete: Notify,
    open: Notify,
}

#[derive(Clone)]
struct Unit {
    trial: &'static Trial,
    number: u64,
    depth: u64,
    gate: Option<Arc<Gate>>,
}

pub fn run(runtime: &Runtime, trial: &'static Trial) -> Result<Outcome, Refusal> {
    Ok(runtime.block_on(async { tokio::spawn(make(trial)).await.unwrap() }))
}

async fn make(trial: &'static Trial) -> Outcome {
    let plan = Plan::of(trial);
    let (mut numbers, mut fold) = (0, 0u64);
    let mut units = Vec::with_capacity(plan.burst as usize);
    for burst in plan.bursts() {
        let gate = plan.gate.then(|| Arc::new(Gate::of(burst.end - burst.start)));
        units.extend(burst.map(|number| {
            let unit = Unit { trial, number, depth: plan.depth, gate: gate.clone() };
            tokio::spawn(async move { (number, unit.frame(1).await) })
        }));
        if let Some(gate) = gate {
            gate.complete.notified().await;
            gate.open.notify_waiters();
        }
        for unit in units.drain(..) {
            let (number, value) = unit.await.unwrap();
            numbers += number;
            fold = fold.wrapping_add(value);
        }
    }
    plan.outcome(numbers, fold)
}

impl Unit {
    async fn frame(&self, frame: u64) -> u64 {
        if frame < self.depth {
            return climb(self.nested(frame + 1).await, frame);
        }
        if let Some(gate) = &self.gate {
            gate.wait().await;
        }
        bottom(self.trial, self.number)
    }

    fn nested(&self, frame: u64) -> Pin<Box<dyn Future<Output = u64> + Send + '_>> {
        Box::pin(self.frame(frame))
    }
}

impl Gate {
    fn of(units: u64) -> Gate {
        Gate { missing: AtomicU64::new(units), complete: Notify::new(), open: Notify::new() }
    }

    async fn wait(&self) {
        let open = self.open.notified(); // from here on it hears notify_waiters
        if self.missing.fetch_sub(1, SeqCst) == 1 {
            self.complete.notify_one();
        }
        open.await;
    }
}
