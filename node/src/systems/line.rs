//! A row on its way from a file into a register.

use super::fault::{CellFault, Quarantined};

/// A row that was read from a file.
#[derive(Clone, Debug)]
pub struct Line<R> {
    /// Of the file, the header being 1.
    pub line: u64,
    /// What it says.
    pub row: R,
    /// The cells as written, in the order of the file's columns.
    pub cells: csv::StringRecord,
    /// Which cell each column is.
    pub places: std::sync::Arc<Vec<(&'static str, usize)>>,
}

impl<R> Line<R> {
    /// The row as not taken in.
    pub fn quarantine(&self, at: CellFault) -> Quarantined {
        let place = self.places.iter().find(|(name, _)| *name == at.column).map(|(_, place)| *place);
        let value = place.and_then(|place| self.cells.get(place)).unwrap_or_default().to_owned();
        let cells = self.cells.iter().map(str::to_owned).collect();
        Quarantined { line: self.line, at, value, cells }
    }
}
