//! How a register row came to be as it is: what was new each time that it was said.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::reading::Reading;
use super::row::Source;

/// One time that a register row was said, and what was new in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// Where.
    pub source: Source,
    /// What.
    #[serde(flatten)]
    pub change: Change,
}

/// What was new.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// There was no such row, or nothing older is looked at.
    Added,
    /// Some columns.
    Changed { columns: Vec<Cell> },
    /// It was taken back.
    Withdrawn { reason: String },
}

/// A column before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Its key in JSON.
    pub column: String,
    /// Before.
    pub was: Json,
    /// After.
    pub is: Json,
}

/// What was new each time, of records about one row in their order.
pub fn versions(said: impl IntoIterator<Item = (Source, Reading)>) -> Vec<Version> {
    let mut before: Option<Map<String, Json>> = None;
    let mut versions = Vec::new();
    for (source, reading) in said {
        let change = match reading {
            Reading::Row { row, .. } => {
                let change = before
                    .as_ref()
                    .map_or(Change::Added, |before| Change::Changed { columns: cells(before, &row) });
                before = Some(row);
                change
            }
            Reading::Withdrawn { reason, .. } => {
                before = None;
                Change::Withdrawn { reason }
            }
            Reading::Listed { .. }
            | Reading::Unlisted { .. }
            | Reading::Released { .. }
            | Reading::Noted { .. }
            | Reading::Step { .. }
            | Reading::Other => {
                continue;
            }
        };
        versions.push(Version { source, change });
    }
    versions
}

fn cells(before: &Map<String, Json>, after: &Map<String, Json>) -> Vec<Cell> {
    let differs = after.iter().filter(|(column, is)| before.get(*column) != Some(is));
    let cell = |(column, is): (&String, &Json)| Cell {
        column: column.clone(),
        was: before.get(column).cloned().unwrap_or_default(),
        is: is.clone(),
    };
    differs.map(cell).collect()
}
