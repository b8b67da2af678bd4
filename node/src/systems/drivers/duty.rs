//! Duties of a driver and the hours that they may take: pure arithmetic on intervals, with the bounds as data.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use xietong_proto::id::Millis;

use crate::calendar;
use crate::systems::vehicles::rules::Driving;

/// A driver is taken up: from the first moment to before the second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// The first moment.
    #[serde(with = "calendar::rfc3339")]
    pub from: Millis,
    /// The first moment after.
    #[serde(with = "calendar::rfc3339")]
    pub until: Millis,
    /// Minutes of it at the wheel.
    pub wheel_min: i64,
    /// The trip, or whatever it is.
    pub reason: String,
}

/// Why a driver may not take up a duty, in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Unfit {
    /// Not in the register.
    Unknown,
    /// Not on duty at all.
    Inactive,
    /// The licence runs out before the end.
    LicenceEnds { until: String },
    /// The licence is not for such a vehicle.
    Licence { has: String, needed: Vec<String> },
    /// It ends before it begins, or nothing of it or more than all of it is at the wheel.
    DutyForm,
    /// Taken up otherwise.
    Busy {
        /// The first moment.
        #[serde(with = "calendar::rfc3339")]
        from: Millis,
        /// The first moment after.
        #[serde(with = "calendar::rfc3339")]
        until: Millis,
    },
    /// Too long at the wheel on one day.
    DayTooLong { date: Date, minutes: i64, minutes_max: i64 },
    /// Too long at the wheel for the breaks that are left.
    NoBreak { minutes: i64, breaks: i64, break_min: i64 },
    /// There is no duty that begins then.
    NoSuchDuty {
        /// When.
        #[serde(with = "calendar::rfc3339")]
        from: Millis,
    },
}

/// What stands against a duty beside others of the same driver.
pub fn unfit(duty: &Duty, others: &[Duty], limits: &Driving) -> Option<Unfit> {
    let minutes = minutes(duty.from, duty.until);
    if duty.until <= duty.from || !(1..=minutes).contains(&duty.wheel_min) {
        return Some(Unfit::DutyForm);
    }
    let overlaps = |other: &&Duty| other.from < duty.until && duty.from < other.until;
    if let Some(other) = others.iter().find(overlaps) {
        return Some(Unfit::Busy { from: other.from, until: other.until });
    }
    let all: Vec<&Duty> = others.iter().chain([duty]).collect();
    day_too_long(duty, &all, limits).or_else(|| no_break(duty, &all, limits))
}

/// The first day of the duty on which all duties together take too long; what lies over midnight counts by its share.
fn day_too_long(duty: &Duty, all: &[&Duty], limits: &Driving) -> Option<Unfit> {
    let last = calendar::date(Millis(duty.until.0 - 1));
    let days = calendar::date(duty.from).series(jiff::Span::new().days(1)).take_while(|date| *date <= last);
    let too_long = |date: Date| {
        let (from, until) = (calendar::midnight(date)?, calendar::midnight(date.tomorrow().ok()?)?);
        let on_day = |duty: &&Duty| {
            let part = minutes(duty.from.max(from), duty.until.min(until)).max(0);
            let whole = minutes(duty.from, duty.until).max(1);
            // Rounded up: in doubt it was driven.
            (duty.wheel_min * part + whole - 1) / whole
        };
        let (minutes, minutes_max) = (all.iter().map(on_day).sum(), limits.day_min);
        (minutes > minutes_max).then_some(Unfit::DayTooLong { date, minutes, minutes_max })
    };
    days.into_iter().find_map(too_long)
}

/// Duties that lie closer together than a break are one stretch; within it there must be room for the breaks that its
/// driving needs.
fn no_break(duty: &Duty, all: &[&Duty], limits: &Driving) -> Option<Unfit> {
    let break_ms = u64::try_from(limits.break_min).unwrap_or(0) * MINUTE_MS;
    let (mut from, mut until) = (duty.from, duty.until);
    loop {
        let touches = |other: &&&Duty| other.from.0 < until.0 + break_ms && from.0 < other.until.0 + break_ms;
        let stretch: Vec<_> = all.iter().filter(touches).collect();
        let first = stretch.iter().map(|duty| duty.from).min()?;
        let last = stretch.iter().map(|duty| duty.until).max()?;
        if (first, last) != (from, until) {
            (from, until) = (first, last);
            continue;
        }
        let wheel: i64 = stretch.iter().map(|duty| duty.wheel_min).sum();
        let breaks = (wheel - 1) / limits.continuous_min;
        let is_short = minutes(from, until) - wheel < breaks * limits.break_min;
        let break_min = limits.break_min;
        return is_short.then_some(Unfit::NoBreak { minutes: wheel, breaks, break_min });
    }
}

fn minutes(from: Millis, until: Millis) -> i64 {
    (until.0.cast_signed() - from.0.cast_signed()) / MINUTE_MS.cast_signed()
}

const MINUTE_MS: u64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::vehicles::rules::VehicleRules;

    fn duty(from: &str, until: &str, wheel_min: i64) -> Duty {
        let at = |text: &str| calendar::parse(&format!("2026-12-{text}")).expect("a time");
        Duty { from: at(from), until: at(until), wheel_min, reason: String::new() }
    }

    /// Four hours without a break of twenty minutes, eight a day.
    #[test]
    fn a_driver_is_taken_up_only_when_free_and_within_the_hours() {
        let morning = || vec![duty("01 08:00", "01 12:00", 240)];
        let table: Vec<(Duty, Vec<Duty>, Option<&str>)> = vec![
            (duty("01 08:00", "01 12:00", 240), vec![], None),
            (duty("01 12:00", "01 08:00", 60), vec![], Some("DutyForm")),
            (duty("01 08:00", "01 09:00", 61), vec![], Some("DutyForm")),
            (duty("01 08:00", "01 09:00", 0), vec![], Some("DutyForm")),
            (duty("01 11:59", "01 13:00", 30), morning(), Some("Busy")),
            // Half-open: one ends as the other begins; but then there is no break between.
            (duty("01 12:00", "01 12:01", 1), morning(), Some("NoBreak")),
            (duty("01 12:19", "01 13:00", 1), morning(), None),
            (duty("01 12:20", "01 16:20", 240), morning(), None),
            (duty("01 12:20", "01 17:00", 241), morning(), Some("DayTooLong")),
            (duty("01 08:00", "01 16:19", 480), vec![], Some("NoBreak")),
            (duty("01 08:00", "01 16:20", 480), vec![], None),
            // Over midnight the day before and the day after each count their part.
            (duty("01 22:00", "02 02:00", 240), vec![duty("01 08:00", "01 15:00", 361)], Some("DayTooLong")),
            (duty("01 22:00", "02 02:00", 240), vec![duty("01 08:00", "01 15:00", 360)], None),
        ];
        let limits = VehicleRules::shipped().driving;
        for (duty, others, wanted) in table {
            let found = unfit(&duty, &others, &limits).map(|unfit| format!("{unfit:?}"));
            let code = found.as_deref().map(|text| text.split([' ', '{']).next().unwrap_or_default());
            assert_eq!(code, wanted, "{duty:?} beside {others:?}: {found:?}");
        }
    }
}
