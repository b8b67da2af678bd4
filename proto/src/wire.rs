//! The message types made from `schema/`. Only views of bytes: what was signed, hashed or stored is never
//! encoded again from these.
#![allow(missing_docs)]

/// Cards, manifests and opinions.
pub mod agreement {
    include!(concat!(env!("OUT_DIR"), "/xietong.agreement.rs"));
}
/// Records and forks with what proves them.
pub mod evidence {
    include!(concat!(env!("OUT_DIR"), "/xietong.evidence.rs"));
}
/// Frames between two nodes.
pub mod sync {
    include!(concat!(env!("OUT_DIR"), "/xietong.sync.rs"));
}
/// Energy releases, and the ledger of them.
pub mod energy_release {
    include!(concat!(env!("OUT_DIR"), "/xietong.energy_release.rs"));
}
/// Rows of the register of institutions.
pub mod institutions {
    include!(concat!(env!("OUT_DIR"), "/xietong.institutions.rs"));
}
/// Rows and listings of assets.
pub mod assets {
    include!(concat!(env!("OUT_DIR"), "/xietong.assets.rs"));
}
/// Rows and listings of vehicles.
pub mod vehicles {
    include!(concat!(env!("OUT_DIR"), "/xietong.vehicles.rs"));
}
/// Rows of monthly energy.
pub mod energy {
    include!(concat!(env!("OUT_DIR"), "/xietong.energy.rs"));
}
/// Rows of the register of drivers, and what they are assigned to.
pub mod drivers {
    include!(concat!(env!("OUT_DIR"), "/xietong.drivers.rs"));
}
/// What passes from member to member.
pub mod handovers {
    include!(concat!(env!("OUT_DIR"), "/xietong.handovers.rs"));
}
/// What all registers share.
pub mod registers {
    include!(concat!(env!("OUT_DIR"), "/xietong.registers.rs"));
}
/// Requests for listed things and what is answered.
pub mod requests {
    include!(concat!(env!("OUT_DIR"), "/xietong.requests.rs"));
}
/// Trips and their settlement.
pub mod trips {
    include!(concat!(env!("OUT_DIR"), "/xietong.trips.rs"));
}
