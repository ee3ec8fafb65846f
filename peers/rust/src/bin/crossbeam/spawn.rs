//! Bursts of threads, joined one by one.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::RwLock;
use std::thread::{self, Thread};

use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::spawn::{bottom, climb, Plan};
use fiveways_peers::trial::Trial;

use crate::{room_for, start, STACK};

/// What a nested call takes of the stack, with room to spare.
const FRAME: u64 = 256;

/// Where a burst waits until all of it is there: the maker has the lock for writing, and opens the gate by letting it go.
struct Gate {
    missing: AtomicU64,
    maker: Thread,
    lock: RwLock<()>,
}

impl Gate {
    fn wait(&self) {
        if self.missing.fetch_sub(1, SeqCst) == 1 {
            self.maker.unpark();
        }
        drop(self.lock.read());
    }
}

pub fn run(_: &(), trial: &'static Trial) -> Result<Outcome, Refusal> {
    let plan = Plan::of(trial);
    room_for(plan.burst)?;
    let (mut numbers, mut fold) = (0, 0u64);
    for burst in plan.bursts() {
        for (number, value) in make(trial, plan, burst)? {
            numbers += number;
            fold = fold.wrapping_add(value);
        }
    }
    Ok(plan.outcome(numbers, fold))
}

/// Makes a burst and joins it.
fn make(trial: &'static Trial, plan: Plan, burst: Range<u64>) -> Result<Vec<(u64, u64)>, Refusal> {
    let missing = AtomicU64::new(burst.end - burst.start);
    let gate = &Gate { missing, maker: thread::current(), lock: RwLock::new(()) };
    let stack = STACK + (plan.depth * FRAME) as usize;
    thread::scope(|scope| {
        let closed = gate.lock.write(); // let go when a thread is refused, too
        let run = |unit| {
            let at_bottom = || {
                if plan.gate {
                    gate.wait();
                }
                bottom(trial, unit)
            };
            (unit, descend(1, plan.depth, &at_bottom))
        };
        let units = burst.map(|unit| start(scope, trial, unit, stack, move || run(unit)));
        let units = units.collect::<Result<Vec<_>, _>>()?;
        while plan.gate && gate.missing.load(SeqCst) > 0 {
            thread::park();
        }
        drop(closed);
        Ok(units.into_iter().map(|unit| unit.join().unwrap()).collect())
    })
}

/// Frame by frame down to the bottom and up again.
#[inline(never)]
fn descend(frame: u64, depth: u64, bottom: &dyn Fn() -> u64) -> u64 {
    if frame == depth {
        return bottom();
    }
    climb(descend(frame + 1, depth, bottom), frame)
}
