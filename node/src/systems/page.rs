//! Pages of rows that columns describe: which rows are asked for, whether one is wanted, and how it is listed. Whose
//! rows they are stands in [`super::query`] and [`super::kept`].

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use xietong_proto::id::*;

use super::column::{self, Column, Form, Value};

/// Rows of one page.
pub const PAGE_ROWS_MAX: usize = 1_000;

/// Whose rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This member's register, with all its columns.
    Me,
    /// What a member shows.
    Member(MemberCode),
    /// What all members show.
    All,
}

/// Which rows of a system.
#[derive(Clone, Debug)]
pub struct List {
    /// Whose.
    pub owner: Owner,
    /// Of what is kept beside the register's rows, by name; none: the rows themselves.
    pub of: Option<String>,
    /// Column → word or code it must have; a division or class code may be a beginning.
    pub filters: Vec<(String, String)>,
    /// The id after which the page begins.
    pub after: Option<String>,
}

/// Some rows, in order of id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Each with `id`, `owner` and the columns.
    pub items: Vec<Map<String, Json>>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// Why a list cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum ListRefusal {
    /// The rows asked for have no such column.
    NoSuchColumn { column: String, columns: Vec<String> },
    /// Nothing of that name is kept beside the rows.
    NothingKept { of: String, known: Vec<String> },
}

/// The first of what comes, as many as fit.
pub fn page(mut items: impl Iterator<Item = Map<String, Json>>) -> Page {
    let page: Vec<_> = items.by_ref().take(PAGE_ROWS_MAX).collect();
    let last = page.last().and_then(|item| item["id"].as_str()).map(str::to_owned);
    Page { next: items.next().and(last), items: page }
}

/// One row as it is listed.
pub fn item<T>(id: String, owner: MemberCode, columns: &[Column<T>], row: &T) -> Map<String, Json> {
    let mut item = Map::new();
    item.insert("id".to_owned(), id.into());
    item.insert("owner".to_owned(), owner.as_str().into());
    item.extend(column::json(columns, row));
    item
}

/// Refuses a filter by a column that there is not.
pub fn check_columns<T>(columns: &[Column<T>], filters: &[(String, String)]) -> Result<(), ListRefusal> {
    let is_known = |name: &str| name == CITY || columns.iter().any(|column| column.name == name);
    match filters.iter().find(|(name, _)| !is_known(name)) {
        Some((column, _)) => Err(ListRefusal::NoSuchColumn {
            column: column.clone(),
            columns: columns.iter().map(|column| column.name.to_owned()).collect(),
        }),
        None => Ok(()),
    }
}

/// The filter that both registers and listings have, whatever their column is called.
const CITY: &str = "city";

/// Whether a row is one of those asked for.
pub fn matches<T>(columns: &[Column<T>], row: &T, filters: &[(String, String)]) -> bool {
    filters.iter().all(|(name, wanted)| {
        let of_city = |column: &&Column<T>| name == CITY && column.form == Form::Division;
        let column = columns.iter().find(|column| column.name == name || of_city(column));
        column.is_some_and(|column| {
            let value = (column.get)(row);
            value.is_some_and(|value| is_wanted(column.form, &value, wanted))
        })
    })
}

fn is_wanted(form: Form, value: &Value, wanted: &str) -> bool {
    let is_beginning = |text: &str| match form {
        Form::Division => text.starts_with(wanted.trim_end_matches("00")),
        Form::Code(_) | Form::Capital(_) => {
            text.starts_with(wanted.trim_end_matches("00")) || text.starts_with(wanted)
        }
        _ => false,
    };
    form.write(value, false) == wanted
        || form.write(value, true) == wanted
        || matches!(value, Value::Text(text) if is_beginning(text))
}
