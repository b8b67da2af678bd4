//! Why something is not done with a request (不予办理): one variant a rule, by what it is about.

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;

use super::{About, State};
use crate::calendar::rfc3339;
use crate::systems::fault::Stays;
use crate::systems::kind::Kind;
use crate::systems::trips::NotDriven;

/// In each the order of checking, as far as one act can meet several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Refusal {
    /// As it is put.
    Ask(NotAsked),
    /// For want of an agreement.
    Agreement(NoGround),
    /// By whose turn it is.
    Turn(OutOfTurn),
    /// Because of the thing.
    Thing(Unlent),
    /// Because of the trip.
    Trip(NotDriven),
}

/// Why a request is not made as it is put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum NotAsked {
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
    /// The key was given for something else before.
    KeyReused { id: About },
    /// The same has been asked for and is not over.
    AskedAlready { id: About },
}

/// Why no agreement bears a word on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum NoGround {
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
}

/// Why it is not for this member to go on with it, or not as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum OutOfTurn {
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
}

/// Why the owner cannot promise a thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Unlent {
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
}

impl From<NotAsked> for Refusal {
    fn from(refusal: NotAsked) -> Self {
        Self::Ask(refusal)
    }
}

impl From<NoGround> for Refusal {
    fn from(refusal: NoGround) -> Self {
        Self::Agreement(refusal)
    }
}

impl From<OutOfTurn> for Refusal {
    fn from(refusal: OutOfTurn) -> Self {
        Self::Turn(refusal)
    }
}

impl From<Unlent> for Refusal {
    fn from(refusal: Unlent) -> Self {
        Self::Thing(refusal)
    }
}

impl From<NotDriven> for Refusal {
    fn from(refusal: NotDriven) -> Self {
        Self::Trip(refusal)
    }
}
