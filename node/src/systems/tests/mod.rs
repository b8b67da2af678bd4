//! Tables over all registers: rows of a file go in as a node takes them, and everything said of them is compared.

mod disclosure;
mod doors;
mod files;
mod folding;
mod handover;
mod refusals;
mod requests;

use std::collections::BTreeSet;
use std::io::Cursor;

use jiff::civil::{Date, date};
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::stream::{Audience, Stream};

use super::fault::{FileRefusal, ImportReport, Quarantined};
use super::registers::open_sheet;
use super::rows::{Overlay, RowIter, Rows};
use super::rules::Rules;
use super::sheet::HeaderMap;
use super::template::template;
use super::{Circle, Command, Diff, Kind, Origin, Refusal, Report, Which, apply, decide, disclose};

const TODAY: Date = date(2026, 11, 24);
/// In the middle of that day.
const NOW: Millis = Millis(1_795_492_800_000);
const ROWS_MAX: u64 = 100;
const AGREEMENT: AgreementId = AgreementId([7; 32]);

/// Rows by kind that nobody has anything against: header, cells.
const INSTITUTION: &str = "unit_uscc,unit_name,year,institution_class,division_code,floor_area_m2,energy_users,\
    staff_quota,in_register,form_version\n11230000MB0060783J,示例局,2025,01,230102,1000,50,40,是,2025-11\n";
const ASSET: &str = "owner_unit_uscc,asset_code,asset_name,asset_class_scheme,asset_class_code,specification,\
    serial_no,quantity,unit,value_type,original_value,accumulated_depreciation,net_value,acquire_date,\
    in_service_date,usage_status,idle_since,accounting_status,division_code,condition_code,lend_ok,transfer_ok,\
    data_wiped,shared\n11230000MB0060783J,ZC-1,台式计算机,2022,A02010105,T1,SN-1,1,台,原值,6000.00,0.00,6000.00,\
    2020-01-02,2020-01-03,闲置,2024-01-01,已入账,230102,4,是,是,是,是\n";
const VEHICLE: &str = "vin,plate_no,plate_kind,engine_no,vehicle_use,vehicle_type,confidential,quota_status,\
    make_model,displacement_l,seats,fuel_type,purchase_price,first_registration,owner_unit_uscc,division_code,\
    vehicle_status,marked,odometer_km,inspection_due,insurance_due,market_rate_ref,shared,\
    custodian_uscc,custody_mode,in_service_date,annual_year,annual_mileage_km,annual_fuel_l,remark\n\
    LSVNA418XR0000001,黑A12345,小型汽车,E-1,业务,轿车,否,在编,示例,1.5,5,汽油,120000.00,2024-03-28,\
    11230000MB0060783J,230102,空闲,是,1000,2043-02-25,2043-02-25,300.00,是,,,,,,,\n";
const DRIVER: &str = "driver_no,driver_name,unit_uscc,licence_class,licence_until,driver_status\nJ001,示例,\
    11230000MB0060783J,C1,2041-06-30,在岗\n";
const ENERGY: &str = "unit_uscc,period,electricity_kwh,electricity_cost,water_m3,nonconventional_m3,heat_gj,\
    data_status,form_version\n11230000MB0060783J,2025-03,5000,3500,100,10,200,实测,2025-11\n";

/// A member's rows, fed through the same decisions and folds as a node's.
struct Bench {
    rows: Overlay<'static>,
    positions: u64,
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

fn me() -> MemberCode {
    "230000".parse().expect("a member code")
}

impl Bench {
    /// With one institution, which the other registers ask for.
    fn new() -> Self {
        let mut bench = Self { rows: Overlay::new(&Nothing), positions: 0 };
        assert_eq!(bench.import(Kind::Institutions, INSTITUTION).added, 1);
        bench
    }

    /// With the institutions of the examples, which those of the other registers ask for.
    fn of_examples() -> Self {
        let mut bench = Self::new();
        assert_eq!(bench.import(Kind::Institutions, &example(Kind::Institutions)).added, 2);
        bench
    }

    /// Takes a file in; its refusals become part of the report.
    fn import(&mut self, kind: Kind, text: &str) -> ImportReport {
        self.take(kind, text.as_bytes(), false).unwrap_or_else(|refusal| panic!("{refusal:?}\n{text}"))
    }

    fn take(&mut self, kind: Kind, bytes: &[u8], dry_run: bool) -> Result<ImportReport, FileRefusal> {
        let mut sheet =
            open_sheet(kind, Box::new(Cursor::new(bytes.to_vec())), &HeaderMap::default(), ROWS_MAX, TODAY)?;
        let mut whole = ImportReport::default();
        while let Some((lines, quarantined)) = sheet.next_lines(10)? {
            whole.quarantined.extend(quarantined);
            let command = Command::Import { lines, dry_run };
            match self.command(command).expect("imports are not refused") {
                Report::Import(report) => whole.add(report),
                other => panic!("an import was answered with {other:?}"),
            }
        }
        Ok(whole)
    }

    fn withdraw(&mut self, kind: Kind, id: &str, reason: &str) -> Result<Report, Refusal> {
        let (ids, reason) = (vec![id.to_owned()], reason.to_owned());
        self.command(Command::Withdraw { kind, ids, reason, dry_run: false })
    }

    fn command(&mut self, command: Command) -> Result<Report, Refusal> {
        let (rules, members) = (Rules::shipped().into(), Default::default());
        let circle = Circle { me: me(), rules, members, agreements: Vec::new() };
        let decision = decide(&self.rows, NOW, &circle, command)?;
        self.fold(Stream::local(me(), decision.kind.system()), &decision.local);
        Ok(decision.report)
    }

    /// Brings what the agreement shows in line; what had to be said for it.
    fn disclose(&mut self, kind: Kind) -> Vec<Record> {
        let stream = Stream::shared(AGREEMENT, me(), kind.system());
        let (mut said, mut from) = (Vec::new(), Some(String::new()));
        while let Some(key) = from {
            let which = Which::From { key: &key, rows_max: 100 };
            let Diff { local, shared, next } = disclose(&self.rows, TODAY, &stream, which);
            self.fold(Stream::local(me(), kind.system()), &local);
            self.fold(stream, &shared);
            said.extend(shared);
            from = next;
        }
        said
    }

    fn fold(&mut self, stream: Stream, records: &[Record]) {
        self.positions += 1;
        let (position, epoch, time) = (Position(self.positions), Epoch(0), Millis(0));
        for (index, record) in (0..).zip(records) {
            apply(&mut self.rows, &Origin { stream, position, index, epoch, time, members: &[] }, record);
        }
    }

    /// All rows, to compare.
    fn dump(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.rows.scan(&[], &[]).collect()
    }
}

/// A file in which cells of the one row stand differently.
fn with(file: &str, changes: &[(&str, &str)]) -> String {
    let (header, row) = file.trim_end().split_once('\n').expect("a header and a row");
    let names: Vec<_> = header.split(',').collect();
    let mut cells: Vec<_> = row.split(',').map(str::to_owned).collect();
    for (name, value) in changes {
        let place = names.iter().position(|column| column == name).unwrap_or_else(|| panic!("no {name}"));
        cells[place] = (*value).to_owned();
    }
    format!("{header}\n{}\n", cells.join(","))
}

/// The two rows that an empty file of a kind shows.
fn example(kind: Kind) -> String {
    template(kind, true, true)
}

/// A file of the first row that an empty one shows, in codes; if rows of the kind leave, this one does.
fn first(kind: Kind) -> String {
    let example = template(kind, false, true);
    example.lines().take(2).map(|line| format!("{line}\n")).collect()
}

/// A file of one row that nobody has anything against: that of the tables here, or the first of the kind's example.
fn file(kind: Kind) -> String {
    let files = [
        (Kind::Institutions, INSTITUTION),
        (Kind::Assets, ASSET),
        (Kind::Vehicles, VEHICLE),
        (Kind::Energy, ENERGY),
        (Kind::Drivers, DRIVER),
    ];
    match files.into_iter().find(|(known, _)| *known == kind) {
        Some((_, file)) => file.to_owned(),
        None => first(kind),
    }
}

/// The one row that was not taken in.
fn only(report: &ImportReport) -> &Quarantined {
    match &report.quarantined[..] {
        [row] => row,
        other => panic!("not one row but {other:?}"),
    }
}

/// The code in anything that is said.
pub(crate) fn code(said: &impl serde::Serialize) -> String {
    let said = serde_json::to_value(said).expect("codes and data");
    said["code"].as_str().expect("everything said has a code").to_owned()
}

/// All that can be said of rows and files.
pub(crate) const FAULT: &str = include_str!("../fault.rs");
const CODES: &str = include_str!("../codes/mod.rs");

/// The names of an enum's variants, from its source.
pub(crate) fn variants(source: &str, name: &str) -> Vec<String> {
    let declaration = format!("pub enum {name} {{");
    let body = source.split(&declaration).nth(1).and_then(|rest| rest.split("\n}").next()).expect("the enum");
    let lines = body.lines().map(str::trim).filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    let name = |line: &str| line.split(|c: char| !c.is_ascii_alphanumeric()).next().map(str::to_owned);
    lines.filter_map(name).collect()
}

/// The names of all that keeps a row out.
pub(crate) fn fault_names() -> Vec<String> {
    [variants(CODES, "CodeFault"), variants(FAULT, "FormFault"), variants(FAULT, "RowFault")].concat()
}

/// Whether a table has lines for all of these and for nothing else; if not, what differs.
#[track_caller]
pub(crate) fn assert_each(told: impl IntoIterator<Item = String>, all: Vec<String>) {
    let (told, all) = (BTreeSet::from_iter(told), BTreeSet::from_iter(all));
    let (missing, unknown) = (Vec::from_iter(&all - &told), Vec::from_iter(&told - &all));
    assert!(missing.is_empty() && unknown.is_empty(), "without a line: {missing:?}; unknown: {unknown:?}");
}
