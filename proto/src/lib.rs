//! The law of xietong: the bytes, signatures, agreements, messages and limits on which members must agree.
//! `PROTOCOL.md` is the text of it; rules are cited by number (P1 …). Nothing here reads a clock, draws a
//! random number, or touches a disk or network.

#![warn(missing_docs)]

pub mod card;
pub mod crypto;
pub mod entry;
pub mod header;
pub mod id;
pub mod limits;
pub mod manifest;
pub mod merkle;
pub mod object;
pub mod reject;
pub mod stream;
pub mod sync;
pub mod wire;
