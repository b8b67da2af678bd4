//! Files of registers as large as is asked for, made from the demo's rows.

use std::iter::zip;

use xietong::cli::demo::data::HEILONGJIANG;
use xietong::systems::Kind;
use xietong::systems::codes::uscc;

/// Cards that one institution has, with codes in a row.
const CARDS_A_UNIT: usize = 100;

/// Asset cards in one file: the demo's shared ones by turns, each institution's together.
pub fn cards(records: usize, codes: &str, are_shared: bool) -> String {
    let (mut file, rows) = rows(Kind::Assets);
    // Nothing keeps these at home: not a disk that was not wiped.
    let shared: Vec<_> = rows.into_iter().filter(|row| row[SHARED] == "是" && row[WIPED] != "否").collect();
    for (number, row) in zip(0..records, shared.iter().cycle()) {
        let mut cells = row.clone();
        let unit = &shared[number / CARDS_A_UNIT % shared.len()][UNIT];
        (cells[UNIT], cells[KEEPER]) = (unit.clone(), unit.clone());
        (cells[CODE], cells[SERIAL]) = (format!("{codes}{number:08}"), format!("{codes}{number:09}"));
        cells[SHARED] = if are_shared { "是" } else { "否" }.to_owned();
        file += &(cells.join(",") + "\n");
    }
    file
}

/// Columns of a card.
const UNIT: usize = 0;
const CODE: usize = 1;
const SERIAL: usize = 7;
const KEEPER: usize = 21;
const WIPED: usize = 31;
const SHARED: usize = 32;

/// Institutions in one file, and what each of them used in twelve months in another.
pub fn units_and_energy(units: usize) -> (String, String) {
    let (mut unit_file, mut unit) = first_row(Kind::Institutions);
    let (mut energy_file, mut energy) = first_row(Kind::Energy);
    for number in 0..units {
        let stem = format!("11230000{number:09}");
        let code = "0123456789ABCDEFGHJKLMNPQRTUWXY".chars().map(|check| format!("{stem}{check}"));
        let code = code.into_iter().find(|code| uscc::read(code).is_ok()).expect("one of all fits");
        (unit[0], energy[0]) = (code.clone(), code);
        unit_file += &(unit.join(",") + "\n");
        for month in 1..=12 {
            energy[1] = format!("2025-{month:02}");
            energy_file += &(energy.join(",") + "\n");
        }
    }
    (unit_file, energy_file)
}

/// The headers of a register of the demo as a line, and the cells of its first row.
fn first_row(kind: Kind) -> (String, Vec<String>) {
    let (headers, mut rows) = rows(kind);
    (headers, rows.swap_remove(0))
}

/// The headers of a register of the demo as a line, and the cells of its rows.
fn rows(kind: Kind) -> (String, Vec<Vec<String>>) {
    let text = std::str::from_utf8(HEILONGJIANG.register(kind)).expect("UTF-8");
    let (headers, rows) = text.split_once('\n').expect("headers");
    let cells = |row: &str| row.split(',').map(str::to_owned).collect();
    (format!("{headers}\n"), rows.lines().map(cells).collect())
}
