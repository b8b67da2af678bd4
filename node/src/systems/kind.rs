//! The systems that this program knows, with their numbers and names. A system more is a variant more; the compiler
//! names the places that have to know it.

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

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Institutions, Self::Assets, Self::Vehicles, Self::Energy, Self::Drivers];

    /// Those whose rows members see as listings.
    pub const LISTED: [Self; 2] = [Self::Assets, Self::Vehicles];

    /// Its number in the protocol.
    pub const fn system(self) -> System {
        match self {
            Self::Institutions => System::INSTITUTIONS,
            Self::Assets => System::ASSETS,
            Self::Vehicles => System::VEHICLES,
            Self::Energy => System::ENERGY,
            Self::Drivers => System::DRIVERS,
        }
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

    /// Its name in paths and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Institutions => "institutions",
            Self::Assets => "assets",
            Self::Vehicles => "vehicles",
            Self::Energy => "energy",
            Self::Drivers => "drivers",
        }
    }

    /// The letter in its listing numbers.
    pub fn letter(self) -> char {
        match self {
            Self::Institutions => 'I',
            Self::Assets => 'A',
            Self::Vehicles => 'V',
            Self::Energy => 'E',
            Self::Drivers => 'D',
        }
    }
}
