//! What one record says by itself, for whoever has nothing but the record. Whether it still holds, only a fold
//! can tell.

use prost::Message;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use xietong_proto::entry::Record;
use xietong_proto::id::{MemberCode, System};
use xietong_proto::wire::registers::Withdrawal;

use super::column;
use super::energy::release::cell::Release;
use super::kind::Kind;
use super::register::{self, Listing, Register, record};
use super::registers::for_register;
use super::spoken::{Spoken, Step, spoken};

/// A record as people read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "lowercase")]
pub enum Reading {
    /// A row of the author's own register.
    Row { kind: Kind, id: String, row: Map<String, Json> },
    /// A row of its own register is taken back.
    Withdrawn { kind: Kind, id: String, reason: String },
    /// What members see of a thing.
    Listed { kind: Kind, number: u64, row: Map<String, Json> },
    /// A listing is taken back.
    Unlisted { kind: Kind, number: u64 },
    /// A month of energy.
    Released { period: String, cells: u64, contributors: u32 },
    /// A step of a request, a trip or a handover.
    Step { kind: Kind, id: String, step: Step, told: Map<String, Json> },
    /// Something that this program cannot put into words.
    Other,
}

/// What a record of an author says.
pub fn read(author: MemberCode, record: &Record) -> Reading {
    let kind = Kind::of(System(record.kind.0 >> 8)).filter(|_| record.version == register::VERSION);
    let read = kind.and_then(|kind| match record.kind.0 & 0xff {
        record::RELEASE => released(&record.body),
        low => for_register!(kind, R => read_of::<R>(low, &record.body)).or_else(|| {
            let Spoken { id, step, told } = spoken(author, kind, record)?;
            Some(Reading::Step { kind, id, step, told })
        }),
    });
    read.unwrap_or(Reading::Other)
}

fn read_of<R: Register>(low: u16, body: &[u8]) -> Option<Reading> {
    let kind = R::KIND;
    match low {
        record::PUT => {
            let row = R::Row::decode(body).ok()?;
            Some(Reading::Row { kind, id: R::key(&row), row: column::json(R::columns(), &row) })
        }
        record::LIST => {
            let listing = R::Listing::decode(body).ok()?;
            let row = column::json(R::Listing::columns(), &listing);
            Some(Reading::Listed { kind, number: listing.number(), row })
        }
        record::WITHDRAW => {
            let Withdrawal { key, reason } = Withdrawal::decode(body).ok()?;
            Some(Reading::Withdrawn { kind, id: String::from_utf8(key).ok()?, reason })
        }
        record::UNLIST => {
            let Withdrawal { key, .. } = Withdrawal::decode(body).ok()?;
            Some(Reading::Unlisted { kind, number: u64::from_be_bytes(key.try_into().ok()?) })
        }
        _ => None,
    }
}

fn released(body: &[u8]) -> Option<Reading> {
    let release = Release::decode(body)?;
    let (_, contributors) = release.estimated_of_rows();
    Some(Reading::Released {
        period: release.month.to_string(),
        cells: release.cells.len() as u64,
        contributors,
    })
}
