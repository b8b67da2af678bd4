//! CSV files on their way in: text → separator → headers → typed rows or named faults. Needs nothing but the
//! file, so it runs away from the node's loop.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use xietong_proto::crypto::hash;

use super::column::{Column, Need};
use super::fault::{CellFault, FileRefusal, FormFault, Quarantined, RowFault};
use super::line::Line;
use super::register::Register;
use super::text_file::{File, TextFile};

/// Columns of a file.
pub const COLUMNS_MAX: usize = 256;
/// Bytes of one row.
pub const ROW_BYTES_MAX: usize = 64 * 1024;

/// How a province's own headers map to ours: renames and constants, nothing more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeaderMap {
    /// Their header → our column.
    pub rename: BTreeMap<String, String>,
    /// Our column → the same cell for every row.
    pub constants: BTreeMap<String, String>,
}

impl HeaderMap {
    /// Reads the text of a map file.
    pub fn read(text: &str) -> Result<Self, FileRefusal> {
        toml::from_str(text).map_err(|error| FileRefusal::MapForm { detail: error.message().to_owned() })
    }
}

/// What was found out about a file before its first row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetInfo {
    /// `UTF-8`, `UTF-8 BOM` or `GB18030`.
    pub encoding: String,
    /// The headers as written.
    pub headers: Vec<String>,
    /// Headers that no column of ours has; ignored.
    pub unknown: Vec<String>,
}

/// The keys of a file's rows and their lines, by half a hash: a file may have more keys than memory should hold.
#[derive(Clone, Debug, Default)]
pub struct Keys(BTreeMap<[u8; 16], u64>);

impl Keys {
    /// The line that has a key.
    pub fn line(&self, key: &str) -> Option<u64> {
        self.0.get(&Self::short(key)).copied()
    }

    fn insert(&mut self, key: &str, line: u64) {
        self.0.insert(Self::short(key), line);
    }

    fn short(key: &str) -> [u8; 16] {
        *hash(&[key.as_bytes()]).first_chunk().expect("a hash is longer")
    }
}

/// Some rows of a file.
pub struct Chunk<R> {
    /// Rows that can be taken in.
    pub lines: Vec<Line<R>>,
    /// Rows that cannot.
    pub quarantined: Vec<Quarantined>,
}

/// A file whose headers were understood.
pub struct Sheet<R: Register> {
    info: SheetInfo,
    reader: csv::Reader<Box<dyn Read + Send>>,
    bytes: u64,
    /// Column and the cell it is in.
    places: Vec<(&'static Column<R::Row>, usize)>,
    named: Arc<Vec<(&'static str, usize)>>,
    constants: Constants<R>,
    seen: Keys,
    rows: u64,
    rows_max: u64,
    today: Date,
}

impl<R: Register> Sheet<R> {
    /// Reads the headers; refuses the file if they cannot be understood.
    pub fn open(
        file: Box<dyn File>,
        map: &HeaderMap,
        rows_max: u64,
        today: Date,
    ) -> Result<Self, FileRefusal> {
        let TextFile { encoding, first_line: first, bytes, text } = TextFile::open(file)?;
        let delimiter = if first.contains('\t') && !first.contains(',') { b'\t' } else { b',' };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text);
        let mut record = csv::StringRecord::new();
        let found = reader.read_record(&mut record).map_err(|_| FileRefusal::Unreadable { line: 1 })?;
        if !found || record.iter().all(|cell| cell.trim().is_empty()) {
            return Err(FileRefusal::NoHeader);
        }
        let headers: Vec<String> = record.iter().map(str::to_owned).collect();
        let Headers { places, unknown } = Headers::understand::<R>(&headers, map)?;
        let constants = constants::<R>(map)?;
        let given: BTreeSet<&str> = places
            .iter()
            .map(|(column, _)| column.name)
            .chain(constants.iter().map(|(c, _)| c.name))
            .collect();
        let required = R::columns().iter().filter(|column| column.need == Need::Required);
        let missing: Vec<String> =
            required.filter(|column| !given.contains(column.name)).map(|c| c.name.to_owned()).collect();
        if !missing.is_empty() {
            return Err(FileRefusal::ColumnsMissing { columns: missing });
        }
        let named = Arc::new(places.iter().map(|(column, place)| (column.name, *place)).collect());
        let info = SheetInfo { encoding: encoding.to_owned(), headers, unknown };
        let seen = Keys::default();
        Ok(Self { info, reader, bytes, places, named, constants, seen, rows: 0, rows_max, today })
    }

    /// What was found out before the first row.
    pub fn info(&self) -> &SheetInfo {
        &self.info
    }

    /// Keys of all rows taken so far: what a full file keeps.
    pub fn keys(&self) -> &Keys {
        &self.seen
    }

    /// How much of the file has been read, in thousandths.
    pub fn progress(&self) -> u64 {
        self.reader.position().byte() * 1000 / self.bytes.max(1)
    }

    /// The next rows, at most so many; none at the end.
    pub fn next_chunk(&mut self, rows_max: usize) -> Result<Option<Chunk<R::Row>>, FileRefusal> {
        let mut chunk = Chunk { lines: Vec::new(), quarantined: Vec::new() };
        while chunk.lines.len() + chunk.quarantined.len() < rows_max {
            let line = self.reader.position().line();
            let mut record = csv::StringRecord::new();
            if !self.reader.read_record(&mut record).map_err(|_| FileRefusal::Unreadable { line })? {
                break;
            }
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            self.rows += 1;
            if self.rows > self.rows_max {
                return Err(FileRefusal::TooManyRows { rows_max: self.rows_max });
            }
            let line = record.position().map_or(line, csv::Position::line);
            match self.read(line, record) {
                Ok(read) => chunk.lines.push(read),
                Err(quarantined) => chunk.quarantined.push(quarantined),
            }
        }
        let is_empty = chunk.lines.is_empty() && chunk.quarantined.is_empty();
        Ok((!is_empty).then_some(chunk))
    }

    fn read(&mut self, line: u64, cells: csv::StringRecord) -> Result<Line<R::Row>, Quarantined> {
        let mut read = Line { line, row: R::Row::default(), cells, places: Arc::clone(&self.named) };
        self.check_shape(&read.cells).map_err(|at| read.quarantine(at))?;
        for (column, place) in &self.places {
            let cell = read.cells.get(*place).unwrap_or_default();
            set(&mut read.row, column, cell).map_err(|at| read.quarantine(at))?;
        }
        for (column, cell) in &self.constants {
            set(&mut read.row, column, cell).map_err(|at| read.quarantine(at))?;
        }
        R::check(&read.row, self.today).map_err(|at| read.quarantine(at))?;
        let key = R::key(&read.row);
        if let Some(first_line) = self.seen.line(&key) {
            let at = CellFault::new(R::columns()[0].name, RowFault::KeyTwice { first_line });
            return Err(read.quarantine(at));
        }
        self.seen.insert(&key, line);
        Ok(read)
    }

    fn check_shape(&self, record: &csv::StringRecord) -> Result<(), CellFault> {
        let (expected, found) = (self.info.headers.len(), record.len());
        if record.as_slice().len() > ROW_BYTES_MAX {
            return Err(CellFault::new("", FormFault::RowTooLong { bytes_max: ROW_BYTES_MAX }));
        }
        if expected != found {
            return Err(CellFault::new("", FormFault::CellCount { expected, found }));
        }
        Ok(())
    }
}

fn set<R>(row: &mut R, column: &Column<R>, cell: &str) -> Result<(), CellFault> {
    if cell.trim().is_empty() {
        let is_required = column.need == Need::Required;
        return if is_required { Err(CellFault::new(column.name, FormFault::Blank)) } else { Ok(()) };
    }
    let value = column.form.read(cell).map_err(|fault| CellFault::new(column.name, fault))?;
    (column.set)(row, value);
    Ok(())
}

/// Columns that have the same cell in every row.
type Constants<R> = Vec<(&'static Column<<R as Register>::Row>, String)>;

struct Headers<R: 'static> {
    places: Vec<(&'static Column<R>, usize)>,
    unknown: Vec<String>,
}

impl<R> Headers<R> {
    fn understand<K: Register<Row = R>>(headers: &[String], map: &HeaderMap) -> Result<Self, FileRefusal> {
        if headers.len() > COLUMNS_MAX {
            return Err(FileRefusal::TooManyColumns { columns_max: COLUMNS_MAX });
        }
        let mut found = Self { places: Vec::new(), unknown: Vec::new() };
        for (place, header) in headers.iter().enumerate() {
            let name = plain(map.rename.get(header.trim()).unwrap_or(header));
            let Some(column) = column::<K>(&name) else {
                wrong_unit::<K>(&name)?;
                found.unknown.push(header.clone());
                continue;
            };
            if found.places.iter().any(|(known, _)| known.name == column.name) {
                return Err(FileRefusal::ColumnTwice { column: column.name.to_owned() });
            }
            found.places.push((column, place));
        }
        Ok(found)
    }
}

fn column<R: Register>(name: &str) -> Option<&'static Column<R::Row>> {
    let alias = R::aliases().iter().find(|(alias, _)| *alias == name).map(|(_, column)| *column);
    let name = alias.unwrap_or(name);
    R::columns().iter().find(|column| column.name == name || column.zh == name)
}

/// A header that is ours but for the unit in its brackets would put wrong numbers into the register.
fn wrong_unit<R: Register>(name: &str) -> Result<(), FileRefusal> {
    let Some((stem, _)) = name.split_once('(') else { return Ok(()) };
    let of_columns = R::columns().iter().map(|column| (column.zh, column.zh));
    let names_of =
        |alias: &str| R::columns().iter().find(|column| column.name == alias).map(|column| column.zh);
    let of_aliases = R::aliases().iter().filter_map(|(alias, column)| Some((*alias, names_of(column)?)));
    let wanted = of_columns
        .chain(of_aliases)
        .find(|(known, _)| known.split_once('(').is_some_and(|(known, _)| known == stem));
    match wanted {
        Some((_, wanted)) => {
            Err(FileRefusal::WrongUnitInHeader { header: name.to_owned(), wanted: wanted.to_owned() })
        }
        None => Ok(()),
    }
}

fn constants<R: Register>(map: &HeaderMap) -> Result<Constants<R>, FileRefusal> {
    let unknown = map.rename.values().chain(map.constants.keys()).find(|name| column::<R>(name).is_none());
    if let Some(column) = unknown {
        return Err(FileRefusal::MapColumn { column: column.clone() });
    }
    let known = map.constants.iter().filter_map(|(name, cell)| Some((column::<R>(name)?, cell.clone())));
    Ok(known.collect())
}

/// Half-width brackets, no blanks around.
fn plain(header: &str) -> String {
    header.trim().replace('（', "(").replace('）', ")").replace('：', ":")
}
