//! What a step of a request, a trip or a handover says by itself, for whoever has nothing but the record. Where the request
//! or the thing stands, only all records about it can tell.

use prost::Message;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::wire::requests::{Offer, Particulars, Request, Step as Stepped, Told};
use xietong_proto::wire::trips::{Bill, Dispatch, Evaluation, Return, Verdict};
use xietong_proto::wire::{handovers, requests};

use super::handover;
use super::kind::Kind;
use super::number::number_text;
use super::requests::{About, record};
use crate::calendar::stamp;

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub struct Spoken {
    /// Of which request, or by whose number which thing.
    pub id: String,
    /// Which.
    pub step: Step,
    /// What it says besides.
    pub told: Map<String, Json>,
}

/// What can be said of a request, a trip or a handover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// By the requester.
    Asked,
    /// By the requester.
    Confirmed,
    /// By the requester.
    Cancelled,
    /// By the owner.
    Offered,
    /// By the owner.
    Declined,
    /// By the owner.
    Waits,
    /// By the owner.
    Released,
    /// By either, to the other alone.
    Particulars,
    /// By the owner, to the requester alone.
    SetOut,
    /// By the owner, to the requester alone.
    Back,
    /// By the owner, to the requester alone.
    Billed,
    /// By the requester, to the owner alone.
    Settled,
    /// By the requester, to the owner alone.
    Disputed,
    /// By the requester, to the owner alone.
    Evaluated,
    /// By the owner of a thing.
    HandedOver,
    /// By the addressee.
    TakenIn,
    /// By the addressee.
    NotTaken,
    /// By the owner.
    TakenBack,
}

/// What a record says, if it is a step that this program knows.
pub fn spoken(author: MemberCode, kind: Kind, record: &Record) -> Option<Spoken> {
    let (low, body) = (record.kind.0 & 0xff, &record.body[..]);
    if handover::is_ours(low) {
        return of_handover(author, kind, low, body);
    }
    if low != record::TOLD {
        return of_request(author, kind, low, body);
    }
    let Told { peer, kind: low, body, .. } = Told::decode(body).ok()?;
    let mut spoken = of_request(author, kind, u16::try_from(low).ok()?, &body)?;
    spoken.told.insert("to".to_owned(), peer.into());
    Some(spoken)
}

fn of_request(author: MemberCode, kind: Kind, low: u16, body: &[u8]) -> Option<Spoken> {
    let (step, told) = match low {
        record::REQUEST => (Step::Asked, asked(kind, &Request::decode(body).ok()?)?),
        record::OFFER => (Step::Offered, offered(author, kind, &Offer::decode(body).ok()?)),
        record::CONFIRM => (Step::Confirmed, reason(body)?),
        record::CANCEL => (Step::Cancelled, reason(body)?),
        record::DECLINE => (Step::Declined, reason(body)?),
        record::WAIT => (Step::Waits, reason(body)?),
        record::RELEASE => (Step::Released, reason(body)?),
        record::PARTICULARS => (Step::Particulars, particulars(Particulars::decode(body).ok()?)),
        record::DISPATCH => {
            let Dispatch { at_ms, odometer_km, .. } = Dispatch::decode(body).ok()?;
            (Step::SetOut, json!({ "at": stamp(Millis(at_ms)), "odometer_km": odometer_km }))
        }
        record::RETURN => {
            let Return { at_ms, odometer_km, tolls_fen, .. } = Return::decode(body).ok()?;
            let at = stamp(Millis(at_ms));
            (Step::Back, json!({ "at": at, "odometer_km": odometer_km, "tolls_fen": tolls_fen }))
        }
        record::BILL => {
            let Bill { days, km, total_fen, .. } = Bill::decode(body).ok()?;
            (Step::Billed, json!({ "days": days, "km": km, "total_fen": total_fen }))
        }
        record::SETTLE => (Step::Settled, json!({})),
        record::DISPUTE => (Step::Disputed, json!({ "reason": Verdict::decode(body).ok()?.reason })),
        record::EVALUATE => {
            let Evaluation { score, comment, .. } = Evaluation::decode(body).ok()?;
            (Step::Evaluated, json!({ "score": score, "comment": comment }))
        }
        _ => return None,
    };
    let requests::About { requester, number } = requests::About::decode(body).ok()?;
    let about = About { system: kind.system(), requester: requester.parse().ok()?, number };
    Some(Spoken::new(about.to_string(), step, told))
}

fn asked(kind: Kind, request: &Request) -> Option<Json> {
    let owner = request.owner.parse().ok()?;
    Some(json!({
        "owner": request.owner,
        "listing": number_text(owner, kind, request.listing),
        "from": stamp(Millis(request.from_ms)),
        "until": stamp(Millis(request.until_ms)),
        "answer_by": stamp(Millis(request.answer_by_ms)),
        "urgent": request.urgent,
        "purpose": request.purpose,
        "count": request.count,
        "place": request.place,
        "approval_no": request.approval_no,
    }))
}

fn offered(author: MemberCode, kind: Kind, offer: &Offer) -> Json {
    json!({
        "listing": number_text(author, kind, offer.listing),
        "from": stamp(Millis(offer.from_ms)),
        "until": stamp(Millis(offer.until_ms)),
        "confirm_by": stamp(Millis(offer.confirm_by_ms)),
    })
}

fn reason(body: &[u8]) -> Option<Json> {
    Some(json!({ "reason": Stepped::decode(body).ok()?.reason }))
}

fn particulars(told: Particulars) -> Json {
    let Particulars { plate_no, vin, serial_no, place, telephone, .. } = told;
    json!({ "plate_no": plate_no, "vin": vin, "serial_no": serial_no, "place": place, "telephone": telephone })
}

/// Answers name the *out* by its place: the thing's number stands there.
fn of_handover(author: MemberCode, kind: Kind, low: u16, body: &[u8]) -> Option<Spoken> {
    let cited = |out: Option<handovers::Cite>| {
        let out = out.unwrap_or_default();
        format!("{}:{}:{}/{}", out.owner, kind.system(), out.position, out.index + 1)
    };
    let answered = |step| {
        let handovers::Answer { out, reason } = handovers::Answer::decode(body).ok()?;
        Some(Spoken::new(cited(out), step, json!({ "reason": reason })))
    };
    match low {
        handover::OUT => {
            let handovers::Out { number, to, plate_surrendered } = handovers::Out::decode(body).ok()?;
            let told = json!({ "to": to, "plate_surrendered": plate_surrendered });
            Some(Spoken::new(number_text(author, kind, number), Step::HandedOver, told))
        }
        handover::IN => {
            let handovers::In { out, number } = handovers::In::decode(body).ok()?;
            let told = json!({ "as": number_text(author, kind, number) });
            Some(Spoken::new(cited(out), Step::TakenIn, told))
        }
        handover::DECLINE => answered(Step::NotTaken),
        handover::RECLAIM => answered(Step::TakenBack),
        _ => None,
    }
}

impl Spoken {
    /// Blank texts say nothing.
    fn new(id: String, step: Step, told: Json) -> Self {
        let Json::Object(mut told) = told else { return Self { id, step, told: Map::new() } };
        told.retain(|_, value| value.as_str() != Some(""));
        Self { id, step, told }
    }
}
