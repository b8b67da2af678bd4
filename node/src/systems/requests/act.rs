//! What can be asked of requests, by operators and platforms alike, and what is answered.

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;

use super::{About, State};
use crate::calendar::rfc3339;
use crate::systems::trips::Tariff;

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Ask a member for what it lists.
    Ask(Box<Ask>),
    /// Go on with a request.
    Act {
        /// Which.
        about: About,
        /// How.
        act: Act,
    },
    /// Keep a thing of the own register from being lent for a while, or no longer.
    Block(Block),
    /// Set what a vehicle of a type costs.
    Tariff(Tariff),
}

/// A request as it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// A listing number such as `230000-V-000012`.
    pub listing: String,
    /// From this moment on.
    #[serde(with = "rfc3339")]
    pub from: Millis,
    /// Before this one.
    #[serde(with = "rfc3339")]
    pub until: Millis,
    /// Needed at once.
    #[serde(default)]
    pub urgent: bool,
    /// A code or word of the system.
    pub purpose: String,
    /// Persons, or pieces.
    pub count: i64,
    /// A division code: where to.
    pub place: String,
    /// Of the paper with which it was approved at home.
    pub approval_no: String,
    /// Against doubles; may be empty.
    #[serde(default)]
    pub key: String,
    /// Under which agreement; if none is named, the first that fits.
    #[serde(default)]
    pub agreement: Option<AgreementId>,
    /// Whom to call; told to the owner alone.
    #[serde(default)]
    pub telephone: String,
    /// Where exactly; told to the owner alone.
    #[serde(default)]
    pub meet_at: String,
}

/// A step in the life of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// Owner: hold what was asked for, or another thing.
    Offer {
        /// Another listing number of ours.
        #[serde(default)]
        listing: Option<String>,
        /// For so many hours the requester may confirm.
        #[serde(default)]
        hold_h: Option<u32>,
        /// Of the driver; told to the requester alone. Never a name.
        #[serde(default)]
        telephone: String,
    },
    /// Owner: no.
    Decline {
        /// Why.
        reason: String,
    },
    /// Owner: not now, perhaps later.
    Wait,
    /// Owner: take back what was held.
    Release {
        /// Why.
        reason: String,
    },
    /// Owner: nobody came.
    NoShow,
    /// Owner: another telephone of the driver.
    Telephone {
        /// Told to the requester alone.
        telephone: String,
    },
    /// Requester: take what is held.
    Confirm,
    /// Requester: it is not needed any more.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Owner: the vehicle sets out.
    Dispatch {
        /// When; now if not said.
        #[serde(default, with = "rfc3339::option")]
        at: Option<Millis>,
        /// As it stands then.
        odometer_km: i64,
        /// Who drives, by the number in the own register; it stays here.
        #[serde(default)]
        driver_no: String,
        /// Minutes of it at the wheel, if they were not said when the driver was taken up for it.
        #[serde(default)]
        wheel_min: Option<i64>,
    },
    /// Owner: the vehicle is back.
    Return {
        /// When; now if not said.
        #[serde(default, with = "rfc3339::option")]
        at: Option<Millis>,
        /// As it stands then.
        odometer_km: i64,
        /// Tolls and parking.
        #[serde(default)]
        tolls_fen: i64,
        /// Minutes that the driver was at the wheel; as planned if not said.
        #[serde(default)]
        wheel_min: Option<i64>,
    },
    /// Owner: the statement, as it follows from the records.
    Bill,
    /// Requester: agree to the statement.
    Settle,
    /// Requester: do not.
    Dispute {
        /// Why.
        reason: String,
    },
    /// Requester: how it was.
    Evaluate {
        /// 1 to 5.
        score: i64,
        /// In words.
        #[serde(default)]
        comment: String,
    },
}

/// A while in which a thing cannot be lent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// A register key or listing number of ours.
    pub id: String,
    /// From this moment on.
    #[serde(with = "rfc3339")]
    pub from: Millis,
    /// Before this one.
    #[serde(with = "rfc3339")]
    pub until: Millis,
    /// Such as maintenance; empty: it can be lent again.
    #[serde(default)]
    pub reason: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "done", rename_all = "snake_case")]
pub enum Report {
    /// The request stands so now.
    Stands {
        /// Which.
        id: About,
        /// Where it stands.
        state: State,
        /// The same had been asked before under the same key: nothing was said again.
        repeated: bool,
        /// Requests on the waiting list that fit now.
        next: Vec<About>,
    },
    /// The calendar has it.
    Blocked,
    /// So it costs from now on, for what is offered from now on.
    TariffSet,
}
