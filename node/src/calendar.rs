//! The one calendar of the house: civil time at UTC+8, in which all members live. Pure: it turns a time into
//! a date and back and never asks what time it is.

pub mod working;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use serde::de::{Deserialize, Deserializer, Error};
use toml::value::Datetime;
use xietong_proto::id::Millis;

/// A day as TOML writes it, such as `2026-01-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub Date);

/// A time of day as TOML writes it, such as `08:30:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hour(pub Time);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = Datetime::deserialize(from)?;
        let only_day = written.date.filter(|_| written.time.is_none() && written.offset.is_none());
        let date = only_day.and_then(|_| written.to_string().parse().ok());
        date.map(Self).ok_or_else(|| D::Error::custom(format!("{written}: not a day such as 2026-01-01")))
    }
}

impl<'de> Deserialize<'de> for Hour {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = Datetime::deserialize(from)?;
        let only_time = written.time.filter(|_| written.date.is_none() && written.offset.is_none());
        let time = only_time.and_then(|_| written.to_string().parse().ok());
        time.map(Self).ok_or_else(|| D::Error::custom(format!("{written}: not a time such as 08:30:00")))
    }
}

/// The date on which a time falls.
pub fn date(time: Millis) -> Date {
    civil(time).date()
}

/// The time of day.
pub fn hour(time: Millis) -> Time {
    civil(time).time()
}

/// The first moment of a date; none before 1970.
pub fn midnight(date: Date) -> Option<Millis> {
    let time = UTC_8.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).ok()?;
    u64::try_from(time.as_millisecond()).ok().map(Millis)
}

/// The end of a date, which is the beginning of the next.
pub fn end_of(date: Date) -> Option<Millis> {
    date.tomorrow().ok().and_then(midnight)
}

/// RFC 3339 with milliseconds, such as `2026-11-24T08:00:00.000+08:00`: exact, made to be compared.
pub fn stamp(time: Millis) -> String {
    civil(time).strftime("%Y-%m-%dT%H:%M:%S%.3f+08:00").to_string()
}

/// To the minute, such as `2026-11-24 08:00`: made to be read.
pub fn minute(time: Millis) -> String {
    civil(time).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What somebody wrote: `2026-12-01 08:00`, `2026-12-01T08:00` at UTC+8, `2026-12-01` for its first moment, or RFC 3339.
pub fn parse(text: &str) -> Option<Millis> {
    let exact = text.parse::<Timestamp>().ok();
    let written = || {
        let time = text.trim().replace(' ', "T").parse::<DateTime>().ok()?;
        UTC_8.to_timestamp(time).ok()
    };
    let time = exact.or_else(written)?;
    u64::try_from(time.as_millisecond()).ok().map(Millis)
}

/// Times in JSON: RFC 3339 with milliseconds; anything that [`parse`] reads comes in.
pub mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use xietong_proto::id::Millis;

    /// For `#[serde(with)]`.
    pub fn serialize<S: Serializer>(time: &Millis, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::stamp(*time))
    }

    /// For `#[serde(with)]`.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Millis, D::Error> {
        let text = String::deserialize(from)?;
        super::parse(&text).ok_or_else(|| de::Error::custom(format!("not a time: {text}")))
    }

    /// The same where there may be none.
    pub mod option {
        use serde::{Deserialize, Deserializer, Serializer, de};
        use xietong_proto::id::Millis;

        /// For `#[serde(with)]`.
        pub fn serialize<S: Serializer>(time: &Option<Millis>, to: S) -> Result<S::Ok, S::Error> {
            match time {
                Some(time) => super::serialize(time, to),
                None => to.serialize_none(),
            }
        }

        /// For `#[serde(with)]`.
        pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Millis>, D::Error> {
            let read = |text: String| {
                crate::calendar::parse(&text).ok_or_else(|| de::Error::custom(format!("not a time: {text}")))
            };
            Option::<String>::deserialize(from)?.map(read).transpose()
        }
    }
}

/// A time beyond the calendar is shown as the calendar's end: times are claims of their authors (P9).
fn civil(time: Millis) -> DateTime {
    let millis = i64::try_from(time.0).unwrap_or(i64::MAX);
    UTC_8.to_datetime(Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX))
}

const UTC_8: Offset = Offset::constant(8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_sixteen_hours_utc() {
        let date = jiff::civil::date(2026, 11, 24);
        let start = midnight(date).expect("it is after 1970");
        assert_eq!(stamp(start), "2026-11-24T00:00:00.000+08:00");
        assert_eq!(super::date(start), date);
        assert_eq!(super::date(Millis(start.0 - 1)), jiff::civil::date(2026, 11, 23));
    }

    #[test]
    fn a_claim_beyond_the_calendar_is_its_end() {
        assert!(stamp(Millis(u64::MAX)).starts_with("9999-12-31"));
    }

    #[test]
    fn a_time_is_read_as_people_and_programs_write_it() {
        let eight = midnight(jiff::civil::date(2026, 12, 1)).map(|day| Millis(day.0 + 8 * 3_600_000));
        let forms =
            ["2026-12-01 08:00", "2026-12-01T08:00", "2026-12-01T00:00:00Z", "2026-12-01T08:00:00+08:00"];
        forms.into_iter().for_each(|form| assert_eq!(parse(form), eight, "{form}"));
        assert_eq!(parse("2026-12-01"), midnight(jiff::civil::date(2026, 12, 1)));
        for form in ["", "8:00", "2026-13-01", "1969-12-31"] {
            assert_eq!(parse(form), None, "{form}");
        }
    }

    #[test]
    fn nothing_begins_before_1970() {
        assert_eq!(midnight(jiff::civil::date(1969, 12, 31)), None);
    }
}
