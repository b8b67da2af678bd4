//! What a hostile peer may send: changed, cut, random and forged bytes. Nothing of it is accepted, panics, or
//! is taken for something else. Seeded, so a failure comes back.

mod forged;
mod mangled;
mod reencoded;
#[path = "../samples/mod.rs"]
mod samples;

/// Marsaglia's xorshift: small, and the same everywhere.
pub struct Random(u64);

impl Random {
    /// From any seed; near seeds begin far apart.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound as u64) as usize
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.number() as u8).collect()
    }
}
