//! Reads the two clocks of a node. The only place that asks what time it is; what a time means is decided
//! by whoever is given it.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use xietong_proto::id::Millis;

use crate::replica::io::Now;

/// The clocks, from the start of the process on.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Begins to count.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Reads both clocks.
    pub fn now(&self) -> Now {
        let mono_ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        Now { wall: wall(), mono_ms }
    }
}

/// What the machine believes the time to be; a clock set before 1970 reads as 1970.
pub fn wall() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
