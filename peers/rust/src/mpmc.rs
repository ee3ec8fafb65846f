//! Mpmc's parameters and the consumers' side of its messages.

use std::time::Instant;

use crate::arithmetic::mix;
use crate::meter::Meter;
use crate::runner::{reject, Outcome, Refusal};
use crate::trial::Trial;

/// The pair (p, s): the producer's index and its message's number.
pub type Message = (u64, u64);

/// A consumer looks at the clock once in so many messages.
const GLANCE: u64 = 256;

pub struct Plan {
    pub producers: u64,
    pub consumers: u64,
    /// None: without bound.
    pub capacity: Option<usize>,
    work: u64,
}

impl Plan {
    pub fn of(trial: &Trial) -> Result<Plan, Refusal> {
        if trial.param("size") != 16 || trial.text("pass") != "copy" {
            return Err("messages of 16 bytes, copied, only".into());
        }
        let capacity = match trial.text("capacity") {
            "inf" => None,
            _ => Some(trial.param("capacity") as usize),
        };
        let (producers, consumers, work) = (trial.param("producers"), trial.param("consumers"), trial.param("work"));
        if producers == 0 || consumers == 0 {
            reject("producers and consumers: expected one at least");
        }
        Ok(Plan { producers, consumers, capacity, work })
    }

    pub fn outcome(&self, meters: Vec<Meter>, consumers: Vec<Consumer>) -> Outcome {
        let units = self.producers + self.consumers;
        Outcome {
            units,
            messages: meters.iter().map(|m| m.ops).sum(),
            live: units,
            checksum: consumers.iter().fold(0, |sum, c| sum.wrapping_add(c.sum)),
            failure: consumers.into_iter().find_map(|c| c.failure),
            meters,
        }
    }
}

/// What a consumer knows: which number each producer may come with next, and the sum.
pub struct Consumer {
    trial: &'static Trial,
    next: Vec<u64>,
    work: u64,
    sum: u64,
    failure: Option<String>,
    taken: u64,
    told: u64,
}

impl Consumer {
    pub fn new(trial: &'static Trial, plan: &Plan) -> Consumer {
        let next = vec![0; plan.producers as usize];
        Consumer { trial, next, work: plan.work, sum: 0, failure: None, taken: 0, told: 0 }
    }

    pub fn take(&mut self, (p, s): Message) {
        match self.next.get_mut(p as usize) {
            Some(next) if *next <= s => *next = s + 1,
            _ => self.failure = Some(format!("message {s} of producer {p} came out of order")),
        }
        let h = mix(self.trial.seed.wrapping_add(p << 40).wrapping_add(s));
        self.sum = self.sum.wrapping_add((0..self.work).fold(h, |h, _| mix(h)));
        self.taken += 1;
        if self.taken % GLANCE == 0 {
            self.trial.progress(self.taken, &mut self.told, Instant::now());
        }
    }
}
