//! Releases over a year that goes wrong: late rows, corrections, withdrawals, moves. The attack of the
//! neighbouring file reads all of it.

use std::collections::{BTreeMap, BTreeSet};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    Contribution,
    attack::{Found, attack, equations},
    cell::{Leaf, Release},
    ledger::{LINE_UNITS_MAX, Ledger, LedgerLine},
    quantity::{Amounts, City, Class, Month, Quantity},
    release,
    safety::{Rule, Unit},
    tree::Size,
};

const YEAR: u16 = 2025;

fn month(month: u8) -> Month {
    Month { year: YEAR, month }
}

/// A row of an ordinary office: what it uses grows with its area.
fn row(unit: &str, class: Class, city: u32, area_m2: i64) -> Contribution {
    let amounts = Amounts::from([
        (Quantity::Electricity, area_m2 * 510),
        (Quantity::Heat, area_m2 * 4),
        (Quantity::PetrolVehicle, area_m2 * 5),
        (Quantity::ConventionalWater, area_m2 * 8),
    ]);
    Contribution {
        unit: unit.to_owned(),
        leaf: Leaf { class, city: City::of_division(city) },
        size: Size { area_m2, users: area_m2 / 20 },
        amounts,
        estimated: false,
        public: false,
    }
}

/// Rows of one class and city, with areas from 1,000 m² on.
fn rows(class: Class, city: u32, count: i64) -> Vec<Contribution> {
    (0..count).map(|index| row(&format!("{city}-{class:?}-{index}"), class, city, 1_000 + 100 * index)).collect()
}

/// Releases one month and keeps the ledger.
fn step(ledger: &mut Ledger, at: u8, rows: &[Contribution]) -> (Release, usize) {
    let (release, lines) = release(&Rule::LAW, month(at), rows, ledger);
    let count = lines.len();
    lines.into_iter().for_each(|line| ledger.add(line));
    (release, count)
}

#[test]
fn a_cell_carries_sums_and_counts() {
    let mut rows = rows(Class::Education, 230103, 6);
    rows[0].estimated = true;
    let (release, lines) = step(&mut Ledger::default(), 3, &rows);
    let cell = &release.cells[0];
    assert_eq!((cell.panel, cell.contributors, cell.estimated, cell.version), (6, 6, 1, 1));
    assert_eq!((cell.area_m2, cell.users), (7_500, 375));
    assert_eq!(cell.amounts[&Quantity::Electricity], 7_500 * 510);
    assert_eq!(cell.leaves, [rows[0].leaf]);
    assert_eq!(release.estimated_of_rows(), (1, 6));
    assert_eq!(lines, 3, "tree, panel, month");
}

#[test]
fn the_same_rows_again_are_the_same_release_and_no_line() {
    let rows = rows(Class::Education, 230103, 6);
    let mut ledger = Ledger::default();
    let (first, _) = step(&mut ledger, 3, &rows);
    assert_eq!(step(&mut ledger, 3, &rows), (first, 0));
}

#[test]
fn what_cannot_be_merged_is_withheld_by_name() {
    let (release, lines) = step(&mut Ledger::default(), 3, &rows(Class::Sport, 230103, 4));
    assert_eq!(release.cells, []);
    assert_eq!(release.withheld.len(), 1);
    assert_eq!(lines, 1, "the tree alone");
}

#[test]
fn one_late_row_waits_and_five_go_out() {
    let all = rows(Class::Education, 230103, 15);
    let mut ledger = Ledger::default();
    let (first, _) = step(&mut ledger, 3, &all[..10]);
    let (second, lines) = step(&mut ledger, 3, &all[..11]);
    assert_eq!((&second.cells, lines), (&first.cells, 0), "one late row would be the difference");
    assert_eq!(second.waiting, [first.cells[0].name.clone()]);
    let (third, _) = step(&mut ledger, 3, &all);
    assert_eq!((third.cells[0].contributors, third.cells[0].version), (15, 2));
    assert_eq!(third.waiting, []);
}

#[test]
fn one_correction_waits_and_five_go_out() {
    let mut rows = rows(Class::Education, 230103, 12);
    let mut ledger = Ledger::default();
    let (first, _) = step(&mut ledger, 3, &rows);
    let correct = |row: &mut Contribution| {
        row.amounts.insert(Quantity::Electricity, row.amounts[&Quantity::Electricity] * 3 / 2)
    };
    correct(&mut rows[0]);
    let (second, _) = step(&mut ledger, 3, &rows);
    assert_eq!((second.cells, second.waiting.len()), (first.cells, 1));
    rows[1..5].iter_mut().for_each(|row| drop(correct(row).is_some()));
    let (third, _) = step(&mut ledger, 3, &rows);
    assert_eq!((third.cells[0].version, third.waiting.len()), (2, 0));
}

#[test]
fn who_reports_one_month_and_not_the_next_stays_in_the_area() {
    let rows = rows(Class::Education, 230103, 12);
    let mut ledger = Ledger::default();
    let (march, _) = step(&mut ledger, 3, &rows);
    let (april, _) = step(&mut ledger, 4, &rows[1..]);
    assert_eq!(april.cells[0].area_m2, march.cells[0].area_m2);
    assert_eq!((april.cells[0].panel, april.cells[0].contributors), (12, 11));
}

#[test]
fn a_newcomer_waits_outside_the_panel_until_five_have_come() {
    let all = rows(Class::Education, 230103, 15);
    let mut ledger = Ledger::default();
    step(&mut ledger, 3, &all[..10]);
    let (april, _) = step(&mut ledger, 4, &all[..11]);
    assert_eq!((april.cells[0].contributors, april.waiting.len()), (10, 1));
    let (may, _) = step(&mut ledger, 5, &all);
    assert_eq!((may.cells[0].contributors, may.cells[0].panel, may.waiting.len()), (15, 15, 0));
}

#[test]
fn an_institution_stays_in_its_cell_for_the_year_and_the_tree_stays_too() {
    let mut rows = [rows(Class::Education, 230103, 8), rows(Class::Health, 230103, 8)].concat();
    let mut ledger = Ledger::default();
    let (march, _) = step(&mut ledger, 3, &rows);
    rows[0].leaf.class = Class::Health;
    let (april, _) = step(&mut ledger, 4, &rows);
    let counts = |release: &Release| -> Vec<_> {
        release.cells.iter().map(|cell| (cell.name.clone(), cell.contributors)).collect()
    };
    assert_eq!(counts(&april), counts(&march));
    let (next_year, _) = release(&Rule::LAW, Month { year: YEAR + 1, month: 1 }, &rows, &ledger);
    assert_eq!(next_year.cells.iter().map(|cell| cell.contributors).collect::<Vec<_>>(), [7, 9]);
}

#[test]
fn public_figures_hide_nobody() {
    let mut rows = rows(Class::Education, 230103, 6);
    rows[0].public = true;
    assert_eq!(step(&mut Ledger::default(), 3, &rows).0.cells[0].contributors, 6);
    rows[1].public = true;
    assert_eq!(step(&mut Ledger::default(), 3, &rows).0.cells, []);
}

#[test]
fn releases_and_ledger_survive_the_way_through_bytes() {
    let rows = rows(Class::Education, 230103, 2 * LINE_UNITS_MAX as i64 + 1);
    let (made, lines) = release(&Rule::LAW, month(3), &rows, &Ledger::default());
    assert_eq!(Release::decode(&made.encode()), Some(made.clone()));
    assert_eq!(lines.len(), 1 + 3 + 3, "a long line is cut");
    let bodies: Vec<Vec<u8>> = lines.iter().map(LedgerLine::encode).collect();
    assert!(bodies.iter().all(|body| body.len() <= xietong_proto::limits::RECORD_BYTES_MAX));
    let ledger: Ledger = bodies.iter().filter_map(|body| LedgerLine::decode(body)).collect();
    assert_eq!(release(&Rule::LAW, month(3), &rows, &ledger), (made, Vec::new()));
}

#[test]
fn a_release_we_do_not_understand_is_refused() {
    use xietong_proto::wire::energy_release as wire;
    let (made, _) = release(&Rule::LAW, month(3), &rows(Class::Education, 230103, 6), &Ledger::default());
    let refused = |change: fn(&mut wire::Release)| {
        let mut changed: wire::Release = prost::Message::decode(&*made.encode()).expect("just encoded");
        change(&mut changed);
        Release::decode(&prost::Message::encode_to_vec(&changed)).is_none()
    };
    assert!(!refused(|_| ()));
    assert!(refused(|release| release.month = None));
    assert!(refused(|release| release.month = Some(wire::Month { year: 2025, month: 13 })));
    assert!(refused(|release| release.cells[0].area_m2 = -1));
    assert!(refused(|release| release.cells[0].amounts[0].hundredths = -1));
    assert!(refused(|release| release.cells[0].withheld.push(17)));
    assert!(refused(|release| release.cells[0].name = None));
    assert!(refused(|release| release.cells = vec![release.cells[0].clone(); super::wire::CELLS_MAX + 1]));
}

/// A fault planted in what the release is given.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// P41 with another number.
    Weak(Rule),
    /// Months are shown again without a look at their earlier versions (P43).
    ForgetsMonths,
    /// Area and users are shown for each month's institutions without a look at the last panel (P43).
    ForgetsPanels,
}

/// A province with its register and all that it ever disclosed.
struct Province {
    rng: ChaCha8Rng,
    fault: Fault,
    rows: BTreeMap<(u8, Unit), Contribution>,
    lines: Vec<LedgerLine>,
    shown_again: usize,
}

const CLASSES: [Class; 4] = [Class::StateOrgan, Class::Education, Class::Health, Class::Sport];
const MONTHS: u8 = 3;

impl Province {
    fn new(seed: u64, fault: Fault) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        let mut province = Self { rng, fault, rows: BTreeMap::new(), lines: Vec::new(), shown_again: 0 };
        for index in 0..90 {
            province.found(index);
        }
        province
    }

    /// An institution that reports most months.
    fn found(&mut self, index: usize) {
        let rng = &mut self.rng;
        let class = CLASSES[[0, 0, 1, 1, 1, 1, 2, 2, 3][rng.random_range(0..9)]];
        let city = 230100 + 100 * [0, 0, 0, 1, 1, 2][rng.random_range(0..6)];
        let area = rng.random_range(800..9_000) * if rng.random_bool(0.03) { 40 } else { 1 };
        let (public, estimated) = (rng.random_bool(0.03), rng.random_bool(0.1));
        for month in 1..=MONTHS {
            let mut row = Contribution { public, estimated, ..row(&format!("{index:03}"), class, city, area) };
            for quantity in [Quantity::NaturalGas, Quantity::Coal, Quantity::Lpg, Quantity::NonconventionalWater] {
                if self.rng.random_bool(0.3) {
                    row.amounts.insert(quantity, self.rng.random_range(1..area * 3));
                }
            }
            row.amounts.values_mut().for_each(|amount| *amount += self.rng.random_range(0..*amount + 1));
            if self.rng.random_bool(0.85) {
                self.rows.insert((month, row.unit.clone()), row);
            }
        }
    }

    /// Some rows of one class change: a single one, or enough to be shown.
    fn disturb(&mut self) {
        let class = CLASSES[self.rng.random_range(0..CLASSES.len())];
        let month = self.rng.random_range(1..=MONTHS);
        let count = if self.rng.random_bool(0.5) { self.rng.random_range(1..4) } else { self.rng.random_range(5..25) };
        let keys: Vec<_> =
            self.rows.iter().filter(|((at, _), row)| *at == month && row.leaf.class == class).map(|(key, _)| key.clone()).collect();
        let kind = self.rng.random_range(0..4);
        for key in keys.into_iter().take(count) {
            let factor = self.rng.random_range(2..5);
            let Some(mut row) = self.rows.remove(&key) else { continue };
            match kind {
                0 => continue,
                1 => row.amounts.values_mut().for_each(|amount| *amount = *amount * factor / 3),
                2 => row.size = Size { area_m2: row.size.area_m2 * factor / 3, users: row.size.users * factor / 3 },
                _ => row.leaf.class = CLASSES[self.rng.random_range(0..CLASSES.len())],
            }
            self.rows.insert(key, row);
        }
    }

    fn release(&mut self) {
        let at = self.rng.random_range(1..=MONTHS);
        let rows: Vec<_> = self.rows.iter().filter(|((of, _), _)| *of == at).map(|(_, row)| row.clone()).collect();
        let remembered = self.lines.iter().filter(|line| match line {
            LedgerLine::Tree { .. } => true,
            LedgerLine::Panel { .. } => self.fault != Fault::ForgetsPanels,
            LedgerLine::Disclosed { .. } => !matches!(self.fault, Fault::ForgetsMonths | Fault::ForgetsPanels),
        });
        let rule = if let Fault::Weak(rule) = self.fault { rule } else { Rule::LAW };
        let (_, lines) = release(&rule, month(at), &rows, &remembered.cloned().collect());
        self.lines.extend(lines.into_iter().map(|line| self.numbered(line)));
    }
}
