//! The number of a request, as people write it and as it stands in keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use xietong_proto::id::*;

use crate::systems::kind::Kind;

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
