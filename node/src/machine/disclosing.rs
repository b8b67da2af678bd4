//! What a node says of itself without being asked each time: what its own streams should show compared with what they
//! show (P30), and what is due on the requests that are its to answer. Nothing is said where it may not be said now.

use std::collections::BTreeSet;
use std::sync::Arc;

use xietong_proto::id::*;
use xietong_proto::stream::{Audience, Stream};

use super::{Look, Machine, Step};
use crate::calendar;
use crate::replica::agreement::Agreement;
use crate::replica::io::Now;
use crate::systems::requests::{self, LENT};
use crate::systems::{self, Kind};

/// Rows compared in one step, so that none takes long.
const COMPARED_AT_ONCE: usize = 500;

impl Machine {
    /// Brings what one of our streams shows of some rows in line with what it should show (P30).
    pub(super) fn disclose(
        &mut self,
        step: &mut Step,
        stream: Stream,
        which: systems::Which,
    ) -> Option<String> {
        let diff = systems::disclose(&step.rows, self.today, &stream, which);
        self.author(step, Stream::local(stream.author, stream.system), diff.local);
        self.author(step, stream, diff.shared);
        diff.next
    }

    /// Compares in full what may be authored again: after a confirmation, once clocks agree, and once the other end of
    /// a pair stream has shown what it holds.
    pub(super) fn keep_up(&mut self, now: Now) {
        let doubted = self.replica.agreements().map(Agreement::id);
        let doubted: BTreeSet<_> =
            doubted.filter(|id| self.replica.clock_doubt(*id, now).is_some()).collect();
        let cleared: Vec<_> = self.doubted.difference(&doubted).copied().collect();
        self.doubted = doubted;
        let changed = self.replica.take_to_compare();
        self.compare_in_full([changed, cleared].concat());
        for (agreement, peer) in self.replica.take_compared() {
            self.compare_pair(agreement, peer);
        }
        if self.requests.due_ms.is_some_and(|due_ms| due_ms <= now.mono_ms) {
            // A node without room looks once it has some: until then nothing is due.
            self.requests = Look { is_stale: true, due_ms: None };
        }
    }

    /// Everything, from the start.
    pub(super) fn compare_all(&mut self) {
        let agreements: Vec<AgreementId> = self.replica.agreements().map(Agreement::id).collect();
        self.compare_in_full(agreements);
    }

    fn compare_in_full(&mut self, agreements: Vec<AgreementId>) {
        let me = self.replica.me().code();
        for id in agreements {
            let shared = Kind::ALL.map(|kind| (self.replica.own_stream(id, kind.system()), String::new()));
            self.comparing.extend(shared);
            let held = self.replica.agreements().find(|held| held.id() == id);
            let members = held.into_iter().flat_map(|held| &held.manifest().fields.members);
            let peers: Vec<_> = members.map(|member| member.code).filter(|code| *code != me).collect();
            peers.into_iter().for_each(|peer| self.compare_pair(id, peer));
            self.requests.is_stale = true;
        }
    }

    fn compare_pair(&mut self, agreement: AgreementId, peer: MemberCode) {
        let me = self.replica.me().code();
        let streams = LENT.map(|kind| (Stream::pair(agreement, me, peer, kind.system()), String::new()));
        self.comparing.extend(streams);
    }

    pub(super) fn compare_some(&mut self, step: &mut Step) {
        let Some(stream) = self.comparing.keys().next().copied() else { return };
        if self.check_folded().is_err() {
            return;
        }
        let from = self.comparing.remove(&stream).unwrap_or_default();
        if !self.is_open(&stream, step.turn.now) {
            return;
        }
        let which = systems::Which::From { key: &from, rows_max: COMPARED_AT_ONCE };
        if let Some(next) = self.disclose(step, stream, which) {
            self.comparing.insert(stream, next);
        }
    }

    /// Lets go of what was not confirmed in time or is not wanted any more. What may not be said now is due again once
    /// it may.
    pub(super) fn look_at_requests(&mut self, step: &mut Step) {
        if self.check_folded().is_err() {
            return;
        }
        let (now, me) = (step.turn.now, self.replica.me().code());
        let due = requests::due(&step.rows, now.wall, me);
        let in_ms = |next: Millis| now.mono_ms + next.0.saturating_sub(now.wall.0).max(1);
        self.requests = Look { is_stale: false, due_ms: due.next.map(in_ms) };
        for (agreement, kind, record) in due.now {
            let stream = self.replica.own_stream(agreement, kind.system());
            if self.is_open(&stream, now) {
                self.author(step, stream, vec![record]);
            }
        }
    }

    /// A new day may change what a guard says; a comparison starts then. Also when an agreement becomes valid.
    pub(super) fn keep_date(&mut self, now: Now) {
        let today = calendar::date(now.wall);
        if today != self.today {
            self.today = today;
            self.compare_all();
        }
    }

    /// Whether this node may author in a stream of its own now (P17, P20, P28, P29, P36 to P38).
    pub(super) fn is_open(&self, stream: &Stream, now: Now) -> bool {
        let held = self.replica.agreements().find(|held| held.id() == stream.agreement);
        let (Some(held), Some(kind)) = (held, Kind::of(stream.system)) else { return false };
        let goes_on = match stream.audience {
            Audience::Pair(peer) => self.replica.has_compared(stream.agreement, peer),
            // Not one that a version has ended, though it may still wait to be compared.
            Audience::Agreement => *stream == self.replica.own_stream(stream.agreement, stream.system),
            Audience::Local => true,
        };
        let is_whole = self.replica.logs().forked_at(stream).is_none();
        held.manifest().covers(stream.system) && self.holds(held, kind, now).is_empty() && goes_on && is_whole
    }

    /// Who this node is, to whom each system's disclosures go, and under which agreements it may say something.
    pub(super) fn circle(&self, now: Now) -> systems::Circle {
        let me = self.replica.me().code();
        let shared = |id: AgreementId, kind: Kind| self.replica.own_stream(id, kind.system());
        let members = |kind: Kind| -> BTreeSet<MemberCode> {
            let is_valid = |held: &&Agreement| {
                held.is_open() && held.shares(me, kind.system()) && held.manifest().is_valid_at(now.wall)
            };
            let held = self.replica.agreements().filter(is_valid);
            let members = held.flat_map(|held| held.manifest().fields.members.iter().map(|m| m.code));
            members.filter(|code| *code != me).collect()
        };
        let standing = |held: &Agreement| {
            let (id, fields) = (held.id(), &held.manifest().fields);
            let in_scope = |kind: &Kind| held.manifest().covers(kind.system());
            systems::Standing {
                agreement: id,
                members: fields.members.iter().map(|member| member.code).collect(),
                scope: Kind::ALL.into_iter().filter(in_scope).collect(),
                valid_from: fields.valid_from,
                valid_until: fields.valid_until,
                open: Kind::ALL.into_iter().filter(|kind| self.is_open(&shared(id, *kind), now)).collect(),
                left: self.replica.left(held),
            }
        };
        systems::Circle {
            me,
            rules: Arc::clone(&self.rules),
            members: Kind::ALL.map(|kind| (kind, members(kind))).into(),
            agreements: self.replica.agreements().map(standing).collect(),
        }
    }
}
