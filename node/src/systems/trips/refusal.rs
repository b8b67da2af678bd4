//! Why a step of a trip is not taken (不予办理): one variant a rule.

use serde::{Deserialize, Serialize};
use xietong_proto::id::Millis;

use crate::calendar::rfc3339;
use crate::systems::Kind;
use crate::systems::drivers::duty::Unfit;

/// In the order of checking, as far as one step can meet several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum NotDriven {
    /// Not a type of vehicles.
    TypeUnknown { types: Vec<String> },
    /// Only vehicles set out, and are billed.
    NoTrip { kind: Kind },
    /// Not confirmed, nor so urgent that it may be afterwards.
    NotConfirmed,
    /// The driver may not take it up.
    Driver { driver_no: String, unfit: Unfit },
    /// The odometer stood higher before.
    OdometerBackwards { have_km: i64 },
    /// More than a vehicle drives in that time.
    OdometerJumps { km_max: i64 },
    /// Back before it set out, or in the future.
    TimeOrder {
        #[serde(with = "rfc3339")]
        after: Millis,
        #[serde(with = "rfc3339")]
        before: Millis,
    },
    /// An amount of money or a percentage out of its range.
    AmountRange { max: i64 },
    /// It cost nothing.
    NothingToBill,
    /// The statement says another amount than the records.
    BillDiffers { billed_fen: i64, computed_fen: Option<i64> },
    /// A score is 1 to 5.
    ScoreRange,
}
