//! The papers (文书) that members pass on by hand: member cards and agreements. A paper is a text file with a
//! readable copy and the exact bytes; only the bytes count, and a copy that says anything else refuses the
//! whole paper by name. Pure: papers are read from text and written as text.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::Table;
use xietong_proto::epochs::Bar;
use xietong_proto::id::*;
use xietong_proto::reject::Reject;

use crate::tables::{self, Difference};

pub mod agreement;
pub mod amendment;
pub mod card;
pub mod copy;
pub mod exact;
pub mod ground;
pub mod proposal;
pub mod purge;
pub mod standing;
#[cfg(test)]
mod tests;

/// Why a paper is refused, in the order in which the checks run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum PaperRefusal {
    /// Not of the form of TOML, or without its exact bytes.
    PaperForm {
        /// From 1.
        line: usize,
        /// What the parser says.
        detail: String,
    },
    /// What should be bytes are no hexadecimal digits.
    NotHex {
        /// Which part, such as `exact.manifest`.
        part: String,
    },
    /// The law of the protocol refuses the exact bytes.
    Unlawful {
        /// Which part, such as `exact.cards[1]`.
        part: String,
        /// Why.
        reject: Reject,
    },
    /// Institutions never leave their province: no agreement can name them.
    StaysAtHome {
        /// Which system.
        system: System,
    },
    /// There is no card of a member.
    CardMissing {
        /// Whose.
        member: MemberCode,
    },
    /// A card that the manifest does not name.
    CardNotNamed {
        /// Whose.
        member: MemberCode,
    },
    /// The manifest says something else of a member than the card that it names.
    CardContradicts {
        /// Whose.
        member: MemberCode,
    },
    /// The readable copy says something else than the exact bytes.
    CopyDiffers(Difference),
    /// This member is not named in the manifest.
    NotAMember {
        /// Who it is.
        member: MemberCode,
    },
    /// The manifest names another seal key for this member.
    OtherSealKey {
        /// Who it is.
        member: MemberCode,
    },
    /// The manifest gives this seal key to nobody.
    SealNotNamed,
    /// There is no version in it.
    NoManifest,
    /// Two papers are about two manifests.
    OtherAgreement {
        /// What the first is about.
        first: String,
        /// What the other is about.
        other: String,
    },
    /// Nobody has approved it.
    Unapproved,
    /// Some have not approved it.
    PartlyApproved {
        /// Who has not.
        missing: Vec<MemberCode>,
    },
    /// So many have declined it, or another version stands in its place, that it does not come into force.
    NotToCome,
    /// By what is in the file, this member may not say that of it.
    Barred {
        /// Why.
        bar: Bar,
    },
}

/// Reads a paper's `exact` part and keeps the rest, which is the readable copy.
fn parse<Exact: DeserializeOwned>(text: &str) -> Result<(Exact, Table), PaperRefusal> {
    #[derive(serde::Deserialize)]
    struct Whole<Exact> {
        exact: Exact,
        #[serde(flatten)]
        copy: Table,
    }
    let refusal = |error: toml::de::Error| PaperRefusal::PaperForm {
        line: tables::line(text, &error),
        detail: error.message().to_owned(),
    };
    let whole: Whole<Exact> = toml::from_str(text).map_err(refusal)?;
    Ok((whole.exact, whole.copy))
}

/// Compares a readable copy with the one that the exact bytes give.
fn compare(copy: &Table, exact: &impl Serialize) -> Result<(), PaperRefusal> {
    let exact = Table::try_from(exact).expect("a readable copy is made of texts, numbers and lists");
    match tables::difference(copy, &exact) {
        Some(difference) => Err(PaperRefusal::CopyDiffers(difference)),
        None => Ok(()),
    }
}

fn bytes(part: &str, digits: &str) -> Result<Vec<u8>, PaperRefusal> {
    hex::decode(digits).map_err(|_| PaperRefusal::NotHex { part: part.to_owned() })
}

fn lawful<T>(part: &str, opened: Result<T, Reject>) -> Result<T, PaperRefusal> {
    opened.map_err(|reject| PaperRefusal::Unlawful { part: part.to_owned(), reject })
}
