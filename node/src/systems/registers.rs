//! The registers where their kind is only known as the program runs: what their records mean, their files, and lines on
//! their way in.

use std::fmt;

use jiff::civil::Date;
use prost::Message;
use xietong_proto::entry::Record;
use xietong_proto::id::MemberCode;
use xietong_proto::stream::Stream;
use xietong_proto::wire::registers::Withdrawal;

use super::circle::Circle;
use super::diff::{Diff, Which};
use super::fault::{FileRefusal, Quarantined};
use super::group::{Group, Home, Shared};
use super::keys::Table;
use super::kind::{Kind, for_register};
use super::line::Line;
use super::listing::Listing;
use super::reading::Reading;
use super::register::{self, Intake, Register, record};
use super::rows::Rows;
use super::sheet::{Chunk, HeaderMap, Keys, Sheet, SheetInfo};
use super::text_file::File;
use super::{column, handover};

/// What a register keeps.
pub const KEPT: Group = Group {
    systems: &Kind::systems(Kind::ALL),
    low: record::PUT..=record::NUMBER,
    home: Home::Local,
    apply: |rows, origin, record| {
        if let Some(kind) = Kind::of(record.kind.system()) {
            for_register!(kind, R => register::apply::<R>(rows, origin, record));
        }
    },
    read,
};

/// What members see of it.
pub const LISTED: Group = Group {
    systems: &Kind::systems(Kind::LISTED),
    low: record::LIST..=record::UNLIST,
    home: Home::Agreement(Table::Listing, Shared { forget: register::forget, disclose: Some(disclose) }),
    apply: |rows, origin, record| {
        if let Some(kind) = Kind::of(record.kind.system()) {
            for_register!(kind, R => register::apply_listing::<R>(rows, origin, record));
        }
    },
    read,
};

fn disclose(rows: &dyn Rows, today: Date, stream: &Stream, which: Which) -> Diff {
    let Some(kind) = Kind::of(stream.system) else { return Diff::default() };
    let gone = handover::gone(rows, stream.system, stream.author);
    for_register!(kind, R => register::disclose::<R>(rows, today, stream, &gone, which))
}

fn read(_: MemberCode, record: &Record) -> Option<Reading> {
    let kind = Kind::of(record.kind.system())?;
    for_register!(kind, R => read_of::<R>(record))
}

fn read_of<R: Register>(record: &Record) -> Option<Reading> {
    let (kind, body) = (R::KIND, &record.body[..]);
    Some(match record.kind.low() {
        record::PUT => {
            let row = R::Row::decode(body).ok()?;
            Reading::Row { kind, id: R::key(&row), row: column::json(R::columns(), &row) }
        }
        record::LIST => {
            let listing = R::Listing::decode(body).ok()?;
            let row = column::json(R::Listing::columns(), &listing);
            Reading::Listed { kind, number: listing.number(), row }
        }
        record::WITHDRAW => {
            let Withdrawal { key, reason } = Withdrawal::decode(body).ok()?;
            Reading::Withdrawn { kind, id: String::from_utf8(key).ok()?, reason }
        }
        record::UNLIST => {
            let Withdrawal { key, .. } = Withdrawal::decode(body).ok()?;
            Reading::Unlisted { kind, number: u64::from_be_bytes(key.try_into().ok()?) }
        }
        _ => return None,
    })
}

/// Rows that were read from a file, whatever their register.
pub trait AnyLines: fmt::Debug + Send {
    /// How many.
    fn count(&self) -> usize;
    /// What taking them in would record and report.
    fn take_in(&self, rows: &dyn Rows, today: Date, circle: &Circle) -> (Kind, Intake);
}

/// Rows of one register that were read from a file.
pub struct Lines<R: Register>(pub Vec<Line<R::Row>>);

impl<R: Register> AnyLines for Lines<R> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn take_in(&self, rows: &dyn Rows, today: Date, circle: &Circle) -> (Kind, Intake) {
        (R::KIND, register::take_in::<R>(rows, today, circle, &self.0))
    }
}

impl<R: Register> fmt::Debug for Lines<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

/// A file whose headers were understood, whatever its register.
pub trait AnySheet: Send {
    /// What was found out before the first row.
    fn info(&self) -> &SheetInfo;
    /// How much has been read, in thousandths.
    fn progress(&self) -> u64;
    /// Keys of all rows read so far.
    fn keys(&self) -> &Keys;
    /// The next rows, and those that cannot be taken in; none at the end.
    fn next_lines(&mut self, rows_max: usize) -> Result<Option<NextLines>, FileRefusal>;
}

/// Rows that can be taken in, and those that cannot.
pub type NextLines = (Box<dyn AnyLines>, Vec<Quarantined>);

impl<R: Register> AnySheet for Sheet<R> {
    fn info(&self) -> &SheetInfo {
        Sheet::info(self)
    }

    fn progress(&self) -> u64 {
        Sheet::progress(self)
    }

    fn keys(&self) -> &Keys {
        Sheet::keys(self)
    }

    fn next_lines(&mut self, rows_max: usize) -> Result<Option<NextLines>, FileRefusal> {
        let chunk = self.next_chunk(rows_max)?;
        Ok(chunk.map(|Chunk { lines, quarantined }| (Box::new(Lines::<R>(lines)) as _, quarantined)))
    }
}

/// Opens a file of a register.
pub fn open_sheet(
    kind: Kind,
    file: Box<dyn File>,
    map: &HeaderMap,
    rows_max: u64,
    today: Date,
) -> Result<Box<dyn AnySheet>, FileRefusal> {
    Ok(for_register!(kind, R => Box::new(Sheet::<R>::open(file, map, rows_max, today)?)))
}
