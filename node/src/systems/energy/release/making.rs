//! Makes a release of a month from the register's rows and the ledger: a pure function, the only place where
//! energy figures leave. A release is an explicit act, never a side effect of an import.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    cell::{Cell, CellName, Leaf, Release, Remainder},
    ledger::{Contributor, Disclosed, Ledger, LedgerLine, Panel, PanelUnit},
    quantity::{Amounts, Month},
    safety::{Figure, Rule, Unit},
    shape::{REMAINDER_SET, Shape},
    tree::{Size, Tree},
};

/// A measured or estimated row of the register for one month, with what the institution's master says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The institution. One contribution each.
    pub unit: Unit,
    /// Its class and city now.
    pub leaf: Leaf,
    /// Its floor area and energy users now.
    pub size: Size,
    /// What it used, each at least 0 and below 10^15 hundredths.
    pub amounts: Amounts,
    /// Whether the row is an estimate.
    pub estimated: bool,
    /// Whether the institution has published its figures itself: it then hides nobody (P41).
    pub public: bool,
}

/// Makes the release of a month, and the lines to append to the ledger before anything leaves. Released again
/// without a change, it is the same release and no line.
pub fn release(
    rule: &Rule,
    month: Month,
    rows: &[Contribution],
    ledger: &Ledger,
) -> (Release, Vec<LedgerLine>) {
    let mut lines = Vec::new();
    let tree = ledger.tree(month.year).cloned().unwrap_or_else(|| {
        let tree = Tree::fix(rule, &sizes_by_leaf(rows));
        lines.push(LedgerLine::Tree { year: month.year, tree: tree.clone() });
        tree
    });
    let public = rows.iter().filter(|row| row.public).map(|row| &row.unit);
    let public = public.chain(ledger.public(month.year)).cloned().collect();
    let mut release = Release { month, cells: Vec::new(), withheld: Vec::new(), waiting: Vec::new() };
    for (name, rows) in by_cell(month.year, rows, &tree, ledger) {
        let step = Step { rule, month, name: &name, rows: &rows, ledger, public: &public };
        let Outcome { shown, waits, lines: new } = step.take();
        lines.extend(new.into_iter().flat_map(LedgerLine::cut));
        match shown {
            Some(cell) => release.cells.push(cell),
            None => release.withheld.push(name.clone()),
        }
        if waits {
            release.waiting.push(name);
        }
    }
    (release, lines)
}

fn sizes_by_leaf(rows: &[Contribution]) -> BTreeMap<Leaf, Vec<Size>> {
    let mut leaves: BTreeMap<Leaf, Vec<Size>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.public) {
        leaves.entry(row.leaf).or_default().push(row.size);
    }
    leaves
}

/// The rows of each cell of the year. An institution stays in the cell where it was first disclosed (P40), or
/// its move would be the difference of two cells.
fn by_cell<'a>(
    year: u16,
    rows: &'a [Contribution],
    tree: &Tree,
    ledger: &Ledger,
) -> BTreeMap<CellName, Vec<&'a Contribution>> {
    let mut cells: BTreeMap<CellName, Vec<&Contribution>> = BTreeMap::new();
    let mut known: BTreeMap<&Unit, &CellName> = BTreeMap::new();
    for (name, panel) in ledger.newest_panels(year) {
        cells.insert(name.clone(), Vec::new());
        known.extend(panel.keys().map(|unit| (unit, name)));
    }
    for row in rows {
        let name = known.get(&row.unit).map_or_else(|| tree.cell_of(row.leaf), |name| (*name).clone());
        cells.entry(name).or_default().push(row);
    }
    cells
}

/// One cell of one month, and all it is judged by.
struct Step<'a> {
    rule: &'a Rule,
    month: Month,
    name: &'a CellName,
    rows: &'a [&'a Contribution],
    ledger: &'a Ledger,
    public: &'a BTreeSet<Unit>,
}

struct Outcome {
    shown: Option<Cell>,
    waits: bool,
    lines: Vec<LedgerLine>,
}

impl Step<'_> {
    fn take(&self) -> Outcome {
        let panels = self.ledger.panels(self.month.year, self.name);
        let earlier = self.ledger.disclosed(self.month, self.name);
        let nothing = Outcome { shown: None, waits: false, lines: Vec::new() };
        let Some((panel_version, panel)) = self.next_panel(&panels) else { return nothing };
        let next = self.next_disclosed(panel_version, &panel, earlier.last().copied());
        if next.shape.is_empty() {
            return nothing;
        }
        let waits = panel != self.wanted_panel(panels.last().copied(), true);
        if let Some(last) = earlier.last() {
            // A ledger without the panel it cites is broken: then nothing is shown.
            let Some(last_panel) = panels.get((last.panel_version as usize).wrapping_sub(1)) else {
                return nothing;
            };
            let changed = last.contributors != next.contributors
                || next.contributors.keys().any(|unit| last_panel.get(unit) != panel.get(unit));
            if !changed || !self.admits(&earlier, &next) {
                let cell = self.cell(earlier.len() as u32, last_panel, last);
                return Outcome { shown: Some(cell), waits: waits || changed, lines: Vec::new() };
            }
        }
        let version = earlier.len() as u32 + 1;
        let cell = self.cell(version, &panel, &next);
        let mut lines = Vec::new();
        if panel_version as usize > panels.len() {
            lines.push(self.panel_line(panel_version, panel));
        }
        lines.push(LedgerLine::Disclosed {
            month: self.month,
            cell: self.name.clone(),
            version,
            disclosed: next,
        });
        Outcome { shown: Some(cell), waits, lines }
    }

    fn panel_line(&self, version: u32, panel: Panel) -> LedgerLine {
        LedgerLine::Panel { year: self.month.year, cell: self.name.clone(), version, panel }
    }

    /// The newest panel that may be shown, with its version: with every newcomer and correction, else with
    /// the newcomers only, else as it was. None if there never was one and this may not be the first.
    fn next_panel(&self, panels: &[&Panel]) -> Option<(u32, Panel)> {
        let last = panels.last().copied();
        let wanted = [true, false].map(|corrected| self.wanted_panel(last, corrected));
        let version = panels.len() as u32;
        for panel in wanted {
            if last == Some(&panel) {
                return Some((version, panel));
            }
            if self.panel_is_admitted(panels, &panel) {
                return Some((version + 1, panel));
            }
        }
        last.map(|panel| (version, panel.clone()))
    }

    /// The last panel and everybody who reports. Who does not report this month stays: to leave the panel
    /// and come back would be told by the area.
    fn wanted_panel(&self, last: Option<&Panel>, corrected: bool) -> Panel {
        let mut panel = last.cloned().unwrap_or_default();
        for row in self.rows {
            let known = panel.entry(row.unit.clone()).or_insert(PanelUnit { leaf: row.leaf, size: row.size });
            if corrected {
                known.size = row.size;
            }
        }
        panel
    }

    fn panel_is_admitted(&self, earlier: &[&Panel], panel: &Panel) -> bool {
        let measures: [fn(&Size) -> i64; 2] = [|size| size.area_m2, |size| size.users];
        measures.into_iter().all(|measure| {
            let figure = |panel: &Panel| -> Figure {
                panel.iter().map(|(unit, of)| (unit.clone(), measure(&of.size))).collect()
            };
            self.admits_figure(earlier.iter().map(|panel| figure(panel)).collect(), figure(panel))
        })
    }

    fn next_disclosed(&self, panel_version: u32, panel: &Panel, last: Option<&Disclosed>) -> Disclosed {
        let of = |row: &Contribution| Contributor {
            estimated: row.estimated,
            public: row.public,
            amounts: row.amounts.clone(),
        };
        let known = self.rows.iter().filter(|row| panel.contains_key(&row.unit));
        let contributors = known.map(|row| (row.unit.clone(), of(row))).collect();
        let mut next = Disclosed { panel_version, shape: Shape::default(), contributors };
        next.shape = last.map_or_else(|| self.first_shape(&next), |last| last.shape.clone());
        next
    }

    fn first_shape(&self, next: &Disclosed) -> Shape {
        let hidden = next.parts().into_iter().filter(|(unit, _)| !self.public.contains(*unit)).collect();
        Shape::choose(self.rule, &hidden)
    }

    /// Whether every figure of the month may be shown beside its earlier versions: all or none (P43).
    fn admits(&self, earlier: &[&Disclosed], next: &Disclosed) -> bool {
        let versions: Vec<Vec<Figure>> =
            earlier.iter().map(|version| next.shape.figures(&version.parts())).collect();
        next.shape.figures(&next.parts()).into_iter().enumerate().all(|(index, figure)| {
            self.admits_figure(versions.iter().map(|figures| figures[index].clone()).collect(), figure)
        })
    }

    /// P43 for one figure, without those whose amounts everybody can look up.
    fn admits_figure(&self, earlier: Vec<Figure>, next: Figure) -> bool {
        let hidden = |mut figure: Figure| {
            figure.retain(|unit, _| !self.public.contains(unit));
            figure
        };
        let earlier: Vec<Figure> = earlier.into_iter().map(hidden).collect();
        self.rule.admits(&earlier.iter().collect::<Vec<_>>(), &hidden(next))
    }

    fn cell(&self, version: u32, panel: &Panel, disclosed: &Disclosed) -> Cell {
        let parts = disclosed.parts();
        let mut sums = disclosed.shape.figures(&parts).into_iter().map(|figure| sum(figure.into_values()));
        let amounts = disclosed.shape.shown.iter().copied().zip(sums.by_ref()).collect();
        let remainder = sums.next().map(|kgce| Remainder {
            quantities: disclosed.shape.remainder.clone(),
            kgce,
            coefficient_set_id: REMAINDER_SET,
        });
        let leaves: BTreeSet<Leaf> = panel.values().map(|unit| unit.leaf).collect();
        Cell {
            name: self.name.clone(),
            version,
            leaves: leaves.into_iter().collect(),
            panel: panel.len() as u32,
            area_m2: sum(panel.values().map(|unit| unit.size.area_m2)),
            users: sum(panel.values().map(|unit| unit.size.users)),
            contributors: parts.len() as u32,
            estimated: disclosed.contributors.values().filter(|contributor| contributor.estimated).count()
                as u32,
            amounts,
            remainder,
            withheld: disclosed.shape.withheld(),
        }
    }
}

fn sum(amounts: impl Iterator<Item = i64>) -> i64 {
    amounts.fold(0, i64::saturating_add)
}
