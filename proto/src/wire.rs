//! The message types made from `schema/`, a module for each of its files. Only views of bytes: what was signed, hashed
//! or stored is never encoded again from these.
#![allow(missing_docs)]

include!(concat!(env!("OUT_DIR"), "/wire.rs"));
pub use xietong::*;
