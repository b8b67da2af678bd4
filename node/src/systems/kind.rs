//! The systems that this program knows, each with its register: what is made of the table in [`super`].

use serde::{Deserialize, Serialize};
use xietong_proto::id::System;

use super::each_register;
use super::listing::Listing;
use super::register::Register;

macro_rules! kinds {
    ($($kind:ident = $system:ident $zh:literal $noun:literal $place:ident::$register:ident,)*) => {
        /// A system as this program knows it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Kind {
            $(#[doc = $zh] $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: [Self; [$($noun),*].len()] = [$(Self::$kind),*];

            /// Its number in the protocol.
            pub const fn system(self) -> System {
                match self {
                    $(Self::$kind => System::$system,)*
                }
            }

            /// Its name in Chinese.
            pub const fn zh(self) -> &'static str {
                match self {
                    $(Self::$kind => $zh,)*
                }
            }

            /// The word that the command line has for it.
            pub const fn noun(self) -> &'static str {
                match self {
                    $(Self::$kind => $noun,)*
                }
            }
        }
    };
}

each_register!(kinds!);

/// Runs the same code for the register of a kind.
macro_rules! for_register {
    (@of $kind:expr, $name:ident => $body:expr;
        $($of:ident = $system:ident $zh:literal $noun:literal $place:ident::$register:ident,)*) => {
        match $kind {
            $($crate::systems::Kind::$of => {
                type $name = $crate::systems::$place::$register;
                $body
            })*
        }
    };
    ($kind:expr, $name:ident => $body:expr) => {
        $crate::systems::each_register!(for_register! @of $kind, $name => $body;)
    };
}
pub(crate) use for_register;

impl Kind {
    /// Those whose rows members see as listings.
    pub const LISTED: [Self; Self::LISTED_COUNT] = {
        let (mut listed, mut found, mut at) = ([Self::ALL[0]; Self::LISTED_COUNT], 0, 0);
        while at < Self::ALL.len() {
            if Self::ALL[at].is_listed() {
                listed[found] = Self::ALL[at];
                found += 1;
            }
            at += 1;
        }
        listed
    };

    const LISTED_COUNT: usize = {
        let (mut count, mut at) = (0, 0);
        while at < Self::ALL.len() {
            count += Self::ALL[at].is_listed() as usize;
            at += 1;
        }
        count
    };

    /// Whether members see its rows as listings.
    pub const fn is_listed(self) -> bool {
        for_register!(self, R => <R as Register>::Listing::IS_SHOWN)
    }

    /// The numbers of some.
    pub const fn systems<const N: usize>(kinds: [Self; N]) -> [System; N] {
        let (mut systems, mut at) = ([System(0); N], 0);
        while at < N {
            systems[at] = kinds[at].system();
            at += 1;
        }
        systems
    }

    /// The kind of a system number; none for systems that this program cannot read.
    pub fn of(system: System) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.system() == system)
    }

    /// Its name in the protocol, in paths and files.
    pub fn name(self) -> &'static str {
        self.system().name().expect("the protocol has a name for it")
    }

    /// The letter in its listing numbers.
    pub fn letter(self) -> char {
        self.system().letter().expect("the protocol has a letter for it")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_number_names_and_a_letter_of_its_own() {
        let own = |of: fn(Kind) -> String| Kind::ALL.into_iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(own(|kind| kind.system().to_string()), Kind::ALL.len());
        assert_eq!(own(|kind| kind.noun().to_owned()), Kind::ALL.len());
        assert_eq!(own(|kind| kind.letter().to_string()), Kind::ALL.len());
        assert_eq!(own(|kind| kind.name().to_owned()), Kind::ALL.len());
    }
    /// A document is too long to be shown: what it lacks is named.
    #[track_caller]
    fn holds(document: &str, words: &str) {
        assert!(document.contains(words), "missing: {words}");
    }

    #[test]
    fn every_kind_is_in_the_documents() {
        let [readme, in_chinese, law] = [
            include_str!("../../../README.md"),
            include_str!("../../../README.zh-CN.md"),
            include_str!("../../../proto/PROTOCOL.md"),
        ];
        for kind in Kind::ALL {
            let (name, number, letter) = (kind.name(), kind.system().0, kind.letter());
            holds(law, &format!("{name} ({number}, {letter}"));
        }
        for kind in Kind::LISTED {
            let (name, zh, number) = (kind.name(), kind.zh(), kind.system().0);
            holds(readme, &format!("| {name} {zh} |"));
            holds(in_chinese, &format!("| {zh} |"));
            holds(law, &format!("| `0x{number:02x}11`, `0x{number:02x}12` | {name} |"));
        }
    }
}
