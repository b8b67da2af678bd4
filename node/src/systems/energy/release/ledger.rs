//! The release ledger (P44): every figure a province ever disclosed, and of whom it was made. Local: it names
//! institutions. One ledger for all agreements, so that being a member of two tells no more than of one.

use std::collections::BTreeMap;

use super::{
    cell::{CellName, Leaf},
    quantity::{Amounts, Month},
    safety::Unit,
    shape::{Parts, Shape},
    tree::{Size, Tree},
};

/// Institutions in one line at most, so that a line fits into a record. Lines of one version add up.
pub const LINE_UNITS_MAX: usize = 300;

/// What a release adds to the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerLine {
    /// A year's partition.
    Tree {
        /// The year.
        year: u16,
        /// Its partition.
        tree: Tree,
    },
    /// Whose area and users were disclosed.
    Panel {
        /// The year they speak of.
        year: u16,
        /// The cell.
        cell: CellName,
        /// Which disclosure, from 1.
        version: u32,
        /// The institutions, or some of them.
        panel: Panel,
    },
    /// Whose quantities were disclosed.
    Disclosed {
        /// The month they speak of.
        month: Month,
        /// The cell.
        cell: CellName,
        /// Which disclosure, from 1.
        version: u32,
        /// The institutions, or some of them.
        disclosed: Disclosed,
    },
}

/// Institutions whose area and users a cell's figures speak of.
pub type Panel = BTreeMap<Unit, PanelUnit>;

/// One of them, as disclosed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PanelUnit {
    /// Its leaf for the rest of the year, whatever the register says later.
    pub leaf: Leaf,
    /// Its area and users.
    pub size: Size,
}

/// What a cell's month was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disclosed {
    /// The version of the panel it was shown with.
    pub panel_version: u32,
    /// Which quantities were shown.
    pub shape: Shape,
    /// The institutions.
    pub contributors: BTreeMap<Unit, Contributor>,
}

/// What one institution added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contributor {
    /// Whether its row was an estimate.
    pub estimated: bool,
    /// Whether its figures were public. They stay so when its row is gone.
    pub public: bool,
    /// Its quantities, withheld ones too.
    pub amounts: Amounts,
}

impl Disclosed {
    /// Who added what.
    pub fn parts(&self) -> Parts<'_> {
        self.contributors.iter().map(|(unit, contributor)| (unit, &contributor.amounts)).collect()
    }
}

/// The ledger, ordered. Versions ascend from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    trees: BTreeMap<u16, Tree>,
    panels: BTreeMap<(u16, CellName), BTreeMap<u32, Panel>>,
    disclosed: BTreeMap<(Month, CellName), BTreeMap<u32, Disclosed>>,
}

impl Ledger {
    /// Adds a line, in the order they were written.
    pub fn add(&mut self, line: LedgerLine) {
        match line {
            LedgerLine::Tree { year, tree } => {
                self.trees.entry(year).or_insert(tree);
            }
            LedgerLine::Panel { year, cell, version, panel } => {
                self.panels.entry((year, cell)).or_default().entry(version).or_default().extend(panel);
            }
            LedgerLine::Disclosed { month, cell, version, disclosed } => {
                let versions = self.disclosed.entry((month, cell)).or_default();
                let known = versions.entry(version).or_default();
                known.panel_version = disclosed.panel_version;
                known.shape = disclosed.shape;
                known.contributors.extend(disclosed.contributors);
            }
        }
    }

    /// The year's partition, once a month of it was released.
    pub fn tree(&self, year: u16) -> Option<&Tree> {
        self.trees.get(&year)
    }

    /// Every panel a cell had in a year.
    pub fn panels(&self, year: u16, cell: &CellName) -> Vec<&Panel> {
        self.panels.get(&(year, cell.clone())).into_iter().flat_map(BTreeMap::values).collect()
    }

    /// Every version of a cell's month.
    pub fn disclosed(&self, month: Month, cell: &CellName) -> Vec<&Disclosed> {
        self.disclosed.get(&(month, cell.clone())).into_iter().flat_map(BTreeMap::values).collect()
    }

    /// The institutions whose figures of a year were public when they were disclosed.
    pub fn public(&self, year: u16) -> impl Iterator<Item = &Unit> {
        let of_year = self.disclosed.iter().filter(move |((month, _), _)| month.year == year);
        let contributors =
            of_year.flat_map(|(_, versions)| versions.values()).flat_map(|version| &version.contributors);
        contributors.filter(|(_, contributor)| contributor.public).map(|(unit, _)| unit)
    }

    /// The cells that had a panel in a year, each with its newest.
    pub fn newest_panels(&self, year: u16) -> impl Iterator<Item = (&CellName, &Panel)> {
        let of_year = self.panels.iter().filter(move |((of, _), _)| *of == year);
        of_year.filter_map(|((_, cell), versions)| Some((cell, versions.values().next_back()?)))
    }
}

impl FromIterator<LedgerLine> for Ledger {
    fn from_iter<I: IntoIterator<Item = LedgerLine>>(lines: I) -> Self {
        let mut ledger = Self::default();
        lines.into_iter().for_each(|line| ledger.add(line));
        ledger
    }
}

impl LedgerLine {
    /// The line cut into lines of at most [`LINE_UNITS_MAX`] institutions each.
    pub fn cut(self) -> Vec<Self> {
        match self {
            Self::Tree { .. } => vec![self],
            Self::Panel { year, cell, version, panel } => {
                let line = |panel| Self::Panel { year, cell: cell.clone(), version, panel };
                chunks(panel).into_iter().map(line).collect()
            }
            Self::Disclosed {
                month,
                cell,
                version,
                disclosed: Disclosed { panel_version, shape, contributors },
            } => {
                let part = |contributors| Disclosed { panel_version, shape: shape.clone(), contributors };
                let line = |contributors| Self::Disclosed {
                    month,
                    cell: cell.clone(),
                    version,
                    disclosed: part(contributors),
                };
                chunks(contributors).into_iter().map(line).collect()
            }
        }
    }
}

fn chunks<T>(units: BTreeMap<Unit, T>) -> Vec<BTreeMap<Unit, T>> {
    let mut units = units.into_iter().peekable();
    let mut chunks = Vec::new();
    while units.peek().is_some() {
        chunks.push(units.by_ref().take(LINE_UNITS_MAX).collect());
    }
    chunks
}
