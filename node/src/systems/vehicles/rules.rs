//! The rules for vehicles as dated data: ceilings, renewal, scrapping, fuel, hours. Each names its source and the
//! days on which it holds; no threshold stands in code. Says what a rule is, never whether a vehicle breaks it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use xietong_proto::wire::vehicles::Vehicle;

use super::{FUELS, TYPES, USES};
use crate::calendar::{Day, Hour};
use crate::tables;

/// The rules that come with the program, as `xietong config vehicle-rules` prints them.
pub const TEMPLATE: &str = include_str!("../../../../config/vehicle-rules.toml");

/// All rules for vehicles. Of each list the first that fits counts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VehicleRules {
    /// What one may cost and displace, by the day of first registration.
    pub ceiling: Vec<Rule<Ceiling>>,
    /// After how many years one may be renewed.
    pub renewal: Vec<Rule<Age>>,
    /// After how many years one must be scrapped.
    pub scrapping: Vec<Rule<Age>>,
    /// At how many kilometres scrapping is advised.
    pub mileage: Vec<Rule<Distance>>,
    /// What one may burn.
    pub fuel: Vec<Rule<Consumption>>,
    /// Below how many kilometres a year one counts as idle.
    pub idle: Vec<Rule<Distance>>,
    /// How long before it runs out an inspection or insurance is worth a word.
    pub inspection: Notice,
    /// When official use needs no approval of its own.
    pub office_hours: OfficeHours,
    /// How long a driver may drive.
    pub driving: Driving,
    /// When one that changes its province is registered anew.
    pub registration: Registration,
    /// Beyond which figures are mistyped.
    pub plausible: Plausible,
}

/// One rule: for which vehicles, on which days, what.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule<T> {
    #[serde(default)]
    uses: Vec<String>,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    fuels: Vec<String>,
    from: Day,
    until: Option<Day>,
    /// What it says.
    pub limit: T,
    /// Where it is published.
    pub source: String,
}

/// What a vehicle may cost and displace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    /// Without purchase tax.
    pub yuan: i64,
    /// None where only the price is bounded.
    pub displacement_ml: Option<i64>,
}

/// Years in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Age {
    /// Since the first registration.
    pub years: i16,
}

/// Kilometres, in all or in a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distance {
    /// Whole ones.
    pub km: i64,
}

/// Fuel for a distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consumption {
    /// Whole litres.
    pub litres_per_100km: i64,
}

/// A word in time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Days before.
    pub notice_days: i32,
    /// Where it is published.
    pub source: String,
}

/// The hours of a working day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficeHours {
    /// The first moment.
    pub begin: Hour,
    /// The first moment after.
    pub end: Hour,
    /// Where it is published.
    pub source: String,
}

/// How long a driver may drive.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Driving {
    /// Minutes at the wheel without a break.
    pub continuous_min: i64,
    /// Minutes of a break that counts.
    pub break_min: i64,
    /// Minutes at the wheel on one day.
    pub day_min: i64,
    /// Where it is published.
    pub source: String,
}

/// When a vehicle that changes its province is registered anew.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Days for which it drives under a temporary plate.
    pub temporary_plate_days: i32,
    /// Where it is published.
    pub source: String,
}

/// Beyond which figures are mistyped rather than true.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plausible {
    /// Litres for a hundred kilometres: fewer are none.
    pub litres_per_100km_min: i64,
    /// And more.
    pub litres_per_100km_max: i64,
    /// Kilometres between two reports of the odometer.
    pub km_per_day_max: i64,
    /// Where it is published.
    pub source: String,
}

/// Why a file of rules is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum RulesFault {
    /// Not of the form of the shipped one.
    RulesForm { line: usize, detail: String },
    /// A use, type or fuel that the register does not know: the rule would never fit.
    UnknownCode { word: String },
    /// It ends before it begins.
    RuleEndsFirst { source: String },
}

impl VehicleRules {
    /// The rules that come with the program.
    pub fn shipped() -> Self {
        Self::read(TEMPLATE).expect("a test reads the shipped rules")
    }

    /// Reads and checks a file of rules.
    pub fn read(text: &str) -> Result<Self, RulesFault> {
        let rules: Self = toml::from_str(text).map_err(|error| RulesFault::RulesForm {
            line: tables::line(text, &error),
            detail: error.message().to_owned(),
        })?;
        check(&rules.ceiling)?;
        check(&rules.renewal)?;
        check(&rules.scrapping)?;
        check(&rules.mileage)?;
        check(&rules.fuel)?;
        check(&rules.idle)?;
        Ok(rules)
    }
}

/// The first rule that fits a vehicle on a day.
pub fn fitting<'a, T>(rules: &'a [Rule<T>], vehicle: &Vehicle, day: Date) -> Option<&'a Rule<T>> {
    rules.iter().find(|rule| rule.fits(vehicle, day))
}

impl<T> Rule<T> {
    fn fits(&self, vehicle: &Vehicle, day: Date) -> bool {
        let names = |codes: &[String], code: &String| codes.is_empty() || codes.contains(code);
        self.from.0 <= day
            && self.until.is_none_or(|until| day <= until.0)
            && names(&self.uses, &vehicle.vehicle_use)
            && names(&self.types, &vehicle.vehicle_type)
            && names(&self.fuels, &vehicle.fuel_type)
    }
}

fn check<T>(rules: &[Rule<T>]) -> Result<(), RulesFault> {
    for rule in rules {
        let lists = [(&rule.uses, USES), (&rule.types, TYPES), (&rule.fuels, FUELS)];
        for (codes, known) in lists {
            let is_unknown = |word: &&String| known.iter().all(|(code, _)| code != word);
            if let Some(word) = codes.iter().find(is_unknown) {
                return Err(RulesFault::UnknownCode { word: word.clone() });
            }
        }
        if rule.until.is_some_and(|until| until < rule.from) {
            return Err(RulesFault::RuleEndsFirst { source: rule.source.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn vehicle(vehicle_use: &str, vehicle_type: &str, fuel_type: &str) -> Vehicle {
        Vehicle {
            vehicle_use: vehicle_use.into(),
            vehicle_type: vehicle_type.into(),
            fuel_type: fuel_type.into(),
            ..Vehicle::default()
        }
    }

    #[test]
    fn the_first_rule_that_fits_counts_on_its_days() {
        let rules = VehicleRules::shipped();
        let ceiling =
            |vehicle: &Vehicle, day| fitting(&rules.ceiling, vehicle, day).map(|rule| rule.limit.yuan);
        let table = [
            (vehicle("confidential_mail", "sedan", "petrol"), Some(120_000)),
            (vehicle("confidential_mail", "sedan", "electric"), Some(180_000)),
            (vehicle("law_enforcement", "suv", "petrol"), Some(180_000)),
            (vehicle("business", "sedan", "petrol"), Some(180_000)),
            (vehicle("business", "mpv", "petrol"), Some(250_000)),
            (vehicle("emergency", "large_bus", "diesel"), Some(450_000)),
            (vehicle("leader", "sedan", "petrol"), None),
            (vehicle("special_technology", "special", "diesel"), None),
        ];
        for (vehicle, yuan) in table {
            assert_eq!(ceiling(&vehicle, date(2024, 5, 1)), yuan, "{vehicle:?}");
            assert_eq!(ceiling(&vehicle, date(2017, 12, 4)), None, "before the rule: {vehicle:?}");
        }
    }

    #[test]
    fn each_mistake_in_a_file_is_refused_by_name() {
        let changed =
            |from: &str, to: &str| VehicleRules::read(&TEMPLATE.replacen(from, to, 1)).expect_err(to);
        let form = changed("yuan = 180_000", "yuan = \"much\"");
        assert!(matches!(form, RulesFault::RulesForm { line: 17, .. }), "{form:?}");
        let unknown = changed("types = [\"sedan\"]", "types = [\"sedna\"]");
        assert_eq!(unknown, RulesFault::UnknownCode { word: "sedna".into() });
        let ends = changed("limit = { years = 8 }", "until = 2016-01-01\nlimit = { years = 8 }");
        assert!(matches!(ends, RulesFault::RuleEndsFirst { .. }), "{ends:?}");
    }
}
