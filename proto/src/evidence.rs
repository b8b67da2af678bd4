//! Evidence (P46): one record, or a fork, with everything that shows who said it, under which agreement, and who
//! signed that it holds it. Judged by its bytes alone, for whoever has no node: never by a log, network or clock.

use prost::Message;

use crate::card::Card;
use crate::crypto::PublicKey;
use crate::entry::{EntryHead, LeafProof, Record};
use crate::epochs::Epochs;
use crate::fork::ForkProof;
use crate::header::{HEADER_BYTES, Header};
use crate::id::*;
use crate::limits::{EVIDENCE_BYTES_MAX, EVIDENCE_FIELDS_MAX};
use crate::manifest::Manifest;
use crate::object;
use crate::opinion::Stance;
use crate::receipt::{Receipt, split};
use crate::reject::Reject;
use crate::stream::{Audience, Head, Stream};
use crate::wire::evidence as wire;

/// The newest version of the layout.
pub const VERSION: u32 = 1;

/// Evidence that holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// What is proven.
    pub said: Said,
    /// Who signed when that it holds it, by ascending code.
    pub held: Vec<HeldBy>,
    /// Under which agreement, and with whose keys.
    pub papers: Papers,
    bytes: Vec<u8>,
}

/// What evidence proves.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The author said this.
    Record {
        /// In which entry.
        head: Box<EntryHead>,
        /// At which place in it, from 0.
        index: u32,
        /// What it says.
        record: Record,
    },
    /// The author signed two entries for one place.
    Fork(Box<ForkProof>),
}

/// A member's word that it holds what is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBy {
    /// Whose.
    pub member: MemberCode,
    /// How far it held the stream when it signed.
    pub at: Head,
    /// When, as it says.
    pub time: Millis,
}

/// An agreement as the evidence knows it, and cards of its members; of a local stream its author's cards alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Papers {
    /// None for a local stream.
    pub epochs: Option<Epochs>,
    /// In any order.
    pub cards: Vec<Card>,
}

impl Evidence {
    /// Makes evidence of its parts; refuses those that [`Evidence::open`] would refuse.
    pub fn new(parts: &wire::Evidence) -> Result<Self, Reject> {
        Self::open(&parts.encode_to_vec())
    }

    /// Judges evidence in the order of P46.
    pub fn open(bytes: &[u8]) -> Result<Self, Reject> {
        let parts: wire::Evidence =
            object::canonical_of_version_by(bytes, EVIDENCE_BYTES_MAX, EVIDENCE_FIELDS_MAX, VERSION)?;
        let papers = Papers::open(&parts)?;
        let said = Said::open(&parts, &papers)?;
        let held = held(&parts, &papers, &said)?;
        Ok(Self { said, held, papers, bytes: bytes.to_vec() })
    }

    /// As it was judged.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The entry that holds the record, or the first of the two that fork.
    pub fn head(&self) -> &EntryHead {
        self.said.heads()[0]
    }

    /// The manifest under which the entry stands; none in a local stream.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.papers.epochs.as_ref()?.manifest(self.head().header().manifest)
    }

    /// The author's card under which the entry was signed.
    pub fn card(&self) -> Option<&Card> {
        let header = self.head().header();
        self.papers.card(header.stream.author, header.card).ok()
    }
}

impl Papers {
    fn open(parts: &wire::Evidence) -> Result<Self, Reject> {
        let manifests: Vec<Manifest> =
            parts.manifests.iter().map(|bytes| Manifest::open(bytes)).collect::<Result<_, _>>()?;
        let cards: Vec<Card> = parts.cards.iter().map(|bytes| Card::open(bytes)).collect::<Result<_, _>>()?;
        for card in cards.iter().filter(|_| !manifests.is_empty()) {
            let code = card.fields.code;
            let mut named = manifests.iter().filter_map(|manifest| manifest.member(code)).peekable();
            named.peek().ok_or(Reject::NotAMember { author: code })?;
            field("evidence.cards", named.any(|member| member.seal_key == card.fields.seal_key))?;
        }
        let opinions = parts.approvals.len() + parts.withdrawals.len();
        let epochs = match manifests.split_first() {
            None => field("evidence.approvals", opinions == 0).map(|()| None)?,
            Some((first, later)) => Some(epochs(first, later, parts)?),
        };
        Ok(Self { epochs, cards })
    }

    /// Whether an entry stands under the manifest that it names (P14 to P17, P38), or at home under none.
    fn admits(&self, header: &Header) -> Result<(), Reject> {
        match header.stream.audience {
            Audience::Local => field("evidence.manifests", self.epochs.is_none()),
            Audience::Agreement | Audience::Pair(_) => {
                let epochs = self.epochs.as_ref().ok_or(Reject::UnknownEpoch { epoch: header.epoch })?;
                epochs.stands(header, |id| self.cards.iter().find(|card| card.id() == id).map(number))
            }
        }
    }

    fn card(&self, author: MemberCode, card: CardNumber) -> Result<&Card, Reject> {
        let named = |held: &&Card| (held.fields.code, held.fields.number) == (author, card);
        self.cards.iter().find(named).ok_or(Reject::UnknownCard { author, card })
    }

    fn key(&self, header: &Header) -> Result<&PublicKey, Reject> {
        self.card(header.stream.author, header.card).map(|card| &card.fields.entry_key)
    }
}

/// What is known of an agreement when all of it has been read.
fn epochs(first: &Manifest, later: &[Manifest], parts: &wire::Evidence) -> Result<Epochs, Reject> {
    field("evidence.manifests", later.iter().all(|manifest| manifest.fields.predecessor.is_some()))?;
    let mut epochs = Epochs::new(first.clone())?;
    epochs.learn(later.to_vec(), Vec::new());
    let approvals = parts.approvals.iter().map(|bytes| epochs.open(Stance::Approves, bytes));
    let withdrawals = parts.withdrawals.iter().map(|bytes| epochs.open(Stance::Withdraws, bytes));
    let opinions = approvals.chain(withdrawals).collect::<Result<_, _>>()?;
    epochs.learn(Vec::new(), opinions);
    later.iter().try_for_each(|manifest| epochs.check(manifest))?;
    Ok(epochs)
}

fn number(card: &Card) -> CardNumber {
    card.fields.number
}

impl Said {
    /// What is proven by one head and a record under its root, or by two heads.
    fn open(parts: &wire::Evidence, papers: &Papers) -> Result<Self, Reject> {
        let heads: Vec<EntryHead> =
            parts.heads.iter().map(|bytes| EntryHead::decode(bytes)).collect::<Result<_, _>>()?;
        heads.iter().try_for_each(|head| papers.admits(head.header()))?;
        match heads[..] {
            [head] => {
                head.open(papers.key(head.header())?)?;
                let proof = proof(parts)?;
                let holds = proof.holds(head.header(), parts.index);
                let record = proof.record().ok().filter(|_| holds).ok_or(Reject::BadRoot)?;
                Ok(Self::Record { head: Box::new(head), index: parts.index, record })
            }
            [first, second] => {
                let is_bare = parts.record.is_empty() && parts.salt.is_empty() && parts.path.is_empty();
                field("evidence.record", is_bare && parts.index == 0)?;
                let proof = ForkProof::open([first, second], |header| papers.key(header))?;
                Ok(Self::Fork(Box::new(proof)))
            }
            [] | [..] => Err(bad("evidence.heads")),
        }
    }

    /// The entry of a record, or the two that fork.
    pub fn heads(&self) -> Vec<&EntryHead> {
        match self {
            Self::Record { head, .. } => vec![head.as_ref()],
            Self::Fork(proof) => proof.heads().to_vec(),
        }
    }

    fn stream(&self) -> Stream {
        self.heads()[0].header().stream
    }
}

fn proof(parts: &wire::Evidence) -> Result<LeafProof, Reject> {
    let salt = parts.salt[..].try_into().map_err(|_| bad("evidence.salt"))?;
    let sibling = |bytes: &Vec<u8>| bytes[..].try_into().map_err(|_| bad("evidence.path"));
    let path = parts.path.iter().map(sibling).collect::<Result<_, _>>()?;
    Ok(LeafProof { salt, record: parts.record.clone(), path })
}

/// Receipts for what is proven: each names it, or an entry that the links lead to from it.
fn held(parts: &wire::Evidence, papers: &Papers, said: &Said) -> Result<Vec<HeldBy>, Reject> {
    let mut places: Vec<Head> = said.heads().into_iter().map(place).collect();
    places.extend(links(parts, said)?);
    field("evidence.holdings", parts.holdings.len() == parts.receipts.len())?;
    let receipts = parts.receipts.iter().zip(&parts.holdings);
    let held: Vec<HeldBy> = receipts
        .map(|(receipt, holdings)| held_by(receipt, holdings, papers, said.stream(), &places))
        .collect::<Result<_, _>>()?;
    field("evidence.receipts", held.is_sorted_by(|one, next| one.member < next.member))?;
    let last = places.last().map(|last| last.position);
    let is_needed = parts.links.is_empty() || held.iter().any(|held| Some(held.at.position) == last);
    field("evidence.links", is_needed)?;
    Ok(held)
}

/// The places behind a record's entry, each header naming the one before it: so whoever signed for the last
/// signed for the entry too.
fn links(parts: &wire::Evidence, said: &Said) -> Result<Vec<Head>, Reject> {
    let (links, rest) = parts.links.as_chunks::<HEADER_BYTES>();
    let is_fork = matches!(said, Said::Fork(_));
    field("evidence.links", rest.is_empty() && (links.is_empty() || !is_fork))?;
    let mut before = place(said.heads()[0]);
    let follow = |link: &[u8; HEADER_BYTES]| {
        let header = Header::decode(link)?;
        let place = (header.stream, header.position, header.previous);
        field("evidence.links", place == (said.stream(), before.position.next(), before.id))?;
        before = Head { position: header.position, id: header.id() };
        Ok(before)
    };
    links.iter().map(follow).collect()
}

fn held_by(
    receipt: &[u8],
    holdings: &[u8],
    papers: &Papers,
    stream: Stream,
    places: &[Head],
) -> Result<HeldBy, Reject> {
    let key = |member, card| papers.card(member, card).map(|card| &card.fields.entry_key);
    let fields = Receipt::open(receipt, |fields| key(fields.member, fields.card))?.fields;
    if fields.agreement != stream.agreement {
        return Err(Reject::WrongAgreement);
    }
    let holdings = split(holdings)?;
    fields.is_over(&holdings)?;
    let at = holdings.get(&stream).copied().filter(|at| places.contains(at));
    Ok(HeldBy { member: fields.member, at: at.ok_or_else(|| bad("evidence.receipts"))?, time: fields.time })
}

fn place(head: &EntryHead) -> Head {
    Head { position: head.header().position, id: head.id() }
}

fn field(name: &str, holds: bool) -> Result<(), Reject> {
    holds.then_some(()).ok_or_else(|| bad(name))
}

fn bad(name: &str) -> Reject {
    Reject::BadField { field: name.to_owned() }
}
