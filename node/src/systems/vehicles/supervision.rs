//! Whether vehicles are kept and used by the rules (监督). Pure functions of rows, rules and a day.

use jiff::civil::Date;
use xietong_proto::wire::vehicles::Vehicle;

use super::rules::{Ceiling, Rule, VehicleRules, fitting};

/// The ceiling that a vehicle exceeds in price or displacement: the one that held when it was first registered.
pub fn exceeded_ceiling<'a>(row: &Vehicle, rules: &'a VehicleRules) -> Option<&'a Rule<Ceiling>> {
    let registered: Date = row.first_registration.parse().ok()?;
    let rule = fitting(&rules.ceiling, row, registered)?;
    let is_dearer = row.purchase_price.unwrap_or(0) > rule.limit.yuan * 100;
    let displacement_ml = row.displacement_l.unwrap_or(0) * 10;
    let is_larger = rule.limit.displacement_ml.is_some_and(|ml_max| displacement_ml > ml_max);
    (is_dearer || is_larger).then_some(rule)
}
