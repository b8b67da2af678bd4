//! Handovers 移交: a listed thing passes from its owner to another member, whatever its system. The owner's *out* is
//! irrevocable until the addressee has answered; what is out is neither listed nor allocated. Two book entries: the
//! addressee takes a thing in under a row of its own register. Members see the listing number and who hands what to
//! whom; what the number hides stays hidden (P55).

mod decide;
pub mod join;
mod query;
mod spoken;

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use xietong_proto::crypto::hash;
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::stream::Stream;
use xietong_proto::wire::handovers as wire;

use super::group::{Group, Home, Shared};
use super::keys::{self, Table};
use super::kind::Kind;
use super::register;
use super::row::{Origin, Row, Source};
use super::rows::{Overlay, Rows};
use super::shown::{agreements, agreements_in};
use join::{Cite, Fact, Place, Thing, What, is_here};

pub use decide::{NotHandedOver, Said, Step, decide};
pub use query::{Handover, Stage, came_as, list};

/// The owner hands over (agreement).
pub const OUT: u16 = 0x61;
/// The addressee has it (agreement).
pub const IN: u16 = 0x62;
/// The addressee does not take it (agreement).
pub const DECLINE: u16 = 0x63;
/// The owner takes back what was declined (agreement).
pub const RECLAIM: u16 = 0x64;
/// How a reclaim is folded that was said under a manifest by which the addressee is no member any more.
const RECLAIM_OF_LEFT: u16 = 0x65;

/// What can be handed over.
pub const HANDED: [Kind; 2] = [Kind::Assets, Kind::Vehicles];

/// What one author says of handovers.
pub const SAID: Group = Group {
    systems: &Kind::systems(HANDED),
    low: OUT..=RECLAIM,
    home: Home::Agreement(Table::Handover, Shared { forget, disclose: None }),
    apply,
    read: spoken::said,
};

/// Keeps it; whether it holds is joined, never folded.
fn apply(rows: &mut Overlay, origin: &Origin, record: &Record) {
    let low = record.kind.low();
    let Some(said) = what(low, &record.body) else { return };
    if let What::In { number, .. } = said {
        register::keep_highest(rows, origin, number);
    }
    let is_of_left = matches!(said, What::Reclaim { out, .. } if has_left(rows, origin, out));
    let low = if is_of_left { RECLAIM_OF_LEFT } else { low };
    let body = [&low.to_be_bytes()[..], &record.body].concat();
    rows.put(keys::handover(origin), Row::new(origin, None, &body).encode());
}

/// Whether the addressee of an earlier *out* of the same author is no member by the manifest of this entry.
fn has_left(rows: &Overlay, origin: &Origin, out: Cite) -> bool {
    let Place { generation, position, index } = out.at;
    let stream = Stream { generation, ..origin.stream };
    let row = rows.get(&keys::handover(&Origin { stream, position, index, ..*origin }));
    let out = row.and_then(|row| wire::Out::decode(Row::decode(&row)?.body.get(2..)?).ok());
    let to = out.and_then(|out| out.to.parse().ok());
    to.is_some_and(|to: MemberCode| origin.members.iter().all(|member| member.code != to))
}

fn forget(rows: &mut Overlay, stream: &Stream) {
    let prefix = keys::handovers_of(stream);
    let folded: Vec<Vec<u8>> = rows.scan(&prefix, &[]).map(|(key, _)| key).collect();
    folded.into_iter().for_each(|key| rows.remove(key));
}

/// Numbers of the own things that are not this member's now, by all that is known: they are on their way, another has
/// them, or they were taken in by what does not count any more. They are not shown.
pub fn gone(rows: &dyn Rows, system: System, me: MemberCode) -> BTreeSet<u64> {
    let Some(kind) = Kind::of(system) else { return BTreeSet::new() };
    let of_agreement = |agreement| {
        let all = facts(rows, agreement, kind);
        let passed = all.iter().filter(|fact| fact.by == me).filter_map(|fact| match fact.what {
            What::Out { number, .. } | What::In { number, .. } => Some(number),
            What::Reclaim { .. } | What::Decline { .. } => None,
        });
        let mut passed: BTreeSet<u64> = passed.collect();
        passed.retain(|number| !is_here(Thing { owner: me, number: *number }, &all));
        passed
    };
    agreements_of(rows).into_iter().flat_map(of_agreement).collect()
}

/// Numbers by which this member took things in that were handed over by what does not count any more, as when a version
/// cuts it away, with who had said it: whoever had the thing before has it.
pub fn void(rows: &dyn Rows, kind: Kind, me: MemberCode) -> BTreeMap<u64, MemberCode> {
    let (mut void, mut counting) = (BTreeMap::new(), BTreeSet::new());
    for agreement in agreements_of(rows) {
        let all = facts(rows, agreement, kind);
        for fact in all.iter().filter(|fact| fact.by == me) {
            let What::In { out, number } = fact.what else { continue };
            if join::came_in(Thing { owner: me, number }, &all) {
                counting.insert(number);
            } else {
                void.insert(number, out.owner);
            }
        }
    }
    void.retain(|number, _| !counting.contains(number));
    void
}

/// All that was said of handovers in an agreement and a system.
pub fn facts(rows: &dyn Rows, agreement: AgreementId, kind: Kind) -> Vec<Fact> {
    said(rows, agreement, kind).iter().filter_map(fact).collect()
}

/// A row of what was said.
struct Told {
    by: MemberCode,
    generation: Generation,
    source: Source,
    low: u16,
    body: Vec<u8>,
}

fn said(rows: &dyn Rows, agreement: AgreementId, kind: Kind) -> Vec<Told> {
    let all = rows.scan(&keys::handovers(agreement, Some(kind.system())), &[]);
    let one = |(key, value): (Vec<u8>, Vec<u8>)| {
        let (by, generation) = keys::author_of_handover(&key)?;
        let Row { source, body, .. } = Row::decode(&value)?;
        let (low, body) = body.split_first_chunk()?;
        Some(Told { by, generation, source, low: u16::from_be_bytes(*low), body: body.to_vec() })
    };
    all.filter_map(one).collect()
}

fn fact(said: &Told) -> Option<Fact> {
    let Source { position, index, epoch, .. } = said.source;
    let at = Place { generation: said.generation, position, index };
    Some(Fact { by: said.by, at, epoch, what: what(said.low, &said.body)? })
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
        RECLAIM | RECLAIM_OF_LEFT => {
            let out = cited(wire::Answer::decode(body).ok()?.out)?;
            What::Reclaim { out, has_left: low == RECLAIM_OF_LEFT }
        }
        _ => return None,
    })
}

fn cited(out: Option<wire::Cite>) -> Option<Cite> {
    let wire::Cite { owner, position, index, body, generation } = out?;
    let at = Place { generation: Generation(generation), position: Position(position), index };
    Some(Cite { owner: owner.parse().ok()?, at, body: body.try_into().ok()? })
}

/// The agreements in which anything was handed over, or is listed.
fn agreements_of(rows: &dyn Rows) -> BTreeSet<AgreementId> {
    let handed = agreements_in(rows, Table::Handover);
    agreements(rows).into_iter().chain(handed).collect()
}
