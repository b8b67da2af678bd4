//! Why bytes from a peer are refused (拒收), in the order in which the checks run: the first that applies
//! is the answer.

use serde::{Deserialize, Serialize};

use crate::id::*;

/// One variant a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Reject {
    /// Larger than the protocol allows.
    TooLarge {
        /// Bytes or items.
        size: u64,
        /// The limit.
        size_max: u64,
    },
    /// Not of the fixed layout, or of a form with a second encoding.
    Malformed,
    /// A layout newer or older than ours.
    UnknownVersion {
        /// As read.
        version: u8,
    },
    /// A suite that this protocol version has not.
    UnknownSuite {
        /// As read.
        suite: u8,
    },
    /// Decoded and encoded again, the object has other bytes: an unknown field, a default or an order.
    NotCanonical,
    /// A card, manifest, receipt, fork proof or evidence whose fields contradict its rules.
    BadField {
        /// The field's name in the schema.
        field: String,
    },
    /// For another agreement than the one this stream was opened for.
    WrongAgreement,
    /// The author is no member in that epoch.
    NotAMember {
        /// Who claims to write.
        author: MemberCode,
    },
    /// The epoch is not known here, or does not open the stream's generation: passes later, once the manifest
    /// has come that does.
    UnknownEpoch {
        /// As read.
        epoch: Epoch,
    },
    /// The system is not in the epoch's scope.
    OutOfScope {
        /// As read.
        system: System,
    },
    /// A manifest says that the stream ended before this entry.
    Cut {
        /// The last entry that counts.
        at: Position,
    },
    /// The entry names an older epoch than the one before it.
    OlderEpoch {
        /// As read.
        epoch: Epoch,
        /// That of the entry before.
        before: Epoch,
    },
    /// The stream is not for us, or never for anybody.
    WrongAudience,
    /// The card is not known here: passes later, once it has come.
    UnknownCard {
        /// Whose.
        author: MemberCode,
        /// Its number.
        card: CardNumber,
    },
    /// The signature does not hold under the key that must have made it.
    BadSignature,
    /// The payload does not split into the records that the header counts.
    BadFraming,
    /// The records do not have the root that was signed.
    BadRoot,
    /// Entries before it are missing: passes later, once they have come.
    Gap {
        /// The position we hold.
        have: Position,
        /// The position offered.
        got: Position,
    },
    /// Another entry stands at that place: both are kept, the author is flagged.
    Fork {
        /// The lowest position known to differ.
        at: Position,
    },
}

impl Reject {
    /// The rule of PROTOCOL.md.
    pub fn rule(&self) -> &'static str {
        match self {
            Reject::TooLarge { .. } => "P3",
            Reject::Malformed | Reject::UnknownVersion { .. } => "P1",
            Reject::UnknownSuite { .. } => "P2",
            Reject::NotCanonical => "P10",
            Reject::BadField { field } if field.starts_with("card.") => "P11",
            Reject::BadField { field } if field.starts_with("opinion.") => "P13",
            Reject::BadField { field } if field.starts_with("receipt.") => "P34",
            Reject::BadField { field } if field.starts_with("fork.") => "P35",
            Reject::BadField { field } if field.starts_with("evidence.") => "P46",
            Reject::BadField { field } if field.starts_with("purge.") => "P50",
            Reject::BadField { .. } => "P12",
            Reject::WrongAgreement => "P14",
            Reject::NotAMember { .. } => "P15",
            Reject::UnknownEpoch { .. } => "P16",
            Reject::OutOfScope { .. } => "P17",
            Reject::Cut { .. } => "P38",
            Reject::OlderEpoch { .. } => "P16",
            Reject::WrongAudience => "P19",
            Reject::UnknownCard { .. } => "P11",
            Reject::BadSignature => "P8",
            Reject::BadFraming => "P6",
            Reject::BadRoot => "P7",
            Reject::Gap { .. } | Reject::Fork { .. } => "P18",
        }
    }

    /// Whether the same bytes may be accepted later.
    pub fn passes_later(&self) -> bool {
        matches!(self, Reject::Gap { .. } | Reject::UnknownEpoch { .. } | Reject::UnknownCard { .. })
    }
}
