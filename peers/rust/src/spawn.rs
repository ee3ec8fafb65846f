//! Spawn's parameters and sums.

use crate::arithmetic::mix;
use crate::runner::{reject, Outcome};
use crate::trial::Trial;

const PAGE: usize = 4096;

/// N units in bursts, each at the bottom of its nested calls.
#[derive(Clone, Copy)]
pub struct Plan {
    pub units: u64,
    pub burst: u64,
    pub gate: bool,
    pub depth: u64,
}

impl Plan {
    pub fn of(trial: &Trial) -> Plan {
        let (units, burst, depth) = (trial.param("units"), trial.param("burst"), trial.param("depth"));
        if units == 0 || depth == 0 {
            reject("units and depth: expected one at least");
        }
        let burst = if burst == 0 { units } else { burst.min(units) };
        Plan { units, burst, gate: trial.param("gate") > 0, depth }
    }

    /// The bursts, as ranges of units' numbers.
    pub fn bursts(self) -> impl Iterator<Item = std::ops::Range<u64>> {
        (0..self.units).step_by(self.burst as usize).map(move |first| first..self.units.min(first + self.burst))
    }

    /// Checks the units' results, which were added up.
    pub fn outcome(self, numbers: u64, fold: u64) -> Outcome {
        let want = self.units * (self.units - 1) / 2;
        Outcome {
            units: self.units,
            live: if self.gate { self.burst } else { 1 },
            checksum: fold,
            failure: (numbers != want).then(|| format!("the units' numbers sum to {numbers}, not {want}")),
            ..Outcome::default()
        }
    }
}

/// The value at the bottom of a unit's frames.
pub fn bottom(trial: &Trial, unit: u64) -> u64 {
    mix(trial.seed.wrapping_add(unit))
}

/// What a frame makes of the value on the way back up.
pub fn climb(value: u64, frame: u64) -> u64 {
    mix(value.wrapping_add(frame))
}

/// The memory that `parent_rss` asks for, where a trial has it, each page touched.
pub fn ballast(trial: &Trial) -> Vec<u8> {
    let mib = if trial.text("parent_rss").is_empty() { 0 } else { trial.param("parent_rss") };
    let mut memory = vec![0u8; (mib << 20) as usize];
    for page in memory.chunks_mut(PAGE) {
        unsafe { std::ptr::write_volatile(&mut page[0], 1) };
    }
    memory
}
