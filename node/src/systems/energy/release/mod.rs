//! What leaves of the energy system: a release a month, never a row.
//!
//! An institution's row comes from the statistical survey and may not reach another province (统计法 art. 28).
//! So partners get sums, and these are made so that no sum, difference or other combination of all that
//! was ever shown speaks of fewer institutions than a safe set:
//!
//! * **P40 tree.** One fixed partition a year, the same for every agreement: province → class or class group →
//!   city or the other cities ([`tree`]). An institution stays in its cell for the year. Releases are by
//!   month only: a quarter or a year is the reader's sum of months and discloses nothing new.
//! * **P41 safe set.** Five contributors, 70 %, 10 % ([`safety`]).
//! * **P42 merging, withholding.** Unsafe leaves join their siblings; a quantity that fails goes into a safe
//!   remainder or is withheld by name ([`tree`], [`shape`]). No margins: cells of a month are disjoint.
//! * **P43 republication.** All versions of a figure together may tell only safe sets apart ([`safety`]). A
//!   change that fails waits, named. The yearly closing is one more release of each month; what still
//!   fails then stays unpublished.
//! * **P44 ledger.** All of the above is judged against every figure ever disclosed ([`ledger`]).
//! * **P45 what cells carry.** Quantities, area, users, counts; the reader derives the rest with a named
//!   coefficient set ([`cell`], [`coefficients`], [`report`]).

pub mod cell;
pub mod coefficients;
pub mod ledger;
mod making;
pub mod quantity;
pub mod report;
pub mod safety;
pub mod shape;
pub mod tree;
pub mod wire;

#[cfg(test)]
mod tests;

pub use making::{Contribution, release};
