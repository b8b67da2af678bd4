//! The law of xietong: the bytes, signatures, agreements, messages and limits on which members must agree.
//! `PROTOCOL.md` is the text of it; rules are cited by number (P1 …). Nothing here reads a clock, draws a
//! random number, or touches a disk or network.
//!
//! What an author says, and what another node makes of it:
//!
//! ```
//! use xietong_proto::chain::follow;
//! use xietong_proto::crypto::SecretKey;
//! use xietong_proto::entry::{Authority, Draft, Entry, Record};
//! use xietong_proto::id::*;
//! use xietong_proto::stream::Stream;
//!
//! let key = SecretKey::from_bytes(&[1; 32]);
//! let author = "230000".parse().expect("a member code");
//! let stream = Stream::shared(AgreementId([7; 32]), author, System::VEHICLES);
//! let under = Authority { epoch: Epoch(1), manifest: ManifestId([7; 32]), card: CardNumber(1) };
//! let record = Record { kind: RecordKind(0x0311), version: 1, body: b"a listing".to_vec() };
//! let draft = Draft::new(stream, stream.origin(), under, Millis(0), &[2; 32], &[record]);
//! let bytes = draft.sign(&key).bytes().to_vec();
//!
//! let entry = Entry::decode(&bytes)?; // The layout holds.
//! let signed = entry.open(&key.public())?; // Its author has said it.
//! let linked = follow(&stream.origin(), signed)?; // It extends this head.
//! assert_eq!(linked.head(), draft.head());
//! # Ok::<(), xietong_proto::reject::Reject>(())
//! ```

#![warn(missing_docs)]

mod bytes;
pub mod card;
pub mod chain;
pub mod crypto;
pub mod entry;
pub mod epochs;
pub mod evidence;
pub mod fork;
pub mod header;
pub mod id;
pub mod limits;
pub mod manifest;
pub mod merkle;
pub mod object;
pub mod opinion;
pub mod presentation;
pub mod purge;
pub mod reach;
pub mod receipt;
pub mod reject;
pub mod stream;
pub mod sync;
pub mod wire;
