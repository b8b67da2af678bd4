//! The message types made from `schema/`. Only views of bytes: what was signed, hashed or stored is never
//! encoded again from these.
#![allow(missing_docs)]

/// Cards, manifests and approvals.
pub mod agreement {
    include!(concat!(env!("OUT_DIR"), "/xietong.agreement.rs"));
}
/// Frames between two nodes.
pub mod sync {
    include!(concat!(env!("OUT_DIR"), "/xietong.sync.rs"));
}
/// Energy releases, and the ledger of them.
pub mod energy_release {
    include!(concat!(env!("OUT_DIR"), "/xietong.energy_release.rs"));
}
