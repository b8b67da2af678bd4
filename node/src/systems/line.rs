//! Rows on their way from a file into a register, of one register or of any.

use xietong_proto::wire;

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

/// Rows of one register that were read from a file.
#[derive(Debug)]
pub enum Lines {
    /// 单位.
    Institutions(Vec<Line<wire::institutions::Institution>>),
    /// 资产.
    Assets(Vec<Line<wire::assets::Asset>>),
    /// 车辆.
    Vehicles(Vec<Line<wire::vehicles::Vehicle>>),
    /// 能耗.
    Energy(Vec<Line<wire::energy::EnergyMonth>>),
    /// 驾驶员.
    Drivers(Vec<Line<wire::drivers::Driver>>),
}

impl Lines {
    /// How many rows.
    pub fn count(&self) -> usize {
        match self {
            Self::Institutions(lines) => lines.len(),
            Self::Assets(lines) => lines.len(),
            Self::Vehicles(lines) => lines.len(),
            Self::Energy(lines) => lines.len(),
            Self::Drivers(lines) => lines.len(),
        }
    }
}
