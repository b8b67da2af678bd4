//! What one record says by itself, for whoever has nothing but the record. Whether it still holds, only a fold
//! can tell.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::kind::Kind;

/// A record as people read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "lowercase")]
pub enum Reading {
    /// A row of the author's own register.
    Row { kind: Kind, id: String, row: Map<String, Json> },
    /// A row of its own register is taken back.
    Withdrawn { kind: Kind, id: String, reason: String },
    /// What members see of a thing.
    Listed { kind: Kind, number: u64, row: Map<String, Json> },
    /// A listing is taken back.
    Unlisted { kind: Kind, number: u64 },
    /// A month of energy.
    Released { period: String, cells: u64, contributors: u32 },
    /// What is kept of a thing beside its row: the papers of a vehicle, a driver's duty, a tariff.
    Noted { kind: Kind, id: String, row: Map<String, Json> },
    /// A step of a request, a trip or a handover.
    Step { kind: Kind, id: String, step: Step, told: Map<String, Json> },
    /// Something that this program cannot put into words.
    Other,
}

/// What can be said of a request, a trip or a handover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// By the requester.
    Asked,
    /// By the requester.
    Confirmed,
    /// By the requester.
    Cancelled,
    /// By the owner.
    Offered,
    /// By the owner.
    Declined,
    /// By the owner.
    Waits,
    /// By the owner.
    Released,
    /// By either, to the other alone.
    Particulars,
    /// By the owner, to the requester alone.
    SetOut,
    /// By the owner, to the requester alone.
    Back,
    /// By the owner, to the requester alone.
    Billed,
    /// By the requester, to the owner alone.
    Settled,
    /// By the requester, to the owner alone.
    Disputed,
    /// By the requester, to the owner alone.
    Evaluated,
    /// By the owner of a thing.
    HandedOver,
    /// By the addressee.
    TakenIn,
    /// By the addressee.
    NotTaken,
    /// By the owner.
    TakenBack,
}

impl Reading {
    /// What is kept beside a row; what is null is not said.
    pub fn noted(kind: Kind, id: String, told: Json) -> Self {
        let mut row = if let Json::Object(row) = told { row } else { Map::new() };
        row.retain(|_, value| !value.is_null());
        Self::Noted { kind, id, row }
    }

    /// A step; blank texts say nothing.
    pub fn step(kind: Kind, id: String, step: Step, told: Json) -> Self {
        let told = if let Json::Object(told) = told { told } else { Map::new() };
        let told = told.into_iter().filter(|(_, value)| value.as_str() != Some("")).collect();
        Self::Step { kind, id, step, told }
    }
}
