//! Folds what is said of requests: one row for each author, request and kind of record, the newest counting. What
//! an owner holds is found by its thing. Of what one member alone is to be told the local stream is the authority;
//! its pair stream is brought in line with it like any disclosure (P30).

use jiff::civil::Date;
use prost::Message;
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::stream::{Audience, Stream};
use xietong_proto::wire::requests::{Block, Offer, Request, Told};
use xietong_proto::wire::{requests, trips};

use super::{About, LENT, record, spoken};
use crate::systems::diff::{Diff, Which};
use crate::systems::group::{Group, Home, Shared, record as record_of};
use crate::systems::keys::{self, Table};
use crate::systems::kind::Kind;
use crate::systems::register::put;
use crate::systems::row::{Origin, Row};
use crate::systems::rows::{Overlay, Rows};

/// What is said to the agreement.
pub const SAID: Group = Group {
    systems: &Kind::systems(LENT),
    low: record::REQUEST..=record::RELEASE,
    home: Home::Agreement(Table::Said, Shared { forget, disclose: None }),
    apply: |rows, origin, folded| said(rows, origin, folded.kind.low(), &folded.body),
    read: spoken::said,
};

/// What is said to the other party alone.
pub const SAID_ASIDE: Group = Group {
    systems: &Kind::systems(LENT),
    low: record::PARTICULARS..=record::EVALUATE,
    home: Home::Pair(Shared { forget, disclose: Some(disclose) }),
    apply: |rows, origin, folded| said_aside(rows, origin, folded.kind.low(), &folded.body),
    read: spoken::said,
};

/// What stays here.
pub const KEPT: Group = Group {
    systems: &Kind::systems(LENT),
    low: record::TOLD..=record::TARIFF,
    home: Home::Local,
    apply: |rows, origin, folded| kept_here(rows, origin, folded.kind.low(), &folded.body),
    read: spoken::kept,
};

/// Whether a record speaks of requests.
pub fn is_ours(record: &Record) -> bool {
    [SAID, SAID_ASIDE, KEPT].iter().any(|group| group.has(record))
}

fn about(system: System, body: &[u8]) -> Option<About> {
    let requests::About { requester, number } = requests::About::decode(body).ok()?;
    Some(About { system, requester: requester.parse().ok()?, number })
}

fn said(rows: &mut Overlay, origin: &Origin, kind: u16, body: &[u8]) {
    let Stream { agreement, author, system, .. } = origin.stream;
    let Some(about) = about(system, body) else { return };
    let key = keys::said(agreement, &about, author, kind);
    match kind {
        record::REQUEST => {
            let Ok(request) = Request::decode(body) else { return };
            if about.requester != author {
                return;
            }
            keep_highest(rows, origin, about.number);
            unpart(rows, &origin.stream, &about);
            for key in parts(agreement, &about, &request) {
                rows.put(key, Vec::new());
            }
            if !request.key_hash.is_empty() {
                let number = about.number.to_be_bytes().to_vec();
                rows.put(keys::request_of_key(system, author, &request.key_hash), number);
            }
        }
        record::OFFER => {
            let Ok(offer) = Offer::decode(body) else { return };
            let_go(rows, &origin.stream, &about);
            let hold = keys::hold(author, offer.listing, Millis(offer.until_ms), agreement, &about);
            rows.put(hold, offer.from_ms.to_be_bytes().to_vec());
            rows.put(keys::open(author, Millis(offer.until_ms), agreement, &about), Vec::new());
        }
        record::WAIT => rows.put(keys::open(author, WAITING, agreement, &about), Vec::new()),
        record::DECLINE | record::RELEASE => let_go(rows, &origin.stream, &about),
        record::CONFIRM | record::CANCEL => {}
        _ => return,
    }
    put(rows, key, origin, body);
}

/// A request on the waiting list is open until it is answered.
const WAITING: Millis = Millis(u64::MAX);

/// What an author held for a request it holds no more, and it does not wait.
fn let_go(rows: &mut Overlay, stream: &Stream, about: &About) {
    let Stream { agreement, author, .. } = *stream;
    let held = rows.get(&keys::said(agreement, about, author, record::OFFER));
    let held = held.and_then(|row| Offer::decode(&Row::decode(&row)?.body[..]).ok());
    if let Some(offer) = held {
        let until = Millis(offer.until_ms);
        rows.remove(keys::hold(author, offer.listing, until, agreement, about));
        rows.remove(keys::open(author, until, agreement, about));
    }
    rows.remove(keys::open(author, WAITING, agreement, about));
}

/// Who takes part in a request, as it is found by.
fn parts(agreement: AgreementId, about: &About, request: &Request) -> Vec<Vec<u8>> {
    let owner = request.owner.parse().ok();
    let both = [Some(about.requester), owner].into_iter().flatten();
    both.map(|member| keys::part(member, Millis(request.from_ms), agreement, about)).collect()
}

/// A request that its author says anew, or that does not count any more, is not found by what it said.
fn unpart(rows: &mut Overlay, stream: &Stream, about: &About) {
    let said = rows.get(&keys::said(stream.agreement, about, about.requester, record::REQUEST));
    let said = said.and_then(|row| Request::decode(&Row::decode(&row)?.body[..]).ok());
    let keys = said.map(|request| parts(stream.agreement, about, &request)).unwrap_or_default();
    keys.into_iter().for_each(|key| rows.remove(key));
}

fn keep_highest(rows: &mut Overlay, origin: &Origin, number: u64) {
    let Stream { agreement, author, system, .. } = origin.stream;
    let key = keys::highest_request(system, author, agreement);
    let highest = rows.get(&key).and_then(|value| Some(u64::from_be_bytes(value.try_into().ok()?)));
    if highest.is_none_or(|highest| highest < number) {
        rows.put(key, number.to_be_bytes().to_vec());
    }
}

fn said_aside(rows: &mut Overlay, origin: &Origin, kind: u16, body: &[u8]) {
    let Stream { agreement, author, system, audience, .. } = origin.stream;
    let Audience::Pair(peer) = audience else { return };
    let of_both = about(system, body).filter(|about| [author, peer].contains(&about.requester));
    if let Some(about) = of_both {
        put(rows, keys::aside(agreement, &about, author, kind), origin, body);
    }
}

fn kept_here(rows: &mut Overlay, origin: &Origin, kind: u16, body: &[u8]) {
    let system = origin.stream.system;
    match kind {
        record::TOLD => {
            let Ok(Told { agreement, peer, kind, body }) = Told::decode(body) else { return };
            let place = (AgreementId::from_slice(&agreement), peer.parse().ok(), about(system, &body));
            let (Some(agreement), Some(peer), Some(about)) = place else { return };
            let Ok(kind) = u16::try_from(kind) else { return };
            put(rows, keys::told(agreement, peer, &about, kind), origin, &body);
        }
        record::BLOCK => {
            let Ok(block) = Block::decode(body) else { return };
            let key = keys::block(system, &block.key, Millis(block.from_ms));
            if block.reason.is_empty() { rows.remove(key) } else { put(rows, key, origin, body) }
        }
        record::TARIFF => {
            let Ok(tariff) = trips::Tariff::decode(body) else { return };
            put(rows, keys::tariff(&tariff.vehicle_type), origin, body);
        }
        _ => {}
    }
}

/// What has to be said so that a member has been told all that it is to be told.
fn disclose(rows: &dyn Rows, _: Date, stream: &Stream, which: Which) -> Diff {
    let Audience::Pair(peer) = stream.audience else { return Diff::default() };
    let prefix = keys::told_prefix(stream.agreement, peer);
    let told: Vec<(Vec<u8>, Vec<u8>)> = match which {
        Which::Keys(ids) => {
            let abouts = ids.iter().filter_map(|id| id.parse::<About>().ok());
            let of_one = |about: About| rows.scan(&[&prefix[..], &about.bytes()].concat(), &[]);
            abouts.flat_map(of_one).collect()
        }
        Which::From { key, rows_max } => {
            let start = [&prefix[..], &hex::decode(key).unwrap_or_default()].concat();
            rows.scan(&prefix, &start).take(rows_max + 1).collect()
        }
    };
    let (mut diff, rows_max) = (Diff::default(), which.rows_max());
    for (at, (key, value)) in told.into_iter().enumerate() {
        if at == rows_max {
            diff.next = Some(hex::encode(&key[prefix.len()..]));
            break;
        }
        let Some((about, kind)) = keys::of_told(&key) else { continue };
        let Some(wanted) = Row::decode(&value).filter(|_| about.system == stream.system) else { continue };
        let shown = rows.get(&keys::aside(stream.agreement, &about, stream.author, kind));
        let is_shown = shown.and_then(|row| Row::decode(&row)).is_some_and(|shown| shown.body == wanted.body);
        if !is_shown {
            diff.shared.push(record_of(about.system, kind, wanted.body));
        }
    }
    diff
}

/// Takes back all rows that were folded from a stream.
fn forget(rows: &mut Overlay, stream: &Stream) {
    let prefix = match stream.audience {
        Audience::Agreement => keys::said_prefix(stream.agreement, None),
        Audience::Pair(_) => keys::aside_prefix(stream.agreement, None),
        Audience::Local => return,
    };
    let is_theirs = |key: &[u8]| {
        let of_stream = |(about, author, _): (About, MemberCode, u16)| {
            (about.system, author) == (stream.system, stream.author) && is_between(stream, &about)
        };
        keys::of_said(key).is_some_and(of_stream)
    };
    let folded: Vec<Vec<u8>> =
        rows.scan(&prefix, &[]).map(|(key, _)| key).filter(|key| is_theirs(key)).collect();
    for key in folded {
        let Some((about, _, kind)) = keys::of_said(&key) else { continue };
        if [record::OFFER, record::WAIT].contains(&kind) {
            let_go(rows, stream, &about);
        }
        if kind == record::REQUEST {
            unpart(rows, stream, &about);
        }
        rows.remove(key);
    }
}

/// Whether a request is one that a stream may speak of: a pair stream only of those between its two.
fn is_between(stream: &Stream, about: &About) -> bool {
    match stream.audience {
        Audience::Pair(peer) => [stream.author, peer].contains(&about.requester),
        Audience::Local | Audience::Agreement => true,
    }
}
