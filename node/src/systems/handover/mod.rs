//! Handovers 移交: a listed thing passes from its owner to another member, whatever its system. The owner's *out* is
//! irrevocable until the addressee has answered; what is out is neither listed nor allocated. Two book entries: the
//! addressee takes a thing in under a row of its own register. Members see the listing number and who hands what to
//! whom; what the number hides stays hidden (P55).

pub mod join;

use jiff::civil::Date;
use prost::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xietong_proto::crypto::hash;
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::stream::{Audience, Stream};
use xietong_proto::wire::handovers as wire;

use super::circle::Circle;
use super::keys;
use super::kind::Kind;
use super::number::{number_text, parse_number, register_ids};
use super::query::agreements;
use super::register::{self, record};
use super::requests::{self, About};
use super::row::{Origin, Row, Source};
use super::rows::{Overlay, Rows};
use crate::calendar;
use join::{Cite, Fact, Place, State, Thing, What, join};

/// The owner hands over (agreement).
pub const OUT: u16 = 0x61;
/// The addressee has it (agreement).
pub const IN: u16 = 0x62;
/// The addressee does not take it (agreement).
pub const DECLINE: u16 = 0x63;
/// The owner takes back what was declined (agreement).
pub const RECLAIM: u16 = 0x64;

/// What can be handed over.
pub const HANDED: [Kind; 2] = [Kind::Assets, Kind::Vehicles];

/// A handover by the number of the thing in its owner's hand, such as `230000-V-000012`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Hand it over.
    Out { to: MemberCode, plate_surrendered: Option<Date> },
    /// Take it in, as a row of the own register.
    In { own: String },
    /// Do not take it.
    Decline { reason: String },
    /// Take back what was declined.
    Reclaim,
}

/// Why a step is refused, in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum NotHandedOver {
    /// Such things are not handed over.
    NoSuchKind,
    /// Not listed under an agreement with that member, under which this node may say something now.
    NotListedTo { to: MemberCode },
    /// Promised to somebody who asked for it.
    Promised { request: About },
    /// A day that has not come.
    DayInFuture { on: Date },
    /// Nothing of that number is on its way to this member.
    NotOnItsWay,
    /// Nothing of that number was declined.
    NotDeclined,
    /// Under its agreement nothing may be said now.
    NotNow,
    /// The own row has a listing number that came in with another thing.
    RowTaken { id: String },
}

/// A step: what to say in which agreement, what to record at home, and which rows it concerns.
pub struct Said {
    /// For the stream of an agreement.
    pub said: (AgreementId, Record),
    /// For the local stream.
    pub local: Vec<Record>,
    /// Register keys whose disclosure changes.
    pub keys: Vec<String>,
}

/// A handover as it stands, for people and platforms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// The thing by its owner's number.
    pub id: String,
    /// Who hands it over.
    pub from: MemberCode,
    /// To whom.
    pub to: MemberCode,
    /// How it stands.
    pub state: Stage,
    /// The new owner's number, once it is in.
    pub new_id: Option<String>,
    /// The day on which a vehicle's plate was surrendered.
    pub plate_surrendered: Option<String>,
    /// Under which agreement.
    pub agreement: AgreementId,
    /// The entry of the *out*.
    pub source: Source,
}

/// How a handover stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The addressee has not answered.
    Out,
    /// The addressee has it.
    In,
    /// The addressee has declined, and the owner has not taken it back.
    Declined,
    /// The owner has taken it back.
    Reclaimed,
    /// Said while it was not the author's to say.
    Void,
}

/// Decides a step.
pub fn decide(
    rows: &dyn Rows,
    now: Millis,
    circle: &Circle,
    kind: Kind,
    id: &str,
    step: Step,
) -> Result<Said, NotHandedOver> {
    if !HANDED.contains(&kind) {
        return Err(NotHandedOver::NoSuchKind);
    }
    match step {
        Step::Out { to, plate_surrendered } => hand_out(rows, now, circle, kind, id, to, plate_surrendered),
        Step::In { own } => take_in(rows, circle, kind, id, &own),
        Step::Decline { reason } => {
            let (agreement, out) = on_its_way_here(rows, circle, kind, id)?;
            let answer = wire::Answer { out: out.cite().as_ref().map(cite_said), reason };
            Ok(Said::of(kind, agreement, DECLINE, answer.encode_to_vec()))
        }
        Step::Reclaim => {
            let (agreement, State::Declined { out }) = own_state(rows, circle, kind, id)? else {
                return Err(NotHandedOver::NotDeclined);
            };
            let answer = wire::Answer { out: out.cite().as_ref().map(cite_said), reason: String::new() };
            let said = Said::of(kind, agreement, RECLAIM, answer.encode_to_vec());
            Ok(Said {
                keys: register_ids(rows, kind, circle.me, &[id.to_owned()]).unwrap_or_default(),
                ..said
            })
        }
    }
}

fn hand_out(
    rows: &dyn Rows,
    now: Millis,
    circle: &Circle,
    kind: Kind,
    id: &str,
    to: MemberCode,
    plate_surrendered: Option<Date>,
) -> Result<Said, NotHandedOver> {
    let not_listed = || NotHandedOver::NotListedTo { to };
    let keys = register_ids(rows, kind, circle.me, &[id.to_owned()]).map_err(|_| not_listed())?;
    let number = register::number(rows, kind.system(), &keys[0]).ok_or_else(not_listed)?;
    let shows = |agreement: &AgreementId| {
        rows.get(&keys::listing(*agreement, kind.system(), circle.me, number)).is_some()
    };
    let agreement = circle.open_with(kind, to).into_iter().find(shows).ok_or_else(not_listed)?;
    let ahead = (now, Millis(u64::MAX));
    let held = requests::query::held(rows, kind.system(), circle.me, number, ahead);
    if let Some(request) = held.into_iter().find_map(|taken| taken.request) {
        return Err(NotHandedOver::Promised { request });
    }
    if let Some(on) = plate_surrendered.filter(|on| *on > calendar::date(now)) {
        return Err(NotHandedOver::DayInFuture { on });
    }
    let plate_surrendered = plate_surrendered.map(|on| on.to_string()).unwrap_or_default();
    let out = wire::Out { number, to: to.to_string(), plate_surrendered };
    Ok(Said { keys, ..Said::of(kind, agreement, OUT, out.encode_to_vec()) })
}

/// The own row gets its listing number at once: by it the thing goes on.
fn take_in(rows: &dyn Rows, circle: &Circle, kind: Kind, id: &str, own: &str) -> Result<Said, NotHandedOver> {
    let (agreement, out) = on_its_way_here(rows, circle, kind, id)?;
    let keys = register_ids(rows, kind, circle.me, &[own.to_owned()])
        .map_err(|_| NotHandedOver::RowTaken { id: own.to_owned() })?;
    let (number, numbering) = register::number_for(rows, kind.system(), circle.me, &keys[0]);
    let all = facts(rows, agreement, kind);
    let is_taken = |fact: &Fact| {
        let is_it = matches!(fact.what, What::In { number: taken, .. } if taken == number);
        // A thing that came back has the number that it had.
        is_it
            && fact.by == circle.me
            && join(Thing { owner: circle.me, number }, &all).owner.owner == circle.me
    };
    if all.iter().any(is_taken) {
        return Err(NotHandedOver::RowTaken { id: own.to_owned() });
    }
    let taken = wire::In { out: out.cite().as_ref().map(cite_said), number };
    Ok(Said {
        local: numbering.into_iter().collect(),
        keys,
        ..Said::of(kind, agreement, IN, taken.encode_to_vec())
    })
}

/// An *out* to this member that has no answer.
fn on_its_way_here(
    rows: &dyn Rows,
    circle: &Circle,
    kind: Kind,
    id: &str,
) -> Result<(AgreementId, Fact), NotHandedOver> {
    let (owner, number) = parse_number(kind, id).ok_or(NotHandedOver::NotOnItsWay)?;
    let found = agreements_of(rows).into_iter().find_map(|agreement| {
        match join(Thing { owner, number }, &facts(rows, agreement, kind)).state {
            State::InTransfer { out } if matches!(out.what, What::Out { to, .. } if to == circle.me) => {
                Some((agreement, out))
            }
            State::InTransfer { .. } | State::Kept | State::Declined { .. } => None,
        }
    });
    let (agreement, out) = found.ok_or(NotHandedOver::NotOnItsWay)?;
    let may = circle.open_with(kind, out.by).contains(&agreement);
    may.then_some((agreement, out)).ok_or(NotHandedOver::NotNow)
}

fn own_state(
    rows: &dyn Rows,
    circle: &Circle,
    kind: Kind,
    id: &str,
) -> Result<(AgreementId, State), NotHandedOver> {
    let keys =
        register_ids(rows, kind, circle.me, &[id.to_owned()]).map_err(|_| NotHandedOver::NotDeclined)?;
    let number = register::number(rows, kind.system(), &keys[0]).ok_or(NotHandedOver::NotDeclined)?;
    let thing = Thing { owner: circle.me, number };
    let state = |agreement| (agreement, join(thing, &facts(rows, agreement, kind)).state);
    let declined =
        agreements_of(rows).into_iter().map(state).find(|(_, state)| matches!(state, State::Declined { .. }));
    let (agreement, state) = declined.ok_or(NotHandedOver::NotDeclined)?;
    let State::Declined { out: Fact { what: What::Out { to, .. }, .. } } = state else {
        return Err(NotHandedOver::NotDeclined);
    };
    let may = circle.open_with(kind, to).contains(&agreement);
    may.then_some((agreement, state)).ok_or(NotHandedOver::NotNow)
}

impl Said {
    fn of(kind: Kind, agreement: AgreementId, what: u16, body: Vec<u8>) -> Self {
        Self { said: (agreement, record(kind.system(), what, body)), local: Vec::new(), keys: Vec::new() }
    }
}

/// Whether a record speaks of a handover.
pub fn is_ours(low: u16) -> bool {
    (OUT..=RECLAIM).contains(&low)
}

/// Folds what one author says of handovers; whether it holds is joined, never folded.
pub fn apply(rows: &mut Overlay, origin: &Origin, record: &Record) {
    if origin.stream.audience != Audience::Agreement || record.version != register::VERSION {
        return;
    }
    let low = record.kind.0 & 0xff;
    if what(low, &record.body).is_some() {
        let body = [&low.to_be_bytes()[..], &record.body].concat();
        rows.put(keys::handover(origin), Row::new(origin, None, &body).encode());
    }
}

/// Takes back what was folded of a stream.
pub fn forget(rows: &mut Overlay, stream: &Stream) {
    let prefix = keys::handovers(stream.agreement, Some((stream.system, Some(stream.author))));
    let folded: Vec<Vec<u8>> = rows.scan(&prefix, &[]).map(|(key, _)| key).collect();
    folded.into_iter().for_each(|key| rows.remove(key));
}

/// Numbers of the own things that are out, or were taken in by others: they are not shown. Rests on the own records
/// alone.
pub fn gone(rows: &dyn Rows, system: System, me: MemberCode) -> BTreeSet<u64> {
    let Some(kind) = Kind::of(system) else { return BTreeSet::new() };
    let mut gone = BTreeSet::new();
    for agreement in agreements_of(rows) {
        let mut outs = Vec::new();
        for fact in facts(rows, agreement, kind).into_iter().filter(|fact| fact.by == me) {
            match fact.what {
                What::Out { number, .. } => {
                    gone.insert(number);
                    outs.push((fact.cite(), number));
                }
                What::In { number: back, .. } => gone.retain(|number| *number != back),
                What::Reclaim { out } => gone.retain(|number| !outs.contains(&(Some(out), *number))),
                What::Decline { .. } => {}
            }
        }
    }
    gone
}

/// All handovers in a system, as they stand.
pub fn list(rows: &dyn Rows, kind: Kind) -> Vec<Handover> {
    let one = |agreement: AgreementId| {
        let all = facts(rows, agreement, kind);
        let shown = said(rows, agreement, kind).into_iter().filter_map(|(author, source, low, body)| {
            let fact = fact(author, &source, low, &body)?;
            let What::Out { number, to, .. } = fact.what else { return None };
            let (state, new) = stage(&fact, &all);
            let plate = wire::Out::decode(&body[..]).ok()?.plate_surrendered;
            Some(Handover {
                id: number_text(author, kind, number),
                from: author,
                to,
                state,
                new_id: new.map(|number| number_text(to, kind, number)),
                plate_surrendered: Some(plate).filter(|day| !day.is_empty()),
                agreement,
                source,
            })
        });
        shown.collect::<Vec<_>>()
    };
    agreements_of(rows).into_iter().flat_map(one).collect()
}

/// How one *out* stands, and the number under which it is in.
fn stage(out: &Fact, all: &[Fact]) -> (Stage, Option<u64>) {
    let (What::Out { number, .. }, Some(cite)) = (out.what, out.cite()) else { return (Stage::Void, None) };
    let standing = join(Thing { owner: out.by, number }, all);
    if let Some((_, taken)) = standing.passed.iter().find(|(passed, _)| *passed == cite) {
        return (Stage::In, Some(taken.number));
    }
    let is_taken_back = |fact: &Fact| fact.by == out.by && fact.what == What::Reclaim { out: cite };
    let stage = match standing.state {
        State::InTransfer { out: last } if last == *out => Stage::Out,
        State::Declined { out: last } if last == *out => Stage::Declined,
        _ if all.iter().any(is_taken_back) => Stage::Reclaimed,
        State::Kept | State::InTransfer { .. } | State::Declined { .. } => Stage::Void,
    };
    (stage, None)
}

/// All that was said of handovers in an agreement and a system.
pub fn facts(rows: &dyn Rows, agreement: AgreementId, kind: Kind) -> Vec<Fact> {
    let said = said(rows, agreement, kind).into_iter();
    said.filter_map(|(author, source, low, body)| fact(author, &source, low, &body)).collect()
}

fn said(rows: &dyn Rows, agreement: AgreementId, kind: Kind) -> Vec<(MemberCode, Source, u16, Vec<u8>)> {
    let all = rows.scan(&keys::handovers(agreement, Some((kind.system(), None))), &[]);
    let one = |(key, value): (Vec<u8>, Vec<u8>)| {
        let row = Row::decode(&value)?;
        let (low, body) = row.body.split_first_chunk()?;
        Some((keys::author_of_handover(&key)?, row.source, u16::from_be_bytes(*low), body.to_vec()))
    };
    all.filter_map(one).collect()
}

fn fact(by: MemberCode, source: &Source, low: u16, body: &[u8]) -> Option<Fact> {
    let at = Place { position: source.position, index: source.index };
    Some(Fact { by, at, what: what(low, body)? })
}

fn what(low: u16, body: &[u8]) -> Option<What> {
    Some(match low {
        OUT => {
            let out = wire::Out::decode(body).ok()?;
            What::Out { number: out.number, to: out.to.parse().ok()?, body: hash(&[body]) }
        }
        IN => {
            let taken = wire::In::decode(body).ok()?;
            What::In { out: cited(taken.out)?, number: taken.number }
        }
        DECLINE => What::Decline { out: cited(wire::Answer::decode(body).ok()?.out)? },
        RECLAIM => What::Reclaim { out: cited(wire::Answer::decode(body).ok()?.out)? },
        _ => return None,
    })
}

fn cited(out: Option<wire::Cite>) -> Option<Cite> {
    let wire::Cite { owner, position, index, body } = out?;
    let at = Place { position: Position(position), index };
    Some(Cite { owner: owner.parse().ok()?, at, body: body.try_into().ok()? })
}

fn cite_said(cite: &Cite) -> wire::Cite {
    let Cite { owner, at: Place { position, index }, body } = *cite;
    wire::Cite { owner: owner.to_string(), position: position.0, index, body: body.to_vec() }
}

/// The agreements in which anything was handed over, or is listed.
fn agreements_of(rows: &dyn Rows) -> BTreeSet<AgreementId> {
    let mut found: BTreeSet<AgreementId> = agreements(rows).into_iter().collect();
    let mut from = keys::HANDOVERS.to_vec();
    while let Some((key, _)) = rows.scan(keys::HANDOVERS, &from).next() {
        let Some(id) = keys::agreement_of_handover(&key) else { break };
        from = [&keys::handovers(id, None)[..], &[0xff; 32]].concat();
        found.insert(id);
    }
    found
}
