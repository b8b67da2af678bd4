//! Looks requests up: what is known of one, all that this node takes part in, what a thing is held for.

use prost::Message;
use serde::{Deserialize, Serialize};
use xietong_proto::id::*;
use xietong_proto::wire::requests::{Block, Offer, Particulars, Request};

use super::{About, Fact, LENT, NotAsked, State, Talk, join, record};
use crate::calendar::rfc3339;
use crate::systems::keys::Table;
use crate::systems::kind::Kind;
use crate::systems::number::{number_text, parse_number};
use crate::systems::row::{Row, Source};
use crate::systems::rows::Rows;
use crate::systems::trips::{self, Statement, TripView};
use crate::systems::{self, keys};

/// All that is known here of a request: what all members heard, and what was said to us or by us alone.
pub fn talk(rows: &dyn Rows, me: MemberCode, agreement: AgreementId, about: &About) -> Option<Talk> {
    join(about.requester, &facts(rows, me, agreement, about))
}

fn facts(rows: &dyn Rows, me: MemberCode, agreement: AgreementId, about: &About) -> Vec<Fact> {
    let public = rows.scan(&keys::said_prefix(agreement, Some(about)), &[]);
    let aside = rows.scan(&keys::aside_prefix(agreement, Some(about)), &[]);
    let said = public.chain(aside).filter_map(|(key, value)| {
        let (_, author, kind) = keys::of_said(&key)?;
        fact(author, kind, &value)
    });
    let mut facts: Vec<Fact> = said.collect();
    // What we are to tell counts here before it was told.
    let request = facts.iter().find(|fact| fact.kind == record::REQUEST);
    let owner = request.and_then(|fact| Request::decode(&fact.body[..]).ok()?.owner.parse().ok());
    let peer = if about.requester == me { owner } else { Some(about.requester) };
    let prefix = peer.map(|peer| [keys::told_prefix(agreement, peer), about.bytes()].concat());
    let told = prefix.into_iter().flat_map(|prefix| rows.scan(&prefix, &[]).collect::<Vec<_>>());
    facts.extend(told.filter_map(|(key, value)| fact(me, keys::of_told(&key)?.1, &value)));
    facts
}

fn fact(author: MemberCode, kind: u16, value: &[u8]) -> Option<Fact> {
    let Row { source, body, .. } = Row::decode(value)?;
    Some(Fact { author, kind, source, body })
}

/// The agreement in which a request was made.
pub fn find(rows: &dyn Rows, about: &About) -> Option<AgreementId> {
    let is_of = |agreement: &AgreementId| has_said(rows, *agreement, about, about.requester, record::REQUEST);
    agreements(rows).into_iter().find(is_of)
}

/// Whether somebody has said a kind of thing about a request to its agreement.
pub fn has_said(
    rows: &dyn Rows,
    agreement: AgreementId,
    about: &About,
    author: MemberCode,
    kind: u16,
) -> bool {
    rows.get(&keys::said(agreement, about, author, kind)).is_some()
}

/// The agreements in which anything was asked.
fn agreements(rows: &dyn Rows) -> Vec<AgreementId> {
    systems::shown::agreements_in(rows, Table::Said)
}

/// All requests of a system that have been heard of, with their agreements.
pub fn all(rows: &dyn Rows, system: System) -> Vec<(AgreementId, About)> {
    let mut found = Vec::new();
    for agreement in agreements(rows) {
        let prefix = [&keys::said_prefix(agreement, None)[..], &system.0.to_be_bytes()].concat();
        let abouts = rows.scan(&prefix, &[]).filter_map(|(key, _)| Some(keys::of_said(&key)?.0));
        let mut abouts: Vec<About> = abouts.collect();
        abouts.dedup();
        found.extend(abouts.into_iter().map(|about| (agreement, about)));
    }
    found
}

/// A while in which a thing is not free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// From this moment on.
    #[serde(with = "rfc3339")]
    pub from: Millis,
    /// Before this one.
    #[serde(with = "rfc3339")]
    pub until: Millis,
    /// By which request; none if its owner's calendar says so.
    pub request: Option<About>,
    /// Why, if its owner's calendar says so.
    pub reason: Option<String>,
}

/// What a thing is held for in a while, under all agreements that are known here.
pub fn held(
    rows: &dyn Rows,
    system: System,
    owner: MemberCode,
    listing: u64,
    (from, until): (Millis, Millis),
) -> Vec<Taken> {
    let prefix = keys::holds(system, owner, listing);
    let after = [&prefix[..], &(from.0 + 1).to_be_bytes()].concat();
    let holds = rows.scan(&prefix, &after).filter_map(|(key, value)| {
        let (until, _, about) = keys::of_hold(&key)?;
        let from = Millis(u64::from_be_bytes(value.try_into().ok()?));
        Some(Taken { from, until, request: Some(about), reason: None })
    });
    holds.filter(|taken| taken.from < until).collect()
}

/// When a thing of the own register cannot be lent, within a while.
pub fn blocked(rows: &dyn Rows, kind: Kind, key: &str, (from, until): (Millis, Millis)) -> Vec<Taken> {
    let blocks = rows.scan(&keys::blocks(kind.system(), key), &[]);
    let blocks = blocks.filter_map(|(_, value)| Block::decode(&Row::decode(&value)?.body[..]).ok());
    let taken = blocks.map(|block| Taken {
        from: Millis(block.from_ms),
        until: Millis(block.until_ms),
        request: None,
        reason: Some(block.reason),
    });
    taken.filter(|taken| taken.from < until && taken.until > from).collect()
}

/// When a listed thing is not free, within a while: what it is held for, and of our own what the calendar says.
pub fn calendar(
    rows: &dyn Rows,
    me: MemberCode,
    id: &str,
    while_asked: (Millis, Millis),
) -> Result<Vec<Taken>, NotAsked> {
    let named = LENT.into_iter().find_map(|kind| Some((kind, parse_number(kind, id)?)));
    let is_listed = |(kind, (owner, number)): &(Kind, (MemberCode, u64))| {
        let key = |agreement| keys::listing(agreement, kind.system(), *owner, *number);
        systems::shown::agreements(rows).into_iter().any(|agreement| rows.get(&key(agreement)).is_some())
    };
    let (kind, (owner, number)) =
        named.filter(is_listed).ok_or_else(|| NotAsked::UnknownListing { listing: id.to_owned() })?;
    let mut taken = held(rows, kind.system(), owner, number, while_asked);
    let key = rows.get(&keys::holder_of_number(kind.system(), number)).filter(|_| owner == me);
    if let Some(key) = key.and_then(|key| String::from_utf8(key).ok()) {
        taken.extend(blocked(rows, kind, &key, while_asked));
    }
    taken.sort_by_key(|taken| (taken.from, taken.until));
    Ok(taken)
}

/// A request for people and programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestView {
    /// Such as `220000-VR-000001`.
    pub id: About,
    /// Of which system.
    pub kind: Kind,
    /// Under which agreement.
    pub agreement: AgreementId,
    /// Who asks.
    pub requester: MemberCode,
    /// Whose thing it is.
    pub owner: MemberCode,
    /// Where it stands.
    pub state: State,
    /// What was asked for.
    pub asked: String,
    /// What is held, or was last.
    pub offered: Option<String>,
    /// From this moment on.
    #[serde(with = "rfc3339")]
    pub from: Millis,
    /// Before this one.
    #[serde(with = "rfc3339")]
    pub until: Millis,
    /// Needed at once.
    pub urgent: bool,
    /// A code of the system.
    pub purpose: String,
    /// Persons, or pieces.
    pub count: i64,
    /// Where to.
    pub place: String,
    /// Of the paper with which it was approved.
    pub approval_no: String,
    /// Until then the owner is asked to answer.
    #[serde(with = "rfc3339")]
    pub answer_by: Millis,
    /// Until then the requester may confirm.
    #[serde(with = "rfc3339::option")]
    pub confirm_by: Option<Millis>,
    /// What was said with the newest refusal, release or cancellation.
    pub reason: String,
    /// What the owner told the requester alone; of a vehicle plate, VIN and the driver's telephone.
    pub thing: Option<Meeting>,
    /// What the requester told the owner alone.
    pub contact: Option<Meeting>,
    /// Of a vehicle: the trip.
    pub trip: Option<TripView>,
    /// What it costs, as far as the records tell.
    pub computed: Option<Statement>,
    /// The statement that the owner made.
    pub bill: Option<Statement>,
    /// Why the requester does not agree.
    pub dispute: Option<String>,
    /// 1 to 5.
    pub score: Option<i64>,
    /// Where the request itself stands in its author's stream.
    pub source: Source,
}

/// What two need to meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// Of the vehicle.
    pub plate_no: String,
    /// Of the vehicle.
    pub vin: String,
    /// Of the asset.
    pub serial_no: String,
    /// Where.
    pub place: String,
    /// Whom to call.
    pub telephone: String,
}

impl From<&Particulars> for Meeting {
    fn from(told: &Particulars) -> Self {
        let Particulars { plate_no, vin, serial_no, place, telephone, .. } = told.clone();
        Self { plate_no, vin, serial_no, place, telephone }
    }
}

/// Requests that this member takes part in and that ask for a time from then on, newest first.
pub fn list(rows: &dyn Rows, me: MemberCode, since: Millis) -> Vec<RequestView> {
    let views = mine(rows, me, since).map(|(agreement, about, talk)| view(agreement, about, &talk));
    let mut views: Vec<RequestView> = views.collect();
    views.sort_by_key(|view| (std::cmp::Reverse(view.source.time), view.id));
    views
}

/// The same with all that is known of each, system by system.
pub fn mine(
    rows: &dyn Rows,
    me: MemberCode,
    since: Millis,
) -> impl Iterator<Item = (AgreementId, About, Talk)> + '_ {
    let of_system = move |kind: Kind| {
        let from = keys::parts_from(kind.system(), me, since);
        rows.scan(&keys::parts(kind.system(), me), &from)
    };
    LENT.into_iter().flat_map(of_system).filter_map(move |(key, _)| {
        let (agreement, about) = keys::of_part(&key)?;
        Some((agreement, about, talk(rows, me, agreement, &about)?))
    })
}

/// One request.
pub fn show(rows: &dyn Rows, me: MemberCode, about: &About) -> Option<RequestView> {
    let agreement = find(rows, about)?;
    Some(view(agreement, *about, &talk(rows, me, agreement, about)?))
}

fn view(agreement: AgreementId, about: About, talk: &Talk) -> RequestView {
    let kind = Kind::of(about.system).unwrap_or(Kind::Vehicles);
    let Request {
        listing, from_ms, until_ms, answer_by_ms, urgent, purpose, count, place, approval_no, ..
    } = talk.request.says.clone();
    let number = |listing| number_text(talk.owner, kind, listing);
    let offer: Option<&Offer> = talk.offer.as_ref().map(|offer| &offer.says);
    let of_offer = |asked: u64, of: fn(&Offer) -> u64| Millis(offer.map_or(asked, of));
    let reasons = [&talk.release, &talk.decline, &talk.cancel].into_iter().flatten();
    let newest = reasons.max_by_key(|said| said.source.time);
    RequestView {
        id: about,
        kind,
        agreement,
        requester: about.requester,
        owner: talk.owner,
        state: talk.state(),
        asked: number(listing),
        offered: offer.map(|offer| number(offer.listing)),
        from: of_offer(from_ms, |offer| offer.from_ms),
        until: of_offer(until_ms, |offer| offer.until_ms),
        urgent,
        purpose,
        count,
        place,
        approval_no,
        answer_by: Millis(answer_by_ms),
        confirm_by: talk.standing().map(|offer| Millis(offer.says.confirm_by_ms)),
        reason: newest.map(|said| said.says.reason.clone()).unwrap_or_default(),
        thing: talk.thing.as_ref().map(|told| Meeting::from(&told.says)),
        contact: talk.contact.as_ref().map(|told| Meeting::from(&told.says)),
        trip: trips::view(talk),
        computed: trips::statement(talk).map(|bill| Statement::from(&bill)),
        bill: talk.bill.as_ref().map(|bill| Statement::from(&bill.says)),
        dispute: talk.dispute.as_ref().map(|dispute| dispute.says.reason.clone()),
        score: talk.evaluation.as_ref().map(|evaluation| evaluation.says.score),
        source: talk.request.source,
    }
}
