//! Replication without I/O: which entries are accepted, who holds what, and what to say to whom.
//! Never reads a clock, draws a random number or knows what a record means.
//!
//! A [`Replica`] is changed by events and commands; what it wants done it puts into the [`Turn`] it is
//! given. [`Replica::settle`] ends a turn: whatever changed is told to those who may know.

mod admit;
pub mod agreement;
pub mod bundle;
pub mod carry;
mod chain;
pub mod confirm;
pub mod epochs;
pub mod evidence;
mod forks;
pub mod io;
pub mod link;
pub mod logs;
mod offences;
pub mod purge;
mod receipts;
pub mod room;
mod roster;
pub mod status;
mod sync;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use xietong_proto::card::Card;
use xietong_proto::crypto::SecretKey;
use xietong_proto::entry::{Authority, Draft, Record, fill};
use xietong_proto::header::Header;
use xietong_proto::id::*;
use xietong_proto::manifest::Member;
use xietong_proto::purge::Purge;
use xietong_proto::stream::{Head, Stream};
use xietong_proto::sync::Line;

use agreement::{Agreement, NotInForce, is_twice};
use bundle::Told;
use confirm::{Circle, Session};
use forks::Forks;
use io::{Append, Boot, Keyring, LinkId, NetAction, NetEvent, Now, Object};
use link::Link;
use logs::{Logs, Past};
use offences::Offences;
use receipts::Receipts;
use room::{Quota, Room};
use roster::{Connections, Paused};

/// Who this node is. Fixed while it runs.
#[derive(Clone, Debug)]
pub struct Me {
    /// This member's newest card.
    pub card: Card,
    /// This node's transport key.
    pub peer: PeerId,
    /// Signs receipts; entries are signed on their way into the store.
    pub entry_key: EntryKey,
    /// Enters the salts of our own entries and nothing else.
    pub secret: [u8; 32],
    /// Random for each start of the process.
    pub instance: u64,
}

/// The secret half of an entry key; shows nothing of itself.
#[derive(Clone)]
pub struct EntryKey(pub Arc<SecretKey>);

impl fmt::Debug for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EntryKey")
    }
}

impl Me {
    /// This member's code.
    pub fn code(&self) -> MemberCode {
        self.card.fields.code
    }
}

/// What an operator can set about replication.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Between two comparisons of heads with each peer, in milliseconds.
    pub heads_interval_ms: u64,
    /// For how long a peer that offended too often is not let in, in milliseconds.
    pub shut_out_ms: u64,
    /// Until a request is given up and made elsewhere, in milliseconds.
    pub want_timeout_ms: u64,
    /// Bytes asked for in one request.
    pub want_bytes: u32,
    /// How much room others have here.
    pub quota: Quota,
    /// Where this node may be dialled, as told to peers.
    pub addresses: Vec<String>,
    /// Where to dial members, before what their cards and hellos say.
    pub address_overrides: BTreeMap<MemberCode, Vec<String>>,
}

/// One step: what it may look at, and what it wants done.
pub struct Turn<'a> {
    /// The clocks.
    pub now: Now,
    /// What was stored before this step.
    pub past: &'a dyn Past,
    /// What will be written.
    pub appends: Vec<Append>,
    /// What will be done once that is durable.
    pub actions: Vec<NetAction>,
}

impl<'a> Turn<'a> {
    /// Nothing wanted yet.
    pub fn new(now: Now, past: &'a dyn Past) -> Self {
        Self { now, past, appends: Vec::new(), actions: Vec::new() }
    }
}

/// The replication of one node.
#[derive(Clone, Debug)]
pub struct Replica {
    me: Me,
    settings: Settings,
    agreements: BTreeMap<AgreementId, Agreement>,
    keyring: Keyring,
    logs: Logs,
    links: BTreeMap<LinkId, Link>,
    connections: Connections,
    /// To whom what agreement was presented, and when that may be done again, on the monotonic clock (P48).
    presented: BTreeMap<(PeerId, AgreementId), u64>,
    /// Members of whom two cards of one number were seen, and which.
    twice: BTreeMap<(AgreementId, MemberCode), CardNumber>,
    paused: Paused,
    /// Streams whose head moved in this turn.
    moved: BTreeSet<Stream>,
    links_opened: u64,
    /// When links that should stand are looked for next, on the monotonic clock.
    links_due_ms: u64,
    offences: Offences,
    strangers: u64,
    /// What is known since the start (P28).
    sessions: BTreeMap<AgreementId, Session>,
    circle: Circle,
    receipts: Receipts,
    forks: Forks,
    room: Room,
    /// What was given up of whom (P50).
    purged: BTreeMap<(AgreementId, MemberCode), Purge>,
    /// Streams that were given up or are taken in again; their rows are still as they were.
    given_up: BTreeSet<Stream>,
    /// Confirmed, or under another manifest than before: what they show has not been compared since.
    to_compare: Vec<AgreementId>,
    /// The newest entries that were placed in this turn: they cannot be looked up yet.
    placed: BTreeMap<Stream, Header>,
    /// Compared, and nobody has been told yet.
    compared: Vec<(AgreementId, MemberCode)>,
    /// What members said in bundles since the process started.
    told: BTreeMap<(AgreementId, MemberCode), Told>,
    /// Wall minus monotonic clock at the last turn.
    clock_offset_ms: Option<i64>,
}

/// Records that were put into one entry of our own.
pub struct Authored {
    /// Where, when and under which manifest.
    pub header: Header,
    /// What it says.
    pub records: Vec<Record>,
}

impl Replica {
    /// Goes on from what the store holds.
    pub fn start(me: Me, settings: Settings, boot: Boot, turn: &mut Turn) -> Result<Self, NotInForce> {
        let logs = Logs::new(boot.heads, boot.folded);
        let mut replica = Self {
            me,
            settings,
            agreements: BTreeMap::new(),
            keyring: Keyring::default(),
            logs,
            links: BTreeMap::new(),
            connections: Connections::default(),
            presented: BTreeMap::new(),
            twice: BTreeMap::new(),
            paused: Paused::default(),
            moved: BTreeSet::new(),
            links_opened: 0,
            links_due_ms: 0,
            offences: Offences::default(),
            strangers: 0,
            sessions: BTreeMap::new(),
            circle: Circle::default(),
            receipts: Receipts::default(),
            forks: Forks::default(),
            room: Room::new(boot.bytes),
            purged: BTreeMap::new(),
            given_up: BTreeSet::new(),
            to_compare: Vec::new(),
            placed: BTreeMap::new(),
            compared: Vec::new(),
            told: BTreeMap::new(),
            clock_offset_ms: None,
        };
        for (agreement, object) in boot.objects {
            replica.restore(agreement, object)?;
        }
        replica.skip_all_purged();
        let own = replica.me.card.clone();
        replica.keyring.learn(AgreementId::ZERO, &own);
        let joined: Vec<AgreementId> = replica.agreements.keys().copied().collect();
        replica.sessions = joined.iter().map(|id| (*id, Session::begin(turn.now))).collect();
        for agreement in joined {
            replica.renew_card(turn, agreement, &own);
            // The process may have ended before it gave up what a version had ended.
            replica.doubt_ends(agreement);
        }
        replica.publish_trust(turn);
        Ok(replica)
    }

    /// What happened on the network.
    pub fn event(&mut self, turn: &mut Turn, event: NetEvent) {
        if let Some(link) = event.heard_on() {
            self.link_mut(link, |link| link.heard_ms = turn.now.mono_ms);
        }
        match event {
            NetEvent::Connected { peer, address } => self.connected(turn, peer, address),
            NetEvent::Disconnected { peer } => self.disconnected(peer),
            NetEvent::Runs { peer, program } => self.connections.note_program(peer, program),
            NetEvent::Stranger { peer, .. } => {
                self.strangers += 1;
                self.invite(turn, peer, None);
            }
            NetEvent::Unexpected { peer, address } => self.invite(turn, peer, Some(address)),
            NetEvent::Guest { peer } => self.welcome(turn, peer),
            NetEvent::Presented { peer, shown } => self.presented(turn, peer, &shown),
            NetEvent::Opened { link } => self.opened(turn, link),
            NetEvent::Accepted { link, peer } => {
                self.links.insert(link, Link::new(peer, false));
            }
            NetEvent::Frame { link, frame } => self.frame(turn, link, frame),
            NetEvent::Entries { link, stream, until, entries, refused } => {
                self.entries(turn, link, stream, until, entries, refused);
            }
            NetEvent::Announced { link, stream, head } => self.announced(turn, link, stream, head),
            NetEvent::Forked { link, proof } => self.told_fork(turn, link, &proof),
            NetEvent::Traced { link: _, stream, to, heads } => self.traced(turn, stream, to, heads),
            NetEvent::Refused { link, reject } => self.refuse(turn, link, reject),
            NetEvent::Closed { link } => self.closed(turn, link),
        }
    }

    /// Puts an agreement into force here. Joining it again changes nothing.
    pub fn join(&mut self, turn: &mut Turn, agreement: Agreement) {
        let id = agreement.id();
        if self.agreements.contains_key(&id) {
            return;
        }
        turn.appends.extend(agreement.to_objects().into_iter().map(|object| Append::Object(id, object)));
        agreement.all_cards().for_each(|card| self.keyring.learn(id, card));
        self.agreements.insert(id, agreement);
        self.sessions.insert(id, Session::begin(turn.now));
        self.publish_trust(turn);
        let own = self.me.card.clone();
        self.renew_card(turn, id, &own);
        let peers: Vec<PeerId> = self.connections.peers().collect();
        peers.into_iter().for_each(|peer| self.open(turn, peer, id));
    }

    /// Takes a member, or all, off the network, or brings it back.
    pub fn pause(&mut self, turn: &mut Turn, member: Option<MemberCode>, paused: bool) {
        turn.appends.push(Append::Object(AgreementId::ZERO, Object::Pause { member, paused }));
        self.paused.set(member, paused);
        self.publish_trust(turn);
    }

    /// Appends records to a stream of our own, in as few entries as they fit into (P3, P6).
    pub fn author(&mut self, turn: &mut Turn, stream: Stream, mut records: Vec<Record>) -> Vec<Authored> {
        let mut authored = Vec::new();
        while !records.is_empty() {
            let rest = records.split_off(fill(&records).max(1));
            let draft = self.draft(turn.now, stream, &records);
            let (header, head) = (*draft.header(), draft.head());
            self.logs.extend(stream, head);
            self.moved.insert(stream);
            turn.appends.push(Append::Own(draft));
            authored.push(Authored { header, records });
            records = rest;
        }
        authored
    }

    /// The agreements in force here.
    pub fn agreements(&self) -> impl Iterator<Item = &Agreement> {
        self.agreements.values()
    }

    /// Who is a member by the manifest that an entry names; nobody in a local stream.
    pub fn members_by(&self, header: &Header) -> &[Member] {
        let held = self.agreements.get(&header.stream.agreement);
        let named = held.and_then(|held| held.epochs().manifest(header.manifest));
        named.map_or(&[], |manifest| &manifest.fields.members)
    }

    /// Former members of an agreement of whom everything is here that counts (P38).
    pub fn left(&self, held: &Agreement) -> BTreeSet<MemberCode> {
        let epochs = held.epochs();
        let named = epochs.standing().chain().iter().filter_map(|id| epochs.manifest(*id));
        let former = named.flat_map(|manifest| manifest.fields.members.iter().map(|member| member.code));
        let is_former = |member: &MemberCode| held.manifest().member(*member).is_none();
        let systems = || held.manifest().fields.scope.iter().map(|scope| scope.system);
        let is_whole = |member: &MemberCode| {
            systems().all(|system| {
                let ended = epochs.stream_before(&held.stream(*member, system));
                ended.is_some_and(|(stream, cut)| self.logs.head(&stream).position >= cut.position)
            })
        };
        former.filter(is_former).filter(is_whole).collect()
    }

    /// Where this member's next entries of a system for all go.
    pub fn own_stream(&self, id: AgreementId, system: System) -> Stream {
        let me = self.me.code();
        self.agreements.get(&id).map_or(Stream::shared(id, me, system), |held| held.stream(me, system))
    }

    /// Whether what is in force lets this member write in a system (P17, P37, P38).
    pub fn takes_part(&self, held: &Agreement, system: System) -> bool {
        let me = self.me.code();
        held.is_open()
            && held.shares(me, system)
            && self.own_card(held).is_some_and(|card| held.trusts(me, card))
            && !self.is_card_twice(held, me)
            && self.begins(&held.stream(me, system))
    }

    /// Under which of this member's cards this node signs in an agreement: until a new seal is in force there it is one
    /// under the seal before. None if none of them names the node's entry key.
    pub fn own_card(&self, held: &Agreement) -> Option<CardNumber> {
        let me = &self.me.card.fields;
        held.card_with(me.code, &me.entry_key)
    }

    /// The same, or the newest card where nobody asks for another.
    fn signing_card(&self, id: AgreementId) -> CardNumber {
        let named = self.agreements.get(&id).and_then(|held| self.own_card(held));
        named.unwrap_or(self.me.card.fields.number)
    }

    /// Whether a member has signed two cards of one number, and none with a higher one since.
    pub fn is_card_twice(&self, held: &Agreement, member: MemberCode) -> bool {
        let twice = self.twice.get(&(held.id(), member));
        twice.is_some_and(|number| held.newest_card(member).is_none_or(|newest| newest <= *number))
    }

    /// Whether a stream is spoken of with a member (P19, P38).
    fn offers(&self, stream: &Stream, to: MemberCode) -> bool {
        let held = self.agreements.get(&stream.agreement);
        held.is_some_and(|held| held.offers(stream, self.me.code()) && held.offers(stream, to))
    }

    /// The lines of an agreement that a member may see (P19, P23).
    fn lines(&self, id: AgreementId, member: MemberCode) -> Vec<Line> {
        let mut lines = self.logs.lines(id, member);
        lines.retain(|line| self.offers(&line.stream, member));
        lines
    }

    /// The last entry of a stream that counts, if a manifest says so (P38).
    fn cut(&self, stream: &Stream) -> Option<Head> {
        self.agreements.get(&stream.agreement)?.epochs().cut(stream)
    }

    /// Up to where entries of a stream are wanted; none = as many as there are.
    fn limit(&self, stream: &Stream) -> Option<Position> {
        let cut = self.cut(stream).map(|cut| cut.position);
        let given_up = self.is_purged(stream).then(|| self.logs.head(stream).position);
        self.forks.limit(stream).into_iter().chain(cut).chain(given_up).min()
    }

    /// Whether a generation may begin: the one before it is held up to its cut (P38).
    fn begins(&self, stream: &Stream) -> bool {
        let held = self.agreements.get(&stream.agreement);
        let before = held.and_then(|held| held.epochs().stream_before(stream));
        before.is_none_or(|(before, cut)| self.logs.head(&before) == cut)
    }

    /// Where every stream stands.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// Remembers that entries were folded up to a position, and says up to which there is nothing else to fold (P50).
    pub fn mark_folded(&mut self, stream: Stream, position: Position) -> Position {
        let folded = self.skip_purged(&stream, position);
        self.logs.mark_folded(stream, folded);
        folded
    }

    /// Who this node is.
    pub fn me(&self) -> &Me {
        &self.me
    }

    fn draft(&self, now: Now, stream: Stream, records: &[Record]) -> Draft {
        let manifest = self.agreements.get(&stream.agreement).map(Agreement::manifest);
        let authority = Authority {
            epoch: manifest.map(|manifest| manifest.fields.epoch).unwrap_or_default(),
            manifest: manifest.map_or(ManifestId::ZERO, |manifest| manifest.id()),
            card: self.signing_card(stream.agreement),
        };
        Draft::new(stream, self.logs.head(&stream), authority, now.wall, &self.me.secret, records)
    }

    fn restore(&mut self, id: AgreementId, object: Object) -> Result<(), NotInForce> {
        match object {
            Object::Agreement { manifest, approvals, cards } => {
                let agreement = Agreement::read(&manifest, &approvals, &cards)?;
                agreement.all_cards().for_each(|card| self.keyring.learn(id, card));
                self.agreements.insert(id, agreement);
            }
            Object::Card { card } => {
                let card = Card::open(&agreement::from_hex(&card)?)?;
                self.keyring.learn(id, &card);
                if let Some(agreement) = self.agreements.get_mut(&id) {
                    agreement.renew(&card)?;
                }
            }
            Object::Manifest { manifest } => self.restore_manifest(id, &manifest)?,
            Object::Opinion { stance, opinion } => self.restore_opinion(id, stance, &opinion)?,
            Object::Pause { member, paused } => self.paused.set(member, paused),
            Object::Receipt { receipt, base, lines, member: _ } => {
                self.restore_receipt(id, &Object::told(&receipt, base, &lines)?)?;
            }
            Object::Fork { heads } => self.restore_fork(&heads)?,
            Object::Traced { heads } => self.restore_traced(&heads)?,
            Object::Met { member } => {
                self.circle.meet(id, member);
            }
            Object::Excuse { member, excused } => self.circle.excuse(member, excused),
            Object::Purged { author, purge } => self.restore_purge(id, author, purge.as_deref())?,
        }
        Ok(())
    }

    /// Takes over a newer card of a member: into the log, the keyring and the roster (P11). Says whether it was news.
    fn renew_card(&mut self, turn: &mut Turn, id: AgreementId, card: &Card) -> bool {
        let Some(agreement) = self.agreements.get_mut(&id) else { return false };
        let renewed = agreement.renew(card);
        if renewed == Err(is_twice()) {
            self.twice.insert((id, card.fields.code), card.fields.number);
        }
        let is_news = renewed == Ok(true);
        if is_news {
            let object = Object::Card { card: hex::encode(card.bytes()) };
            turn.appends.push(Append::Object(id, object));
            self.keyring.learn(id, card);
            self.publish_trust(turn);
        }
        is_news
    }

    /// Tells the shell who may connect and whose signatures hold.
    fn publish_trust(&self, turn: &mut Turn) {
        turn.actions.push(NetAction::Keyring(Arc::new(self.keyring.clone())));
        turn.actions.push(NetAction::Roster(Arc::new(self.roster())));
    }

    fn close(&mut self, turn: &mut Turn, link: LinkId) {
        self.drop_link(link);
        turn.actions.push(NetAction::Close { link });
    }

    pub(super) fn drop_link(&mut self, link: LinkId) {
        let gone = self.links.remove(&link);
        self.forget_claims(gone.and_then(|link| link.greeted()));
    }
}
