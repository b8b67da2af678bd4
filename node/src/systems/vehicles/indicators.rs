//! Indicators of a province's fleet (V1–V4): sums and counts with both their terms, never a mean of ratios. What
//! rests on trips (V3's days, V5, V6) is in `usage`: trips have rows of their own.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::NEW_ENERGY;
use super::finding::kept;
use super::rules::VehicleRules;
use super::share::Share;
use super::supervision::too_old;
use crate::systems::institutions;
use crate::systems::rows::Rows;

/// Fuel of one type of vehicles, of those that account for both fuel and distance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FuelOfType {
    /// As the code of the type.
    pub vehicle_type: String,
    /// Hundredths of a litre by kilometres: a hundred times their ratio is litres for 100 km times 100.
    pub fuel: Share,
}

/// The fleet in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indicators {
    /// Vehicles that their owners have.
    pub vehicles: i64,
    /// V1: vehicles within the establishment by the quotas of their units, where one is known.
    pub quota_use: Share,
    /// V1: vehicles above their own unit's quota, added up.
    pub over_quota: i64,
    /// V2: marked ones by those that should be.
    pub marked: Share,
    /// V2: with a locator.
    pub located: Share,
    /// V2: old enough to be renewed or scrapped.
    pub over_age: Share,
    /// V2: of new energy.
    pub new_energy: Share,
    /// V3: kilometres of a year by the vehicles that account for them.
    pub annual_km: Share,
    /// V4: by type.
    pub fuel: Vec<FuelOfType>,
    /// V4: fen for fuel, repair, insurance, tolls and drivers by the vehicles that account for any of it.
    pub running_cost_fen: Share,
}

/// The fleet on a day.
pub fn indicators(rows: &dyn Rows, rules: &VehicleRules, today: Date) -> Indicators {
    let mut all = Indicators::default();
    let mut within: BTreeMap<String, i64> = BTreeMap::new();
    let mut fuel: BTreeMap<String, Share> = BTreeMap::new();
    for (_, _, row) in kept(rows) {
        all.vehicles += 1;
        if row.confidential == Some(false) {
            all.marked.count(row.marked == Some(true));
        }
        all.located.count(row.locator_installed == Some(true));
        all.over_age.count(too_old(&row, rules, today).is_some());
        all.new_energy.count(NEW_ENERGY.contains(&row.fuel_type.as_str()));
        if let Some(km) = row.annual_mileage_km {
            all.annual_km.add(km, 1);
            if let Some(litres) = row.annual_fuel_l {
                fuel.entry(row.vehicle_type.clone()).or_default().add(litres, km);
            }
        }
        let costs = [
            row.annual_fuel_cost,
            row.annual_repair_cost,
            row.annual_insurance_cost,
            row.annual_toll_parking,
            row.annual_driver_cost,
        ];
        if costs.iter().any(Option::is_some) {
            all.running_cost_fen.add(costs.into_iter().flatten().sum(), 1);
        }
        *within.entry(row.owner_unit_uscc).or_default() += i64::from(row.quota_status == "within");
    }
    for (unit, have) in within {
        let Some(quota) = institutions::vehicle_quota(rows, &unit) else { continue };
        all.quota_use.add(have, quota.vehicles);
        all.over_quota += (have - quota.vehicles).max(0);
    }
    all.fuel = fuel.into_iter().map(|(vehicle_type, fuel)| FuelOfType { vehicle_type, fuel }).collect();
    all
}
