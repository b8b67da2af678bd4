//! A node of xietong: a province's registers stay authoritative at home, and what an agreement names is
//! shared with exactly its members.

pub mod backup;
pub mod calendar;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod doctor;
pub mod failure;
pub mod files;
pub mod home;
pub mod http;
pub mod keys;
pub mod machine;
pub mod net;
pub mod papers;
pub mod replica;
pub mod store;
pub mod systems;
pub mod tables;
pub mod telemetry;
pub mod text;
