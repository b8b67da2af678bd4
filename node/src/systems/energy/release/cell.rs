//! What leaves (P45): cells with physical quantities, floor area, energy users and counts. Never an
//! institution, never a sum over cells.

use serde::Serialize;

use super::{
    coefficients::SetId,
    quantity::{Amounts, City, Class, Month, Quantity},
};

/// Class and city of an institution: what the year's tree is made of (P40).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Leaf {
    /// Institution class.
    pub class: Class,
    /// City, or whatever of the province has a code of that level.
    pub city: City,
}

/// Which leaves a cell joins: some classes × one city, or × all cities that have no cell of their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CellName {
    /// The class, or the classes of a group; ascending.
    pub classes: Vec<Class>,
    /// None = the other cities.
    pub city: Option<City>,
}

/// All that one province shows of one month, to every agreement alike. The newest of a month replaces the
/// older ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Release {
    /// The month.
    pub month: Month,
    /// What is shown, by name.
    pub cells: Vec<Cell>,
    /// Cells of which nothing may be shown (P42). No reason: which rule failed would tell more.
    pub withheld: Vec<CellName>,
    /// Cells shown as they were, or without their newest institutions, because the change alone would tell
    /// too much (P43).
    pub waiting: Vec<CellName>,
}

impl Release {
    /// Rows shown and, among them, rows that are estimates.
    pub fn estimated_of_rows(&self) -> (u32, u32) {
        let sum = |count: fn(&Cell) -> u32| self.cells.iter().map(count).fold(0, u32::saturating_add);
        (sum(|cell| cell.estimated), sum(|cell| cell.contributors))
    }
}

/// One cell of one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// Which leaves it joins.
    pub name: CellName,
    /// 1 when the month was first shown; one more with each change.
    pub version: u32,
    /// The leaves merged in it, as far as its panel has institutions there.
    pub leaves: Vec<Leaf>,
    /// Institutions of the panel: those whose area and users are added up.
    pub panel: u32,
    /// Floor area of the panel, m².
    pub area_m2: i64,
    /// Energy users of the panel.
    pub users: i64,
    /// Institutions of the panel that reported the month.
    pub contributors: u32,
    /// How many of these reported an estimate.
    pub estimated: u32,
    /// Quantities shown, hundredths.
    pub amounts: Amounts,
    /// Energy that is shown only as one figure.
    pub remainder: Option<Remainder>,
    /// Quantities of which nothing is shown.
    pub withheld: Vec<Quantity>,
}

/// Kinds of energy too rare in a cell to be shown one by one, as one figure (P42). It is made once, with one
/// coefficient set: the same remainder under two sets would subtract to a single kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remainder {
    /// The kinds in it.
    pub quantities: Vec<Quantity>,
    /// Hundredths of kgce.
    pub kgce: i64,
    /// The coefficient set it was made with.
    pub coefficient_set_id: SetId,
}
