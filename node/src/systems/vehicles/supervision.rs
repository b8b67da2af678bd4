//! Whether vehicles are kept and used by the rules (监督): every finding cites the signed records on which it rests
//! and the rule that it breaks. Pure functions of rows, rules and a day. For the owner alone: members see nothing
//! of it, and confidential vehicles are judged like all others because nothing leaves.

use std::collections::BTreeMap;

use jiff::Unit;
use jiff::civil::Date;
use xietong_proto::id::MemberCode;
use xietong_proto::wire::vehicles::Vehicle;

use super::finding::{Breach, Evidence, Finding, kept};
use super::rules::{Ceiling, Rule, VehicleRules, fitting};
use super::{ownership, usage};
use crate::systems::fault::Flag;
use crate::systems::institutions;
use crate::systems::kind::Kind;
use crate::systems::rows::Rows;
use crate::systems::rules::Rules;

/// Everything that is not as it should be, by rule and then by id; of trips and duties those since a day.
pub fn supervise(rows: &dyn Rows, me: MemberCode, rules: &Rules, since: Date, today: Date) -> Vec<Finding> {
    let mut found = of_register(rows, &rules.vehicles, today);
    found.extend(usage::off_hours(rows, me, rules, since));
    found.extend(ownership::findings(rows, me, &rules.vehicles.registration, today));
    found.sort_by_key(|finding| Breach::RULES.iter().position(|rule| *rule == finding.breach.rule()));
    found
}

fn of_register(rows: &dyn Rows, rules: &VehicleRules, today: Date) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut counted: BTreeMap<String, Vec<Evidence>> = BTreeMap::new();
    for (id, said, row) in kept(rows) {
        let evidence = Evidence { kind: Kind::Vehicles, id, source: said.source };
        found.extend(of_vehicle(&row, rules, today).into_iter().map(|(breach, basis)| Finding {
            id: row.vin.clone(),
            plate_no: row.plate_no.clone(),
            unit_uscc: row.owner_unit_uscc.clone(),
            breach,
            basis,
            evidence: vec![evidence.clone()],
        }));
        if row.quota_status == "within" {
            counted.entry(row.owner_unit_uscc).or_default().push(evidence);
        }
    }
    found.extend(counted.into_iter().filter_map(|(unit, vehicles)| over_quota(rows, unit, vehicles)));
    found
}

fn over_quota(rows: &dyn Rows, unit: String, mut evidence: Vec<Evidence>) -> Option<Finding> {
    let quota = institutions::vehicle_quota(rows, &unit)?;
    let have = i64::try_from(evidence.len()).unwrap_or(i64::MAX);
    let id = format!("{unit}/{}", quota.year);
    evidence.insert(0, Evidence { kind: Kind::Institutions, id, source: quota.source });
    let breach = Breach::OverQuota { have, quota: quota.vehicles, year: quota.year };
    let is_over = have > quota.vehicles;
    is_over.then(|| Finding {
        id: unit.clone(),
        plate_no: String::new(),
        unit_uscc: unit,
        breach,
        basis: String::new(),
        evidence,
    })
}

/// What is not as it should be with one vehicle, and by which publication.
fn of_vehicle(row: &Vehicle, rules: &VehicleRules, today: Date) -> Vec<(Breach, String)> {
    let said = String::new;
    let mut found = Vec::new();
    if let Some(rule) = exceeded_ceiling(row, rules) {
        let price_fen = row.purchase_price.unwrap_or(0);
        let breach = Breach::OverCeiling { price_fen, ceiling_fen: rule.limit.yuan * 100 };
        found.push((breach, rule.source.clone()));
    }
    found.extend(too_old(row, rules, today));
    let far =
        fitting(&rules.mileage, row, today).filter(|rule| row.odometer_km.unwrap_or(0) >= rule.limit.km);
    found.extend(far.map(|rule| {
        let breach = Breach::FarDriven { km: row.odometer_km.unwrap_or(0), km_max: rule.limit.km };
        (breach, rule.source.clone())
    }));
    found.extend(of_the_year(row, rules, today));
    let due = |text: &str| {
        let due: Date = text.parse().ok()?;
        let days = today.until((Unit::Day, due)).ok()?.get_days();
        (days < rules.inspection.notice_days).then_some((due, days < 0))
    };
    let inspection = due(&row.inspection_due).map(|(due, is_over)| Breach::Inspection { due, is_over });
    let insurance = due(&row.insurance_due).map(|(due, is_over)| Breach::Insurance { due, is_over });
    found.extend([inspection, insurance].into_iter().flatten().map(|breach| (breach, said())));
    let should_be_marked = row.confidential == Some(false) && row.exemption_reason.is_empty();
    found.extend((should_be_marked && row.marked == Some(false)).then(|| (Breach::Unmarked, said())));
    found
}

/// Eligible for renewal is one thing, due for scrapping another; who must be scrapped is not told the first too.
pub fn too_old(row: &Vehicle, rules: &VehicleRules, today: Date) -> Option<(Breach, String)> {
    let since: Date = row.first_registration.parse().ok()?;
    let age = since.until((Unit::Year, today)).ok()?.get_years();
    if let Some(rule) = fitting(&rules.scrapping, row, today).filter(|rule| age >= rule.limit.years) {
        return Some((Breach::MustBeScrapped { years: rule.limit.years, since }, rule.source.clone()));
    }
    let rule = fitting(&rules.renewal, row, today).filter(|rule| is_older(since, rule.limit.years, today))?;
    Some((Breach::RenewalOpen { years: rule.limit.years, since }, rule.source.clone()))
}

/// Fuel and distance of the year that the register accounts for.
fn of_the_year(row: &Vehicle, rules: &VehicleRules, today: Date) -> Vec<(Breach, String)> {
    let (Some(year), Some(km)) = (row.annual_year, row.annual_mileage_km) else { return Vec::new() };
    let fuel = fitting(&rules.fuel, row, today).and_then(|rule| {
        let (per_100km, norm) = (per_100km(row)?, rule.limit.litres_per_100km * 100);
        (per_100km > norm).then(|| (Breach::FuelAboveNorm { per_100km, norm, year }, rule.source.clone()))
    });
    let idle = fitting(&rules.idle, row, today)
        .filter(|rule| km < rule.limit.km)
        .map(|rule| (Breach::Idle { km, km_min: rule.limit.km, year }, rule.source.clone()));
    [fuel, idle].into_iter().flatten().collect()
}

/// More than so many years: on the anniversary itself it is not yet.
fn is_older(since: Date, years: i16, today: Date) -> bool {
    since.checked_add(jiff::Span::new().years(years)).is_ok_and(|until| today > until)
}

/// The ceiling that a vehicle exceeds in price or displacement: the one that held when it was first registered.
pub fn exceeded_ceiling<'a>(row: &Vehicle, rules: &'a VehicleRules) -> Option<&'a Rule<Ceiling>> {
    let registered: Date = row.first_registration.parse().ok()?;
    let rule = fitting(&rules.ceiling, row, registered)?;
    let is_dearer = row.purchase_price.unwrap_or(0) > rule.limit.yuan * 100;
    let displacement_ml = row.displacement_l.unwrap_or(0) * 10;
    let is_larger = rule.limit.displacement_ml.is_some_and(|ml_max| displacement_ml > ml_max);
    (is_dearer || is_larger).then_some(rule)
}

/// Fuel for the distance that no vehicle burns.
pub fn unlikely_fuel(row: &Vehicle, rules: &VehicleRules) -> Option<Flag> {
    let (per_100km, bounds) = (per_100km(row)?, &rules.plausible);
    let likely = bounds.litres_per_100km_min * 100..=bounds.litres_per_100km_max * 100;
    (!likely.contains(&per_100km)).then_some(Flag::FuelUnlikely { per_100km })
}

/// Hundredths of a litre for 100 km in the year of the accounts, cut off; none without both.
fn per_100km(row: &Vehicle) -> Option<i64> {
    let km = row.annual_mileage_km.filter(|km| *km > 0)?;
    Some(row.annual_fuel_l?.saturating_mul(100) / km)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 24);

    fn sound() -> Vehicle {
        Vehicle {
            vehicle_use: "business".into(),
            vehicle_type: "sedan".into(),
            fuel_type: "petrol".into(),
            confidential: Some(false),
            displacement_l: Some(150),
            purchase_price: Some(12_000_000),
            first_registration: "2020-05-01".into(),
            inspection_due: "2027-05-01".into(),
            insurance_due: "2027-05-01".into(),
            marked: Some(true),
            odometer_km: Some(80_000),
            annual_year: Some(2025),
            annual_mileage_km: Some(10_000),
            annual_fuel_l: Some(80_000),
            ..Vehicle::default()
        }
    }

    /// What is found of a vehicle that is sound but for one change.
    fn found(change: impl Fn(&mut Vehicle)) -> Vec<Breach> {
        let mut row = sound();
        change(&mut row);
        of_vehicle(&row, &VehicleRules::shipped(), TODAY).into_iter().map(|(breach, _)| breach).collect()
    }

    type Change = fn(&mut Vehicle);

    #[test]
    fn each_breach_is_found_at_its_bound_and_not_before() {
        let day = |text: &str| -> Date { text.parse().expect("a day") };
        let bus: Change = |row| {
            row.vehicle_type = "large_bus".into();
            row.first_registration = "2006-11-25".into();
        };
        let table: Vec<(Change, Change, Breach)> = vec![
            (
                |row| row.purchase_price = Some(18_000_000),
                |row| row.purchase_price = Some(18_000_001),
                Breach::OverCeiling { price_fen: 18_000_001, ceiling_fen: 18_000_000 },
            ),
            (
                |row| row.first_registration = "2018-11-24".into(),
                |row| row.first_registration = "2018-11-23".into(),
                Breach::RenewalOpen { years: 8, since: day("2018-11-23") },
            ),
            (
                |row| row.odometer_km = Some(599_999),
                |row| row.odometer_km = Some(600_000),
                Breach::FarDriven { km: 600_000, km_max: 600_000 },
            ),
            (
                |row| row.annual_fuel_l = Some(110_000),
                |row| row.annual_fuel_l = Some(110_100),
                Breach::FuelAboveNorm { per_100km: 1_101, norm: 1_100, year: 2025 },
            ),
            (
                |row| row.inspection_due = "2026-12-24".into(),
                |row| row.inspection_due = "2026-12-23".into(),
                Breach::Inspection { due: day("2026-12-23"), is_over: false },
            ),
            (
                |row| row.insurance_due = "2027-01-01".into(),
                |row| row.insurance_due = "2026-11-23".into(),
                Breach::Insurance { due: day("2026-11-23"), is_over: true },
            ),
            (
                |row| (row.marked, row.exemption_reason) = (Some(false), "办案".into()),
                |row| row.marked = Some(false),
                Breach::Unmarked,
            ),
            (
                |row| (row.annual_mileage_km, row.annual_fuel_l) = (Some(3_000), Some(24_000)),
                |row| (row.annual_mileage_km, row.annual_fuel_l) = (Some(2_999), Some(24_000)),
                Breach::Idle { km: 2_999, km_min: 3_000, year: 2025 },
            ),
        ];
        assert_eq!(found(|_| {}), []);
        for (before, at, breach) in table {
            assert_eq!(found(before), [], "before {breach:?}");
            assert_eq!(found(at), [breach]);
        }
        assert!(!found(bus).iter().any(|breach| matches!(breach, Breach::MustBeScrapped { .. })));
        let old = found(|row| {
            bus(row);
            row.first_registration = "2006-11-24".into();
        });
        assert_eq!(old, [Breach::MustBeScrapped { years: 20, since: day("2006-11-24") }]);
    }
}
