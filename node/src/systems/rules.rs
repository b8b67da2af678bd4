//! The rules by which an office works, as dated data: a shell reads them from files, decisions and queries ask
//! them. A fold never does: what a record means must not depend on one office's files.

use super::vehicles::rules::VehicleRules;
use crate::calendar::working::WorkingDays;

/// All of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Which days are worked.
    pub days: WorkingDays,
    /// What vehicles may cost, how long they serve, how they are used.
    pub vehicles: VehicleRules,
}

impl Rules {
    /// Those that come with the program.
    pub fn shipped() -> Self {
        Self { days: WorkingDays::shipped(), vehicles: VehicleRules::shipped() }
    }
}
