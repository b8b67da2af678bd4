//! Says in good time that an agreement's validity ends: its members have to agree on the next version while they
//! still publish. The end itself ends authoring only, never reading (P20).

use xietong_proto::id::*;

use super::Machine;
use crate::replica::Turn;
use crate::replica::agreement::Agreement;
use crate::replica::io::{NetAction, Now};

/// How many days ahead the operation log says so; `status` does from the first on.
const WARNED_DAYS: [u64; 3] = [90, 30, 7];
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

impl Machine {
    /// Agreements that end within the longest of the times named, with the days that are left.
    pub(super) fn ending(&self, now: Now) -> impl Iterator<Item = (&Agreement, u64)> {
        let days = move |held: &Agreement| days_left(held.manifest().fields.valid_until, now.wall);
        let ending = self.replica.agreements().filter_map(move |held| Some((held, days(held)?)));
        ending.filter(|(_, days_left)| warning(*days_left).is_some())
    }

    /// Tells the operation log once for each of the times named, and after each start.
    pub(super) fn warn_of_ends(&mut self, turn: &mut Turn) {
        let due: Vec<_> =
            self.ending(turn.now).map(|(held, days)| (held.id(), warning(days), days)).collect();
        for (agreement, warning, days_left) in due {
            if self.warned.insert(agreement, warning) != Some(warning) {
                turn.actions.push(NetAction::EndsSoon { agreement, days_left });
            }
        }
    }
}

/// Days until the end, a begun one counted whole; none once it is over.
fn days_left(until: Millis, now: Millis) -> Option<u64> {
    until.0.checked_sub(now.0).filter(|left_ms| *left_ms > 0).map(|left_ms| left_ms.div_ceil(DAY_MS))
}

/// The nearest of the times named that has come.
fn warning(days_left: u64) -> Option<u64> {
    WARNED_DAYS.into_iter().filter(|days| days_left <= *days).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_warning_comes_on_its_day() {
        let table = [(91, None), (90, Some(90)), (31, Some(90)), (30, Some(30)), (8, Some(30)), (7, Some(7))];
        for (days, expected) in table.into_iter().chain([(1, Some(7))]) {
            assert_eq!(warning(days), expected, "{days} days");
        }
    }

    #[test]
    fn a_begun_day_counts_and_what_is_over_has_none_left() {
        let until = Millis(100 * DAY_MS);
        let table = [(until.0, None), (until.0 + 1, None), (until.0 - 1, Some(1)), (99 * DAY_MS, Some(1))];
        for (now, expected) in table.into_iter().chain([(98 * DAY_MS + 1, Some(2)), (0, Some(100))]) {
            assert_eq!(days_left(until, Millis(now)), expected, "{now}");
        }
    }
}
