//! What messages hold and how they are folded; all numbers wrap.

use std::ops::Add;

use crate::runner::Outcome;

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

pub fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(STEP);
    let x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

/// Ping-pong's message: who has it owns it.
pub type Words = Box<[u64]>;

/// Fills in request s.
pub fn ask(words: &mut [u64], seed: u64, s: u64) {
    let mut word = mix(seed.wrapping_add(s));
    for w in words {
        *w = word;
        word = word.wrapping_add(STEP);
    }
}

/// Checks request s and makes it the answer, in place.
pub fn turn(words: &mut [u64], seed: u64, s: u64) -> bool {
    let mut word = mix(seed.wrapping_add(s));
    let mut wrong = 0;
    for w in words {
        wrong |= *w ^ word;
        *w = !word;
        word = word.wrapping_add(STEP);
    }
    wrong == 0
}

/// Checks answer s and folds it into the checksum.
pub fn check(words: &[u64], seed: u64, s: u64, checksum: &mut u64) -> bool {
    let mut word = mix(seed.wrapping_add(s));
    let (mut wrong, mut sum) = (0, 0u64);
    for w in words {
        wrong |= *w ^ !word;
        sum = sum.wrapping_add(*w);
        word = word.wrapping_add(STEP);
    }
    *checksum = checksum.wrapping_add(mix(sum ^ s));
    wrong == 0
}

/// Ring's token.
#[derive(Clone, Copy, Debug, Default)]
pub struct Token {
    pub fold: u64,
    pub left: u64,
}

impl Token {
    /// What a node does with the token; false: it ends here.
    pub fn hop(&mut self, seed: u64, node: u64) -> bool {
        self.fold = mix(self.fold ^ seed.wrapping_add(node));
        self.left -= 1;
        self.left > 0
    }
}

/// The hops after the last lap of a ring.
pub fn last_hops(seed: u64) -> u64 {
    1000 + seed % 1000
}

/// What a node of skynet's tree hands up.
#[derive(Clone, Copy, Default)]
pub struct Sum {
    pub numbers: u64,
    pub fold: u64,
    pub units: u64,
}

impl Sum {
    /// A leaf's: its share of the numbers, from `first` on.
    pub fn of(first: u64, leaves: u64, seed: u64) -> Sum {
        let share = first..first + leaves;
        let fold = share.clone().fold(0u64, |fold, i| fold.wrapping_add(mix(seed.wrapping_add(i))));
        Sum { numbers: share.sum(), fold, units: 1 }
    }

    /// The root's, checked. A node waits while its children live.
    pub fn outcome(self, leaves: u64) -> Outcome {
        let want = leaves * (leaves - 1) / 2;
        let wrong = || format!("the leaves' numbers sum to {}, not {want}", self.numbers);
        Outcome {
            units: self.units,
            live: self.units.min(2),
            checksum: self.fold,
            failure: (self.numbers != want).then(wrong),
            ..Outcome::default()
        }
    }
}

impl Add for Sum {
    type Output = Sum;

    fn add(self, other: Sum) -> Sum {
        Sum {
            numbers: self.numbers + other.numbers,
            fold: self.fold.wrapping_add(other.fold),
            units: self.units + other.units,
        }
    }
}

/// What a call of fib gives: its value and the units that it made.
#[derive(Clone, Copy)]
pub struct Call {
    pub value: u64,
    pub units: u64,
}

impl Call {
    /// A call at or below the cutoff: the plain recursion.
    pub fn plain(n: u64, salt: u64) -> Call {
        fn fib(n: u64, salt: u64) -> u64 {
            if n < 2 {
                return salt.wrapping_add(n);
            }
            fib(n - 1, salt).wrapping_add(fib(n - 2, salt))
        }
        Call { value: fib(n, salt), units: 0 }
    }

    /// A call that forked: one unit more.
    pub fn join(self, other: Call) -> Call {
        Call { value: self.value.wrapping_add(other.value), units: self.units + other.units + 1 }
    }

    /// The first call's, which is a unit itself and waits while others live.
    pub fn outcome(self) -> Outcome {
        let units = self.units + 1;
        Outcome { units, live: units.min(2), checksum: mix(self.value), ..Outcome::default() }
    }
}
