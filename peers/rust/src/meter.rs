//! The measuring side of a steady workload.

use std::time::{Duration, Instant};

use crate::trial::Trial;

/// When the warm-up ends and when the measuring does.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    warm_end: Instant,
    end: Instant,
}

impl Window {
    pub fn open(trial: &Trial) -> Window {
        let warm_end = Instant::now() + trial.warmup;
        Window { warm_end, end: warm_end + trial.window }
    }

    fn length(&self) -> Duration {
        self.end - self.warm_end
    }
}

/// One unit's: record until it says stop.
pub struct Meter {
    pub ops: u64,
    pub inside: u64,
    pub slices: [u64; 10],
    trial: &'static Trial,
    window: Window,
    pub within: Duration,
    reopened: u32,
    told: u64,
}

impl Meter {
    pub fn new(trial: &'static Trial, window: Window) -> Meter {
        let (within, reopened, told) = (Duration::ZERO, 0, 0);
        Meter { ops: 0, inside: 0, slices: [0; 10], trial, window, within, reopened, told }
    }

    /// For the unit that measures alone.
    pub fn open(trial: &'static Trial) -> Meter {
        Meter::new(trial, Window::open(trial))
    }

    /// Books `ops` operations from `start` until now; false: stop. An empty window is opened again, twice as long.
    pub fn record(&mut self, start: Instant, ops: u64) -> bool {
        let now = Instant::now();
        let Window { warm_end, end } = self.window;
        self.ops += ops;
        if start >= warm_end && now < end {
            self.inside += ops;
            self.within += now - start;
            let slice = (now - warm_end).as_nanos() * 10 / self.window.length().as_nanos();
            self.slices[slice as usize] += ops;
        }
        self.trial.progress(self.ops, &mut self.told, now);
        if now < end {
            return true;
        }
        if self.inside > 0 || self.reopened == 8 {
            return false;
        }
        self.reopened += 1;
        self.window = Window { warm_end: now, end: now + 2 * self.window.length() };
        true
    }

    /// The window's length; of one that was opened again, the time inside the operations.
    pub fn elapsed(&self) -> Duration {
        if self.reopened > 0 && self.inside > 0 {
            return self.within;
        }
        self.window.length()
    }
}
