//! What a trial asks for; the names are the protocol's.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::runner::reject;

const BEAT_NS: u64 = 100_000_000;

pub struct Trial {
    pub id: Value,
    pub workload: String,
    pub variant: String,
    pub workers: Vec<Vec<usize>>,
    pub warmup: Duration,
    pub window: Duration,
    pub batch: u64,
    pub seed: u64,
    params: Map<String, Value>,
    progress_fd: i32,
    begun: Instant,
    next_beat: AtomicU64,
    work: AtomicU64,
}

impl Trial {
    pub fn parse(text: &str) -> Result<Trial, String> {
        let all: Value = serde_json::from_str(text).map_err(|e| format!("the trial is not JSON: {e}"))?;
        let number = |name: &str| all[name].as_u64().ok_or(format!("{name} {}: expected a whole number", all[name]));
        let text = |name: &str| all[name].as_str().unwrap_or_default().to_string();
        if number("protocol")? != 1 {
            return Err(format!("protocol {}: this runner speaks 1", all["protocol"]));
        }
        let cpus = |worker: &Value| -> Vec<usize> {
            let list = worker["cpus"].as_array().map_or(&[][..], Vec::as_slice);
            list.iter().map(|cpu| cpu.as_u64().map_or(usize::MAX, |cpu| cpu as usize)).collect()
        };
        let trial = Trial {
            id: all["trial_id"].clone(),
            workload: text("workload"),
            variant: text("variant"),
            workers: all["workers"].as_array().map_or(Vec::new(), |list| list.iter().map(cpus).collect()),
            warmup: Duration::from_nanos(number("warmup_ns")?),
            window: Duration::from_nanos(number("window_ns")?),
            batch: number("batch")?,
            seed: text("seed")
                .parse()
                .map_err(|_| format!("seed {}: expected a decimal number of 64 bits", all["seed"]))?,
            params: all["params"].as_object().cloned().unwrap_or_default(),
            progress_fd: all["progress_fd"].as_i64().unwrap_or(-1) as i32,
            begun: Instant::now(),
            next_beat: AtomicU64::new(0),
            work: AtomicU64::new(0),
        };
        if trial.batch < 1 || trial.workers.is_empty() {
            return Err(format!("batch {}, {} workers: expected one at least", trial.batch, trial.workers.len()));
        }
        Ok(trial)
    }

    pub fn text(&self, name: &str) -> &str {
        self.params.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn param(&self, name: &str) -> u64 {
        let text = self.text(name);
        text.parse().unwrap_or_else(|_| reject(&format!("{name}={text:?}: expected a whole number")))
    }

    /// Binds the calling thread, and the threads that it starts, to the CPUs of all workers.
    pub fn bind_to_all(&self) -> io::Result<()> {
        bind(self.workers.iter().flatten())
    }

    /// Binds the calling thread to a worker's CPUs.
    pub fn bind_to(&self, worker: usize) -> io::Result<()> {
        bind(self.workers[worker].iter())
    }

    /// Tells the driver, at most ten times a second, how much work was done by all. `count` is the caller's own, `told`
    /// what it has told before.
    pub fn progress(&self, count: u64, told: &mut u64, now: Instant) {
        let due = self.next_beat.load(Relaxed);
        let at = (now - self.begun).as_nanos() as u64;
        if self.progress_fd < 0 || at < due {
            return;
        }
        if self.next_beat.compare_exchange(due, at + BEAT_NS, Relaxed, Relaxed).is_ok() {
            let work = self.work.fetch_add(count - *told, Relaxed) + count - *told;
            *told = count;
            let line = format!("{work}\n");
            // The driver that stopped listening ends the trial itself.
            unsafe { libc::write(self.progress_fd, line.as_ptr().cast(), line.len()) };
        }
    }
}

fn bind<'c>(cpus: impl Iterator<Item = &'c usize>) -> io::Result<()> {
    let mut mask: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    let mut asked = false;
    for &cpu in cpus {
        if cpu >= libc::CPU_SETSIZE as usize {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no such CPU"));
        }
        unsafe { libc::CPU_SET(cpu, &mut mask) };
        asked = true;
    }
    if asked && unsafe { libc::sched_setaffinity(0, std::mem::size_of_val(&mask), &mask) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
