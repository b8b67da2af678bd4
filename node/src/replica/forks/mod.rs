//! Forked streams (P35, P36): the proofs that are known, what leads to what members have signed for, and how
//! far each of these streams counts. The log is rewound to what counts, so nothing else has to know: heads,
//! receipts, rows and digests speak of the log.

mod trace;

use std::collections::{BTreeMap, BTreeSet};

use xietong_proto::chain::follow;
use xietong_proto::entry::EntryHead;
use xietong_proto::fork::{ForkProof, Lineage, split_heads, supported};
use xietong_proto::id::*;
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Head, Stream};
use xietong_proto::sync::{Frame, Want};

pub use trace::TRACED_BYTES;

use crate::replica::agreement::{NotInForce, from_hex};
use crate::replica::io::{Append, LinkId, Object};
use crate::replica::link::Link;
use crate::replica::logs::Past;
use crate::replica::{Replica, Turn};

/// Signed heads that are kept of one forked stream; what leads further is not traced.
const TRACED_MAX: usize = 100_000;
/// Bytes of entries that are taken back in one step.
const TAKEN_BACK_BYTES: usize = 8 * 1024 * 1024;

/// All streams that are known to be forked.
#[derive(Clone, Debug, Default)]
pub struct Forks {
    streams: BTreeMap<Stream, Fork>,
    /// To be judged again.
    stale: BTreeSet<Stream>,
    /// The log was rewound, the rows not yet.
    rewound: BTreeSet<Stream>,
}

/// What is known of one.
#[derive(Clone, Debug)]
struct Fork {
    /// One for each place that is known to have been given twice.
    proofs: BTreeMap<Position, ForkProof>,
    /// Signed heads from the lowest fork on that need not be in the log.
    heads: BTreeMap<EntryId, EntryHead>,
    /// How far the stream counts.
    counts: Lineage,
    /// What leads to these is asked for.
    traces: BTreeMap<EntryId, Trail>,
}

#[derive(Clone, Debug, Default)]
struct Trail {
    to: Position,
    heads: Vec<EntryHead>,
    asked: usize,
    due_ms: u64,
}

impl Fork {
    fn lowest(&self) -> &ForkProof {
        self.proofs.values().next().expect("a fork is made of a proof")
    }

    /// The entry before the lowest fork.
    fn before(&self) -> Head {
        Head { position: Position(self.lowest().at().0 - 1), id: self.lowest().previous() }
    }

    fn learn(&mut self, head: EntryHead) {
        self.heads.insert(head.id(), head);
    }

    /// Whether an entry at a place may be appended: what stands before the fork, or what counts behind it.
    fn lets(&self, position: Position, id: EntryId) -> bool {
        let behind = position.0.checked_sub(self.counts.trunk.0 + 1);
        let counted = behind.and_then(|depth| self.counts.branch.get(depth as usize));
        position < self.lowest().at() || counted == Some(&id)
    }

    fn limit(&self) -> Position {
        self.before().position.max(self.counts.end())
    }

    /// What leads to an entry, along the log as far as it goes that way.
    fn lineage(&self, past: &dyn Past, stream: &Stream, held: Position, to: Head) -> Option<Lineage> {
        let (mut branch, mut next) = (Vec::new(), to);
        while let Some(known) = self.heads.get(&next.id) {
            branch.push(next.id);
            next = Head { position: Position(next.position.0 - 1), id: known.header().previous };
        }
        let is_held = |at: Position, id: EntryId| at <= held && past.id_at(*stream, at) == Some(id);
        if next != self.before() && !is_held(next.position, next.id) {
            return None;
        }
        let mut trunk = next.position;
        while branch.last().is_some_and(|id| is_held(trunk.next(), *id)) {
            branch.pop();
            trunk = trunk.next();
        }
        branch.reverse();
        Some(Lineage { trunk, branch })
    }
}

impl Forks {
    /// Whether an entry may be appended to a stream.
    pub fn lets(&self, stream: &Stream, position: Position, id: EntryId) -> bool {
        self.streams.get(stream).is_none_or(|fork| fork.lets(position, id))
    }

    /// Up to where entries of a stream are wanted; none = as many as there are.
    pub fn limit(&self, stream: &Stream) -> Option<Position> {
        Some(self.streams.get(stream)?.limit())
    }

    /// The entry before the lowest fork.
    pub fn before(&self, stream: &Stream) -> Option<Head> {
        Some(self.streams.get(stream)?.before())
    }

    /// Whether any stream of an agreement is forked.
    pub fn touch(&self, id: AgreementId) -> bool {
        self.of(id).next().is_some()
    }

    /// When something is due, on the monotonic clock.
    pub fn due_ms(&self) -> Option<u64> {
        let stale = self.stale.first().map(|_| 0);
        let traces = self.streams.values().flat_map(|fork| fork.traces.values());
        stale.into_iter().chain(traces.map(|trail| trail.due_ms)).min()
    }

    /// Looks at all forked streams of an agreement again.
    pub fn doubt(&mut self, id: AgreementId) {
        let streams: Vec<Stream> = self.of(id).copied().collect();
        self.stale.extend(streams);
    }

    /// Looks at a stream again, which may have been ended.
    pub fn doubt_stream(&mut self, stream: Stream) {
        self.stale.insert(stream);
    }

    fn of(&self, id: AgreementId) -> impl Iterator<Item = &Stream> {
        self.streams.keys().filter(move |stream| stream.agreement == id)
    }

    fn learn(&mut self, proof: &ForkProof) {
        let stream = proof.stream();
        let fork = self.streams.entry(stream).or_insert_with(|| Fork {
            proofs: BTreeMap::new(),
            heads: BTreeMap::new(),
            counts: Lineage::default(),
            traces: BTreeMap::new(),
        });
        proof.heads().into_iter().for_each(|head| fork.learn(*head));
        fork.proofs.entry(proof.at()).or_insert_with(|| proof.clone());
        self.stale.insert(stream);
    }
}

impl Replica {
    /// The other end says that a stream is forked.
    pub(in crate::replica) fn told_fork(&mut self, turn: &mut Turn, id: LinkId, proof: &ForkProof) {
        let Some((agreement, _)) = self.links.get(&id).and_then(Link::greeted) else { return };
        if let Err(reject) = self.learn_fork(turn, agreement, proof) {
            self.refuse(turn, id, reject);
        }
    }

    /// Takes a proof over, and tells it to everybody who may know.
    pub(in crate::replica) fn learn_fork(
        &mut self,
        turn: &mut Turn,
        id: AgreementId,
        proof: &ForkProof,
    ) -> Result<(), Reject> {
        let stream = proof.stream();
        if stream.agreement != id {
            return Err(Reject::WrongAgreement);
        }
        if !self.offers(&stream, self.me.code()) {
            return Err(Reject::WrongAudience);
        }
        let held = self.agreements.get(&id).ok_or(Reject::WrongAgreement)?;
        proof.heads().into_iter().try_for_each(|head| held.stands(head.header()))?;
        let known = self.forks.streams.get(&stream);
        if known.is_some_and(|fork| fork.proofs.contains_key(&proof.at())) {
            return Ok(());
        }
        turn.appends.push(Append::Object(id, Object::Fork { heads: hex::encode(proof.bytes()) }));
        self.forks.learn(proof);
        self.logs.mark_forked(stream, proof.at());
        for (link, member) in self.links_about(id) {
            if self.offers(&stream, member) {
                self.send(turn, link, fork_frame(proof));
            }
            // Whoever has not met a signer judges by what others have of it.
            self.show_receipts(turn, link, id);
        }
        Ok(())
    }

    /// Shows a new link all proofs that its other end may know.
    pub(in crate::replica) fn show_forks(
        &self,
        turn: &mut Turn,
        link: LinkId,
        id: AgreementId,
        to: MemberCode,
    ) {
        let streams = self.forks.streams.iter();
        let shown = streams.filter(|(stream, _)| stream.agreement == id && self.offers(stream, to));
        for proof in shown.flat_map(|(_, fork)| fork.proofs.values()) {
            self.send(turn, link, fork_frame(proof));
        }
    }

    /// Takes over what the log has of forks.
    pub(in crate::replica) fn restore_fork(&mut self, heads: &str) -> Result<(), NotInForce> {
        let pair = ForkProof::split(&from_hex(heads)?)?;
        let proof = ForkProof::open(pair, |header| self.keyring.key(header))?;
        self.forks.learn(&proof);
        self.logs.mark_forked(proof.stream(), proof.at());
        Ok(())
    }

    /// Takes over what the log has of traces: they were opened before they were written.
    pub(in crate::replica) fn restore_traced(&mut self, heads: &str) -> Result<(), NotInForce> {
        for head in split_heads(&from_hex(heads)?, usize::MAX)? {
            if let Some(fork) = self.forks.streams.get_mut(&head.header().stream) {
                fork.learn(head);
            }
        }
        Ok(())
    }

    /// Judges again what has to be, and asks for what leads to what members have signed for.
    pub(in crate::replica) fn settle_forks(&mut self, turn: &mut Turn) {
        // What was appended in this turn cannot be looked up yet: its turn comes next.
        let (later, now): (BTreeSet<Stream>, BTreeSet<Stream>) =
            std::mem::take(&mut self.forks.stale).into_iter().partition(|stream| self.moved.contains(stream));
        self.forks.stale = later;
        now.into_iter().for_each(|stream| self.judge(turn, stream));
        self.ask_traces(turn);
    }

    /// Streams whose rows are of entries that do not count any more, or were given up.
    pub fn take_rewound(&mut self) -> BTreeSet<Stream> {
        let (logs, rewound) = (&self.logs, std::mem::take(&mut self.forks.rewound));
        let lags = |stream: &Stream| logs.folded(stream) > logs.head(stream).position;
        let is_same =
            |stream: &Stream, other: &Stream| *other == Stream { generation: other.generation, ..*stream };
        // Rows do not tell of which generation they are: all are folded again, one after the other.
        let generations =
            |stream: Stream| logs.heads_and_origins().filter(move |other| is_same(&stream, other));
        let mut streams: BTreeSet<Stream> = rewound.into_iter().filter(lags).flat_map(generations).collect();
        streams.append(&mut self.given_up);
        streams
    }

    fn judge(&mut self, turn: &mut Turn, stream: Stream) {
        let cut = self.cut(&stream);
        if let Some(cut) = cut.filter(|cut| self.leaves_cut(turn, stream, *cut)) {
            self.forks.stale.insert(stream);
            return self.rewind(turn, stream, Position(cut.position.0 - 1), Position(0));
        }
        let Some(before) = self.forks.before(&stream) else { return self.cut_back(turn, stream, cut) };
        let head = self.logs.head(&stream);
        if head.position >= before.position && self.id_at(turn.past, stream, before.position) != before.id {
            // What we hold left the others' before this fork: where, each link can tell.
            return self.look_lower(turn, stream, before.position);
        }
        // Where a manifest says how far it counts nobody's receipts are asked (P38).
        let signed = cut.map_or_else(|| self.signed(&stream), |cut| vec![cut]);
        let Some(fork) = self.forks.streams.get(&stream) else { return };
        let lineage = |to: &Head| fork.lineage(turn.past, &stream, head.position, *to);
        let (mut lineages, mut unknown) = (Vec::new(), Vec::new());
        for to in signed.iter().filter(|to| to.position > before.position) {
            match lineage(to) {
                Some(found) => lineages.push(found),
                None => unknown.push(*to),
            }
        }
        let members =
            self.agreements.get(&stream.agreement).map_or(0, |held| held.manifest().fields.members.len());
        let others = if cut.is_some() { 1 } else { members.saturating_sub(1) };
        let mut counts = supported(others, before.position.next(), &lineages);
        if let Some(cut) = cut.filter(|cut| cut.position <= before.position) {
            counts = Lineage { trunk: cut.position, branch: Vec::new() };
        }
        let on_chain = lineages.iter().filter(|lineage| lineage.branch.is_empty());
        let signed_to = on_chain.map(|lineage| lineage.trunk).max().unwrap_or_default();
        if head.position > counts.trunk {
            self.rewind(turn, stream, counts.trunk, signed_to);
        }
        self.take_back(turn, stream, &counts);
        let Some(fork) = self.forks.streams.get_mut(&stream) else { return };
        fork.counts = counts;
        fork.traces.retain(|id, _| unknown.iter().any(|to| to.id == *id));
        if fork.heads.len() < TRACED_MAX {
            let new = |to: &Head| (to.id, Trail { to: to.position, ..Trail::default() });
            let missing: Vec<_> =
                unknown.iter().filter(|to| !fork.traces.contains_key(&to.id)).map(new).collect();
            fork.traces.extend(missing);
        }
    }

    /// Whether another entry is held where a manifest ends a stream. No proof is asked that its author signed both, and what
    /// was held differs below too, or the entry at the cut follows it: each link can tell.
    fn leaves_cut(&self, turn: &Turn, stream: Stream, cut: Head) -> bool {
        let is_held = (1..=self.logs.head(&stream).position.0).contains(&cut.position.0);
        is_held && self.id_at(turn.past, stream, cut.position) != cut.id
    }

    /// A stream of which no fork is known is given up behind its cut.
    fn cut_back(&mut self, turn: &mut Turn, stream: Stream, cut: Option<Head>) {
        let head = self.logs.head(&stream);
        if let Some(cut) = cut.filter(|cut| head.position > cut.position) {
            self.rewind(turn, stream, cut.position, cut.position);
        }
    }

    /// Gives up what does not count, but for the signed heads that lead to what was signed for.
    fn rewind(&mut self, turn: &mut Turn, stream: Stream, to: Position, signed_to: Position) {
        let given_up = (to.0 + 1..=signed_to.0).map(Position);
        let heads: Vec<EntryHead> =
            given_up.filter_map(|position| turn.past.entry_head(stream, position)).collect();
        self.keep_traced(turn, stream, heads);
        let head = Head { position: to, id: self.id_at(turn.past, stream, to) };
        turn.appends.push(Append::Rewind(stream, head));
        self.logs.rewind(stream, head);
        self.moved.insert(stream);
        self.forks.rewound.insert(stream);
    }

    /// What was given up here and counts after all is taken from where it lies.
    fn take_back(&mut self, turn: &mut Turn, stream: Stream, counts: &Lineage) {
        let mut bytes = 0;
        for id in &counts.branch {
            if bytes > TAKEN_BACK_BYTES {
                self.forks.stale.insert(stream);
                return;
            }
            let head = self.logs.head(&stream);
            let at = Head { position: head.position.next(), id: *id };
            let given_up = turn.past.given_up(stream, at);
            let opened = given_up
                .and_then(|entry| self.keyring.key(entry.header()).and_then(|key| entry.open(key)).ok());
            let Some(linked) = opened.and_then(|entry| follow(&head, entry).ok()) else { return };
            bytes += linked.bytes().len();
            self.logs.extend(stream, linked.head());
            self.moved.insert(stream);
            turn.appends.push(Append::Entry(linked));
        }
    }

    fn look_lower(&mut self, turn: &mut Turn, stream: Stream, at: Position) {
        for (link, member) in self.links_about(stream.agreement) {
            if self.offers(&stream, member) {
                self.send(turn, link, Frame::Want(Want { stream, from: at, bytes_max: 1 }));
            }
        }
    }

    pub(in crate::replica) fn id_at(&self, past: &dyn Past, stream: Stream, position: Position) -> EntryId {
        let head = self.logs.head(&stream);
        match position {
            Position(0) => stream.origin().id,
            position if position == head.position => head.id,
            position => past.id_at(stream, position).unwrap_or(EntryId([0; 32])),
        }
    }

    /// Links about an agreement to who is a member now, with whom.
    pub(in crate::replica) fn links_about(&self, id: AgreementId) -> Vec<(LinkId, MemberCode)> {
        let about = |(link, known): (&LinkId, &Link)| {
            let (of, member) = known.greeted()?;
            (of == id && self.partner(id, known.peer) == Some(member)).then_some((*link, member))
        };
        self.links.iter().filter_map(about).collect()
    }
}

fn fork_frame(proof: &ForkProof) -> Frame {
    Frame::Fork(Box::new(proof.heads().map(|head| *head)))
}
