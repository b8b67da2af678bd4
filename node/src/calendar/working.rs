//! Working days: which days are off and which weekends are worked, by year, from files that name their source.
//! A year without a file counts Monday to Friday. Reads texts, never files.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use super::Day;
use crate::tables;

/// The years that come with the program.
const SHIPPED: [&str; 2] =
    [include_str!("../../../config/calendar/2025.toml"), include_str!("../../../config/calendar/2026.toml")];

/// The month in which the notice for the next year is due.
const NOTICE_MONTH: i8 = 11;

/// The working days of some years.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkingDays {
    years: BTreeMap<i16, Year>,
}

/// The days of one year that are not as the weekday says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Year {
    source: String,
    /// Day → the name of the holiday, or none if it is worked.
    days: BTreeMap<Date, Option<String>>,
}

/// Why a calendar file is refused, in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum CalendarFault {
    /// Not of the form of the shipped ones.
    CalendarForm { line: usize, detail: String },
    /// A day of another year.
    OtherYear { date: Date },
    /// A holiday that ends before it begins.
    EndBeforeStart { name: String },
    /// Said to be worked, and not on a weekend.
    NotAWeekend { date: Date },
    /// Said to be two things.
    DayTwice { date: Date },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    year: i16,
    source: String,
    working: Vec<Day>,
    holiday: Vec<Holiday>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holiday {
    name: String,
    from: Day,
    to: Day,
}

impl WorkingDays {
    /// The years that come with the program.
    pub fn shipped() -> Self {
        let mut days = Self::default();
        for text in SHIPPED {
            days.add(text).expect("a test reads every shipped calendar");
        }
        days
    }

    /// Takes in the file of a year; it replaces what was known of that year.
    pub fn add(&mut self, text: &str) -> Result<(), CalendarFault> {
        let file: File = toml::from_str(text).map_err(|error| CalendarFault::CalendarForm {
            line: tables::line(text, &error),
            detail: error.message().to_owned(),
        })?;
        let mut days = BTreeMap::new();
        let mut put = |date: Date, what: Option<&str>| {
            if date.year() != file.year {
                return Err(CalendarFault::OtherYear { date });
            }
            let is_new = days.insert(date, what.map(str::to_owned)).is_none();
            if is_new { Ok(()) } else { Err(CalendarFault::DayTwice { date }) }
        };
        for holiday in &file.holiday {
            let (Day(from), Day(to)) = (holiday.from, holiday.to);
            if to < from {
                return Err(CalendarFault::EndBeforeStart { name: holiday.name.clone() });
            }
            from.series(1.day())
                .take_while(|date| *date <= to)
                .try_for_each(|date| put(date, Some(&holiday.name)))?;
        }
        for Day(date) in file.working {
            if !is_weekend(date) {
                return Err(CalendarFault::NotAWeekend { date });
            }
            put(date, None)?;
        }
        self.years.insert(file.year, Year { source: file.source, days });
        Ok(())
    }

    /// Years that have a file, and where each file has it from.
    pub fn years(&self) -> impl Iterator<Item = (i16, &str)> {
        self.years.iter().map(|(year, file)| (*year, file.source.as_str()))
    }

    /// Whether people work on a day.
    pub fn is_working(&self, date: Date) -> bool {
        let said = self.years.get(&date.year()).and_then(|year| year.days.get(&date));
        said.map_or(!is_weekend(date), Option::is_none)
    }

    /// The last day of a deadline of so many working days; the day on which it begins does not count.
    pub fn after(&self, date: Date, days: u32) -> Date {
        let following = date.series(1.day()).skip(1).filter(|day| self.is_working(*day));
        following.take(days as usize).last().unwrap_or(date)
    }

    /// The year that counts Monday to Friday although its file is due: this year, or from November on the next.
    pub fn missing(&self, today: Date) -> Option<i16> {
        let due = if today.month() >= NOTICE_MONTH { today.year() + 1 } else { today.year() };
        (today.year()..=due).find(|year| !self.years.contains_key(year))
    }
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_shipped_years_have_as_many_working_days_as_the_notices_leave() {
        let days = WorkingDays::shipped();
        let count = |year: i16| {
            date(year, 1, 1)
                .series(1.day())
                .take_while(|day| day.year() == year)
                .filter(|day| days.is_working(*day))
                .count()
        };
        // 261 weekdays each; 2025: 18 of them off and 5 weekend days worked, 2026: 19 and 6.
        assert_eq!([2025, 2026].map(count), [248, 248]);
        assert_eq!(days.years().map(|(year, _)| year).collect::<Vec<_>>(), [2025, 2026]);
    }

    #[test]
    fn deadlines_step_over_holidays_and_stop_on_shifted_days() {
        let days = WorkingDays::shipped();
        let table = [
            (date(2026, 1, 2), 1, date(2026, 1, 4)),   // a Sunday that is worked
            (date(2026, 2, 13), 2, date(2026, 2, 24)), // over the Spring Festival, with the worked Saturday before
            (date(2026, 9, 30), 1, date(2026, 10, 8)),
            (date(2026, 11, 25), 0, date(2026, 11, 25)),
            (date(2026, 12, 31), 1, date(2027, 1, 1)), // no file: a Friday
            (date(2026, 12, 31), 2, date(2027, 1, 4)),
        ];
        for (from, count, until) in table {
            assert_eq!(days.after(from, count), until, "{from} + {count}");
        }
    }

    #[test]
    fn a_missing_year_is_told_from_november_on() {
        let days = WorkingDays::shipped();
        assert_eq!(days.missing(date(2026, 10, 31)), None);
        assert_eq!(days.missing(date(2026, 11, 1)), Some(2027));
        assert_eq!(days.missing(date(2027, 3, 1)), Some(2027));
        assert_eq!(days.missing(date(2025, 12, 1)), None);
    }

    #[test]
    fn each_mistake_in_a_file_is_refused_by_name() {
        let holiday = |from: &str, to: &str| format!("[[holiday]]\nname = \"a\"\nfrom = {from}\nto = {to}\n");
        let table = [
            ("2027-01-01T08:00:00", "2027-01-01", "", "CalendarForm { line: 6"),
            ("2026-12-31", "2027-01-01", "", "OtherYear"),
            ("2027-01-02", "2027-01-01", "", "EndBeforeStart"),
            ("2027-01-01", "2027-01-01", "2027-01-04", "NotAWeekend"),
            ("2027-01-02", "2027-01-02", "2027-01-02", "DayTwice"),
            ("1", "2027-01-01", "", "CalendarForm"),
        ];
        for (from, to, working, code) in table {
            let text = format!("year = 2027\nsource = \"x\"\nworking = [{working}]\n{}", holiday(from, to));
            let fault = WorkingDays::default().add(&text).expect_err(code);
            assert!(format!("{fault:?}").starts_with(code), "{fault:?}");
        }
    }
}
