//! Tasks that sleep. A task doesn't know its worker, so the meters are shared out by number, under a lock.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fiveways_peers::arithmetic::mix;
use fiveways_peers::meter::{Meter, Window};
use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::trial::Trial;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::time::sleep_until;

const LEAST_MS: u64 = 100;
const MOST_MS: u64 = 4000;
const WAKES_A_MS: u64 = 20;

struct Dormitory {
    trial: &'static Trial,
    period: Duration,
    missing: AtomicU64,
    all_here: Notify,
    early_ns: AtomicU64,
    desks: Vec<Mutex<Option<Meter>>>, // none until the window is open
}

pub fn run(runtime: &Runtime, trial: &'static Trial) -> Result<Outcome, Refusal> {
    Ok(runtime.block_on(async { tokio::spawn(hold(trial)).await.unwrap() }))
}

async fn hold(trial: &'static Trial) -> Outcome {
    let (units, ms) = (trial.param("units"), trial.param("period_ms"));
    let ms = if ms == 0 { (units / WAKES_A_MS).clamp(LEAST_MS, MOST_MS) } else { ms };
    let home = Arc::new(Dormitory {
        trial,
        period: Duration::from_millis(ms),
        missing: AtomicU64::new(units),
        all_here: Notify::new(),
        early_ns: AtomicU64::new(0),
        desks: trial.workers.iter().map(|_| Mutex::new(None)).collect(),
    });
    let mut sleepers = Vec::with_capacity(units as usize);
    sleepers.extend((0..units).map(|number| {
        let home = home.clone();
        tokio::spawn(async move { home.sleep(number).await })
    }));
    home.all_here.notified().await;
    let window = Window::open(trial);
    for desk in &home.desks {
        *desk.lock().unwrap() = Some(Meter::new(trial, window));
    }
    let mut checksum = 0u64;
    for sleeper in sleepers {
        checksum = checksum.wrapping_add(sleeper.await.unwrap());
    }
    let meters = home.desks.iter().filter_map(|desk| desk.lock().unwrap().take()).collect();
    let early = home.early_ns.load(SeqCst);
    let failure = (early > 0).then(|| format!("a task woke {early} ns early"));
    Outcome { units, live: units, checksum, failure, meters, ..Outcome::default() }
}

impl Dormitory {
    async fn sleep(&self, number: u64) -> u64 {
        let seed = self.trial.seed;
        let first = mix(seed.wrapping_add(number)) % self.period.as_nanos() as u64;
        let mut deadline = Instant::now() + Duration::from_nanos(first);
        if self.missing.fetch_sub(1, SeqCst) == 1 {
            self.all_here.notify_one();
        }
        loop {
            sleep_until(deadline.into()).await;
            if !self.book(number, deadline) {
                return mix(seed ^ mix(number));
            }
            deadline += self.period;
        }
    }

    /// False: the window has closed.
    fn book(&self, number: u64, deadline: Instant) -> bool {
        let early = deadline.saturating_duration_since(Instant::now());
        self.early_ns.fetch_max(early.as_nanos() as u64, SeqCst);
        let mut desk = self.desks[number as usize % self.desks.len()].lock().unwrap();
        desk.as_mut().map_or(true, |meter| meter.record(deadline, 1))
    }
}
