//! A runner's main: it describes itself, or reads a trial, runs it and prints the answer.

use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::meter::Meter;
use crate::spawn::ballast;
use crate::trial::Trial;

/// A runtime and what it can do. `start` binds the workers and makes what the workloads run in.
pub struct Runner<R: 'static> {
    pub name: &'static str,
    pub model: &'static str,
    pub package: &'static str,
    pub spins: &'static str,
    pub threads: &'static str,
    pub start: fn(&'static Trial) -> io::Result<R>,
    pub workloads: &'static [(&'static str, Workload<R>)],
}

/// A steady workload runs until its meters say stop; so does one that holds units, whose operations' time is how late
/// they were; a complete one is one repeat.
pub enum Workload<R> {
    Steady(fn(&R, &'static Trial) -> Result<Outcome, Refusal>),
    Hold(fn(&R, &'static Trial) -> Result<Outcome, Refusal>),
    Complete(fn(&R, &'static Trial) -> Result<Outcome, Refusal>),
}

/// What a workload reports of itself.
#[derive(Default)]
pub struct Outcome {
    pub units: u64,
    pub messages: u64,
    pub live: u64,
    pub checksum: u64,
    pub failure: Option<String>,
    pub meters: Vec<Meter>,
}

/// What the runtime can't do, or the OS would not give.
pub struct Refusal {
    pub reason: String,
    pub os: Option<Limit>,
}

/// The call that failed or would, and what it ran into.
pub struct Limit {
    pub call: &'static str,
    pub errno: i32,
    pub name: &'static str,
    pub value: u64,
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Refusal {
        Refusal { reason: reason.into(), os: None }
    }
}

/// A request that can't be read or asks for what is not there.
pub fn reject(why: &str) -> ! {
    let program = std::env::args().next().unwrap_or_default();
    eprintln!("{}: {why}", program.rsplit('/').next().unwrap_or_default());
    std::process::exit(2);
}

impl<R> Runner<R> {
    pub fn main(&self) {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["--describe"] => println!("{}", self.describe()),
            ["--trial"] => println!("{}", self.trial()),
            _ => reject("usage: --describe | --trial < trial.json"),
        }
    }

    fn describe(&self) -> Value {
        let names: Vec<Value> = self.workloads.iter().map(|(name, _)| json!({ "name": name })).collect();
        json!({
            "protocol": 1, "runtime": self.name, "model": self.model, "kind": "reference", "version": version(self.package),
            "spins": self.spins, "threads": self.threads, "workloads": names,
        })
    }

    fn trial(&self) -> Value {
        let mut text = String::new();
        if let Err(e) = io::stdin().read_to_string(&mut text) {
            reject(&format!("standard input: {e}"));
        }
        // The units of every kind borrow it until the process ends.
        let trial: &'static Trial = Box::leak(Box::new(Trial::parse(&text).unwrap_or_else(|why| reject(&why))));
        let found = self.workloads.iter().find(|(name, _)| *name == trial.workload && trial.variant.is_empty());
        let (_, workload) = found
            .unwrap_or_else(|| reject(&format!("no workload {:?} with variant {:?}", trial.workload, trial.variant)));
        let runtime = (self.start)(trial).unwrap_or_else(|e| reject(&format!("the workers' CPUs: {e}")));
        let done = match workload {
            Workload::Steady(run) => run(&runtime, trial).map(|outcome| {
                let elapsed = outcome.meters.iter().map(Meter::elapsed).max();
                measured(trial, &outcome, elapsed.unwrap_or_default())
            }),
            Workload::Hold(run) => run(&runtime, trial)
                .map(|outcome| measured(trial, &outcome, outcome.meters.iter().map(|m| m.within).sum())),
            Workload::Complete(run) => complete(trial, || run(&runtime, trial)),
        };
        done.unwrap_or_else(|refusal| refused(trial, refusal))
    }
}

fn measured(trial: &Trial, outcome: &Outcome, elapsed: Duration) -> Value {
    let meters = &outcome.meters;
    let ops: Vec<u64> = meters.iter().map(|m| m.ops).collect();
    let inside = meters.iter().map(|m| m.inside).sum();
    let slices: Vec<u64> = (0..10).map(|i| meters.iter().map(|m| m.slices[i]).sum()).collect();
    let mut answer = answer(trial, outcome, ops.iter().sum(), inside, elapsed);
    answer["slices"] = json!(slices);
    answer["repeats_total"] = json!(1);
    answer["meter_ops"] = json!(ops);
    answer
}

/// Repeats a complete workload until the window is full.
fn complete(trial: &Trial, run: impl Fn() -> Result<Outcome, Refusal>) -> Result<Value, Refusal> {
    let mut all = Outcome::default();
    let (mut times, mut total, mut told) = (Vec::new(), 0, 0);
    let (mut elapsed, mut cold) = (Duration::ZERO, Duration::ZERO);
    let mut warm = trial.warmup.is_zero();
    let _held = ballast(trial);
    let begin = Instant::now();
    loop {
        let start = Instant::now();
        let one = run()?;
        let now = Instant::now();
        let took = now - start;
        total += 1;
        all.units += one.units;
        all.messages += one.messages;
        all.checksum = all.checksum.wrapping_add(one.checksum);
        all.live = all.live.max(one.live);
        all.failure = one.failure;
        if total == 1 {
            cold = took;
        }
        if warm {
            times.push(took.as_nanos() as u64);
            elapsed += took;
        }
        trial.progress(all.units, &mut told, now);
        if all.failure.is_some() || warm && elapsed >= trial.window {
            break;
        }
        warm = warm || now - begin >= trial.warmup;
    }
    let mut answer = answer(trial, &all, total, times.len() as u64, elapsed);
    answer["repeats_ns"] = json!(times);
    answer["cold_ns"] = json!(cold.as_nanos() as u64);
    answer["repeats_total"] = json!(total);
    Ok(answer)
}

fn answer(trial: &Trial, outcome: &Outcome, ops: u64, inside: u64, elapsed: Duration) -> Value {
    let status = if outcome.failure.is_none() { "ok" } else { "failed" };
    json!({
        "protocol": 1, "trial_id": trial.id, "status": status, "reason": outcome.failure.as_deref().unwrap_or_default(),
        "receipt": {"units": outcome.units, "messages": outcome.messages, "peak_live": outcome.live, "bytes": 0, "ops": ops,
            "checksum": outcome.checksum.to_string(), "source": "self-reported"},
        "ops_total": ops, "ops_window": inside, "elapsed_ns": elapsed.as_nanos() as u64, "usage": usage(),
    })
}

fn refused(trial: &Trial, refusal: Refusal) -> Value {
    let mut answer = json!({
        "protocol": 1, "trial_id": trial.id, "status": "refused", "reason": refusal.reason, "usage": usage(),
    });
    if let Some(Limit { call, errno, name, value }) = refusal.os {
        answer["refused"] = json!({"call": call, "errno": errno, "limit": name, "value": value});
    }
    answer
}

fn usage() -> Value {
    let mut usage = MaybeUninit::zeroed();
    let usage: libc::rusage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let ns = |t: libc::timeval| t.tv_sec * 1_000_000_000 + t.tv_usec * 1000;
    json!({
        "cpu_user_ns": ns(usage.ru_utime), "cpu_sys_ns": ns(usage.ru_stime), "voluntary_switches": usage.ru_nvcsw,
        "involuntary_switches": usage.ru_nivcsw, "minor_faults": usage.ru_minflt, "major_faults": usage.ru_majflt,
        "max_rss_bytes": usage.ru_maxrss * 1024,
    })
}

/// A crate's version, as Cargo locked it, and the compiler's.
fn version(package: &str) -> String {
    const LOCKED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));
    let mut lines = LOCKED.lines().skip_while(|line| *line != format!("name = \"{package}\""));
    let number = lines.nth(1).and_then(|line| line.split('"').nth(1)).unwrap_or_default();
    format!("{package} {number}, {}", env!("RUSTC_VERSION"))
}
