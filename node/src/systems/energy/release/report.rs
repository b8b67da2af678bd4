//! The regional table of a month: members × institution classes, derived from what each member released.
//!
//! An indicator is a ratio of sums, never a mean of ratios, over exactly the cells that carry both its terms;
//! how many these are stands beside it. Rounded once, at the end, half away from zero.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::{
    cell::{Cell, Release},
    coefficients::SetId,
    quantity::{Amounts, Class, Month, Quantity},
};

/// The table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The month.
    pub month: Month,
    /// What standard coal was computed with, all of it.
    pub coefficient_set_id: SetId,
    /// By member as given, then by classes.
    pub rows: Vec<Row>,
}

/// One member's cells of one class or class group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The member's code.
    pub member: String,
    /// The class, or the group as its owner merged it.
    pub classes: Vec<Class>,
    /// Cells shown, and cells named without any figure.
    pub cells: u32,
    /// Cells named without any figure.
    pub withheld_cells: u32,
    /// Institutions behind area and users.
    pub panel: u32,
    /// Institutions behind the quantities.
    pub contributors: u32,
    /// How many of them by estimate.
    pub estimated: u32,
    /// Purchased electricity per floor area, kWh/m², 2 decimals.
    pub electricity_kwh_per_m2: Indicator,
    /// Standard coal per floor area (indicator E2), kgce/m², 3 decimals.
    pub energy_kgce_per_m2: Indicator,
    /// Water without the non-conventional part per user (indicator E4), m³, 2 decimals.
    pub water_m3_per_head: Indicator,
}

/// A ratio of sums, or the news that no cell carries both terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Indicator {
    /// No cell of the row carries both terms.
    Withheld,
    /// The ratio over some cells.
    Ratio {
        /// The rounded ratio.
        value: Decimal,
        /// How many of the row's cells are in it.
        cells: u32,
    },
}

/// Makes the table of a month from the newest release of each member; releases of other months are left out.
pub fn report(month: Month, set: SetId, releases: &[(String, Release)]) -> Report {
    let of_month = releases.iter().filter(|(_, release)| release.month == month);
    let rows = of_month.flat_map(|(member, release)| rows(set, member, release)).collect();
    Report { month, coefficient_set_id: set, rows }
}

fn rows(set: SetId, member: &str, release: &Release) -> Vec<Row> {
    let mut branches: BTreeMap<&[Class], (Vec<&Cell>, u32)> = BTreeMap::new();
    for cell in &release.cells {
        branches.entry(&cell.name.classes).or_default().0.push(cell);
    }
    for name in &release.withheld {
        branches.entry(&name.classes).or_default().1 += 1;
    }
    let row = |(classes, (cells, withheld)): (&[Class], (Vec<&Cell>, u32))| {
        let row = row(set, member, classes, &cells);
        Row { withheld_cells: withheld, ..row }
    };
    branches.into_iter().map(row).collect()
}

fn row(set: SetId, member: &str, classes: &[Class], cells: &[&Cell]) -> Row {
    let count = |count: fn(&Cell) -> u32| cells.iter().map(|cell| count(cell)).fold(0, u32::saturating_add);
    let area = |cell: &Cell| Decimal::from(cell.area_m2);
    let per_area =
        |amount: &dyn Fn(&Cell) -> Option<Decimal>, decimals| indicator(cells, amount, area, decimals);
    Row {
        member: member.to_owned(),
        classes: classes.to_vec(),
        cells: cells.len() as u32,
        withheld_cells: 0,
        panel: count(|cell| cell.panel),
        contributors: count(|cell| cell.contributors),
        estimated: count(|cell| cell.estimated),
        electricity_kwh_per_m2: per_area(&|cell| shown(cell, Quantity::Electricity), 2),
        energy_kgce_per_m2: per_area(&|cell| kgce(set, cell), 3),
        water_m3_per_head: indicator(
            cells,
            &|cell| shown(cell, Quantity::ConventionalWater),
            |cell| Decimal::from(cell.users),
            2,
        ),
    }
}

fn indicator(
    cells: &[&Cell],
    above: &dyn Fn(&Cell) -> Option<Decimal>,
    below: impl Fn(&Cell) -> Decimal,
    decimals: u32,
) -> Indicator {
    let terms: Vec<(Decimal, Decimal)> =
        cells.iter().filter_map(|cell| Some((above(cell)?, below(cell)))).collect();
    let (above, below) = (terms.iter().map(|term| term.0).sum(), terms.iter().map(|term| term.1).sum());
    match ratio(above, below, decimals) {
        Some(value) => Indicator::Ratio { value, cells: terms.len() as u32 },
        None => Indicator::Withheld,
    }
}

/// A ratio of two sums, rounded half away from zero; none if the lower is zero.
pub fn ratio(above: Decimal, below: Decimal, decimals: u32) -> Option<Decimal> {
    let exact = above.checked_div(below)?;
    Some(exact.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero))
}

fn shown(cell: &Cell, quantity: Quantity) -> Option<Decimal> {
    cell.amounts.get(&quantity).map(|hundredths| Decimal::new(*hundredths, 2))
}

/// Standard coal of a cell; none if some kind of energy is withheld, or lies in a remainder that this set
/// would have made otherwise: figures under different sets are never added.
fn kgce(set: SetId, cell: &Cell) -> Option<Decimal> {
    let complete = cell.withheld.iter().all(|quantity| set.kgce_per_unit(*quantity).is_none());
    let kinds: &Amounts = &cell.amounts;
    let remainder = match &cell.remainder {
        None => Decimal::ZERO,
        Some(remainder) if set.agrees(remainder.coefficient_set_id, &remainder.quantities) => {
            Decimal::new(remainder.kgce, 2)
        }
        Some(_) => return None,
    };
    complete.then(|| set.kgce(kinds) + remainder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::energy::release::{
        cell::{CellName, Remainder},
        quantity::City,
    };

    const MARCH: Month = Month { year: 2025, month: 3 };

    /// A cell of a class in a city that shows all energy it has; hundredths of each quantity.
    fn cell(class: Class, city: u32, area_m2: i64, users: i64, amounts: &[(Quantity, i64)]) -> Cell {
        let mut all: Amounts = Quantity::ALL.into_iter().map(|quantity| (quantity, 0)).collect();
        all.extend(amounts.iter().copied());
        Cell {
            name: CellName { classes: vec![class], city: Some(City::of_division(city)) },
            version: 1,
            leaves: Vec::new(),
            panel: 6,
            area_m2,
            users,
            contributors: 5,
            estimated: 1,
            amounts: all,
            remainder: None,
            withheld: Vec::new(),
        }
    }

    fn table(set: SetId, cells: Vec<Cell>, withheld: Vec<CellName>) -> Vec<Row> {
        let release = Release { month: MARCH, cells, withheld, waiting: Vec::new() };
        report(MARCH, set, &[("230000".to_owned(), release)]).rows
    }

    fn number(mantissa: i64, decimals: u32, cells: u32) -> Indicator {
        Indicator::Ratio { value: Decimal::new(mantissa, decimals), cells }
    }

    #[test]
    fn a_roll_up_is_a_ratio_of_sums() {
        let one = |city, kwh, area| cell(Class::Education, city, area, 1, &[(Quantity::Electricity, kwh)]);
        let rows =
            table(SetId::NationalGasUpper, vec![one(1, 1_000 * 100, 10), one(100, 100 * 100, 20)], vec![]);
        assert_eq!(rows[0].electricity_kwh_per_m2, number(3_667, 2, 2), "not 52.5");
        assert_eq!((rows[0].panel, rows[0].contributors, rows[0].estimated), (12, 10, 2));
    }

    #[test]
    fn the_worked_building_has_its_published_indicators() {
        let building = cell(
            Class::StateOrgan,
            230100,
            20_000,
            600,
            &[
                (Quantity::Electricity, 1_200_000 * 100),
                (Quantity::NaturalGas, 80_000 * 100),
                (Quantity::Heat, 6_000 * 100),
                (Quantity::PetrolVehicle, 12_000 * 100),
                (Quantity::DieselVehicle, 3_000 * 100),
                (Quantity::ConventionalWater, 18_000 * 100),
            ],
        );
        let row = &table(SetId::NationalGasUpper, vec![building.clone()], vec![])[0];
        assert_eq!(row.energy_kgce_per_m2, number(23_758, 3, 1));
        assert_eq!(row.water_m3_per_head, number(3_000, 2, 1));
        assert_eq!(row.electricity_kwh_per_m2, number(6_000, 2, 1));
        let per_head = ratio(SetId::NationalGasUpper.kgce(&building.amounts), Decimal::from(600), 2);
        assert_eq!(per_head, Some(Decimal::new(79_194, 2)));
        let shandong = &table(SetId::Shandong2019, vec![building], vec![])[0];
        assert_eq!(shandong.energy_kgce_per_m2, number(34_521, 3, 1));
    }

    #[test]
    fn published_percentages_are_reproduced() {
        let cases = [
            (32_956, 37_073, -1_111),
            (34_157, 37_073, -787),
            (32_127, 32_956, -252),
            (1_803, 1_848, -244),
            (2_099, 2_153, -251),
        ];
        for (now, base, percent) in cases {
            let change = ratio(Decimal::from((now - base) * 100), Decimal::from(base), 2);
            assert_eq!(change, Some(Decimal::new(percent, 2)), "{now} after {base}");
        }
    }

    #[test]
    fn what_a_cell_withholds_is_left_out_of_both_terms() {
        let electricity = [(Quantity::Electricity, 100 * 100)];
        let full = cell(Class::Health, 1, 10, 5, &electricity);
        let mut dry = cell(Class::Health, 100, 90, 5, &electricity);
        dry.amounts.remove(&Quantity::ConventionalWater);
        dry.amounts.remove(&Quantity::Coal);
        dry.withheld = vec![Quantity::Coal, Quantity::ConventionalWater];
        let hidden = CellName { classes: vec![Class::Sport], city: None };
        let rows = table(SetId::NationalGasUpper, vec![full, dry], vec![hidden]);
        assert_eq!(rows[0].electricity_kwh_per_m2, number(200, 2, 2));
        assert_eq!(rows[0].energy_kgce_per_m2, number(1_229, 3, 1), "coal is energy");
        assert_eq!(rows[0].water_m3_per_head, number(0, 2, 1));
        assert_eq!((rows[1].withheld_cells, rows[1].cells), (1, 0));
        assert_eq!(rows[1].electricity_kwh_per_m2, Indicator::Withheld);
    }

    #[test]
    fn a_remainder_counts_only_under_sets_that_would_have_made_it_so() {
        let mut mixed = cell(Class::Health, 1, 10, 5, &[(Quantity::Electricity, 100 * 100)]);
        let mut indicator = |set, quantities: &[Quantity]| {
            let remainder = Remainder {
                quantities: quantities.to_vec(),
                kgce: 1_000,
                coefficient_set_id: SetId::NationalGasUpper,
            };
            mixed.amounts.retain(|quantity, _| !quantities.contains(quantity));
            mixed.remainder = Some(remainder);
            table(set, vec![mixed.clone()], vec![])[0].energy_kgce_per_m2
        };
        assert_eq!(indicator(SetId::Shandong2019, &[Quantity::Coal]), number(4_100, 3, 1));
        let gas = [Quantity::Coal, Quantity::NaturalGas];
        assert_eq!(indicator(SetId::NationalGasUpper, &gas), number(2_229, 3, 1));
        assert_eq!(indicator(SetId::Shandong2019, &gas), Indicator::Withheld);
    }
}
