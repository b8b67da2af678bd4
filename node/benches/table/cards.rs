//! Files of registers as large as is asked for, made from the demo's rows.

use xietong::cli::demo::data::HEILONGJIANG;
use xietong::systems::Kind;
use xietong::systems::codes::uscc;

/// Asset cards in one file.
pub fn cards(records: usize, codes: &str, are_shared: bool) -> String {
    let (headers, mut cells) = first_row(Kind::Assets);
    let mut file = headers;
    cells[32] = if are_shared { "是" } else { "否" }.to_owned();
    for number in 0..records {
        (cells[1], cells[7]) = (format!("{codes}{number:08}"), format!("{codes}{number:09}"));
        file += &cells.join(",");
        file.push('\n');
    }
    file
}

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
    let text = std::str::from_utf8(HEILONGJIANG.register(kind)).expect("UTF-8");
    let mut lines = text.lines();
    let (headers, row) = (lines.next().expect("headers"), lines.next().expect("a row"));
    (format!("{headers}\n"), row.split(',').map(str::to_owned).collect())
}
