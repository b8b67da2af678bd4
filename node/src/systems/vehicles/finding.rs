//! What can be found of vehicles that are not kept or used by the rules, and the signed records that show it. Who looks
//! for what stands in [`super::supervision`], [`super::usage`] and [`super::ownership`].

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use xietong_proto::id::{MemberCode, Millis};
use xietong_proto::wire::vehicles::Vehicle;

use super::{Vehicles, status};
use crate::calendar::rfc3339;
use crate::systems::kind::Kind;
use crate::systems::row::{Row, Source};
use crate::systems::rows::Rows;
use crate::systems::{keys, register};

/// What is not as it should be, in the order in which it is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum Breach {
    /// A unit has more vehicles within the establishment than it may (超编).
    OverQuota { have: i64, quota: i64, year: i64 },
    /// Dearer or larger than its use allows.
    OverCeiling { price_fen: i64, ceiling_fen: i64 },
    /// It may be renewed; while it serves it goes on.
    RenewalOpen { years: i16, since: Date },
    /// It must be scrapped.
    MustBeScrapped { years: i16, since: Date },
    /// The state advises to scrap it.
    FarDriven { km: i64, km_max: i64 },
    /// It burns more than its type should; hundredths of a litre for 100 km.
    FuelAboveNorm { per_100km: i64, norm: i64, year: i64 },
    /// The inspection has run out, or will before long.
    Inspection { due: Date, is_over: bool },
    /// The insurance has run out, or will before long.
    Insurance { due: Date, is_over: bool },
    /// Without a mark, without a reason.
    Unmarked,
    /// Hardly used in a year.
    Idle { km: i64, km_min: i64, year: i64 },
    /// Out when no office works; with the approval that is recorded, if any.
    OffHours {
        #[serde(with = "rfc3339")]
        from: Millis,
        #[serde(with = "rfc3339::option")]
        until: Option<Millis>,
        approval: String,
    },
    /// Handed over, taken in by its new owner, and still in the register as if it were here.
    KeptAfterHandover { by: MemberCode, number: String },
    /// Taken in by what does not count any more: it is still another's.
    TakenInVoid { from: MemberCode },
    /// Taken over, and still under the plate of another province after the temporary one has run out.
    TemporaryPlateOver { until: Date },
}

impl Breach {
    /// Names of all of them, as `--rule` takes them.
    pub const RULES: [&str; 14] = [
        "over-quota",
        "over-ceiling",
        "renewal-open",
        "must-be-scrapped",
        "far-driven",
        "fuel-above-norm",
        "inspection",
        "insurance",
        "unmarked",
        "idle",
        "off-hours",
        "kept-after-handover",
        "taken-in-void",
        "temporary-plate-over",
    ];

    /// Its name.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::OverQuota { .. } => "over-quota",
            Self::OverCeiling { .. } => "over-ceiling",
            Self::RenewalOpen { .. } => "renewal-open",
            Self::MustBeScrapped { .. } => "must-be-scrapped",
            Self::FarDriven { .. } => "far-driven",
            Self::FuelAboveNorm { .. } => "fuel-above-norm",
            Self::Inspection { .. } => "inspection",
            Self::Insurance { .. } => "insurance",
            Self::Unmarked => "unmarked",
            Self::Idle { .. } => "idle",
            Self::OffHours { .. } => "off-hours",
            Self::KeptAfterHandover { .. } => "kept-after-handover",
            Self::TakenInVoid { .. } => "taken-in-void",
            Self::TemporaryPlateOver { .. } => "temporary-plate-over",
        }
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The vehicle, or the unit where it is about all of its vehicles.
    pub id: String,
    /// Its plate; empty for a unit.
    pub plate_no: String,
    /// Whose.
    pub unit_uscc: String,
    /// What.
    #[serde(flatten)]
    pub breach: Breach,
    /// Where the rule is published; empty where it is the register that says it.
    pub basis: String,
    /// The records that show it.
    pub evidence: Vec<Evidence>,
}

/// A signed record of a register: its stream is this member's local one of the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The system.
    pub kind: Kind,
    /// Its key.
    pub id: String,
    /// Where it stands.
    pub source: Source,
}

/// The vehicles that their owners still have, with where the register says so.
pub fn kept(rows: &dyn Rows) -> impl Iterator<Item = (String, Row, Vehicle)> + '_ {
    let prefix = keys::register_prefix(Kind::Vehicles.system());
    register::scan_said::<Vehicles>(rows, &prefix, &[])
        .filter(|(.., row)| status::is_kept(&row.vehicle_status))
}
