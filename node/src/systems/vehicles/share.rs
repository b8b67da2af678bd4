//! Two sums that belong together. No ratio is kept: sums can be added up over provinces, ratios cannot.

use serde::{Deserialize, Serialize};

/// A part of a whole, or a sum over another: the reader divides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The upper term.
    pub part: i64,
    /// The lower term; nothing can be said if it is 0.
    pub of: i64,
}

impl Share {
    /// Counts one more, and whether it is of the part.
    pub fn count(&mut self, is_part: bool) {
        self.add(i64::from(is_part), 1);
    }

    /// Adds to both terms.
    pub fn add(&mut self, part: i64, of: i64) {
        self.part = self.part.saturating_add(part);
        self.of = self.of.saturating_add(of);
    }
}
