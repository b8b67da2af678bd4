//! Files: encodings, separators, headers, maps, limits.

use std::io::Cursor;

use super::*;

#[test]
fn the_same_rows_are_read_however_the_file_is_written() {
    let utf8 = VEHICLE.to_owned();
    let quoted = VEHICLE.replace("业务", "\"业务\"");
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("UTF-8", utf8.clone().into_bytes()),
        ("UTF-8 with a byte order mark", format!("\u{feff}{utf8}").into_bytes()),
        ("GB18030", encoding_rs::GB18030.encode(&utf8).0.into_owned()),
        ("CRLF", utf8.replace('\n', "\r\n").into_bytes()),
        ("tabs", utf8.replace(',', "\t").into_bytes()),
        ("quotes", quoted.into_bytes()),
        ("blank lines at the end", format!("{utf8}\n\n").into_bytes()),
        ("Chinese headers", utf8.replacen("vin,plate_no", "车辆识别代号,号牌号码", 1).into_bytes()),
        ("a column nobody knows", with_column(&utf8).into_bytes()),
    ];
    let expected = {
        let mut bench = Bench::new();
        bench.import(Kind::Vehicles, VEHICLE);
        bench.dump()
    };
    for (name, bytes) in files {
        let mut bench = Bench::new();
        let report =
            bench.take(Kind::Vehicles, &bytes, false).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
        assert_eq!((report.added, &report.quarantined[..]), (1, &[][..]), "{name}");
        assert_eq!(bench.dump(), expected, "{name}");
    }
}

fn with_column(text: &str) -> String {
    let mut lines = text.lines();
    let (header, row) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    format!("{header},colour\n{row},red\n")
}

#[test]
fn each_file_that_cannot_be_understood_is_refused_by_name() {
    let many = format!("vin,{}\n", (0..400).map(|number| format!("c{number},")).collect::<String>());
    let rows: String =
        (0..=ROWS_MAX).map(|_| VEHICLE.lines().nth(1).expect("a row").to_owned() + "\n").collect();
    let too_many = format!("{}\n{rows}", VEHICLE.lines().next().expect("a header"));
    let wrong_unit = ENERGY.replacen("electricity_kwh", "电力(万千瓦时)", 1);
    let table: [(Kind, &[u8], FileRefusal); 6] = [
        (Kind::Vehicles, b"", FileRefusal::NoHeader),
        (Kind::Vehicles, b"vin\n\xff\xff\n", FileRefusal::EncodingUnknown { line: 2 }),
        (Kind::Vehicles, b"vin,vin\n", FileRefusal::ColumnTwice { column: "vin".to_owned() }),
        (Kind::Vehicles, many.as_bytes(), FileRefusal::TooManyColumns { columns_max: 256 }),
        (Kind::Vehicles, too_many.as_bytes(), FileRefusal::TooManyRows { rows_max: ROWS_MAX }),
        (
            Kind::Energy,
            wrong_unit.as_bytes(),
            FileRefusal::WrongUnitInHeader {
                header: "电力(万千瓦时)".to_owned(),
                wanted: "电力(千瓦时)".to_owned(),
            },
        ),
    ];
    for (kind, bytes, refusal) in table {
        assert_eq!(Bench::new().take(kind, bytes, false), Err(refusal));
    }
    let missing = Bench::new().take(Kind::Vehicles, b"colour\n", false);
    assert_eq!(missing.map_err(|refusal| code(&refusal)), Err("ColumnsMissing".to_owned()));
}

#[test]
fn a_map_renames_headers_and_gives_constants() {
    let map = "[rename]\n\"车架号\" = \"vin\"\n[constants]\nshared = \"是\"\n";
    let text = VEHICLE.replacen("vin,", "车架号,", 1).replacen(",shared,", ",纳入,", 1);
    let map = HeaderMap::read(map).expect("a map");
    let mut sheet = open_sheet(Kind::Vehicles, Box::new(Cursor::new(text.clone())), &map, ROWS_MAX, TODAY)
        .expect("understood");
    assert_eq!(sheet.info().unknown, ["纳入"]);
    let (_, quarantined) = sheet.next_lines(10).expect("readable").expect("a row");
    assert_eq!(quarantined, []);
    assert_eq!(HeaderMap::read("x").map(|_| ()).map_err(|refusal| code(&refusal)), Err("MapForm".to_owned()));
    let wrong = HeaderMap::read("[rename]\n\"车架号\" = \"vinn\"\n").expect("a map");
    let refused =
        open_sheet(Kind::Vehicles, Box::new(Cursor::new(text)), &wrong, ROWS_MAX, TODAY).map(|_| ());
    assert_eq!(refused, Err(FileRefusal::MapColumn { column: "vinn".to_owned() }));
}
