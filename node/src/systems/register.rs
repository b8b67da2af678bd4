//! What all registers do alike: take rows in, fold them, disclose the difference. What makes each of them
//! different is in its [`Register`]: columns, key, checks, and what leaves.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;
use prost::Message;
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::stream::Stream;
use xietong_proto::wire::registers::{Numbering, Withdrawal};

use super::circle::Circle;
use super::codes::division;
use super::column::Column;
use super::diff::{Diff, Which};
use super::fault::{CellFault, Flag, Flagged, ImportReport, Kept, RowFault};
use super::group::record;
use super::keys;
use super::kind::Kind;
use super::line::Line;
use super::listing::{Disclosure, Listing};
use super::row::{Origin, Row, Source};
use super::rows::{Overlay, Rows};

/// One register: what a row is and what it means.
pub trait Register: Sized + 'static {
    /// What the register keeps.
    type Row: Message + Default + Clone + PartialEq + fmt::Debug;
    /// What leaves.
    type Listing: Listing;
    /// Which it is.
    const KIND: Kind;
    /// The columns that tell rows apart on a screen.
    const ON_SCREEN: &[&str];
    /// Two rows as an empty file shows them, in the words of a Chinese one; if rows leave, the first of them does.
    const EXAMPLE: &str;
    /// Columns that tell whose or which a thing is: nothing of them may be in a listing. The first row of the example
    /// has them all.
    const SECRET: &[&str] = &[];

    /// Every field of a row.
    fn columns() -> &'static [Column<Self::Row>];

    /// Other headers that mean a column: header, column.
    fn aliases() -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// The business key, as people write it.
    fn key(row: &Self::Row) -> String;

    /// A value that should stand on one row only; a second one is worth a flag.
    fn unique(_: &Self::Row) -> Option<&str> {
        None
    }

    /// How the key begins of a row that the register of institutions must have, and the column that names that one.
    fn unit(_: &Self::Row) -> Option<(&'static str, String)> {
        None
    }

    /// Where the thing is.
    fn division(row: &Self::Row) -> Option<&str>;

    /// What the cells of one row must say together; needs nothing but the row.
    fn check(row: &Self::Row, today: Date) -> Result<(), CellFault>;

    /// What the register must say for the row besides; `old` is what it says of the same key.
    fn check_register(_: &dyn Rows, _: Option<&Self::Row>, _: &Self::Row) -> Result<(), CellFault> {
        Ok(())
    }

    /// What is worth a look.
    fn flags(rows: &dyn Rows, row: &Self::Row, today: Date, circle: &Circle) -> Vec<Flag>;

    /// What leaves of the row on a day.
    fn disclose(row: &Self::Row, today: Date) -> Disclosure<Self::Listing>;
}

/// What records of a register are, by the low byte of their kind.
pub mod record {
    /// A register row (local).
    pub const PUT: u16 = 0x01;
    /// A register row is taken back (local).
    pub const WITHDRAW: u16 = 0x02;
    /// A thing gets its listing number (local).
    pub const NUMBER: u16 = 0x03;
    /// A listing (agreement).
    pub const LIST: u16 = 0x11;
    /// A listing is taken back (agreement).
    pub const UNLIST: u16 = 0x12;
    /// A line of the release ledger (local).
    pub const LEDGER: u16 = 0x21;
    /// A release (agreement).
    pub const RELEASE: u16 = 0x22;
}

/// The register's row of a key.
pub fn get<R: Register>(rows: &dyn Rows, key: &str) -> Option<(Row, R::Row)> {
    let row = Row::decode(&rows.get(&keys::register(R::KIND.system(), key.as_bytes()))?)?;
    let body = R::Row::decode(&row.body[..]).ok()?;
    Some((row, body))
}

/// Rows of the register below a prefix of their keys, with their ids.
pub fn scan<'a, R: Register>(
    rows: &'a dyn Rows,
    prefix: &[u8],
) -> impl Iterator<Item = (String, R::Row)> + use<'a, R> {
    scan_said::<R>(rows, prefix, &[]).map(|(id, _, row)| (id, row))
}

/// Rows of the register from a row key on, with their ids.
pub fn scan_from<'a, R: Register>(
    rows: &'a dyn Rows,
    from: &[u8],
) -> impl Iterator<Item = (String, R::Row)> + use<'a, R> {
    scan_said::<R>(rows, &keys::register_prefix(R::KIND.system()), from).map(|(id, _, row)| (id, row))
}

/// Rows of the register below a prefix and from a row key on, with their ids and where each was said.
pub fn scan_said<'a, R: Register>(
    rows: &'a dyn Rows,
    prefix: &[u8],
    from: &[u8],
) -> impl Iterator<Item = (String, Row, R::Row)> + use<'a, R> {
    let skip = keys::register_prefix(R::KIND.system()).len();
    rows.scan(prefix, from).filter_map(move |(key, value)| {
        let id = String::from_utf8(key[skip..].to_vec()).ok()?;
        let said = Row::decode(&value)?;
        let row = R::Row::decode(&said.body[..]).ok()?;
        Some((id, said, row))
    })
}

/// What taking in some lines would record and report. Lines have passed [`Register::check`].
pub struct Intake {
    /// For the register's stream.
    pub records: Vec<Record>,
    /// Keys of what changes.
    pub keys: Vec<String>,
    /// What happens.
    pub report: ImportReport,
}

/// Compares lines with the register: only what differs is recorded.
pub fn take_in<R: Register>(rows: &dyn Rows, today: Date, circle: &Circle, lines: &[Line<R::Row>]) -> Intake {
    let mut intake = Intake { records: Vec::new(), keys: Vec::new(), report: ImportReport::default() };
    // Later lines are judged beside earlier ones of the same file.
    let (mut rows, mut known) = (Overlay::new(rows), None);
    for line in lines {
        let id = R::key(&line.row);
        let old = get::<R>(&rows, &id).map(|(_, row)| row);
        let unit = check_unit::<R>(&rows, &line.row, &mut known);
        if let Err(at) = unit.and_then(|()| R::check_register(&rows, old.as_ref(), &line.row)) {
            intake.report.quarantined.push(line.quarantine(at));
            continue;
        }
        let division = R::division(&line.row).filter(|code| division::is_county(code));
        intake.report.unchecked_divisions.extend(division.map(str::to_owned));
        let flags = R::flags(&rows, &line.row, today, circle);
        intake.report.flagged.extend(flags.into_iter().map(|flag| Flagged {
            line: line.line,
            id: id.clone(),
            flag,
        }));
        let new = R::disclose(&line.row, today);
        if let Disclosure::Stays(stays) = &new {
            intake.report.kept.push(Kept { line: line.line, id: id.clone(), stays: stays.clone() });
        }
        match &old {
            Some(old) if *old == line.row => {
                intake.report.unchanged += 1;
                continue;
            }
            Some(_) => intake.report.changed += 1,
            None => intake.report.added += 1,
        }
        let body = line.row.encode_to_vec();
        keep::<R>(&mut rows, &id, old.as_ref(), &line.row, &Row::unsaid(&body));
        let before = old.and_then(|old| R::disclose(&old, today).leaves());
        count_leaving(&mut intake.report, before, new.leaves());
        intake.records.push(record(R::KIND.system(), record::PUT, body));
        intake.keys.push(id);
    }
    intake
}

/// Whether the register of institutions knows the row's. Those of one mostly stand together: the last is kept in mind.
fn check_unit<R: Register>(
    rows: &dyn Rows,
    row: &R::Row,
    known: &mut Option<String>,
) -> Result<(), CellFault> {
    let Some((column, unit)) = R::unit(row) else { return Ok(()) };
    let is_registered = || {
        let prefix = keys::register(Kind::Institutions.system(), unit.as_bytes());
        rows.scan(&prefix, &prefix).next().is_some()
    };
    if known.as_ref() != Some(&unit) && !is_registered() {
        return Err(CellFault::new(column, RowFault::UnitNotInRegister));
    }
    *known = Some(unit);
    Ok(())
}

/// What it comes to when a node itself says a row anew. The row must be there.
pub fn say_anew<R: Register>(rows: &dyn Rows, today: Date, row: &R::Row) -> Intake {
    let id = R::key(row);
    let mut report = ImportReport { changed: 1, ..ImportReport::default() };
    let before = get::<R>(rows, &id).and_then(|(_, old)| R::disclose(&old, today).leaves());
    count_leaving(&mut report, before, R::disclose(row, today).leaves());
    let records = vec![record(R::KIND.system(), record::PUT, row.encode_to_vec())];
    Intake { records, keys: vec![id], report }
}

/// What taking rows back would record and report; keys that are not there are left out.
pub fn take_back<R: Register>(rows: &dyn Rows, today: Date, ids: &[String], reason: &str) -> Intake {
    let mut intake = Intake { records: Vec::new(), keys: Vec::new(), report: ImportReport::default() };
    for id in ids {
        let Some((_, old)) = get::<R>(rows, id) else { continue };
        intake.report.withdrawn += 1;
        count_leaving(&mut intake.report, R::disclose(&old, today).leaves(), None);
        let withdrawal = Withdrawal { key: id.as_bytes().to_vec(), reason: reason.to_owned() };
        intake.records.push(record(R::KIND.system(), record::WITHDRAW, withdrawal.encode_to_vec()));
        intake.keys.push(id.clone());
    }
    intake
}

fn count_leaving<L: PartialEq>(report: &mut ImportReport, before: Option<L>, after: Option<L>) {
    let leaving = &mut report.leaving;
    match (before, after) {
        (None, Some(_)) => leaving.listed += 1,
        (Some(_), None) => leaving.withdrawn += 1,
        (Some(before), Some(after)) if before != after => leaving.changed += 1,
        (Some(_), Some(_)) | (None, None) => {}
    }
}

/// Folds what the register keeps.
pub fn apply<R: Register>(rows: &mut Overlay, origin: &Origin, record: &Record) {
    let system = R::KIND.system();
    match record.kind.low() {
        record::PUT => {
            let Ok(row) = R::Row::decode(&record.body[..]) else { return };
            let id = R::key(&row);
            let (older, before) = get::<R>(rows, &id).unzip();
            if let Some(older) = &older {
                remember(rows, system, &id, older.source);
            }
            keep::<R>(rows, &id, before.as_ref(), &row, &Row::new(origin, older.as_ref(), &record.body));
        }
        record::WITHDRAW => {
            let Ok(withdrawal) = Withdrawal::decode(&record.body[..]) else { return };
            let Ok(id) = String::from_utf8(withdrawal.key) else { return };
            if let Some((older, before)) = get::<R>(rows, &id) {
                forget_unique::<R>(rows, &id, &before);
                remember(rows, system, &id, older.source);
                remember(rows, system, &id, origin.source());
            }
            rows.remove(keys::register(system, id.as_bytes()));
        }
        record::NUMBER => {
            let Ok(Numbering { key, number }) = Numbering::decode(&record.body[..]) else { return };
            rows.put(keys::number(system, &key), number.to_be_bytes().to_vec());
            rows.put(keys::last_number(system), number.to_be_bytes().to_vec());
            rows.put(keys::holder_of_number(system, number), key);
        }
        _ => {}
    }
}

/// Folds what members see of it.
pub fn apply_listing<R: Register>(rows: &mut Overlay, origin: &Origin, record: &Record) {
    match record.kind.low() {
        record::LIST => {
            let Ok(listing) = R::Listing::decode(&record.body[..]) else { return };
            put(rows, listing_key(origin, listing.number()), origin, &record.body);
            keep_highest(rows, origin, listing.number());
        }
        record::UNLIST => {
            let Ok(withdrawal) = Withdrawal::decode(&record.body[..]) else { return };
            let Ok(number) = withdrawal.key.try_into() else { return };
            rows.remove(listing_key(origin, u64::from_be_bytes(number)));
        }
        _ => {}
    }
}

/// Takes back what a stream shows.
pub fn forget(rows: &mut Overlay, stream: &Stream) {
    let Stream { agreement, system, author, .. } = *stream;
    let prefix = keys::listing_prefix(agreement, system, Some(author));
    let shown: Vec<Vec<u8>> = rows.scan(&prefix, &[]).map(|(key, _)| key).collect();
    shown.into_iter().for_each(|key| rows.remove(key));
}

/// Keeps where a register row was said before, or taken back: the log has what was said there.
fn remember(rows: &mut Overlay, system: System, id: &str, at: Source) {
    rows.put(keys::history(system, id, &at), at.encode());
}

/// Where a register row was said before, oldest first.
pub fn history(rows: &dyn Rows, system: System, id: &str) -> Vec<Source> {
    let before = rows.scan(&keys::history_prefix(system, id), &[]);
    before.filter_map(|(_, value)| Some(Source::split(&value)?.0)).collect()
}

/// Stores a row over the one before it.
pub fn put(rows: &mut Overlay, key: Vec<u8>, origin: &Origin, body: &[u8]) {
    let older = rows.get(&key).and_then(|older| Row::decode(&older));
    rows.put(key, Row::new(origin, older.as_ref(), body).encode());
}

/// The row that has the value which should be unique, if another or this one has it.
pub fn holder<R: Register>(rows: &dyn Rows, row: &R::Row) -> Option<String> {
    let value = R::unique(row)?;
    String::from_utf8(rows.get(&keys::unique(R::KIND.system(), value))?).ok()
}

/// Stores a register row over the one before it, and what finds it; the first holder of a value that should be
/// unique keeps it.
fn keep<R: Register>(rows: &mut Overlay, id: &str, before: Option<&R::Row>, row: &R::Row, stored: &Row) {
    if let Some(before) = before {
        forget_unique::<R>(rows, id, before);
    }
    rows.put(keys::register(R::KIND.system(), id.as_bytes()), stored.encode());
    if let Some(value) = R::unique(row) {
        let key = keys::unique(R::KIND.system(), value);
        if rows.get(&key).is_none() {
            rows.put(key, id.as_bytes().to_vec());
        }
    }
}

fn forget_unique<R: Register>(rows: &mut Overlay, id: &str, before: &R::Row) {
    if holder::<R>(rows, before).is_some_and(|holder| holder == id) {
        let value = R::unique(before).unwrap_or_default();
        rows.remove(keys::unique(R::KIND.system(), value));
    }
}

fn listing_key(origin: &Origin, number: u64) -> Vec<u8> {
    let stream = origin.stream;
    keys::listing(stream.agreement, stream.system, stream.author, number)
}

/// What has to be said so that a stream shows what the register says it should (P30), but for numbers that are
/// gone: what was handed over is not shown, so nobody else asks for it.
pub fn disclose<R: Register>(
    rows: &dyn Rows,
    today: Date,
    stream: &Stream,
    gone: &BTreeSet<u64>,
    which: Which,
) -> Diff {
    let Stream { agreement, system, author: me, .. } = *stream;
    let (ids, next) = ids_of(rows, system, which);
    let mut diff = Diff { local: Vec::new(), shared: Vec::new(), next };
    let mut last = last_number(rows, system, me);
    if matches!(which, Which::From { key: "", .. }) {
        diff.shared.extend(nobodys(rows, system, agreement, me));
    }
    for id in ids {
        let wanted = get::<R>(rows, &id).and_then(|(_, row)| R::disclose(&row, today).leaves());
        let number = number(rows, system, &id);
        let wanted = wanted.filter(|_| number.is_none_or(|number| !gone.contains(&number)));
        let shown = number.and_then(|number| rows.get(&keys::listing(agreement, system, me, number)));
        let shown = shown.and_then(|row| Row::decode(&row));
        match (wanted, shown) {
            (None, None) => {}
            (None, Some(_)) => {
                diff.shared.push(unlist(system, number.unwrap_or_default()));
            }
            (Some(mut listing), shown) => {
                listing.set_number(number.unwrap_or_else(|| {
                    last += 1;
                    diff.local.push(numbering(system, &id, last));
                    last
                }));
                let body = listing.encode_to_vec();
                if shown.is_none_or(|shown| shown.body != body) {
                    diff.shared.push(record(system, record::LIST, body));
                }
            }
        }
    }
    diff
}

/// The listing number of a row, if it ever had one.
pub fn number(rows: &dyn Rows, system: System, id: &str) -> Option<u64> {
    rows.get(&keys::number(system, id.as_bytes())).and_then(|value| number_of(&value))
}

/// The listing number of a row, or its next one and the record that gives it (P31).
pub fn number_for(rows: &dyn Rows, system: System, me: MemberCode, id: &str) -> (u64, Option<Record>) {
    let next = || last_number(rows, system, me) + 1;
    let give = |number| (number, Some(numbering(system, id, number)));
    number(rows, system, id).map_or_else(|| give(next()), |number| (number, None))
}

fn numbering(system: System, id: &str, number: u64) -> Record {
    let numbering = Numbering { key: id.as_bytes().to_vec(), number };
    record(system, record::NUMBER, numbering.encode_to_vec())
}

/// The highest number in use: of things here, and of listings and handovers that a log older than they knows nothing of (P31).
fn last_number(rows: &dyn Rows, system: System, me: MemberCode) -> u64 {
    let given = rows.get(&keys::last_number(system));
    let shown = rows.scan(&keys::highest_numbers(system, me), &[]).map(|(_, value)| value);
    given.into_iter().chain(shown).filter_map(|value| number_of(&value)).max().unwrap_or(0)
}

/// Withdrawals of our own listings of which the register knows nothing: it was restored from before them.
fn nobodys(
    rows: &dyn Rows,
    system: System,
    agreement: AgreementId,
    me: MemberCode,
) -> impl Iterator<Item = Record> + '_ {
    let listed = rows.scan(&keys::listing_prefix(agreement, system, Some(me)), &[]);
    let numbers = listed.filter_map(|(key, _)| keys::number_of_listing(&key));
    let is_nobodys = move |number: &u64| rows.get(&keys::holder_of_number(system, *number)).is_none();
    numbers.filter(is_nobodys).map(move |number| unlist(system, number))
}

fn unlist(system: System, number: u64) -> Record {
    let withdrawal = Withdrawal { key: number.to_be_bytes().to_vec(), reason: String::new() };
    record(system, record::UNLIST, withdrawal.encode_to_vec())
}

/// Remembers the highest number that an author used in an agreement, for a register that is younger than it.
pub fn keep_highest(rows: &mut Overlay, origin: &Origin, number: u64) {
    let key = keys::highest_number(origin.stream.system, origin.stream.author, origin.stream.agreement);
    if rows.get(&key).and_then(|value| number_of(&value)).is_none_or(|highest| highest < number) {
        rows.put(key, number.to_be_bytes().to_vec());
    }
}

/// Keys to compare: those given, or the next of all that are or ever were listed or registered.
fn ids_of(rows: &dyn Rows, system: System, which: Which) -> (Vec<String>, Option<String>) {
    let (from, rows_max) = match which {
        Which::Keys(ids) => return (ids.to_vec(), None),
        Which::From { key, rows_max } => (key, rows_max),
    };
    let below = |prefix: Vec<u8>| {
        let start = [&prefix[..], from.as_bytes()].concat();
        let skip = prefix.len();
        let found = rows.scan(&prefix, &start).take(rows_max + 1);
        found.filter_map(move |(key, _)| String::from_utf8(key[skip..].to_vec()).ok()).collect::<Vec<_>>()
    };
    let mut ids = [below(keys::register_prefix(system)), below(keys::number_prefix(system))].concat();
    ids.sort_unstable();
    ids.dedup();
    let next = ids.get(rows_max).cloned();
    ids.truncate(rows_max);
    (ids, next)
}

fn number_of(value: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(value.try_into().ok()?))
}
