//! What a step of a handover says by itself, for whoever has nothing but the record. Where the thing stands, only all
//! records about it can tell.

use prost::Message;
use serde_json::json;
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::wire::handovers;

use super::{DECLINE, IN, OUT, RECLAIM};
use crate::systems::kind::Kind;
use crate::systems::number::number_text;
use crate::systems::reading::{Reading, Step};

/// A step. Answers name the *out* by its place: the thing's number stands there.
pub fn said(author: MemberCode, record: &Record) -> Option<Reading> {
    let (kind, body) = (Kind::of(record.kind.system())?, &record.body[..]);
    let cited = |out: Option<handovers::Cite>| {
        let out = out.unwrap_or_default();
        format!("{}:{}:{}/{}", out.owner, kind.system(), out.position, out.index + 1)
    };
    let answered = |step| {
        let handovers::Answer { out, reason } = handovers::Answer::decode(body).ok()?;
        Some(Reading::step(kind, cited(out), step, json!({ "reason": reason })))
    };
    match record.kind.low() {
        OUT => {
            let handovers::Out { number, to, plate_surrendered } = handovers::Out::decode(body).ok()?;
            let told = json!({ "to": to, "plate_surrendered": plate_surrendered });
            Some(Reading::step(kind, number_text(author, kind, number), Step::HandedOver, told))
        }
        IN => {
            let handovers::In { out, number } = handovers::In::decode(body).ok()?;
            let told = json!({ "as": number_text(author, kind, number) });
            Some(Reading::step(kind, cited(out), Step::TakenIn, told))
        }
        DECLINE => answered(Step::NotTaken),
        RECLAIM => answered(Step::TakenBack),
        _ => None,
    }
}
