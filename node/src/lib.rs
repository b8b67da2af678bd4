//! A node of xietong: a province's registers stay authoritative at home, and what an agreement names is
//! shared with exactly its members.

pub mod replica;
pub mod store;
pub mod systems;
