//! Fixtures for the top-level tests: the four services in this process or as the real
//! binary, raw calls, whole feeds, and a small city to work in. It asserts no particular
//! behaviour.

pub mod city;
pub mod feed;
pub mod plain;
pub mod process;
pub mod raw;
pub mod round;
pub mod site;
pub mod world;

pub use city::City;
pub use process::{DataDir, Wangge};
pub use site::{Service, Site};
pub use wangge_testkit::eventually as until;
pub use world::World;

/// A deterministic pseudo-random generator. The seed is printed, and can be overridden by
/// `WANGGE_SEED` to explore other cases.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Seeds the generator from `WANGGE_SEED`, or with a fixed seed.
    pub fn new() -> Self {
        let given = std::env::var("WANGGE_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or(20_220_728);
        println!("WANGGE_SEED={seed}");
        Self(seed)
    }

    /// Returns the next number (splitmix64).
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns the next number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.roll() % limit).unwrap_or_default()
    }

    /// Returns `count` pseudo-random bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.roll().to_le_bytes()[0]).collect()
    }
}

impl Default for Dice {
    fn default() -> Self {
        Self::new()
    }
}
