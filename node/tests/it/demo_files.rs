//! The demo's files, taken in as a node does: the main files without a fault, and every row of the faults
//! files answered with the code that its remark names.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use jiff::civil::{Date, date};
use serde::Serialize;
use xietong::calendar::midnight;
use xietong::systems::fault::ImportReport;
use xietong::systems::registers::open_sheet;
use xietong::systems::rows::{Overlay, RowIter, Rows};
use xietong::systems::rules::Rules;
use xietong::systems::sheet::HeaderMap;
use xietong::systems::{self, Circle, Command, Kind, Origin, Report};
use xietong_proto::id::*;
use xietong_proto::stream::Stream;

const TODAY: Date = date(2026, 11, 24);
const PROVINCES: [&str; 3] = ["230000", "220000", "210000"];

#[test]
fn the_main_files_are_clean_and_importing_them_again_changes_nothing() {
    for province in PROVINCES {
        let mut register = Register::new(province);
        for (kind, name) in FILES {
            let report = register.import(kind, &file(province, &format!("{name}.csv")));
            assert!(report.quarantined.is_empty(), "{province} {name}: {:?}", report.quarantined);
            assert!(report.added >= 60, "{province} {name}: {} rows", report.added);
        }
        for (kind, name) in FILES {
            let report = register.import(kind, &file(province, &format!("{name}.csv")));
            assert_eq!((report.added, report.changed), (0, 0), "{province} {name}");
        }
    }
}

#[test]
fn every_row_of_the_faults_files_is_answered_with_the_code_in_its_remark() {
    for province in PROVINCES {
        let mut register = Register::new(province);
        for (kind, name) in FILES {
            register.import(kind, &file(province, &format!("{name}.csv")));
        }
        let mut wrong = Vec::new();
        for (kind, name) in FILES {
            let path = file(province, &format!("{name}-faults.csv"));
            let expected = remarks(kind, &path);
            let report = register.import(kind, &path);
            let answers = answers(&report);
            for (line, code) in expected.iter().filter(|(_, code)| !code.is_empty()) {
                if !answers.contains(&(*line, code.clone())) {
                    let given: Vec<_> = answers.iter().filter(|(at, _)| at == line).collect();
                    wrong.push(format!("{province} {name}-faults.csv:{line}: wants {code}, got {given:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

const FILES: [(Kind, &str); 4] = [
    (Kind::Institutions, "institutions"),
    (Kind::Assets, "assets"),
    (Kind::Vehicles, "vehicles"),
    (Kind::Energy, "energy"),
];

/// A register in memory, fed through the same decisions and folds as a node's.
struct Register {
    rows: Overlay<'static>,
    me: MemberCode,
    position: u64,
}

struct Nothing;

impl Rows for Nothing {
    fn get(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn scan<'a>(&'a self, _: &[u8], _: &[u8]) -> RowIter<'a> {
        Box::new(std::iter::empty())
    }
}

impl Register {
    fn new(province: &str) -> Self {
        Self { rows: Overlay::new(&Nothing), me: province.parse().expect("a member code"), position: 0 }
    }

    fn import(&mut self, kind: Kind, path: &Path) -> ImportReport {
        let bytes = std::fs::read(path).expect("the demo's file");
        let mut sheet = open_sheet(kind, Box::new(Cursor::new(bytes)), &HeaderMap::default(), 100_000, TODAY)
            .unwrap_or_else(|refusal| panic!("{}: {refusal:?}", path.display()));
        let (rules, members) = (Rules::shipped().into(), Default::default());
        let circle = Circle { me: self.me, rules, members, agreements: Vec::new() };
        let now = midnight(TODAY).expect("it is after 1970");
        let mut whole = ImportReport::default();
        while let Some((lines, quarantined)) = sheet.next_lines(50).expect("readable to its end") {
            whole.quarantined.extend(quarantined);
            let command = Command::Import { lines, dry_run: false };
            let decision =
                systems::decide(&self.rows, now, &circle, command).expect("imports are not refused");
            self.position += 1;
            let stream = Stream::local(self.me, kind.system());
            for (index, record) in (0..).zip(&decision.local) {
                let (position, epoch, time) = (Position(self.position), Epoch(0), Millis(0));
                systems::apply(
                    &mut self.rows,
                    &Origin { stream, position, index, epoch, time, members: &[] },
                    record,
                );
            }
            if let Report::Import(report) = decision.report {
                whole.add(report);
            }
        }
        whole
    }
}

/// Line and code of everything that was said about a row.
fn answers(report: &ImportReport) -> BTreeSet<(u64, String)> {
    let quarantined = report.quarantined.iter().map(|row| (row.line, code(&row.at.fault)));
    let flagged = report.flagged.iter().map(|row| (row.line, code(&row.flag)));
    let kept = report.kept.iter().map(|row| (row.line, code(&row.stays)));
    quarantined.chain(flagged).chain(kept).collect()
}

fn code(said: &impl Serialize) -> String {
    let said = serde_json::to_value(said).expect("codes and data");
    said["code"].as_str().expect("everything said has a code").to_owned()
}

/// Line and remark of each row, read with the tokeniser alone.
fn remarks(kind: Kind, path: &Path) -> Vec<(u64, String)> {
    let bytes = std::fs::read(path).expect("the demo's file");
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => encoding_rs::GB18030.decode(error.as_bytes()).0.into_owned(),
    };
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().expect("a header").clone();
    let at = headers.iter().position(|header| header == "备注" || header == "remark");
    let at = at.unwrap_or_else(|| panic!("{kind:?}: no remark column"));
    let row = |row: Result<csv::StringRecord, csv::Error>| {
        let row = row.expect("a row");
        (row.position().map_or(0, csv::Position::line), row.get(at).unwrap_or_default().to_owned())
    };
    reader.records().map(row).collect()
}

fn file(province: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/demo").join(province).join(name)
}
