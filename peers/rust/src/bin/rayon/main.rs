//! The reference runner for Rayon: fork and join in a pool of threads that steal.

use std::io;

use fiveways_peers::runner::{Runner, Workload::*};
use fiveways_peers::trial::Trial;
use rayon::{ThreadPool, ThreadPoolBuilder};

mod fib;
mod skynet;

/// The pool's thread i is worker i.
fn start(trial: &'static Trial) -> io::Result<ThreadPool> {
    (0..trial.workers.len()).try_for_each(|worker| trial.bind_to(worker))?;
    let bind = |worker| trial.bind_to(worker).expect("its CPUs were tried before");
    ThreadPoolBuilder::new()
        .num_threads(trial.workers.len())
        .start_handler(bind)
        .build()
        .map_err(|e| io::Error::new(io::ErrorKind::Other, e))
}

fn main() {
    Runner {
        name: "rayon",
        model: "fork-join (rayon)",
        package: "rayon",
        spins: "an idle worker looks for work to steal and yields to the kernel, 32 times, before it sleeps",
        threads: "a thread a worker, on its CPUs",
        start,
        workloads: &[("skynet", Complete(skynet::run)), ("fib", Complete(fib::run))],
    }
    .main()
}
