//! What a release shows, withholds and keeps waiting, case by case.

mod attack;
mod year;

use super::{
    Contribution,
    cell::{Leaf, Release},
    ledger::{LINE_UNITS_MAX, Ledger, LedgerLine},
    quantity::{Amounts, City, Class, Month, Quantity},
    release,
    safety::Rule,
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
    (0..count)
        .map(|index| row(&format!("{city}-{class:?}-{index}"), class, city, 1_000 + 100 * index))
        .collect()
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
fn a_month_keeps_its_panel_when_a_later_month_has_a_larger_one() {
    let all = rows(Class::Education, 230103, 15);
    let mut ledger = Ledger::default();
    let (march, _) = step(&mut ledger, 3, &all[..10]);
    assert_eq!(step(&mut ledger, 4, &all).0.cells[0].panel, 15);
    assert_eq!(step(&mut ledger, 3, &all[..10]).0.cells, march.cells);
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
        row.amounts.insert(Quantity::Electricity, row.amounts[&Quantity::Electricity] * 3 / 2);
    };
    correct(&mut rows[0]);
    let (second, _) = step(&mut ledger, 3, &rows);
    assert_eq!((second.cells, second.waiting.len()), (first.cells, 1));
    rows[1..5].iter_mut().for_each(correct);
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
fn a_public_row_that_is_gone_hides_nobody_either() {
    let mut rows = rows(Class::Education, 230103, 12);
    rows[0].public = true;
    let mut ledger = Ledger::default();
    step(&mut ledger, 3, &rows);
    assert_eq!(step(&mut ledger, 3, &rows[5..]).0.waiting.len(), 1, "four and a public one are gone");
    assert_eq!(step(&mut ledger, 3, &rows[6..]).0.waiting.len(), 0, "five and a public one are gone");
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
fn the_largest_release_fits_into_a_record() {
    let (mut made, _) = release(&Rule::LAW, month(3), &rows(Class::Education, 230103, 6), &Ledger::default());
    let cell = &mut made.cells[0];
    (cell.area_m2, cell.users, cell.panel, cell.contributors) =
        (10_i64.pow(9), 10_i64.pow(8), 10_000, 10_000);
    cell.amounts = Quantity::ALL.into_iter().map(|quantity| (quantity, 10_i64.pow(12))).collect();
    made.cells = vec![made.cells[0].clone(); super::wire::CELLS_MAX];
    assert!(made.encode().len() <= xietong_proto::limits::RECORD_BYTES_MAX);
    assert!(Release::decode(&made.encode()).is_some());
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
