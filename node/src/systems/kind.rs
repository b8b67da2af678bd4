//! The systems that this program knows, each with its register. A system more is here a variant, its line in
//! [`Kind::entry`] and in [`for_register`], and its place in the lists.

use serde::{Deserialize, Serialize};
use xietong_proto::id::System;

/// A system as this program knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 单位.
    Institutions,
    /// 资产.
    Assets,
    /// 车辆.
    Vehicles,
    /// 能耗.
    Energy,
    /// 驾驶员.
    Drivers,
}

/// Runs the same code for the register of a kind.
macro_rules! for_register {
    (@of $kind:expr, $register:ident => $body:expr; $($of:ident: $place:ident::$type:ident,)*) => {
        match $kind {
            $($crate::systems::Kind::$of => {
                type $register = $crate::systems::$place::$type;
                $body
            })*
        }
    };
    ($kind:expr, $register:ident => $body:expr) => {
        $crate::systems::for_register!(@of $kind, $register => $body;
            Institutions: institutions::Institutions,
            Assets: assets::Assets,
            Vehicles: vehicles::Vehicles,
            Energy: energy::Energy,
            Drivers: drivers::Drivers,
        )
    };
}
pub(crate) use for_register;

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Institutions, Self::Assets, Self::Vehicles, Self::Energy, Self::Drivers];

    /// Those whose rows members see as listings.
    pub const LISTED: [Self; 2] = [Self::Assets, Self::Vehicles];

    /// Its number in the protocol, its name in Chinese, the word that the command line has for it, the letter in its
    /// listing numbers.
    const fn entry(self) -> (System, &'static str, &'static str, char) {
        match self {
            Self::Institutions => (System::INSTITUTIONS, "单位", "institution", 'I'),
            Self::Assets => (System::ASSETS, "资产", "asset", 'A'),
            Self::Vehicles => (System::VEHICLES, "车辆", "vehicle", 'V'),
            Self::Energy => (System::ENERGY, "能耗", "energy", 'E'),
            Self::Drivers => (System::DRIVERS, "驾驶员", "driver", 'D'),
        }
    }

    /// Its number in the protocol.
    pub const fn system(self) -> System {
        self.entry().0
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

    /// Its name in Chinese.
    pub fn zh(self) -> &'static str {
        self.entry().1
    }

    /// The word that the command line has for it.
    pub fn noun(self) -> &'static str {
        self.entry().2
    }

    /// The letter in its listing numbers.
    pub fn letter(self) -> char {
        self.entry().3
    }

    /// Whether members see its rows as listings.
    pub fn is_listed(self) -> bool {
        Self::LISTED.contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_is_in_the_list_under_a_number_names_and_a_letter_of_its_own() {
        let own = |of: fn(Kind) -> String| Kind::ALL.into_iter().map(of).collect::<BTreeSet<_>>().len();
        // The compiler counts the variants: the last one is the one with the highest number.
        assert_eq!(Kind::ALL.len(), Kind::Drivers as usize + 1);
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
        let nouns = Kind::ALL.map(Kind::noun).join("\\|");
        holds(readme, &format!("`{nouns} import "));
        holds(in_chinese, &format!("`{nouns} import "));
        let letters = law.split_once("the system's letter (").and_then(|(_, rest)| rest.split_once(')'));
        let (letters, _) = letters.expect("P31 lists them");
        for kind in Kind::ALL {
            holds(law, &format!("{} ({}", kind.name(), kind.system().0));
        }
        for kind in Kind::LISTED {
            let (name, zh, system) = (kind.name(), kind.zh(), kind.system().0);
            holds(readme, &format!("| {name} {zh} |"));
            holds(in_chinese, &format!("| {zh} |"));
            assert!(letters.contains(kind.letter()), "{letters}: {name}");
            holds(law, &format!("| `0x{system:02x}11` | {name} |"));
            holds(law, &format!("`0x{system:02x}12`"));
        }
    }
}
