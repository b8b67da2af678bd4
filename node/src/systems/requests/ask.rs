//! Decides whether a member is asked for what it lists: who asks, of whom, under which agreement, when, what for.

use prost::Message;
use xietong_proto::crypto::hash;
use xietong_proto::id::*;
use xietong_proto::wire::requests::{Particulars, Request};

use super::case::{HOUR_MS, Here, URGENT_HOLD_H, check_open, checked, checked_telephone, stands, tell};
use super::{About, Ask, LENT, Lent, NoGround, NotAsked, Refusal, Report, State, for_lent, query, record};
use crate::systems::circle::Standing;
use crate::systems::codes::division;
use crate::systems::group::record as record_of;
use crate::systems::kind::Kind;
use crate::systems::number::parse_number;
use crate::systems::row::Row;
use crate::systems::{Decision, keys};

const DAY_MS: u64 = 24 * HOUR_MS;
/// Longest time for which anything is lent through a request, and how far ahead.
const DAYS_MAX: u32 = 90;
const AHEAD_DAYS_MAX: u32 = 366;
/// For so long an owner is asked to answer.
const ANSWER_H: u64 = 48;

/// Decides a request.
pub fn decide(here: &Here, ask: Ask) -> Result<Decision, Refusal> {
    let unknown = || NotAsked::UnknownListing { listing: ask.listing.clone() };
    let named = LENT.into_iter().find_map(|kind| Some((kind, parse_number(kind, &ask.listing)?)));
    let (kind, (owner, number)) = named.ok_or_else(unknown)?;
    if owner == here.circle.me {
        return Err(NotAsked::OwnListing { listing: ask.listing.clone() }.into());
    }
    let agreement = agreement_for(here, kind, (owner, number), &ask)?;
    check_times(here.now, &ask)?;
    let max = for_lent!(kind, R => check_thing::<R>(here, agreement, (owner, number), &ask), Err(unknown()))?;
    if !(1..=max).contains(&ask.count) {
        return Err(NotAsked::CountRange { max }.into());
    }
    let place =
        division::read(&ask.place).map_err(|_| NotAsked::PlaceUnknown { place: ask.place.clone() })?;
    if ask.approval_no.trim().is_empty() {
        return Err(NotAsked::ApprovalMissing.into());
    }
    let request = Request {
        requester: here.circle.me.to_string(),
        number: next_number(here, kind),
        owner: owner.to_string(),
        listing: number,
        from_ms: ask.from.0,
        until_ms: ask.until.0,
        answer_by_ms: (here.now.0 + ANSWER_H * HOUR_MS).min(ask.from.0.max(here.now.0 + HOUR_MS)),
        urgent: ask.urgent,
        purpose: for_lent!(kind, R => purpose(R::PURPOSES, &ask.purpose)?, String::new()),
        count: ask.count,
        place: place.to_owned(),
        approval_no: checked(&ask.approval_no)?.to_owned(),
        key_hash: if ask.key.is_empty() { Vec::new() } else { hash(&[ask.key.as_bytes()])[..16].to_vec() },
    };
    if let Some(repeated) = made_before(here, kind, &request)? {
        return Ok(repeated);
    }
    let about = About { system: kind.system(), requester: here.circle.me, number: request.number };
    let mut decision = stands(kind, about, State::Submitted);
    decision.said.push((agreement, record_of(kind.system(), record::REQUEST, request.encode_to_vec())));
    let contact = Particulars {
        requester: request.requester.clone(),
        number: request.number,
        place: checked(&ask.meet_at)?.to_owned(),
        telephone: checked_telephone(&ask.telephone)?,
        ..Particulars::default()
    };
    if !(contact.place.is_empty() && contact.telephone.is_empty()) {
        tell(&mut decision, agreement, owner, record::PARTICULARS, contact.encode_to_vec());
    }
    Ok(decision)
}

/// The agreement under which a member is asked: one that is in force, speaks of such things and shows the listing.
fn agreement_for(
    here: &Here,
    kind: Kind,
    (owner, number): (MemberCode, u64),
    ask: &Ask,
) -> Result<AgreementId, Refusal> {
    let named =
        here.circle.agreements.iter().filter(|held| ask.agreement.is_none_or(|id| id == held.agreement));
    let with_owner: Vec<&Standing> = named.filter(|held| held.members.contains(&owner)).collect();
    let judged = with_owner.iter().map(|held| -> Result<AgreementId, Refusal> {
        check_open(held, kind, owner, here.now)?;
        let shown = here.rows.get(&keys::listing(held.agreement, kind.system(), owner, number));
        shown.ok_or_else(|| NotAsked::UnknownListing { listing: ask.listing.clone() })?;
        Ok(held.agreement)
    });
    // The first that will do; else what stands in the way of the last looked at.
    let mut why: Refusal = NoGround::NoAgreement { member: owner }.into();
    for verdict in judged {
        match verdict {
            Ok(agreement) => return Ok(agreement),
            Err(refusal) => why = refusal,
        }
    }
    Err(why)
}

fn check_times(now: Millis, ask: &Ask) -> Result<(), NotAsked> {
    let (from, until) = (ask.from, ask.until);
    if until <= from {
        return Err(NotAsked::EndBeforeStart);
    }
    if until.0 - from.0 > u64::from(DAYS_MAX) * DAY_MS {
        return Err(NotAsked::PeriodTooLong { days_max: DAYS_MAX });
    }
    // What is needed at once may have begun when it is written down.
    let earliest = if ask.urgent { now.0.saturating_sub(u64::from(URGENT_HOLD_H) * HOUR_MS) } else { now.0 };
    if from.0 < earliest {
        return Err(NotAsked::StartsInPast { from });
    }
    if from.0 > now.0 + u64::from(AHEAD_DAYS_MAX) * DAY_MS {
        return Err(NotAsked::TooFarAhead { days_max: AHEAD_DAYS_MAX });
    }
    Ok(())
}

/// What the thing serves.
fn check_thing<R: Lent>(
    here: &Here,
    agreement: AgreementId,
    (owner, number): (MemberCode, u64),
    ask: &Ask,
) -> Result<i64, NotAsked> {
    let row = here.rows.get(&keys::listing(agreement, R::KIND.system(), owner, number));
    let listing = row.and_then(|row| R::Listing::decode(&Row::decode(&row)?.body[..]).ok());
    let listing = listing.ok_or_else(|| NotAsked::UnknownListing { listing: ask.listing.clone() })?;
    Ok(R::serves(&listing))
}

fn purpose(purposes: &[(&str, &str)], said: &str) -> Result<String, NotAsked> {
    let found = purposes.iter().find(|(code, word)| [*code, *word].contains(&said.trim()));
    let all = || purposes.iter().map(|(code, word)| format!("{word} {code}")).collect();
    found.map(|(code, _)| (*code).to_owned()).ok_or_else(|| NotAsked::PurposeUnknown { purposes: all() })
}

fn next_number(here: &Here, kind: Kind) -> u64 {
    let used = here.rows.scan(&keys::highest_requests(kind.system(), here.circle.me), &[]);
    let used = used.filter_map(|(_, value)| Some(u64::from_be_bytes(value.try_into().ok()?)));
    used.max().unwrap_or(0) + 1
}

/// The same request as it was made before: answered again if a key says so, else refused while it is not over.
fn made_before(here: &Here, kind: Kind, request: &Request) -> Result<Option<Decision>, Refusal> {
    let (me, system) = (here.circle.me, kind.system());
    let at = |number: u64| About { system, requester: me, number };
    let seen = |about: &About| {
        let agreement = query::find(here.rows, about)?;
        query::talk(here.rows, me, agreement, about)
    };
    let is_same = |other: &Request| {
        let of = |request: &Request| {
            (request.owner.clone(), request.listing, request.from_ms, request.until_ms, request.count)
        };
        of(other) == of(request)
    };
    let keyed = Some(&request.key_hash).filter(|hash| !hash.is_empty());
    let keyed = keyed.and_then(|hash| here.rows.get(&keys::request_of_key(system, me, hash)));
    if let Some(about) = keyed.and_then(|number| Some(at(u64::from_be_bytes(number.try_into().ok()?))))
        && let Some(talk) = seen(&about)
    {
        if !is_same(&talk.request.says) {
            return Err(NotAsked::KeyReused { id: about }.into());
        }
        let state = talk.state();
        let report = Report::Stands { id: about, state, repeated: true, next: Vec::new() };
        return Ok(Some(Decision::of(kind, report)));
    }
    let pending = [State::Submitted, State::Waiting, State::Offered, State::Confirmed];
    let last = request.number - 1;
    let recent = (last.saturating_sub(LOOKED_BACK)..=last).rev().filter(|number| *number > 0).map(at);
    let twin = recent.into_iter().find(|about| {
        seen(about).is_some_and(|talk| is_same(&talk.request.says) && pending.contains(&talk.state()))
    });
    twin.map_or(Ok(None), |id| Err(NotAsked::AskedAlready { id }.into()))
}

/// Own requests among which a double is looked for.
const LOOKED_BACK: u64 = 200;
