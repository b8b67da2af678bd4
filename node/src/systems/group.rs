//! A group of record kinds: the streams in which it counts, how one is folded and what one says by itself; of what
//! leaves also how it is taken back and brought in line. Which groups there are stands in [`super::records`].

use std::ops::RangeInclusive;

use jiff::civil::Date;
use serde_json::{Map, Value as Json};
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::stream::{Audience, Stream};

use super::column::Form;
use super::diff::{Diff, Which};
use super::keys::Table;
use super::kind::Kind;
use super::page::{List, ListRefusal, Page};
use super::reading::Reading;
use super::row::Origin;
use super::rows::{Overlay, Rows};

/// The version of record bodies that this program writes and reads; another changes no row (P32).
pub const VERSION: u16 = 1;

/// A record of a system.
pub fn record(system: System, low: u16, body: Vec<u8>) -> Record {
    Record { kind: RecordKind::of(system, low), version: VERSION, body }
}

/// Record kinds that mean something in one sort of stream.
pub struct Group {
    /// The systems that have them.
    pub systems: &'static [System],
    /// Their numbers there (P6).
    pub low: RangeInclusive<u16>,
    /// The streams in which they count.
    pub home: Home,
    /// Folds one into rows; what cannot be read changes nothing.
    pub apply: fn(&mut Overlay, &Origin, &Record),
    /// What one says by itself; none if that cannot be put into words.
    pub read: fn(MemberCode, &Record) -> Option<Reading>,
}

/// The streams in which records count.
pub enum Home {
    /// Those that nobody else is ever offered.
    Local,
    /// The same, of what is kept of things beside their rows.
    Kept(Shelf),
    /// Those of agreements. Rows of this table are what an agreement shows: all members fold the same (P32).
    Agreement(Table, Shared),
    /// Those that go to one member alone.
    Pair(Shared),
}

/// What else is to be known of records that others hold.
pub struct Shared {
    /// Takes back the rows that were folded from a stream: it is folded again from its first entry (P36).
    pub forget: fn(&mut Overlay, &Stream),
    /// What has to be said so that a stream of our own shows what it should (P30); none if they are said as they are
    /// decided, never by comparing.
    pub disclose: Option<Disclose>,
}

/// See [`Shared::disclose`].
pub type Disclose = fn(&dyn Rows, Date, &Stream, Which) -> Diff;

/// What is kept of things beside their rows, one kind of it (see [`super::kept::Kept`]).
pub struct Shelf {
    /// Whose things they are.
    pub kind: Kind,
    /// Its name in lists.
    pub name: &'static str,
    /// Its name for people, in Chinese and in English.
    pub title: (&'static str, &'static str),
    /// Of each column the name, the Chinese header and the form.
    pub columns: fn() -> Vec<(&'static str, &'static str, Form)>,
    /// A page of it.
    pub list: fn(&dyn Rows, MemberCode, &List) -> Result<Page, ListRefusal>,
    /// What it says of one thing.
    pub row: fn(&dyn Rows, &str) -> Option<Map<String, Json>>,
}

impl Group {
    /// Whether a record is one of these.
    pub fn has(&self, record: &Record) -> bool {
        record.version == VERSION
            && self.systems.contains(&record.kind.system())
            && self.low.contains(&record.kind.low())
    }

    /// What else is to be known of them, if others hold them.
    pub fn shared(&self) -> Option<&Shared> {
        match &self.home {
            Home::Local | Home::Kept(_) => None,
            Home::Agreement(_, shared) | Home::Pair(shared) => Some(shared),
        }
    }

    /// How they are listed, if they are kept of things beside their rows.
    pub fn shelf(&self) -> Option<&Shelf> {
        match &self.home {
            Home::Kept(shelf) => Some(shelf),
            Home::Local | Home::Agreement(..) | Home::Pair(_) => None,
        }
    }

    /// The table of which an agreement shows all rows, if they make any there.
    pub fn shown(&self) -> Option<Table> {
        match &self.home {
            Home::Agreement(table, _) => Some(*table),
            Home::Local | Home::Kept(_) | Home::Pair(_) => None,
        }
    }

    /// Whether it has its home in a stream.
    pub fn is_at(&self, stream: &Stream) -> bool {
        let fits = match (&self.home, stream.audience) {
            (Home::Local | Home::Kept(_), Audience::Local)
            | (Home::Agreement(..), Audience::Agreement)
            | (Home::Pair(_), Audience::Pair(_)) => true,
            (Home::Local | Home::Kept(_) | Home::Agreement(..) | Home::Pair(_), _) => false,
        };
        fits && self.systems.contains(&stream.system)
    }

    /// Whether a record in one stream could be of both.
    pub const fn meets(&self, other: &Self) -> bool {
        let same_home = matches!(
            (&self.home, &other.home),
            (Home::Local | Home::Kept(_), Home::Local | Home::Kept(_))
                | (Home::Agreement(..), Home::Agreement(..))
                | (Home::Pair(_), Home::Pair(_))
        );
        let apart = *self.low.end() < *other.low.start() || *other.low.end() < *self.low.start();
        same_home && !apart && have_common(self.systems, other.systems)
    }
}

const fn have_common(some: &[System], others: &[System]) -> bool {
    let mut at = 0;
    while at < some.len() * others.len() {
        if some[at / others.len()].0 == others[at % others.len()].0 {
            return true;
        }
        at += 1;
    }
    false
}
