//! Decides the steps of a handover, on rows that are folded to all own heads. What is said is irrevocable, so nothing
//! is said that others would find void.

use jiff::civil::Date;
use prost::Message;
use serde::{Deserialize, Serialize};
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::wire::handovers as wire;

use super::join::{Cite, Fact, Place, State, Thing, What, join};
use super::{DECLINE, HANDED, IN, OUT, RECLAIM, agreements_of, facts, gone};
use crate::calendar;
use crate::systems::circle::Circle;
use crate::systems::group::record;
use crate::systems::keys;
use crate::systems::kind::Kind;
use crate::systems::number::{parse_number, register_ids};
use crate::systems::register;
use crate::systems::requests::{self, About};
use crate::systems::rows::Rows;

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
    /// Take back what was declined, or what its addressee has left behind.
    Reclaim,
}

/// Why a step is refused, in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum NotHandedOver {
    /// Such things are not handed over.
    NoSuchKind,
    /// It is on its way, or another has it.
    OutAlready,
    /// It came in under another agreement: it goes on under that one alone, so that all who saw it come see it go.
    CameUnder { agreement: AgreementId },
    /// Not listed under an agreement with that member, under which this node may say something now.
    NotListedTo { to: MemberCode },
    /// Promised to somebody who asked for it.
    Promised { request: About },
    /// A day that has not come.
    DayInFuture { on: Date },
    /// Nothing of that number is on its way to this member.
    NotOnItsWay,
    /// Nothing of that number was declined, nor is its addressee gone from the agreement.
    NotDeclined,
    /// Under its agreement nothing may be said now.
    NotNow,
    /// The register has no such row: the thing needs one first.
    NoRow { id: String },
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
            let (agreement, out) = free_again(rows, circle, kind, id)?;
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
    if gone(rows, kind.system(), circle.me).contains(&number) {
        return Err(NotHandedOver::OutAlready);
    }
    let shows = |agreement: &AgreementId| {
        rows.get(&keys::listing(*agreement, kind.system(), circle.me, number)).is_some()
    };
    let open = circle.open_with(kind, to);
    let came_under = agreements_of(rows).into_iter().find(|id| came_in(rows, *id, kind, circle.me, number));
    if let Some(agreement) = came_under.filter(|id| !open.contains(id)) {
        return Err(NotHandedOver::CameUnder { agreement });
    }
    let fits = |id: &AgreementId| came_under.is_none_or(|came| came == *id) && shows(id);
    let agreement = open.into_iter().find(fits).ok_or_else(not_listed)?;
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
        .map_err(|_| NotHandedOver::NoRow { id: own.to_owned() })?;
    let (number, numbering) = register::number_for(rows, kind.system(), circle.me, &keys[0]);
    // A thing that comes back has the number that it had.
    let is_here = !gone(rows, kind.system(), circle.me).contains(&number);
    if is_here && agreements_of(rows).into_iter().any(|id| came_in(rows, id, kind, circle.me, number)) {
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

/// An *out* of this member that its addressee has declined, or cannot answer any more.
fn free_again(
    rows: &dyn Rows,
    circle: &Circle,
    kind: Kind,
    id: &str,
) -> Result<(AgreementId, Fact), NotHandedOver> {
    let keys =
        register_ids(rows, kind, circle.me, &[id.to_owned()]).map_err(|_| NotHandedOver::NotDeclined)?;
    let number = register::number(rows, kind.system(), &keys[0]).ok_or(NotHandedOver::NotDeclined)?;
    let thing = Thing { owner: circle.me, number };
    let has_left =
        |agreement, to| circle.standing(agreement).is_some_and(|standing| standing.left.contains(&to));
    let free = |agreement| match join(thing, &facts(rows, agreement, kind)).state {
        State::Declined { out } => Some((agreement, out)),
        State::InTransfer { out } => {
            let What::Out { to, .. } = out.what else { return None };
            has_left(agreement, to).then_some((agreement, out))
        }
        State::Kept => None,
    };
    let (agreement, out) =
        agreements_of(rows).into_iter().find_map(free).ok_or(NotHandedOver::NotDeclined)?;
    let may = circle.standing(agreement).is_some_and(|standing| standing.open.contains(&kind));
    may.then_some((agreement, out)).ok_or(NotHandedOver::NotNow)
}

/// Whether this member has taken something in under a number.
fn came_in(rows: &dyn Rows, agreement: AgreementId, kind: Kind, me: MemberCode, number: u64) -> bool {
    let is_it =
        |fact: Fact| fact.by == me && matches!(fact.what, What::In { number: of, .. } if of == number);
    facts(rows, agreement, kind).into_iter().any(is_it)
}

impl Said {
    fn of(kind: Kind, agreement: AgreementId, what: u16, body: Vec<u8>) -> Self {
        Self { said: (agreement, record(kind.system(), what, body)), local: Vec::new(), keys: Vec::new() }
    }
}

fn cite_said(cite: &Cite) -> wire::Cite {
    let Cite { owner, at: Place { generation, position, index }, body } = *cite;
    let (owner, generation, position) = (owner.to_string(), generation.0, position.0);
    wire::Cite { owner, position, index, body: body.to_vec(), generation }
}
