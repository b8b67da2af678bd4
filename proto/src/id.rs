//! Names and numbers of the protocol, one type each, so that none is taken for another.
//! Nothing here decides anything; forms are checked where text or bytes come in (P11).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::POSITION_MAX;

macro_rules! hashes {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// All bytes zero: stands for "none" where the layout has no option.
            pub const ZERO: Self = Self([0; 32]);

            /// From exactly 32 bytes.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Some(Self(bytes.try_into().ok()?))
            }

            /// The first eight bytes, as they travel in heads.
            pub fn prefix(&self) -> [u8; 8] {
                let mut prefix = [0; 8];
                prefix.copy_from_slice(&self.0[..8]);
                prefix
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({}…)", stringify!($name), hex::encode(self.prefix()))
            }
        }

        impl FromStr for $name {
            type Err = BadForm;
            fn from_str(text: &str) -> Result<Self, BadForm> {
                let bytes = hex::decode(text).map_err(|_| BadForm)?;
                Self::from_slice(&bytes).ok_or(BadForm)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                text(from)
            }
        }
    )*};
}

hashes! {
    /// H(tag ‖ header) of an entry (P4).
    EntryId;
    /// H(tag ‖ body) of a manifest (P10).
    ManifestId;
    /// The manifest id of an agreement's first epoch (P12). Zero in local streams.
    AgreementId;
    /// H(tag ‖ body) of a member card (P11).
    CardId;
    /// The root over an entry's leaves (P7).
    Root;
    /// A node's transport key: the Ed25519 key behind its libp2p peer id.
    PeerId;
}

impl From<ManifestId> for AgreementId {
    fn from(first: ManifestId) -> Self {
        Self(first.0)
    }
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident($number:ty);)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $number);

        impl $name {
            /// The number after this one.
            pub fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

numbers! {
    /// Where an entry stands in its stream; the first is 1, and 0 means "before the first".
    Position(u64);
    /// The number of a manifest in its agreement; the first is 1, and 0 stands in local streams.
    Epoch(u32);
    /// Opens anew when a stream has to begin again; the first is 1.
    Generation(u32);
    /// The number of a member's card; the first is 1.
    CardNumber(u32);
    /// What a record is: high byte the system, low byte its kind there.
    RecordKind(u16);
}

impl RecordKind {
    /// A system's kind of a number (P6).
    pub fn of(system: System, low: u16) -> Self {
        Self(system.0 << 8 | low)
    }

    /// The system.
    pub fn system(self) -> System {
        System(self.0 >> 8)
    }

    /// The number of the kind in its system.
    pub fn low(self) -> u16 {
        self.0 & 0xff
    }
}

impl Position {
    /// Whether an entry may stand there (P3).
    pub fn is_place(self) -> bool {
        (1..=POSITION_MAX).contains(&self.0)
    }
}

/// A time in milliseconds since 1970-01-01T00:00:00Z, as its author claims it (P9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

/// A business system, by number. Open on purpose: a node relays systems that it cannot read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct System(pub u16);

impl System {
    /// 单位: local only.
    pub const INSTITUTIONS: Self = Self(1);
    /// 资产.
    pub const ASSETS: Self = Self(2);
    /// 车辆.
    pub const VEHICLES: Self = Self(3);
    /// 能耗.
    pub const ENERGY: Self = Self(4);
    /// 驾驶员: local only.
    pub const DRIVERS: Self = Self(5);

    /// Its name, if it has one.
    pub fn name(self) -> Option<&'static str> {
        self.known().map(|(_, name, ..)| *name)
    }

    /// The system of a name.
    pub fn named(name: &str) -> Option<Self> {
        KNOWN.iter().find(|(_, known, ..)| *known == name).map(|(system, ..)| *system)
    }

    /// The letter in its listing numbers (P31), if it has one.
    pub fn letter(self) -> Option<char> {
        self.known().map(|(_, _, letter, _)| *letter)
    }

    /// Whether nothing of it ever leaves: no agreement may name it.
    pub fn stays_at_home(self) -> bool {
        self.known().is_some_and(|(.., may_leave)| !may_leave)
    }

    fn known(self) -> Option<&'static (Self, &'static str, char, bool)> {
        KNOWN.iter().find(|(system, ..)| *system == self)
    }
}

/// The systems that have a name: which, its name, its letter, whether an agreement may name it.
const KNOWN: &[(System, &str, char, bool)] = &[
    (System::INSTITUTIONS, "institutions", 'I', false),
    (System::ASSETS, "assets", 'A', true),
    (System::VEHICLES, "vehicles", 'V', true),
    (System::ENERGY, "energy", 'E', true),
    (System::DRIVERS, "drivers", 'D', false),
];

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "system-{}", self.0),
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A member's code: two to eight characters of `0-9A-Z`, such as `230000` or `XPCC` (P11). In bytes it is
/// padded with zeros to eight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberCode([u8; 8]);

impl MemberCode {
    /// All zero: stands for "no peer" in a header.
    pub const NONE: Self = Self([0; 8]);

    /// The padded bytes, as they stand in a header.
    pub fn bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// From padded bytes; refuses any other form, so that one code has one encoding.
    pub fn from_bytes(bytes: [u8; 8]) -> Result<Self, BadForm> {
        let length = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        let (code, padding) = bytes.split_at(length);
        let is_code = length >= 2 && code.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        let is_padded = padding.iter().all(|b| *b == 0);
        (is_code && is_padded).then_some(Self(bytes)).ok_or(BadForm)
    }

    /// The code without its padding.
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|b| *b == 0).unwrap_or(self.0.len());
        std::str::from_utf8(&self.0[..length]).unwrap_or_default()
    }
}

impl FromStr for MemberCode {
    type Err = BadForm;
    fn from_str(text: &str) -> Result<Self, BadForm> {
        let mut bytes = [0; 8];
        bytes.get_mut(..text.len()).ok_or(BadForm)?.copy_from_slice(text.as_bytes());
        Self::from_bytes(bytes)
    }
}

impl fmt::Display for MemberCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for MemberCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for MemberCode {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MemberCode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text(from)
    }
}

/// Text or bytes that are not of the form their type asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadForm;

impl fmt::Display for BadForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not of the required form")
    }
}

impl std::error::Error for BadForm {}

fn text<'de, D: Deserializer<'de>, T: FromStr<Err = BadForm>>(from: D) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(serde::de::Error::custom)
}
