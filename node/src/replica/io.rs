//! What goes into the machine and what comes out of it. Closed enums: each thing that can happen to a node
//! and each thing that it can do has a name here. Nothing leaves an [`Output`] before its writes were
//! committed: its fields are private and [`Output::commit`] is the one way out.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::chain::LinkedEntry;
use xietong_proto::crypto::{PublicKey, SecretKey};
use xietong_proto::entry::{Draft, Entry, EntryHead, SignedEntry};
use xietong_proto::fork::ForkProof;
use xietong_proto::header::Header;
use xietong_proto::id::*;
use xietong_proto::opinion::Stance;
use xietong_proto::presentation::Presentation;
use xietong_proto::purge::{Purge, PurgeFields};
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Head, Stream};
use xietong_proto::sync::Frame;

/// The two clocks of a node, read by its shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// What people call the time; may jump.
    pub wall: Millis,
    /// Milliseconds since some start; never goes back.
    pub mono_ms: u64,
}

/// One stream of frames between this node and a peer, as the shell numbers them. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// What happens on the network.
#[derive(Clone, Debug)]
pub enum NetEvent {
    /// The first connection to a peer of the roster stands.
    Connected { peer: PeerId, address: String },
    /// The last connection to it is gone.
    Disconnected { peer: PeerId },
    /// A connected peer says what program it runs.
    Runs { peer: PeerId, program: String },
    /// Somebody who stands on no roster wanted in and was turned away without a byte.
    Stranger { peer: PeerId, address: String },
    /// Somebody who stands on no roster answered where a peer of the roster was looked for.
    Unexpected { peer: PeerId, address: String },
    /// A connection to somebody stands who was let in with [`NetAction::Invite`].
    Guest { peer: PeerId },
    /// What a guest or a peer presents (P48); nothing of it has been opened.
    Presented { peer: PeerId, shown: Box<Presentation> },
    /// A stream that we asked for with [`NetAction::Open`] stands.
    Opened { link: LinkId },
    /// A peer opened a stream; its first frame will name the agreement.
    Accepted { link: LinkId, peer: PeerId },
    /// A frame without entries.
    Frame { link: LinkId, frame: Frame },
    /// Entries of a range or push: those that opened, up to the first that did not. A range says how far its
    /// answer goes.
    Entries {
        link: LinkId,
        stream: Stream,
        until: Option<Position>,
        entries: Vec<SignedEntry>,
        refused: Option<Reject>,
    },
    /// Only the head of a new entry (a push without payload); its signature holds.
    Announced { link: LinkId, stream: Stream, head: Head },
    /// Two entries of one author for one place; both signatures hold.
    Forked { link: LinkId, proof: Box<ForkProof> },
    /// What leads to an entry of a forked stream; the signatures hold.
    Traced { link: LinkId, stream: Stream, to: EntryId, heads: Vec<EntryHead> },
    /// Bytes that are no frame or no entry.
    Refused { link: LinkId, reject: Reject },
    /// The stream ended, or could not be opened.
    Closed { link: LinkId },
}

impl NetEvent {
    /// The link on which something came.
    pub fn heard_on(&self) -> Option<LinkId> {
        match self {
            NetEvent::Frame { link, .. }
            | NetEvent::Entries { link, .. }
            | NetEvent::Announced { link, .. }
            | NetEvent::Forked { link, .. }
            | NetEvent::Traced { link, .. } => Some(*link),
            NetEvent::Connected { .. }
            | NetEvent::Disconnected { .. }
            | NetEvent::Runs { .. }
            | NetEvent::Stranger { .. }
            | NetEvent::Unexpected { .. }
            | NetEvent::Guest { .. }
            | NetEvent::Presented { .. }
            | NetEvent::Opened { .. }
            | NetEvent::Accepted { .. }
            | NetEvent::Refused { .. }
            | NetEvent::Closed { .. } => None,
        }
    }
}

/// What a node does on the network once its writes are durable.
#[derive(Clone, Debug)]
pub enum NetAction {
    /// Open a stream to a connected peer.
    Open { link: LinkId, peer: PeerId, agreement: AgreementId },
    /// Send on a stream.
    Send { link: LinkId, message: Message },
    /// End a stream; never says why.
    Close { link: LinkId },
    /// From now on only these peers may connect, and all of them are dialled.
    Roster(Arc<Roster>),
    /// Let somebody in for a moment who stands on no roster, and dial it if it answered somewhere: it may present
    /// itself and do nothing else.
    Invite { peer: PeerId, address: Option<String> },
    /// Present an agreement to a peer that is connected.
    Present { peer: PeerId, shown: Box<Presentation> },
    /// From now on entries are opened with these keys.
    Keyring(Arc<Keyring>),
    /// Tell the operator that a peer is not let in for a while: it offended too often.
    ShutOut { peer: PeerId, for_ms: u64 },
    /// Tell the operator that an agreement's validity ends soon.
    EndsSoon { agreement: AgreementId, days_left: u64 },
    /// Tell the world (operation log) what was refused, and from whom.
    Report { peer: PeerId, reject: Reject },
}

/// What is sent. Entries are named, not carried: the shell reads the stored bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// As it stands.
    Frame(Frame),
    /// Stored entries, in one range or more: at least one if there is one, at most so many bytes.
    Range { stream: Stream, from: Position, bytes_max: u32 },
    /// One stored entry, with or without its payload.
    Push { stream: Stream, position: Position, with_payload: bool },
    /// The heads of stored entries that lead towards `to`, as many as fit.
    Traced { stream: Stream, from: Position, until: Position, to: EntryId },
}

/// Who may connect, and where they may be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// By transport key: multiaddresses, best first.
    pub peers: BTreeMap<PeerId, Vec<String>>,
}

/// The entry keys of all known cards.
#[derive(Clone, Debug, Default)]
pub struct Keyring(BTreeMap<(AgreementId, MemberCode, CardNumber), PublicKey>);

impl FromIterator<((AgreementId, MemberCode, CardNumber), PublicKey)> for Keyring {
    fn from_iter<I: IntoIterator<Item = ((AgreementId, MemberCode, CardNumber), PublicKey)>>(
        keys: I,
    ) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl Keyring {
    /// Opens entries that stand one after the other, up to the first that does not hold.
    pub fn open_all(&self, mut bytes: &[u8]) -> (Vec<SignedEntry>, Option<Reject>) {
        let mut opened = Vec::new();
        while !bytes.is_empty() {
            match self.open_first(bytes) {
                Ok((entry, rest)) => {
                    opened.push(entry);
                    bytes = rest;
                }
                Err(reject) => return (opened, Some(reject)),
            }
        }
        (opened, None)
    }

    /// Adds the entry key of a card; keys of earlier cards stay, for the entries that they signed.
    /// Each agreement has its own: it may name another seal for the same code. Zero stands for local streams.
    pub fn learn(&mut self, agreement: AgreementId, card: &Card) {
        let place = (agreement, card.fields.code, card.fields.number);
        self.0.entry(place).or_insert(card.fields.entry_key);
    }

    /// The entry key of a card under an agreement.
    pub fn entry_key(
        &self,
        agreement: AgreementId,
        author: MemberCode,
        card: CardNumber,
    ) -> Result<&PublicKey, Reject> {
        self.0.get(&(agreement, author, card)).ok_or(Reject::UnknownCard { author, card })
    }

    /// The key that must have signed.
    pub fn key(&self, header: &Header) -> Result<&PublicKey, Reject> {
        self.entry_key(header.stream.agreement, header.stream.author, header.card)
    }

    fn open_first<'a>(&self, bytes: &'a [u8]) -> Result<(SignedEntry, &'a [u8]), Reject> {
        let (entry, rest) = Entry::split_first(bytes)?;
        let key = self.key(entry.header())?;
        Ok((entry.open(key)?, rest))
    }
}

/// Something that cannot be derived from entries and has to be kept: a frame of its own in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Object {
    /// A joined agreement, whole: in that agreement's log. Bytes as hex.
    Agreement { manifest: String, approvals: Vec<String>, cards: Vec<String> },
    /// A newer card of a member, as hex: in the agreement's log.
    Card { card: String },
    /// A later manifest, proposed or in force, as hex: in the agreement's log.
    Manifest { manifest: String },
    /// What a member says of a manifest, as hex: in the agreement's log.
    Opinion { stance: Stance, opinion: String },
    /// The operator takes one peer, or all, off the network, or brings it back: in the local log.
    Pause { member: Option<MemberCode>, paused: bool },
    /// The newest receipt of a member, with the lines that changed since the one of number `base`: in the
    /// agreement's log. Bytes as hex.
    Receipt { member: MemberCode, receipt: String, base: u64, lines: String },
    /// A stream is forked: the proof as hex, in the agreement's log.
    Fork { heads: String },
    /// Signed heads behind a fork that lead to what a member has signed for, as hex: in the agreement's log.
    Traced { heads: String },
    /// A member was heard of for the first time: in the agreement's log.
    Met { member: MemberCode },
    /// The operator does not wait for a member, or does again: in the local log.
    Excuse { member: MemberCode, excused: bool },
    /// What an author said is given up, as a purge (P50) in hex says; none = it is taken in again. In the agreement's log.
    Purged { author: MemberCode, purge: Option<String> },
}

impl Object {
    /// Whether no peer could give it back.
    pub fn is_sole(&self, me: MemberCode) -> bool {
        match self {
            Self::Receipt { member, .. } => *member == me,
            Self::Fork { .. } | Self::Traced { .. } => false,
            Self::Agreement { .. }
            | Self::Card { .. }
            | Self::Manifest { .. }
            | Self::Opinion { .. }
            | Self::Pause { .. }
            | Self::Met { .. }
            | Self::Purged { .. }
            | Self::Excuse { .. } => true,
        }
    }

    /// What is given up from here on, if this says so.
    pub fn purge(&self) -> Option<PurgeFields> {
        match self {
            Self::Purged { purge: Some(purge), .. } => {
                Some(Purge::read(&hex::decode(purge).ok()?).ok()?.fields)
            }
            _ => None,
        }
    }
}

/// One frame for a log.
#[derive(Clone, Debug)]
pub enum Append {
    /// Our own, still to be signed.
    Own(Draft),
    /// Another member's, next in its stream.
    Entry(LinkedEntry),
    /// The stream goes on behind this entry: what followed it does not count (P36).
    Rewind(Stream, Head),
    /// Anything else; zero stands for the local log.
    Object(AgreementId, Object),
}

/// An append whose signature is made.
#[derive(Clone, Debug)]
pub enum SignedAppend {
    /// Next in its stream.
    Entry(SignedEntry),
    /// As in [`Append`].
    Rewind(Stream, Head),
    /// Anything else; zero stands for the local log.
    Object(AgreementId, Object),
}

/// Everything one step writes; all of it or nothing.
#[derive(Clone, Debug, Default)]
pub struct Writes {
    /// In order. The local log is synced before the agreements' logs.
    pub appends: Vec<Append>,
    /// Changed rows; none = removed.
    pub rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// How far streams are folded into the rows with this step.
    pub folded: BTreeMap<Stream, Position>,
}

/// Writes ready for a store.
#[derive(Clone, Debug, Default)]
pub struct SignedWrites {
    /// As in [`Writes`].
    pub appends: Vec<SignedAppend>,
    /// As in [`Writes`].
    pub rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// As in [`Writes`].
    pub folded: BTreeMap<Stream, Position>,
}

impl Writes {
    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.rows.is_empty() && self.folded.is_empty()
    }

    /// Signs our own drafts. Ids do not depend on signatures, so this changes nothing that the machine knows.
    pub fn sign(self, key: &SecretKey) -> SignedWrites {
        let sign = |append| match append {
            Append::Own(draft) => SignedAppend::Entry(draft.sign(key)),
            Append::Entry(entry) => SignedAppend::Entry((*entry).clone()),
            Append::Rewind(stream, to) => SignedAppend::Rewind(stream, to),
            Append::Object(log, object) => SignedAppend::Object(log, object),
        };
        SignedWrites {
            appends: self.appends.into_iter().map(sign).collect(),
            rows: self.rows,
            folded: self.folded,
        }
    }
}

/// What a store knows when it opens, all that a machine needs to go on.
#[derive(Clone, Debug, Default)]
pub struct Boot {
    /// In the order in which they were appended.
    pub objects: Vec<(AgreementId, Object)>,
    /// The newest entry of each stream.
    pub heads: BTreeMap<Stream, Head>,
    /// How far each stream is folded into the rows.
    pub folded: BTreeMap<Stream, Position>,
    /// Bytes of stored entries, by agreement and author.
    pub bytes: BTreeMap<(AgreementId, MemberCode), u64>,
    /// Whether the node stopped in order last time. If not, everything is compared again.
    pub was_clean: bool,
}

/// What one step wants: writes first, then words.
#[derive(Debug)]
pub struct Output<A> {
    writes: Writes,
    release: Release<A>,
}

/// What may be said and answered, now that the writes are durable.
#[derive(Debug)]
pub struct Release<A> {
    /// For the network, in order.
    pub actions: Vec<NetAction>,
    /// For those who asked.
    pub answers: Vec<A>,
}

impl<A> Output<A> {
    /// Binds what is said to what must be durable first.
    pub fn new(writes: Writes, actions: Vec<NetAction>, answers: Vec<A>) -> Self {
        Self { writes, release: Release { actions, answers } }
    }

    /// The only way to what may be said: `commit` makes the writes durable or fails. It is not called when
    /// there is nothing to write.
    pub fn commit<E>(self, commit: impl FnOnce(Writes) -> Result<(), E>) -> Result<Release<A>, E> {
        if !self.writes.is_empty() {
            commit(self.writes)?;
        }
        Ok(self.release)
    }
}
