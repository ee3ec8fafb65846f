//! Tasks that do nothing but let others run; the first counts.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Instant;

use fiveways_peers::arithmetic::mix;
use fiveways_peers::meter::Meter;
use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::trial::Trial;
use tokio::runtime::Runtime;
use tokio::task::yield_now;

pub fn run(runtime: &Runtime, trial: &'static Trial) -> Result<Outcome, Refusal> {
    let units = if trial.text("units").is_empty() { 2 } else { trial.param("units") };
    let stop = Arc::new(AtomicBool::new(false));
    let others: Vec<_> = (1..units).map(|_| runtime.spawn(go_round(stop.clone()))).collect();
    let zero = runtime.spawn(measure(trial, stop));
    Ok(runtime.block_on(async {
        let meter = zero.await.unwrap();
        let mut failure = None;
        for (unit, other) in (1..).zip(others) {
            if other.await.unwrap() == 0 && trial.workers.len() == 1 {
                failure = Some(format!("unit {unit} has never yielded"));
            }
        }
        let checksum = mix(trial.seed.wrapping_add(meter.ops));
        Outcome { units, live: units, checksum, failure, meters: vec![meter], ..Outcome::default() }
    }))
}

async fn go_round(stop: Arc<AtomicBool>) -> u64 {
    let mut count = 0;
    while !stop.load(Relaxed) {
        count += 1;
        yield_now().await;
    }
    count
}

async fn measure(trial: &'static Trial, stop: Arc<AtomicBool>) -> Meter {
    let mut meter = Meter::open(trial);
    loop {
        let start = Instant::now();
        let mut count = 0;
        while count < trial.batch {
            count += 1;
            yield_now().await;
        }
        if !meter.record(start, count) {
            stop.store(true, Relaxed);
            return meter;
        }
    }
}
