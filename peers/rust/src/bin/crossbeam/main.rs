//! The reference runner for Rust's own threads with crossbeam's channels between them.

use std::thread::{Builder, Scope, ScopedJoinHandle};
use std::{fs, io};

use fiveways_peers::runner::{Limit, Refusal, Runner, Workload::*};
use fiveways_peers::trial::Trial;

mod mpmc;
mod pingpong;
mod ring;
mod spawn;

/// Enough for what a unit does here, a message of any size being on the heap.
const STACK: usize = 64 << 10;

/// What std maps for a thread: its stack and that of its signal handler, each with a guard page.
const MAPPINGS: u64 = 4;
/// What the process has besides.
const OTHER_MAPPINGS: u64 = 512;

/// Before so many threads are made which may all live at once: std aborts the process if a new one can't map its second
/// stack.
fn room_for(threads: u64) -> Result<(), Refusal> {
    let text = fs::read_to_string("/proc/sys/vm/max_map_count").unwrap_or_default();
    let most: u64 = text.trim().parse().unwrap_or(u64::MAX);
    if threads.saturating_mul(MAPPINGS) <= most.saturating_sub(OTHER_MAPPINGS) {
        return Ok(());
    }
    let limit = Limit { call: "mmap", errno: libc::ENOMEM, name: "vm.max_map_count", value: most };
    let reason = format!("mmap: ENOMEM, {threads} threads of {MAPPINGS} mappings (vm.max_map_count is {most})");
    Err(Refusal { reason, os: Some(limit) })
}

/// Every worker's CPUs are tried. This thread, which makes the units, is left on all of them.
fn check(trial: &'static Trial) -> io::Result<()> {
    (0..trial.workers.len()).try_for_each(|worker| trial.bind_to(worker))?;
    trial.bind_to_all()
}

/// Starts unit u on worker u mod W. With one worker it has the CPUs of who makes it.
fn start<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    trial: &'static Trial,
    unit: u64,
    stack: usize,
    run: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, Refusal> {
    let bound = move || {
        let workers = trial.workers.len();
        if workers > 1 {
            trial.bind_to(unit as usize % workers).expect("its CPUs were tried before");
        }
        run()
    };
    Builder::new().stack_size(stack).spawn_scoped(scope, bound).map_err(|e| {
        let errno = e.raw_os_error().unwrap_or_default();
        let limit = Limit { call: "pthread_create", errno, name: "the unit refused", value: unit };
        Refusal { reason: format!("pthread_create: {e} at unit {unit}"), os: Some(limit) }
    })
}

fn main() {
    Runner {
        name: "crossbeam",
        model: "threads + channels (crossbeam)",
        package: "crossbeam-channel",
        spins: "a waiting thread: some 250 pauses of the CPU and eight yields to the kernel before it sleeps",
        threads: "a thread a unit, on its worker's CPUs",
        start: check,
        workloads: &[
            ("pingpong", Steady(pingpong::run)),
            ("ring", Steady(ring::run)),
            ("spawn", Complete(spawn::run)),
            ("mpmc", Steady(mpmc::run)),
        ],
    }
    .main()
}
