//! What a step of a request or a trip says by itself, for whoever has nothing but the record. Where the request stands,
//! only all records about it can tell.

use prost::Message;
use serde_json::{Value as Json, json};
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::wire::requests::{
    self as wire, Block, Offer, Particulars, Request, Step as Stepped, Told,
};
use xietong_proto::wire::trips::{Bill, Dispatch, Evaluation, Return, Verdict};

use super::{About, record};
use crate::calendar::stamp;
use crate::systems::kind::Kind;
use crate::systems::number::number_text;
use crate::systems::reading::{Reading, Step};
use crate::systems::trips;

/// A step of a request or a trip.
pub fn said(author: MemberCode, record: &Record) -> Option<Reading> {
    let kind = Kind::of(record.kind.system())?;
    let (id, step, told) = request_step(author, kind, record.kind.low(), &record.body)?;
    Some(Reading::step(kind, id, step, told))
}

/// One that is to be told to a member alone, as it is kept here; or when a thing cannot be lent, or what it costs.
pub fn kept(author: MemberCode, record: &Record) -> Option<Reading> {
    let (kind, body) = (Kind::of(record.kind.system())?, &record.body[..]);
    match record.kind.low() {
        record::TOLD => told_aside(author, kind, body),
        record::BLOCK => {
            let Block { key, from_ms, until_ms, reason } = Block::decode(body).ok()?;
            let (from, until) = (stamp(Millis(from_ms)), stamp(Millis(until_ms)));
            Some(Reading::noted(kind, key, json!({ "from": from, "until": until, "reason": reason })))
        }
        record::TARIFF => {
            let tariff = trips::tariff_said(body)?;
            Some(Reading::noted(kind, tariff.vehicle_type.clone(), json!(tariff)))
        }
        _ => None,
    }
}

fn told_aside(author: MemberCode, kind: Kind, body: &[u8]) -> Option<Reading> {
    let Told { peer, kind: low, body, .. } = Told::decode(body).ok()?;
    let (id, step, mut told) = request_step(author, kind, u16::try_from(low).ok()?, &body)?;
    told["to"] = peer.into();
    Some(Reading::step(kind, id, step, told))
}

fn request_step(author: MemberCode, kind: Kind, low: u16, body: &[u8]) -> Option<(String, Step, Json)> {
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
    let wire::About { requester, number } = wire::About::decode(body).ok()?;
    let about = About { system: kind.system(), requester: requester.parse().ok()?, number };
    Some((about.to_string(), step, told))
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
