//! Why something is not done with a request (不予办理): one variant a rule.

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;

use super::{About, State};
use crate::calendar::rfc3339;
use crate::systems::Kind;
use crate::systems::fault::Stays;

/// In the order of checking, as far as one act can meet several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Refusal {
    /// Nothing is listed under this number.
    UnknownListing { listing: String },
    /// One's own things are dispatched at home.
    OwnListing { listing: String },
    /// It ends before it begins, or at once.
    EndBeforeStart,
    /// Longer than anything is lent.
    PeriodTooLong { days_max: u32 },
    /// It begins in the past.
    StartsInPast {
        #[serde(with = "rfc3339")]
        from: Millis,
    },
    /// Further ahead than anything is promised.
    TooFarAhead { days_max: u32 },
    /// Not a purpose for which this is lent.
    PurposeUnknown { purposes: Vec<String> },
    /// Fewer than one, or more than the thing serves.
    CountRange { max: i64 },
    /// Where to is no division.
    PlaceUnknown { place: String },
    /// Nobody at home has approved it.
    ApprovalMissing,
    /// Longer than a record should carry.
    TextTooLong { chars_max: usize },
    /// Not a telephone number; a name would never leave.
    TelephoneForm { telephone: String },
    /// No agreement that is in force here names the other party.
    NoAgreement { member: MemberCode },
    /// The agreement does not speak of such things.
    OutOfScope { kind: Kind, member: MemberCode },
    /// The agreement is over, or has not begun.
    AgreementExpired {
        #[serde(with = "rfc3339")]
        until: Millis,
    },
    /// Nothing may be said under the agreement yet: passes later.
    NotOpen { agreement: AgreementId },
    /// The key was given for something else before.
    KeyReused { id: About },
    /// The same has been asked for and is not over.
    AskedAlready { id: About },
    /// There is no such request.
    UnknownRequest { id: About },
    /// Only the owner of the thing can do this.
    NotTheOwner { owner: MemberCode },
    /// Only who asked can do this.
    NotTheRequester { requester: MemberCode },
    /// The requester does not want it any more.
    AlreadyCancelled,
    /// Not as it stands now.
    WrongState { state: State },
    /// Too late to answer.
    LateAnswer {
        #[serde(with = "rfc3339")]
        by: Millis,
    },
    /// Too late to confirm.
    LateConfirm {
        #[serde(with = "rfc3339")]
        by: Millis,
    },
    /// Nobody can have failed to come before it begins.
    NotBegun {
        #[serde(with = "rfc3339")]
        from: Millis,
    },
    /// The thing is not in the register any more, or not to be shared.
    NotShared { listing: String },
    /// The thing would not be listed until the end of it.
    NotLent { stays: Stays },
    /// The thing is in repair or sealed.
    OutOfOrder,
    /// The calendar says that it cannot be lent.
    Blocked {
        reason: String,
        #[serde(with = "rfc3339")]
        from: Millis,
        #[serde(with = "rfc3339")]
        until: Millis,
    },
    /// Somebody else has it then.
    Overlaps {
        with: About,
        #[serde(with = "rfc3339")]
        from: Millis,
        #[serde(with = "rfc3339")]
        until: Millis,
    },
    /// Another request waits longer for the same.
    OthersWait { id: About },
    /// Nobody has said what such a vehicle costs.
    NoTariff { word: String },
    /// Not a type of vehicles.
    TypeUnknown { types: Vec<String> },
    /// Only vehicles set out, and are billed.
    NoTrip { kind: Kind },
    /// Not confirmed, nor so urgent that it may be afterwards.
    NotConfirmed,
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
