//! Release and ledger lines as bytes. What comes from a peer is read whole or not at all: numbers without a
//! meaning here, amounts below zero and lists over their limit refuse a release.

use prost::Message;
use xietong_proto::wire::energy_release as wire;

use super::{
    cell::{Cell, CellName, Leaf, Release, Remainder},
    ledger::{Contributor, Disclosed, LedgerLine, Panel, PanelUnit},
    quantity::{Amounts, City, Class, Month, Quantity},
    shape::Shape,
    tree::{Branch, Size, Tree},
};

/// Cells that a release may name: every class × 23 cities (no province has more) and the others.
pub const CELLS_MAX: usize = 8 * 24;

impl Release {
    /// The body of its record.
    pub fn encode(&self) -> Vec<u8> {
        wire::Release {
            month: Some(month_out(self.month)),
            cells: self.cells.iter().map(cell_out).collect(),
            withheld: self.withheld.iter().map(name_out).collect(),
            waiting: self.waiting.iter().map(name_out).collect(),
        }
        .encode_to_vec()
    }

    /// Reads a record's body; none if it is not a release we understand.
    pub fn decode(body: &[u8]) -> Option<Self> {
        let release = wire::Release::decode(body).ok()?;
        let names = |names: Vec<wire::CellName>| names.into_iter().map(name_in).collect::<Option<Vec<_>>>();
        let few = release.cells.len() + release.withheld.len() <= CELLS_MAX;
        let cells = release.cells.into_iter().map(cell_in);
        Some(Self {
            month: month_in(release.month?)?,
            cells: few.then(|| cells.collect::<Option<_>>())??,
            withheld: names(release.withheld)?,
            waiting: names(release.waiting)?,
        })
    }
}

impl LedgerLine {
    /// The body of its record.
    pub fn encode(&self) -> Vec<u8> {
        use wire::ledger_line::Line;
        let line = match self {
            Self::Tree { year, tree } => Line::Tree(tree_out(*year, tree)),
            Self::Panel { year, cell, version, panel } => Line::Panel(wire::Panel {
                year: (*year).into(),
                cell: Some(name_out(cell)),
                version: *version,
                units: panel.iter().map(|(unit, of)| panel_unit_out(unit, of)).collect(),
            }),
            Self::Disclosed { month, cell, version, disclosed } => Line::Disclosed(wire::Disclosed {
                month: Some(month_out(*month)),
                cell: Some(name_out(cell)),
                version: *version,
                panel_version: disclosed.panel_version,
                shown: numbers(&disclosed.shape.shown),
                remainder: numbers(&disclosed.shape.remainder),
                contributors: disclosed
                    .contributors
                    .iter()
                    .map(|(unit, of)| contributor_out(unit, of))
                    .collect(),
            }),
        };
        wire::LedgerLine { line: Some(line) }.encode_to_vec()
    }

    /// Reads a record's body; none if it is not a line we understand.
    pub fn decode(body: &[u8]) -> Option<Self> {
        use wire::ledger_line::Line;
        Some(match wire::LedgerLine::decode(body).ok()?.line? {
            Line::Tree(tree) => Self::Tree {
                year: tree.year.try_into().ok()?,
                tree: Tree { branches: tree.branches.into_iter().map(branch_in).collect::<Option<_>>()? },
            },
            Line::Panel(line) => Self::Panel {
                year: line.year.try_into().ok()?,
                cell: name_in(line.cell?)?,
                version: line.version,
                panel: line.units.into_iter().map(panel_unit_in).collect::<Option<Panel>>()?,
            },
            Line::Disclosed(line) => Self::Disclosed {
                month: month_in(line.month?)?,
                cell: name_in(line.cell?)?,
                version: line.version,
                disclosed: Disclosed {
                    panel_version: line.panel_version,
                    shape: Shape { shown: quantities(line.shown)?, remainder: quantities(line.remainder)? },
                    contributors: line.contributors.into_iter().map(contributor_in).collect::<Option<_>>()?,
                },
            },
        })
    }
}

fn cell_out(cell: &Cell) -> wire::Cell {
    wire::Cell {
        name: Some(name_out(&cell.name)),
        version: cell.version,
        leaves: cell.leaves.iter().map(|leaf| leaf_out(*leaf)).collect(),
        panel: cell.panel,
        area_m2: cell.area_m2,
        users: cell.users,
        contributors: cell.contributors,
        estimated: cell.estimated,
        amounts: amounts_out(&cell.amounts),
        remainder: cell.remainder.as_ref().map(|remainder| wire::Remainder {
            quantities: numbers(&remainder.quantities),
            kgce: remainder.kgce,
            coefficient_set_id: remainder.coefficient_set_id.as_str().to_owned(),
        }),
        withheld: numbers(&cell.withheld),
    }
}

fn cell_in(cell: wire::Cell) -> Option<Cell> {
    Some(Cell {
        name: name_in(cell.name?)?,
        version: cell.version,
        leaves: cell.leaves.into_iter().map(leaf_in).collect::<Option<_>>()?,
        panel: cell.panel,
        area_m2: not_negative(cell.area_m2)?,
        users: not_negative(cell.users)?,
        contributors: cell.contributors,
        estimated: cell.estimated,
        amounts: amounts_in(cell.amounts)?,
        remainder: match cell.remainder {
            Some(remainder) => Some(remainder_in(remainder)?),
            None => None,
        },
        withheld: quantities(cell.withheld)?,
    })
}

fn remainder_in(remainder: wire::Remainder) -> Option<Remainder> {
    Some(Remainder {
        quantities: quantities(remainder.quantities)?,
        kgce: not_negative(remainder.kgce)?,
        coefficient_set_id: remainder.coefficient_set_id.parse().ok()?,
    })
}

fn month_out(month: Month) -> wire::Month {
    wire::Month { year: month.year.into(), month: month.month.into() }
}

fn month_in(month: wire::Month) -> Option<Month> {
    let number = u8::try_from(month.month).ok().filter(|number| (1..=12).contains(number))?;
    Some(Month { year: month.year.try_into().ok()?, month: number })
}

fn name_out(name: &CellName) -> wire::CellName {
    let classes = name.classes.iter().map(|class| class.number()).collect();
    wire::CellName { classes, city: name.city.map_or(0, City::code) }
}

fn name_in(name: wire::CellName) -> Option<CellName> {
    let city = (name.city != 0).then(|| City::of_division(name.city));
    Some(CellName { classes: classes(name.classes)?, city })
}

fn leaf_out(leaf: Leaf) -> wire::Leaf {
    wire::Leaf { class: leaf.class.number(), city: leaf.city.code() }
}

fn leaf_in(leaf: wire::Leaf) -> Option<Leaf> {
    Some(Leaf { class: Class::of_number(leaf.class)?, city: City::of_division(leaf.city) })
}

fn tree_out(year: u16, tree: &Tree) -> wire::Tree {
    let branch = |branch: &Branch| wire::Branch {
        classes: branch.classes.iter().map(|class| class.number()).collect(),
        cities: branch.cities.iter().map(|city| city.code()).collect(),
    };
    wire::Tree { year: year.into(), branches: tree.branches.iter().map(branch).collect() }
}

fn branch_in(branch: wire::Branch) -> Option<Branch> {
    let cities = branch.cities.into_iter().map(City::of_division).collect();
    Some(Branch { classes: classes(branch.classes)?, cities })
}

fn panel_unit_out(unit: &str, of: &PanelUnit) -> wire::PanelUnit {
    wire::PanelUnit {
        unit: unit.to_owned(),
        leaf: Some(leaf_out(of.leaf)),
        area_m2: of.size.area_m2,
        users: of.size.users,
    }
}

fn panel_unit_in(of: wire::PanelUnit) -> Option<(String, PanelUnit)> {
    let size = Size { area_m2: of.area_m2, users: of.users };
    Some((of.unit, PanelUnit { leaf: leaf_in(of.leaf?)?, size }))
}

fn contributor_out(unit: &str, of: &Contributor) -> wire::Contributor {
    wire::Contributor {
        unit: unit.to_owned(),
        estimated: of.estimated,
        public: of.public,
        amounts: amounts_out(&of.amounts),
    }
}

fn contributor_in(of: wire::Contributor) -> Option<(String, Contributor)> {
    Some((
        of.unit,
        Contributor { estimated: of.estimated, public: of.public, amounts: amounts_in(of.amounts)? },
    ))
}

fn amounts_out(amounts: &Amounts) -> Vec<wire::Amount> {
    amounts
        .iter()
        .map(|(quantity, hundredths)| wire::Amount { quantity: quantity.number(), hundredths: *hundredths })
        .collect()
}

fn amounts_in(amounts: Vec<wire::Amount>) -> Option<Amounts> {
    let amount = |amount: wire::Amount| {
        Some((Quantity::of_number(amount.quantity)?, not_negative(amount.hundredths)?))
    };
    amounts.into_iter().map(amount).collect()
}

fn not_negative(amount: i64) -> Option<i64> {
    (amount >= 0).then_some(amount)
}

fn numbers(quantities: &[Quantity]) -> Vec<u32> {
    quantities.iter().map(|quantity| quantity.number()).collect()
}

fn quantities(numbers: Vec<u32>) -> Option<Vec<Quantity>> {
    numbers.into_iter().map(Quantity::of_number).collect()
}

fn classes(numbers: Vec<u32>) -> Option<Vec<Class>> {
    numbers.into_iter().map(Class::of_number).collect()
}
