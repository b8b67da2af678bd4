//! The start rule (P28): after a start a node may be older than what it has published – a backup, a snapshot, a
//! clone. Under each agreement it authors nothing until it has compared heads with those who would know and
//! holds everything of its own that they showed. And it authors nothing while its clock is far from theirs (P29).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;
use xietong_proto::stream::Stream;
use xietong_proto::sync::{Line, Start};

use super::io::{Append, LinkId, Now, Object};
use super::{Replica, Turn};

/// Wall and monotonic clock may part by so much before a node no longer knows whether it slept or was copied.
const CLOCK_JUMP_MS: i64 = 60_000;
/// For so long another process with our keys is taken to be alive after a member has told of it.
const RIVAL_MS: u64 = 30_000;
/// Further from the median of the connected members' clocks nothing is authored.
const SKEW_MS_MAX: u64 = 600_000;

/// What is known under one agreement since the start, or since confirmation was lost.
#[derive(Clone, Debug)]
pub struct Session {
    /// When it began, by the wall clock.
    begun: Millis,
    is_confirmed: bool,
    /// Until then another process with our keys is taken to be alive, on the monotonic clock.
    rival_until_ms: u64,
    /// Members that have shown all heads they hold.
    compared: BTreeSet<MemberCode>,
    /// How far members say that they hold our own streams. A claim falls when it is not served.
    claims: BTreeMap<(MemberCode, Stream), Position>,
}

impl Session {
    /// Nothing is known yet.
    pub fn begin(now: Now) -> Self {
        let (compared, claims) = (BTreeSet::new(), BTreeMap::new());
        Self { begun: now.wall, is_confirmed: false, rival_until_ms: 0, compared, claims }
    }
}

/// Members of whom this node has heard under an agreement at any time, and those the operator does not wait for.
#[derive(Clone, Debug, Default)]
pub struct Circle {
    met: BTreeMap<AgreementId, BTreeSet<MemberCode>>,
    excused: BTreeSet<MemberCode>,
}

/// What is missing before a node authors under an agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unconfirmed {
    /// With how many other members heads must have been compared.
    pub needed: u64,
    /// With whom they have been.
    pub compared: Vec<MemberCode>,
    /// Known members with whom they have not been: excuse one that stays away for long.
    pub silent: Vec<MemberCode>,
    /// Entries of our own that others showed and that are not here.
    pub fetching: u64,
    /// Another process runs with our keys, as a member says.
    pub has_rival: bool,
}

impl Replica {
    /// What is missing before anything is authored under an agreement; none once it is confirmed.
    pub fn unconfirmed(&self, id: AgreementId) -> Option<Unconfirmed> {
        let session = self.sessions.get(&id).filter(|session| !session.is_confirmed)?;
        let known = self.known(id, session);
        let silent = known.difference(&session.compared).copied().collect();
        let own = session.claims.iter().map(|((_, stream), shown)| (*stream, *shown));
        // Behind a fork of ours nothing more is fetched than what counts.
        let wanted =
            |stream: &Stream, shown: Position| self.limit(stream).map_or(shown, |limit| shown.min(limit));
        let lag = |(stream, shown): (Stream, Position)| {
            wanted(&stream, shown).0.saturating_sub(self.logs.head(&stream).position.0)
        };
        Some(Unconfirmed {
            needed: (known.len() as u64 / 2 + 1).max(1),
            compared: session.compared.iter().copied().collect(),
            silent,
            fetching: own.map(lag).max().unwrap_or(0),
            has_rival: session.rival_until_ms > 0,
        })
    }

    /// Our present start under an agreement.
    pub fn start_of(&self, id: AgreementId) -> Start {
        let begun = self.sessions.get(&id).map_or(Millis(0), |session| session.begun);
        Start { instance: self.me.instance, begun }
    }

    /// How far our clock is from the median of the connected members', in milliseconds, if that is too far to
    /// author anything; positive if ours is ahead.
    pub fn clock_doubt(&self, id: AgreementId, now: super::Now) -> Option<i64> {
        let greeted = self.links.values().filter(|link| link.greeted().is_some_and(|about| about.0 == id));
        let mut skews: Vec<i64> = greeted.map(|link| link.skew_ms(now)).collect();
        skews.sort_unstable();
        let median = skews.get(skews.len() / 2)?;
        (median.unsigned_abs() > SKEW_MS_MAX).then_some(-median)
    }

    /// The operator no longer waits for a member, or does again.
    pub fn excuse(&mut self, turn: &mut Turn, member: MemberCode, excused: bool) {
        turn.appends.push(Append::Object(AgreementId::ZERO, Object::Excuse { member, excused }));
        self.circle.excuse(member, excused);
        for session in self.sessions.values_mut().filter(|_| excused) {
            session.claims.retain(|(teller, _), _| *teller != member);
        }
    }

    /// Agreements that were confirmed since the last call, or have another manifest in force: what they show is to be
    /// compared in full.
    pub fn take_to_compare(&mut self) -> Vec<AgreementId> {
        std::mem::take(&mut self.to_compare)
    }

    /// Members who have shown since the last call all that they hold of ours, and it is here.
    pub fn take_compared(&mut self) -> Vec<(AgreementId, MemberCode)> {
        std::mem::take(&mut self.compared)
    }

    /// Whether a member has shown what it holds of ours since the start, and all of it is here: of a pair stream
    /// nobody else could tell (P28).
    pub fn has_compared(&self, id: AgreementId, member: MemberCode) -> bool {
        let lacks = |session: &Session| {
            let of_member = session.claims.iter().filter(|((teller, _), _)| *teller == member);
            of_member.into_iter().any(|((_, stream), claim)| *claim > self.logs.head(stream).position)
        };
        let session = self.sessions.get(&id);
        session.is_some_and(|session| session.compared.contains(&member) && !lacks(session))
    }

    /// A member is heard of; remembered once for all.
    pub(super) fn meet(&mut self, turn: &mut Turn, id: AgreementId, member: MemberCode) {
        if self.circle.meet(id, member) {
            turn.appends.push(Append::Object(id, Object::Met { member }));
        }
    }

    /// The other end has shown some of what it holds, or all.
    pub(super) fn heed(&mut self, link: LinkId, lines: &[Line], is_all: bool) {
        let Some(link) = self.links.get(&link) else { return };
        let (Some((id, member)), is_of_now) = (link.greeted(), link.is_of_now) else { return };
        let (me, was_compared) = (self.me.code(), self.has_compared(id, member));
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if is_all {
            session.claims.retain(|(teller, _), _| *teller != member);
        }
        for line in lines.iter().filter(|line| line.stream.author == me && line.stream.agreement == id) {
            let claim = session.claims.entry((member, line.stream)).or_default();
            *claim = line.position.max(*claim);
        }
        if is_all && is_of_now {
            session.compared.insert(member);
        }
        // Also when it takes back what it had claimed: what was to be said to it alone meanwhile is due.
        if !was_compared && self.has_compared(id, member) {
            self.compared.push((id, member));
        }
    }

    /// An entry of ours came from somebody else. If nothing was missing, another node runs with our keys: what it
    /// says is not known here, so everything is compared again.
    pub(super) fn heed_own(&mut self, turn: &Turn, stream: &Stream) {
        let is_confirmed = self.sessions.get(&stream.agreement).is_some_and(|session| session.is_confirmed);
        if stream.author == self.me.code() && is_confirmed {
            self.begin_session(turn, stream.agreement, Session::begin(turn.now));
        }
    }

    /// A member says that another process runs with our keys: nothing is authored before it has been gone for a
    /// while, and everything is compared again.
    pub(super) fn heed_rival(&mut self, turn: &Turn, id: AgreementId, instance: u64) {
        if instance != self.me.instance {
            let rival_until_ms = turn.now.mono_ms + RIVAL_MS;
            self.begin_session(turn, id, Session { rival_until_ms, ..Session::begin(turn.now) });
        }
    }

    fn begin_session(&mut self, turn: &Turn, id: AgreementId, session: Session) {
        self.sessions.insert(id, session);
        let links = self.links.values_mut().filter(|link| link.greeted().is_some_and(|about| about.0 == id));
        links.for_each(|link| link.heads_due_ms = turn.now.mono_ms);
    }

    /// Whoever goes and has not served what it claimed is not counted until it compares again.
    pub(super) fn forget_claims(&mut self, about: Option<(AgreementId, MemberCode)>) {
        let Some((id, member)) = about else { return };
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let logs = &self.logs;
        let is_open = |(teller, stream): &(MemberCode, Stream), claim: &Position| {
            *teller == member && *claim > logs.head(stream).position
        };
        if session.claims.iter().any(|(place, claim)| is_open(place, claim)) {
            session.claims.retain(|place, claim| !is_open(place, claim));
            session.compared.remove(&member);
        }
    }

    /// A claim that was not served is held against its teller: it counts for nothing until it compares again.
    pub(super) fn disbelieve(&mut self, link: LinkId, stream: Stream) {
        let Some((id, member)) = self.links.get(&link).and_then(super::Link::greeted) else { return };
        let head = self.logs.head(&stream).position;
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let is_bare = session.claims.remove(&(member, stream)).is_some_and(|claim| claim > head);
        if is_bare {
            session.compared.remove(&member);
        }
    }

    /// Confirms what can be, and takes back all confirmations when the clocks part.
    pub(super) fn settle_confirmations(&mut self, turn: &mut Turn) {
        let offset = super::link::offset_ms(turn.now.wall, turn.now.mono_ms);
        let before = self.clock_offset_ms.replace(offset).unwrap_or(offset);
        if offset.abs_diff(before) > CLOCK_JUMP_MS.unsigned_abs() {
            self.sessions.values_mut().for_each(|session| *session = Session::begin(turn.now));
            // What our hellos told is of another time; links that begin anew tell it again, and compare.
            let links: Vec<LinkId> = self.links.keys().copied().collect();
            links.into_iter().for_each(|link| self.close(turn, link));
            self.links_due_ms = turn.now.mono_ms;
        }
        let agreements: Vec<AgreementId> = self.agreements.keys().copied().collect();
        for id in agreements {
            let Some(session) = self.sessions.get_mut(&id) else { continue };
            if session.rival_until_ms <= turn.now.mono_ms {
                session.rival_until_ms = 0;
            }
            let is_met = |lacking: &Unconfirmed| lacking.compared.len() as u64 >= lacking.needed;
            let has_all = |lacking: &Unconfirmed| lacking.fetching == 0 && !lacking.has_rival;
            let is_ready = self.unconfirmed(id).is_some_and(|lacking| is_met(&lacking) && has_all(&lacking));
            if is_ready && self.all_linked_compared(id) {
                self.sessions.entry(id).and_modify(|session| session.is_confirmed = true);
                self.to_compare.push(id);
            }
        }
    }

    fn all_linked_compared(&self, id: AgreementId) -> bool {
        let linked = self.links.values().filter_map(super::Link::greeted).filter(|about| about.0 == id);
        let session = self.sessions.get(&id);
        linked
            .into_iter()
            .all(|(_, member)| session.is_some_and(|session| session.compared.contains(&member)))
    }

    /// Members that were ever heard of and are not excused, or were heard since the start. Who wrote or signed
    /// anything was heard of, if only through others.
    fn known(&self, id: AgreementId, session: &Session) -> BTreeSet<MemberCode> {
        let met = self.circle.met.get(&id).into_iter().flatten().copied();
        let authors = self.logs.heads().map(|(stream, _)| stream).filter(|stream| stream.agreement == id);
        let heard_of = met.chain(authors.map(|stream| stream.author)).chain(self.receipts.signers(id));
        let is_member = |member: &MemberCode| {
            self.agreements.get(&id).is_some_and(|held| held.manifest().member(*member).is_some())
        };
        let is_waited_for = |member: &MemberCode| {
            *member != self.me.code() && !self.circle.excused.contains(member) && is_member(member)
        };
        let waited_for = heard_of.filter(is_waited_for);
        waited_for.chain(session.compared.iter().copied()).collect()
    }
}

impl Circle {
    /// Remembers a member; says whether that is news.
    pub fn meet(&mut self, id: AgreementId, member: MemberCode) -> bool {
        self.met.entry(id).or_default().insert(member)
    }

    /// Excuses a member or waits for it again.
    pub fn excuse(&mut self, member: MemberCode, excused: bool) {
        if excused {
            self.excused.insert(member);
        } else {
            self.excused.remove(&member);
        }
    }
}
