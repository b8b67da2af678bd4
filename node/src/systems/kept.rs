//! What is kept at home of a register's things beside their rows, such as the papers of a vehicle on its way out: one
//! row a thing, described by columns. Each kind of it says what it is in its [`Kept`]; how it is said, folded, read,
//! shown and listed is alike for all and stands here. Whether it may be said is decided in its system.

use prost::Message;
use xietong_proto::entry::Record;
use xietong_proto::id::*;

use super::column::{self, Column};
use super::group::{self, Group, Home, Shelf};
use super::keys::Table;
use super::kind::Kind;
use super::page::{List, ListRefusal, Page, check_columns, item, matches, page};
use super::reading::Reading;
use super::register;
use super::row::Row;
use super::rows::Rows;

/// What one kind of it is; its record says all of it anew each time.
pub trait Kept: Message + Default + 'static {
    /// Whose things they are.
    const KIND: Kind;
    /// The number of its record in that system (P6).
    const RECORD: u16;
    /// Its name in lists.
    const NAME: &str;
    /// Its name for people, in Chinese and in English.
    const TITLE: (&str, &str);

    /// Every field that people see.
    fn columns() -> &'static [Column<Self>];

    /// The thing, by its register key.
    fn id(&self) -> &str;

    /// What its record means: a line of [`super::records::ALL`].
    const RECORDS: Group = Group {
        systems: &[Self::KIND.system()],
        low: Self::RECORD..=Self::RECORD,
        home: Home::Kept(Shelf {
            kind: Self::KIND,
            name: Self::NAME,
            title: Self::TITLE,
            columns: || Self::columns().iter().map(|column| (column.name, column.zh, column.form)).collect(),
            list: list::<Self>,
            row: |rows, id| get::<Self>(rows, id).map(|kept| column::json(Self::columns(), &kept)),
        }),
        apply: |rows, origin, record| {
            if let Ok(kept) = Self::decode(&record.body[..]) {
                register::put(rows, key::<Self>(kept.id()), origin, &record.body);
            }
        },
        read: |_, record| {
            let kept = Self::decode(&record.body[..]).ok()?;
            let told = column::json(Self::columns(), &kept);
            Some(Reading::noted(Self::KIND, kept.id().to_owned(), told.into()))
        },
    };
}

/// What one kind of it says of a thing.
pub fn get<K: Kept>(rows: &dyn Rows, id: &str) -> Option<K> {
    read(&rows.get(&key::<K>(id))?)
}

/// One kind of it from a thing on.
pub fn scan_from<'a, K: Kept>(rows: &'a dyn Rows, id: &str) -> impl Iterator<Item = K> + use<'a, K> {
    rows.scan(&key::<K>(""), &key::<K>(id)).filter_map(|(_, value)| read(&value))
}

fn list<K: Kept>(rows: &dyn Rows, me: MemberCode, list: &List) -> Result<Page, ListRefusal> {
    check_columns(K::columns(), &list.filters)?;
    let after = list.after.as_deref().unwrap_or_default();
    let all = scan_from::<K>(rows, after);
    let matching = all.filter(|kept| kept.id() > after && matches(K::columns(), kept, &list.filters));
    Ok(page(matching.map(|kept| item(kept.id().to_owned(), me, K::columns(), &kept))))
}

/// The record that says it.
pub fn record<K: Kept>(kept: &K) -> Record {
    group::record(K::KIND.system(), K::RECORD, kept.encode_to_vec())
}

fn read<K: Kept>(stored: &[u8]) -> Option<K> {
    K::decode(&Row::decode(stored)?.body[..]).ok()
}

fn key<K: Kept>(id: &str) -> Vec<u8> {
    Table::Kept.key(&[&RecordKind::of(K::KIND.system(), K::RECORD).0.to_be_bytes(), id.as_bytes()])
}
