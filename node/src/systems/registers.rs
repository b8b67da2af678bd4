//! The registers by their kind: where a kind is only known as the program runs, the same code is run for the register
//! that it names.

use jiff::civil::Date;

use super::fault::{FileRefusal, Quarantined};
use super::kind::Kind;
use super::line::Lines;
use super::register::Register;
use super::sheet::{HeaderMap, Keys, Sheet, SheetInfo};
use super::text_file::File;

/// Runs the same code for the register of a kind.
macro_rules! for_register {
    ($kind:expr, $register:ident => $body:expr) => {
        match $kind {
            $crate::systems::Kind::Institutions => {
                type $register = $crate::systems::institutions::Institutions;
                $body
            }
            $crate::systems::Kind::Assets => {
                type $register = $crate::systems::assets::Assets;
                $body
            }
            $crate::systems::Kind::Vehicles => {
                type $register = $crate::systems::vehicles::Vehicles;
                $body
            }
            $crate::systems::Kind::Energy => {
                type $register = $crate::systems::energy::Energy;
                $body
            }
            $crate::systems::Kind::Drivers => {
                type $register = $crate::systems::drivers::Drivers;
                $body
            }
        }
    };
}
pub(crate) use for_register;

/// A file whose headers were understood, whatever its register.
pub trait AnySheet: Send {
    /// What was found out before the first row.
    fn info(&self) -> &SheetInfo;
    /// How much has been read, in thousandths.
    fn progress(&self) -> u64;
    /// Keys of all rows read so far.
    fn keys(&self) -> &Keys;
    /// The next rows, and those that cannot be taken in; none at the end.
    fn next_lines(&mut self, rows_max: usize) -> Result<Option<(Lines, Vec<Quarantined>)>, FileRefusal>;
}

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

    fn next_lines(&mut self, rows_max: usize) -> Result<Option<(Lines, Vec<Quarantined>)>, FileRefusal> {
        let chunk = self.next_chunk(rows_max)?;
        Ok(chunk.map(|chunk| (R::lines(chunk.lines), chunk.quarantined)))
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
