//! Requests 请求: one member asks for a thing that another lists, and the owner answers. Each writes in its own
//! streams, nobody's record binds the other, and only the owner allocates, against what it holds under all its
//! agreements. Where a request stands is joined from what both said, at query; no fold reads another stream.
//!
//! Knows nothing of vehicles or assets beyond what a [`Lent`] register says of its things.

mod act;
mod ask;
mod decide;
mod due;
mod fold;
pub mod query;
pub mod record;
mod refusal;
mod talk;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use xietong_proto::id::*;
use xietong_proto::wire::requests::Particulars;

use super::Kind;
use super::register::Register;

pub use act::{Act, Ask, Block, Command, Report};
pub use decide::{Case, Here, checked, decide};
pub use due::{Due, due};
pub use fold::{apply, disclose, forget, is_ours};
pub use refusal::{NoGround, NotAsked, OutOfTurn, Refusal, Unlent};
pub use talk::{Fact, Said, State, Talk, join, release_state};

/// A register whose listed things can be asked for.
pub trait Lent: Register {
    /// For what they may be: code, word.
    const PURPOSES: &'static [(&'static str, &'static str)];
    /// Persons or pieces that a listed thing serves.
    fn serves(listing: &Self::Listing) -> i64;
    /// Whether it costs something: then the word by which its tariff is found.
    fn tariff(listing: &Self::Listing) -> Option<&str>;
    /// Whether a thing of the register is out of order, besides what keeps it from being listed.
    fn is_out_of_order(row: &Self::Row) -> bool;
    /// What the other party needs to know of the thing once it is promised.
    fn particulars(row: &Self::Row) -> Particulars;
}

/// Runs the same code for the register of a kind whose things can be asked for; else gives the other.
macro_rules! for_lent {
    ($kind:expr, $register:ident => $body:expr, $other:expr) => {
        match $kind {
            $crate::systems::Kind::Assets => {
                type $register = $crate::systems::assets::Assets;
                $body
            }
            $crate::systems::Kind::Vehicles => {
                type $register = $crate::systems::vehicles::Vehicles;
                $body
            }
            $crate::systems::Kind::Institutions
            | $crate::systems::Kind::Energy
            | $crate::systems::Kind::Drivers => $other,
        }
    };
}
pub(crate) use for_lent;

/// The kinds whose things can be asked for.
pub const LENT: [Kind; 2] = [Kind::Assets, Kind::Vehicles];

/// Which request: who asks, and its number in the system. Written `220000-VR-000001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct About {
    /// Of which system.
    pub system: System,
    /// Who asks.
    pub requester: MemberCode,
    /// The requester's own number, from 1.
    pub number: u64,
}

impl About {
    /// As it stands in keys of rows.
    pub fn bytes(&self) -> Vec<u8> {
        [&self.system.0.to_be_bytes()[..], self.requester.bytes(), &self.number.to_be_bytes()].concat()
    }

    /// Reads it from a key.
    pub fn at(key: &[u8], at: usize) -> Option<Self> {
        let system = System(u16::from_be_bytes(key.get(at..at + 2)?.try_into().ok()?));
        let requester = MemberCode::from_bytes(key.get(at + 2..at + 10)?.try_into().ok()?).ok()?;
        let number = u64::from_be_bytes(key.get(at + 10..at + 18)?.try_into().ok()?);
        Some(Self { system, requester, number })
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = Kind::of(self.system).map_or('?', Kind::letter);
        write!(f, "{}-{letter}R-{:06}", self.requester, self.number)
    }
}

impl FromStr for About {
    type Err = BadForm;

    fn from_str(text: &str) -> Result<Self, BadForm> {
        let mut parts = text.split('-');
        let mut part = || parts.next().ok_or(BadForm);
        let (requester, letters, number) = (part()?.parse()?, part()?, part()?);
        let kind = LENT.into_iter().find(|kind| letters == format!("{}R", kind.letter())).ok_or(BadForm)?;
        let number = number.parse().map_err(|_| BadForm)?;
        Some(Self { system: kind.system(), requester, number })
            .filter(|_| parts.next().is_none())
            .ok_or(BadForm)
    }
}

impl Serialize for About {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for About {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|_| de::Error::custom(format!("not a request such as 220000-VR-000001: {text}")))
    }
}
