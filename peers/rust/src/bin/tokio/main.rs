//! The reference runner for Tokio: tasks of async functions, on its two schedulers, with its own channels.

use std::io;

use fiveways_peers::runner::{Runner, Workload::*};
use fiveways_peers::trial::Trial;
use tokio::runtime::{Builder, Runtime};

mod fib;
mod mpmc;
mod pingpong;
mod ring;
mod serve;
mod skynet;
mod sleepers;
mod spawn;
mod r#yield;

/// One worker: this thread runs the tasks. More: so many threads, which steal. Tasks can't be placed one by one, so every
/// thread has the CPUs of all workers; they come from this one.
fn start(trial: &'static Trial) -> io::Result<Runtime> {
    trial.bind_to_all()?;
    let mut builder = match trial.workers.len() {
        1 => Builder::new_current_thread(),
        workers => {
            let mut many = Builder::new_multi_thread();
            many.worker_threads(workers);
            many
        }
    };
    if trial.workload == "sleepers" {
        builder.enable_time();
    }
    builder.build()
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().map_or(false, |word| word == "--serve") {
        return serve::main(&words[1..]);
    }
    Runner {
        name: "tokio",
        model: "async tasks (Tokio)",
        package: "tokio",
        spins: "nothing; an idle worker looks for work to steal, yields three times to the kernel and sleeps",
        threads: "one worker: the current-thread scheduler; more: the multi-thread scheduler, a thread a worker, on all workers' CPUs",
        start,
        workloads: &[
            ("pingpong", Steady(pingpong::run)),
            ("ring", Steady(ring::run)),
            ("skynet", Complete(skynet::run)),
            ("fib", Complete(fib::run)),
            ("spawn", Complete(spawn::run)),
            ("mpmc", Steady(mpmc::run)),
            ("yield", Steady(r#yield::run)),
            ("sleepers", Hold(sleepers::run)),
        ],
    }
    .main()
}
