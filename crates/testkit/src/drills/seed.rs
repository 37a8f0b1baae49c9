//! Chance that can be repeated.

use std::time::Duration;

use vouchsafe_model::{Entropy as _, OsEntropy};

/// A generator of numbers (SplitMix64): nothing secret comes of it.
#[derive(Debug, Clone)]
pub struct Seed(u64);

impl Seed {
    /// The same numbers each time.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed for somebody who has none in mind; short enough to be typed again.
    pub fn any() -> u64 {
        let mut bytes = [0; 8];
        OsEntropy.fill(&mut bytes);
        u64::from_le_bytes(bytes) % 1_000_000
    }

    /// A number below `end`.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    /// A time below `end`.
    pub fn time_below(&mut self, end: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(end.as_micros()).expect("a short time")))
    }
}
