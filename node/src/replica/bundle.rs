//! Bundles (P49): a link in a file. What goes into one is what a link to its receiver would be told, by the same code;
//! what comes out of one is judged like whatever comes over a link. Knows neither files nor keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;
use xietong_proto::reject::Reject;
use xietong_proto::stream::Stream;
use xietong_proto::sync::{Frame, Heads, Hello, Line, Start};

use super::agreement::Agreement;
use super::io::{Append, LinkId, Message, NetAction, NetEvent};
use super::link::{About, Link, offset_ms};
use super::{Replica, Turn, carry};

/// The link that a bundle is: the machine numbers its own from 2, the shell those of others with odd numbers.
const FILE: LinkId = LinkId(0);

/// What a member said in its newest bundle, so that ours can answer it.
#[derive(Clone, Debug)]
pub struct Told {
    peer: PeerId,
    start: Start,
    manifest: ManifestId,
    /// How far it holds each stream.
    shown: BTreeMap<Stream, Position>,
}

/// What goes into a bundle, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    /// Who can read it.
    pub to: PeerId,
    /// Hello, manifests, cards, proofs and receipts.
    pub papers: Vec<Message>,
    /// Stored entries.
    pub spans: Vec<Span>,
    /// How far each stream goes. Last, so that a bundle that was cut short compares nothing.
    pub heads: Frame,
}

/// Some entries of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which.
    pub stream: Stream,
    /// The first.
    pub from: Position,
    /// The last.
    pub until: Position,
}

/// What came of a bundle, or of a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Played {
    /// Who speaks in it.
    pub member: MemberCode,
    /// About which agreement.
    pub agreement: AgreementId,
    /// Entries that were new.
    pub admitted: u64,
    /// Entries that were here, or not taken.
    pub others: u64,
    /// After the whole: what its writer holds and this node still does not.
    pub lacking: Vec<Lacking>,
    /// Which start of this node it answers.
    pub answers: Answers,
    /// Whether this node may publish under the agreement now (P28).
    pub is_confirmed: bool,
}

/// A stream that ends here before it does at the other member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lacking {
    /// Whose.
    pub author: MemberCode,
    /// Of what.
    pub system: System,
    /// How far it is here.
    pub have: Position,
    /// How far it is there.
    pub shown: Position,
}

/// Which start of this node a bundle answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answers {
    /// None: its writer had no bundle of ours.
    Nothing,
    /// One that is over: what it shows may be older than what was said since.
    OlderStart,
    /// The present one: heads were compared.
    ThisStart,
}

/// Why there is no bundle, or why one is not taken in, in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum NoBundle {
    /// No agreement that was joined here and is meant has this member and ours.
    NothingShared { member: MemberCode },
    /// Which of them?
    SeveralShared { member: MemberCode, agreements: Vec<AgreementId> },
    /// Who wrote it is no member of its agreement, by what is in force here, or this node has not joined it.
    OtherAgreement { agreement: AgreementId },
    /// The operator has taken the member off the network.
    Paused { member: MemberCode },
    /// It offended too often and is not heard for a while.
    ShutOut { member: MemberCode },
    /// What it holds is refused by rule; what stood before is here.
    Unlawful { reject: Reject },
}

impl Replica {
    /// What a bundle for a member holds: what that member is not known to hold, or everything from the start on.
    pub fn pack(
        &self,
        turn: &Turn,
        member: MemberCode,
        agreement: &str,
        from_start: bool,
    ) -> Result<Contents, NoBundle> {
        let held = self.shared_with(member, agreement)?;
        let id = held.id();
        if self.paused.has(member) {
            return Err(NoBundle::Paused { member });
        }
        let told = self.told.get(&(id, member)).filter(|told| self.partner(id, told.peer) == Some(member));
        let card = held.card(member);
        let newest = card.and_then(|card| card.fields.transport_keys.first().copied());
        let to = told.map(|told| told.peer).or(newest).ok_or(NoBundle::NothingShared { member })?;
        if self.offences.shuts_out(to) {
            return Err(NoBundle::ShutOut { member });
        }
        let mut said = Turn::new(turn.now, turn.past);
        let about = About { agreement: id, member, is_greeted: true };
        let hello = self.own_hello(turn.now, id).ok_or(NoBundle::NothingShared { member })?;
        let answers = told.map(|told| told.start);
        self.send(&mut said, FILE, Frame::Hello(Hello { answers, ..hello }));
        self.show_papers(&mut said, FILE, about, told.map_or(ManifestId::ZERO, |told| told.manifest));
        let lines = self.lines(id, member);
        let span = |line: &Line| {
            let known = if from_start { Position(0) } else { self.known_to(member, told, line) };
            let span = Span { stream: line.stream, from: known.next(), until: line.position };
            (span.from <= span.until).then_some(span)
        };
        let spans = lines.iter().filter_map(span).collect();
        let papers = said.actions.into_iter().filter_map(message).collect();
        Ok(Contents { to, papers, spans, heads: Frame::Heads(Heads::All(lines)) })
    }

    /// Takes in a part of a bundle: its hello, frames that follow, and whether they are the last. Nothing is said
    /// in return.
    pub fn play(
        &mut self,
        turn: &mut Turn,
        from: PeerId,
        (hello, frames): (&[u8], &[Vec<u8>]),
        is_last: bool,
    ) -> Result<Played, NoBundle> {
        let hello = match Frame::decode(hello) {
            Ok(Frame::Hello(hello)) => hello,
            Ok(_) => return Err(Reject::WrongAgreement.into()),
            Err(reject) => return Err(reject.into()),
        };
        let agreement = hello.agreement;
        let member = self.partner(agreement, from).ok_or(NoBundle::OtherAgreement { agreement })?;
        if self.paused.has(member) {
            return Err(NoBundle::Paused { member });
        }
        if self.offences.shuts_out(from) {
            return Err(NoBundle::ShutOut { member });
        }
        let answers = self.answered(&hello);
        self.begin_file(turn, from, member, &hello, answers);
        let (before, mut entries) = (turn.appends.len(), 0);
        for frame in frames {
            let event = carry::receive(&self.keyring, FILE, frame);
            if let NetEvent::Entries { entries: some, .. } = &event {
                entries += some.len() as u64;
            }
            self.event(turn, event);
        }
        let whole = is_last.then(|| self.heard_whole(from, &hello, member)).flatten();
        let end = self.end_file(turn);
        self.settle_confirmations(turn);
        let is_entry = |append: &&Append| matches!(append, Append::Entry(_));
        let admitted = turn.appends[before..].iter().filter(is_entry).count() as u64;
        let (lacking, is_confirmed) = (whole.unwrap_or_default(), self.unconfirmed(agreement).is_none());
        let others = entries.saturating_sub(admitted);
        end.map(|()| Played { member, agreement, admitted, others, lacking, answers, is_confirmed })
    }

    /// The agreement that is meant: both are members by what is in force.
    fn shared_with(&self, member: MemberCode, meant: &str) -> Result<&Agreement, NoBundle> {
        let me = self.me.code();
        let is_shared = |held: &&Agreement| {
            let names = |code| held.manifest().member(code).is_some();
            member != me && names(member) && names(me) && held.id().to_string().starts_with(meant)
        };
        let shared: Vec<&Agreement> = self.agreements.values().filter(is_shared).collect();
        match shared[..] {
            [held] => Ok(held),
            [] => Err(NoBundle::NothingShared { member }),
            [..] => {
                let agreements = shared.iter().map(|held| held.id()).collect();
                Err(NoBundle::SeveralShared { member, agreements })
            }
        }
    }

    /// How far a member holds a stream: as its newest bundle showed, else as it signed. What it said itself it is
    /// not told again unless it showed that it lacks it.
    fn known_to(&self, member: MemberCode, told: Option<&Told>, line: &Line) -> Position {
        match told {
            Some(told) => told.shown.get(&line.stream).copied().unwrap_or_default(),
            None if line.stream.author == member => line.position,
            None => self.receipted(&line.stream).get(&member).copied().unwrap_or_default(),
        }
    }

    fn answered(&self, hello: &Hello) -> Answers {
        match hello.answers {
            None => Answers::Nothing,
            Some(start) if start == self.start_of(hello.agreement) => Answers::ThisStart,
            Some(_) => Answers::OlderStart,
        }
    }

    fn begin_file(
        &mut self,
        turn: &mut Turn,
        from: PeerId,
        member: MemberCode,
        hello: &Hello,
        answers: Answers,
    ) {
        let about = About { agreement: hello.agreement, member, is_greeted: true };
        let link = Link {
            about: Some(about),
            instance: hello.instance,
            clock_offset_ms: offset_ms(hello.time, turn.now.mono_ms),
            heads_due_ms: u64::MAX,
            is_of_now: answers == Answers::ThisStart,
            ..Link::new(from, false)
        };
        self.links.insert(FILE, link);
        self.meet(turn, hello.agreement, member);
    }

    /// The heads have come, so all has: remembers what the member holds, and says what of it is not here. None if
    /// the link was ended.
    fn heard_whole(&mut self, peer: PeerId, hello: &Hello, member: MemberCode) -> Option<Vec<Lacking>> {
        let shown = self.links.get(&FILE)?.shown.clone();
        let lacking = |(stream, shown): (&Stream, &Position)| {
            let wanted = self.limit(stream).map_or(*shown, |limit| limit.min(*shown));
            let (author, system, have) = (stream.author, stream.system, self.logs.head(stream).position);
            let is_short = have < wanted && self.offers(stream, self.me.code());
            is_short.then_some(Lacking { author, system, have, shown: wanted })
        };
        let lacking = shown.iter().filter_map(lacking).collect();
        let told = Told { peer, start: hello.start(), manifest: hello.manifest, shown };
        self.told.insert((hello.agreement, member), told);
        Some(lacking)
    }

    /// Ends the link, and takes back what would have been said on it. An offence has ended it before.
    fn end_file(&mut self, turn: &mut Turn) -> Result<(), NoBundle> {
        let is_over = !self.links.contains_key(&FILE);
        self.drop_link(FILE);
        let is_on_file = |action: &NetAction| {
            matches!(action, NetAction::Send { link: FILE, .. } | NetAction::Close { link: FILE })
        };
        turn.actions.retain(|action| !is_on_file(action));
        let refused = turn.actions.iter().rev().filter_map(|action| match action {
            NetAction::Report { reject, .. } => Some(reject.clone()),
            _ => None,
        });
        let refused = refused.filter(|_| is_over).map(NoBundle::from).next();
        refused.map_or(Ok(()), Err)
    }
}

impl From<Reject> for NoBundle {
    fn from(reject: Reject) -> Self {
        Self::Unlawful { reject }
    }
}

fn message(action: NetAction) -> Option<Message> {
    match action {
        NetAction::Send { message, .. } => Some(message),
        _ => None,
    }
}
