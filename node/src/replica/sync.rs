//! The conversation on a link (P21 to P26). Heads say what the other end holds; what it holds more is asked
//! for with credit, from one source a stream at a time; what is new here is pushed or shown. Pushes are
//! hints: whatever is lost, the next comparison of heads finds.

use std::collections::BTreeMap;

use xietong_proto::card::Card;
use xietong_proto::id::*;
use xietong_proto::reject::Reject;
use xietong_proto::stream::Stream;
use xietong_proto::sync::{Frame, Heads, Hello, Line, Want, digest};

use super::io::{LinkId, Message, NetAction, Now};
use super::link::{About, Link, Wanted, offset_ms, survivor};
use super::receipts::Teller;
use super::roster::Connection;
use super::{Replica, Turn};

/// Between two looks for links that do not stand although a connection does.
const LINKS_INTERVAL_MS: u64 = 5_000;
/// Requests under way for one stream: the next answer follows the one that is coming.
const STREAM_WANTS_MAX: usize = 2;
/// Requests under way on one link: with 2 MiB each the 8 MiB of P24.
const LINK_WANTS_MAX: usize = 4;
/// Requests under way on all links: 64 MiB.
const WANTS_MAX: usize = 32;

impl Replica {
    pub(super) fn connected(&mut self, turn: &mut Turn, peer: PeerId, address: String) {
        self.connections.add(peer, Connection { address, since: turn.now.wall, program: String::new() });
        if self.me.peer < peer {
            self.open_all(turn, peer);
        }
    }

    pub(super) fn disconnected(&mut self, peer: PeerId) {
        self.connections.remove(peer);
        let of_peer = self.links.iter().filter(|(_, link)| link.peer == peer).map(|(id, _)| *id);
        of_peer.collect::<Vec<_>>().into_iter().for_each(|link| self.drop_link(link));
    }

    /// Asks for a link about an agreement that the peer is named in.
    pub(super) fn open(&mut self, turn: &mut Turn, peer: PeerId, agreement: AgreementId) {
        let Some(member) = self.partner(agreement, peer) else { return };
        self.links_opened += 1;
        let id = LinkId(self.links_opened * 2);
        let mut link = Link::new(peer, true);
        link.about = Some(About { agreement, member, is_greeted: false });
        self.links.insert(id, link);
        turn.actions.push(NetAction::Open { link: id, peer, agreement });
    }

    /// The member with whom an agreement is spoken about over a transport key: both are members by what is in force.
    pub(super) fn partner(&self, agreement: AgreementId, peer: PeerId) -> Option<MemberCode> {
        let held = self.agreements.get(&agreement)?;
        held.manifest().member(self.me.code())?;
        held.member_of(peer)
    }

    fn open_all(&mut self, turn: &mut Turn, peer: PeerId) {
        let agreements: Vec<AgreementId> = self.agreements.keys().copied().collect();
        agreements.into_iter().for_each(|agreement| self.open(turn, peer, agreement));
    }

    /// The link that we asked for stands: its opener speaks first.
    pub(super) fn opened(&mut self, turn: &mut Turn, id: LinkId) {
        match self.links.get(&id).and_then(|link| link.about) {
            Some(about) => self.say_hello(turn, id, about.agreement),
            None => turn.actions.push(NetAction::Close { link: id }),
        }
    }

    pub(super) fn frame(&mut self, turn: &mut Turn, id: LinkId, frame: Frame) {
        let Some(link) = self.links.get(&id) else { return };
        let Some((agreement, member)) = link.greeted() else {
            return match frame {
                Frame::Hello(hello) => self.hello(turn, id, hello),
                _ => self.refuse(turn, id, Reject::WrongAgreement),
            };
        };
        match frame {
            Frame::Hello(_) => self.refuse(turn, id, Reject::WrongAgreement),
            Frame::Cards(cards) => self.cards(turn, id, agreement, &cards),
            Frame::Heads(Heads::Digest(theirs)) => {
                let lines = self.lines(agreement, member);
                if digest(&lines) == theirs {
                    self.heed(id, &lines, true);
                } else {
                    self.send(turn, id, Frame::Heads(Heads::All(lines)));
                }
            }
            Frame::Heads(Heads::All(lines)) => {
                self.heed(id, &lines, true);
                self.link_mut(id, |link| link.show_all(&lines));
                self.forks.doubt(agreement);
                if self.forks.touch(agreement) {
                    // We differ, and what we judge by may not have reached the other end.
                    self.show_forks(turn, id, agreement, member);
                    self.show_receipts(turn, id, agreement);
                }
                self.compare(turn, id, agreement, &lines);
            }
            Frame::Heads(Heads::Changed(lines)) => {
                let show = |link: &mut Link| lines.iter().for_each(|at| link.show(at.stream, at.position));
                self.heed(id, &lines, false);
                self.link_mut(id, show);
                self.compare(turn, id, agreement, &lines);
            }
            Frame::Want(want) => self.serve(turn, id, agreement, member, want),
            Frame::Receipted(told) => {
                let teller =
                    self.receipted_by(turn, id, (agreement, member), &told).unwrap_or_else(|reject| {
                        self.refuse(turn, id, reject);
                        Teller::IsBehind
                    });
                if teller == Teller::IsBehind && self.links.contains_key(&id) {
                    self.show_receipt(turn, id, agreement, member);
                }
            }
            Frame::Range(range) if range.entries.is_empty() => self.nothing_there(id, range.stream),
            Frame::Rival(instance) => self.heed_rival(turn, agreement, instance),
            Frame::Signing(signing) => self.signing(turn, id, agreement, &signing),
            Frame::Trace(trace) if trace.stream.agreement == agreement => {
                self.serve_trace(turn, id, member, trace);
            }
            Frame::Trace(_) => self.refuse(turn, id, Reject::WrongAgreement),
            // The shell opens entries and hands them over as such; here they were never opened.
            Frame::Range(_) | Frame::Push(_) | Frame::Fork(..) | Frame::Traced(_) => {
                self.refuse(turn, id, Reject::BadSignature)
            }
        }
    }

    /// The first frame of the other end decides whether the link is heard at all (P21).
    fn hello(&mut self, turn: &mut Turn, id: LinkId, hello: Hello) {
        let Some(link) = self.links.get(&id) else { return };
        let (peer, is_ours) = (link.peer, link.is_ours);
        let expected = link.about.map(|about| about.agreement);
        let member = match self.partner(hello.agreement, peer) {
            Some(member) if !self.paused.has(member) && !self.offences.shuts_out(peer) => member,
            Some(_) => return self.close(turn, id),
            None => return self.catch_up(turn, id, &hello),
        };
        if expected.is_some_and(|agreement| agreement != hello.agreement) {
            return self.refuse(turn, id, Reject::WrongAgreement);
        }
        let about = About { agreement: hello.agreement, member, is_greeted: true };
        let clock_offset_ms = offset_ms(hello.time, turn.now.mono_ms);
        let heads_due_ms = turn.now.mono_ms + self.settings.heads_interval_ms;
        self.link_mut(id, |link| {
            (link.about, link.instance) = (Some(about), hello.instance);
            link.manifest = Some(hello.manifest);
            (link.clock_offset_ms, link.heads_due_ms) = (clock_offset_ms, heads_due_ms);
        });
        self.meet(turn, about.agreement, about.member);
        if self.connections.tell(peer, hello.addresses) {
            self.publish_trust(turn);
        }
        let rival = self.rival(turn, id, about, hello.instance);
        if !self.keep_one(turn, id) {
            if let Some((link, _)) = rival {
                self.send(turn, link, Frame::Rival(hello.instance));
            }
            return;
        }
        if !is_ours {
            self.say_hello(turn, id, hello.agreement);
        }
        if let Some((_, rival)) = rival {
            self.send(turn, id, Frame::Rival(rival));
        }
        self.introduce(turn, id, about, hello.manifest);
    }

    /// Another process with the key of who says hello: its link, and itself. It lives if something came from it
    /// after this one had said hello before: one that ended says nothing any more (P28).
    fn rival(&mut self, turn: &Turn, id: LinkId, about: About, instance: u64) -> Option<(LinkId, u64)> {
        let peer = self.links.get(&id)?.peer;
        let first_ms = self.connections.greet(peer, instance, turn.now.mono_ms);
        let is_rival = |link: &Link| {
            link.peer == peer
                && link.about == Some(about)
                && link.instance != instance
                && link.heard_ms > first_ms
        };
        let rival = self.links.iter().find(|(other, link)| **other != id && is_rival(link));
        rival.map(|(id, link)| (*id, link.instance))
    }

    /// Closes whichever of two links to the same member about the same agreement is too many; says whether
    /// this one stays.
    fn keep_one(&mut self, turn: &mut Turn, id: LinkId) -> bool {
        let Some(new) = self.links.get(&id) else { return false };
        let is_same =
            |other: &Link| other.peer == new.peer && other.greeted().is_some() && other.about == new.about;
        let old = self.links.iter().find(|(other, link)| **other != id && is_same(link));
        let Some((old_id, old)) = old.map(|(id, link)| (*id, link)) else { return true };
        let stays = survivor(self.me.peer, (old_id, old), (id, new));
        self.close(turn, if stays == id { old_id } else { id });
        stays == id
    }

    pub(super) fn say_hello(&self, turn: &mut Turn, id: LinkId, agreement: AgreementId) {
        if let Some(hello) = self.own_hello(turn.now, agreement) {
            self.send(turn, id, Frame::Hello(hello));
        }
    }

    pub(super) fn own_hello(&self, now: Now, agreement: AgreementId) -> Option<Hello> {
        Some(Hello {
            agreement,
            manifest: self.agreements.get(&agreement)?.manifest().id(),
            instance: self.me.instance,
            time: now.wall,
            addresses: self.settings.addresses.clone(),
            begun: self.start_of(agreement).begun,
            answers: None,
        })
    }

    fn introduce(&self, turn: &mut Turn, id: LinkId, about: About, newest: ManifestId) {
        self.show_papers(turn, id, about, newest);
        let lines = self.lines(about.agreement, about.member);
        self.send(turn, id, Frame::Heads(Heads::All(lines)));
    }

    /// Manifests and cards go before heads, so that the other end can check what it will ask for (P22, P39).
    pub(super) fn show_papers(&self, turn: &mut Turn, id: LinkId, about: About, newest: ManifestId) {
        self.show_signings(turn, id, about, newest);
        self.send_cards(turn, id, about.agreement);
        self.show_forks(turn, id, about.agreement, about.member);
        self.show_receipts(turn, id, about.agreement);
    }

    fn cards(&mut self, turn: &mut Turn, id: LinkId, agreement: AgreementId, cards: &[Vec<u8>]) {
        match cards.iter().map(|bytes| Card::open(bytes)).collect::<Result<Vec<_>, _>>() {
            Ok(cards) => {
                let own = cards.iter().map(|card| &card.fields).filter(|card| card.code == self.me.code());
                let newest = own.map(|card| card.number).max();
                self.link_mut(id, |link| link.card = link.card.max(newest));
                self.take_cards(turn, agreement, &cards);
            }
            Err(reject) => self.refuse(turn, id, reject),
        }
    }

    /// Answers a request from the stored bytes; a stream that the member may not hold looks empty (P19).
    fn serve(&self, turn: &mut Turn, link: LinkId, agreement: AgreementId, to: MemberCode, want: Want) {
        let Want { stream, from, bytes_max } = want;
        let may_hold = stream.agreement == agreement && self.offers(&stream, to);
        let is_there = may_hold && from <= self.logs.head(&stream).position;
        let message = if is_there {
            Message::Range { stream, from, bytes_max }
        } else {
            let entries = Vec::new();
            let until = Position(0);
            Message::Frame(Frame::Range(xietong_proto::sync::Range { stream, from, until, entries }))
        };
        turn.actions.push(NetAction::Send { link, message });
    }

    pub(super) fn nothing_there(&mut self, id: LinkId, stream: Stream) {
        self.disbelieve(id, stream);
        let head = self.logs.head(&stream).position;
        self.link_mut(id, |link| {
            link.give_up(stream);
            link.shown.insert(stream, head.min(link.shown(&stream)));
        });
    }

    /// Ends a turn: tells what moved, asks for what is missing, and does what is due.
    pub fn settle(&mut self, turn: &mut Turn) {
        self.room.keep_day(turn.now);
        self.keep_time(turn);
        self.forgive(turn);
        self.settle_confirmations(turn);
        self.settle_forks(turn);
        for stream in std::mem::take(&mut self.moved) {
            self.tell(turn, stream);
        }
        self.sign_receipts(turn);
        self.ask(turn);
        self.placed.clear();
    }

    /// When something is due next, on the monotonic clock.
    pub fn due_ms(&self) -> Option<u64> {
        let links = self.links.values().filter(|link| link.greeted().is_some());
        let of_link = |link: &Link| {
            let wants = link.wanted.values().map(|wanted| wanted.expires_ms).min();
            wants.map_or(link.heads_due_ms, |due_ms| due_ms.min(link.heads_due_ms))
        };
        let is_connected = self.connections.peers().next().is_some();
        let links_due_ms = is_connected.then_some(self.links_due_ms);
        links
            .map(of_link)
            .chain(links_due_ms)
            .chain(self.receipts_due_ms())
            .chain(self.forks.due_ms())
            .chain(self.offences.due_ms())
            .min()
    }

    fn keep_time(&mut self, turn: &mut Turn) {
        let (now_ms, interval_ms) = (turn.now.mono_ms, self.settings.heads_interval_ms);
        let mut due = Vec::new();
        for (id, link) in &mut self.links {
            link.wanted.retain(|_, wanted| wanted.expires_ms > now_ms);
            if let Some(about) = link.greeted().filter(|_| link.heads_due_ms <= now_ms) {
                link.heads_due_ms = now_ms + interval_ms;
                link.answered.clear();
                due.push((*id, about));
            }
        }
        for (id, (agreement, member)) in due {
            let is_over = !self.links_about(agreement).contains(&(id, member));
            if is_over || self.can_hear_again(id) {
                self.close(turn, id);
                self.publish_trust(turn);
                continue;
            }
            let digest = digest(&self.lines(agreement, member));
            self.send(turn, id, Frame::Heads(Heads::Digest(digest)));
            self.show_receipt(turn, id, agreement, self.me.code());
            self.show_waiting(turn, id, agreement);
        }
        if self.links_due_ms <= now_ms {
            self.links_due_ms = now_ms + LINKS_INTERVAL_MS;
            self.open_missing(turn);
        }
    }

    /// Asks again for links that do not stand although a connection does.
    fn open_missing(&mut self, turn: &mut Turn) {
        let agreements = || self.agreements.keys().copied();
        let pairs = self.connections.peers().flat_map(|peer| agreements().map(move |id| (peer, id)));
        let stands = |(peer, id): &(PeerId, AgreementId)| {
            let about = |link: &Link| link.about.is_some_and(|about| about.agreement == *id);
            self.links.values().any(|link| link.peer == *peer && about(link))
        };
        let missing: Vec<_> = pairs.filter(|pair| !stands(pair)).collect();
        missing.into_iter().for_each(|(peer, id)| self.open(turn, peer, id));
    }

    /// Tells the members who may know that a stream moved: our own new entry is pushed to who is right behind
    /// it, others' as a head alone; who holds it already is shown that we do too.
    fn tell(&mut self, turn: &mut Turn, stream: Stream) {
        let position = self.logs.head(&stream).position;
        if position == Position(0) {
            return;
        }
        let is_own = stream.author == self.me.code();
        let line = Line::new(stream, self.logs.head(&stream));
        for (id, member) in self.links_about(stream.agreement) {
            let may_hold = self.offers(&stream, member);
            let Some(link) = self.links.get_mut(&id).filter(|_| may_hold) else { continue };
            let is_behind = link.reached(&stream) < position;
            let is_next = link.reached(&stream).next() == position;
            let message = if is_behind && (is_next || !is_own) {
                link.pushed.insert(stream, position);
                Message::Push { stream, position, with_payload: is_own }
            } else {
                Message::Frame(Frame::Heads(Heads::Changed(vec![line])))
            };
            turn.actions.push(NetAction::Send { link: id, message });
        }
    }

    /// Asks for what others hold more than we do: each stream from one link, its author's own if that stands.
    fn ask(&mut self, turn: &mut Turn) {
        let mut sources: BTreeMap<Stream, (bool, Position, LinkId)> = BTreeMap::new();
        for (id, link) in &self.links {
            let Some((agreement, member)) = link.greeted() else { continue };
            for (stream, shown) in &link.shown {
                let is_news = stream.agreement == agreement
                    && self.offers(stream, self.me.code())
                    && self.begins(stream)
                    && *shown > self.logs.head(stream).position
                    && self.limit(stream).is_none_or(|limit| self.logs.head(stream).position < limit);
                let offer = (member == stream.author, *shown, *id);
                let is_news = is_news && self.has_room(stream);
                let best = sources.get(stream);
                if is_news && link.wanted.len() < LINK_WANTS_MAX && best.is_none_or(|best| *best < offer) {
                    sources.insert(*stream, offer);
                }
            }
        }
        for (stream, (_, shown, id)) in sources {
            if let Some(from) = self.unasked(stream).filter(|from| *from <= shown) {
                self.want(turn, id, stream, from);
            }
        }
    }

    /// The first position of a stream that nobody was asked for; none while it is not known how far an answer
    /// goes, or enough is under way.
    fn unasked(&self, stream: Stream) -> Option<Position> {
        let mut under_way: Vec<_> = self.links.values().flat_map(|link| link.wanted(stream)).collect();
        if under_way.len() >= STREAM_WANTS_MAX {
            return None;
        }
        under_way.sort_by_key(|(from, _)| *from);
        let mut next = self.logs.head(&stream).position.next();
        for (from, wanted) in under_way {
            if from <= next {
                next = next.max(wanted.until?.next());
            }
        }
        Some(next)
    }

    fn want(&mut self, turn: &mut Turn, id: LinkId, stream: Stream, from: Position) {
        let wanted = Wanted { until: None, expires_ms: turn.now.mono_ms + self.settings.want_timeout_ms };
        let in_all: usize = self.links.values().map(|link| link.wanted.len()).sum();
        let has_credit = |link: &&mut Link| link.wanted.len() < LINK_WANTS_MAX && in_all < WANTS_MAX;
        let Some(link) = self.links.get_mut(&id).filter(has_credit) else { return };
        link.wanted.insert((stream, from), wanted);
        let bytes_max = self.settings.want_bytes;
        self.send(turn, id, Frame::Want(Want { stream, from, bytes_max }));
    }

    pub(super) fn send(&self, turn: &mut Turn, link: LinkId, frame: Frame) {
        turn.actions.push(NetAction::Send { link, message: Message::Frame(frame) });
    }

    pub(super) fn link_mut(&mut self, id: LinkId, change: impl FnOnce(&mut Link)) {
        if let Some(link) = self.links.get_mut(&id) {
            change(link);
        }
    }
}
