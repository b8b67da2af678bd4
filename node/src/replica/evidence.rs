//! Gathers from the log of one agreement what proves a record or a fork (P46). Sees frames in the order in which
//! they were stored; what it makes of them is judged by the protocol like anybody's evidence.

use std::collections::BTreeMap;

use serde::Serialize;
use xietong_proto::card::Card;
use xietong_proto::entry::{ENTRY_HEAD_BYTES, Entry, EntryHead};
use xietong_proto::epochs::{Epochs, Stage};
use xietong_proto::evidence::{Evidence, VERSION};
use xietong_proto::fork::ForkProof;
use xietong_proto::header::Header;
use xietong_proto::id::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::opinion::Stance;
use xietong_proto::receipt::{Receipt, join};
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Head, Stream};
use xietong_proto::wire::evidence as wire;

use super::agreement::{Agreement, NotInForce, from_hex};
use super::io::{Keyring, Object};
use super::receipts::{Held, whole};

/// Headers behind an entry that evidence may carry: whoever signed only for what stands further behind is left out.
const LINKS_MAX: usize = 100_000;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// A record of the entry at a position, counted from 0.
    Record { position: Position, index: u32 },
    /// The lowest fork.
    Fork,
}

/// Why there is no evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "code")]
pub enum NoEvidence {
    /// The log holds nothing of the stream at that position.
    NotHeld { position: Position },
    /// The entry there has fewer records.
    NoSuchRecord { position: Position, records: u32 },
    /// No fork of the stream is known.
    NotForked,
    /// What the log holds of the agreement cannot be used.
    Broken { reason: NotInForce },
    /// What the log holds does not prove it, by the rule named: a card is missing, or something is damaged.
    NotProven { reject: Reject },
}

/// What was found so far.
pub struct Gathering {
    stream: Stream,
    sought: Sought,
    agreement: Option<Agreement>,
    /// The author's cards, which alone vouch for a local stream.
    cards: BTreeMap<CardNumber, Card>,
    keyring: Keyring,
    entry: Option<Entry>,
    /// Headers behind it.
    links: Vec<Header>,
    forks: BTreeMap<Position, [EntryHead; 2]>,
    /// The newest of each member.
    receipts: BTreeMap<MemberCode, Held>,
    /// The first of each member that names the entry or one behind it.
    first: BTreeMap<MemberCode, Held>,
}

impl Gathering {
    /// Nothing yet but cards of the author that are known anyhow.
    pub fn new(stream: Stream, sought: Sought, cards: impl IntoIterator<Item = Card>) -> Self {
        Self {
            stream,
            sought,
            agreement: None,
            cards: cards.into_iter().map(|card| (card.fields.number, card)).collect(),
            keyring: Keyring::default(),
            entry: None,
            links: Vec::new(),
            forks: BTreeMap::new(),
            receipts: BTreeMap::new(),
            first: BTreeMap::new(),
        }
    }

    /// The next entry of the log.
    pub fn entry(&mut self, entry: Entry) {
        let header = *entry.header();
        let Sought::Record { position, .. } = self.sought else { return };
        if header.stream != self.stream || header.position < position {
            return;
        }
        if header.position == position {
            self.entry = Some(entry);
        } else if self.links.len() < LINKS_MAX {
            self.links.push(header);
        }
    }

    /// What is left of the next entry of the log: it leads on, and proves nothing else (P50).
    pub fn head(&mut self, head: &EntryHead) {
        let header = *head.header();
        let is_behind = self.entry.as_ref().is_some_and(|entry| entry.header().position < header.position);
        if header.stream == self.stream && is_behind && self.links.len() < LINKS_MAX {
            self.links.push(header);
        }
    }

    /// A stream was found forked and goes on behind `to`.
    pub fn rewind(&mut self, stream: Stream, to: Head) {
        if stream == self.stream {
            self.entry = self.entry.take().filter(|entry| entry.header().position <= to.position);
            self.links.retain(|header| header.position <= to.position);
        }
    }

    /// The next object of the log. For a local stream the logs of agreements are shown first: they hold cards of
    /// its author.
    pub fn object(&mut self, object: Object) -> Result<(), NotInForce> {
        match object {
            Object::Agreement { manifest, approvals, cards } => {
                let agreement = Agreement::read(&manifest, &approvals, &cards)?;
                agreement.all_cards().for_each(|card| self.card(card));
                agreement.all_cards().for_each(|card| self.keyring.learn(agreement.id(), card));
                self.agreement = Some(agreement).filter(|agreement| agreement.id() == self.stream.agreement);
            }
            Object::Card { card } => {
                let card = Card::open(&from_hex(&card)?)?;
                self.card(&card);
                self.keyring.learn(self.stream.agreement, &card);
                if let Some(agreement) = &mut self.agreement {
                    agreement.renew(&card)?;
                }
            }
            Object::Manifest { manifest } => {
                if let Some(agreement) = &mut self.agreement {
                    agreement.learn(vec![Manifest::open(&from_hex(&manifest)?)?], Vec::new());
                }
            }
            Object::Opinion { stance, opinion } => {
                if let Some(agreement) = &mut self.agreement {
                    let opinion = agreement.epochs().open(stance, &from_hex(&opinion)?)?;
                    agreement.learn(Vec::new(), vec![opinion]);
                }
            }
            Object::Receipt { receipt, base, lines, .. } if self.agreement.is_some() => {
                self.receipt(&receipt, base, &lines)?;
            }
            Object::Fork { heads } => {
                let pair = ForkProof::split(&from_hex(&heads)?)?;
                let header = pair[0].header();
                if header.stream == self.stream {
                    self.forks.insert(header.position, pair);
                }
            }
            Object::Receipt { .. }
            | Object::Pause { .. }
            | Object::Traced { .. }
            | Object::Met { .. }
            | Object::Purged { .. }
            | Object::Excuse { .. } => {}
        }
        Ok(())
    }

    fn card(&mut self, card: &Card) {
        if card.fields.code == self.stream.author {
            self.cards.entry(card.fields.number).or_insert_with(|| card.clone());
        }
    }

    fn receipt(&mut self, receipt: &str, base: u64, lines: &str) -> Result<(), Reject> {
        let (told, id) = (Object::told(receipt, base, lines)?, self.stream.agreement);
        let key = |member, card| self.keyring.entry_key(id, member, card);
        let receipt = Receipt::open(&told.receipt, |fields| key(fields.member, fields.card))?;
        let member = receipt.fields.member;
        let Some(lines) = whole(self.receipts.get(&member), &told) else { return Ok(()) };
        let held = Held { receipt, lines };
        // An earlier one that named an entry given up since proves nothing.
        let is_new = self.first.get(&member).is_none_or(|first| !self.leads_to(first));
        if is_new && member != self.stream.author && self.leads_to(&held) {
            self.first.insert(member, held.clone());
        }
        self.receipts.insert(member, held);
        Ok(())
    }

    /// Whether a receipt names the entry, or one behind it that is held here.
    fn leads_to(&self, held: &Held) -> bool {
        let Some((at, entry)) = held.lines.get(&self.stream).zip(self.entry.as_ref()) else { return false };
        let behind = at.position.0.checked_sub(entry.header().position.0 + 1);
        match behind {
            None => *at == entry.head(),
            Some(behind) => self.links.get(behind as usize).is_some_and(|header| header.id() == at.id),
        }
    }

    /// What all of it proves.
    pub fn evidence(mut self) -> Result<Evidence, NoEvidence> {
        let parts = match self.sought {
            Sought::Record { position, index } => self.of_record(position, index)?,
            Sought::Fork => self.of_fork()?,
        };
        Evidence::new(&parts).map_err(|reject| NoEvidence::NotProven { reject })
    }

    fn of_record(&mut self, position: Position, index: u32) -> Result<wire::Evidence, NoEvidence> {
        let entry = self.entry.take().ok_or(NoEvidence::NotHeld { position })?;
        let records = entry.header().records;
        let proof = entry.proof(index as usize).ok_or(NoEvidence::NoSuchRecord { position, records })?;
        let held = std::mem::take(&mut self.first);
        let far = held.values().filter_map(|held| held.lines.get(&self.stream)).map(|at| at.position).max();
        let needed = far.map_or(0, |far| far.0 - position.0) as usize;
        Ok(wire::Evidence {
            heads: vec![entry.bytes()[..ENTRY_HEAD_BYTES].to_vec()],
            index,
            salt: proof.salt.to_vec(),
            record: proof.record,
            path: proof.path.iter().map(|sibling| sibling.to_vec()).collect(),
            links: self.links.iter().take(needed).flat_map(Header::encode).collect(),
            ..self.papers(held)
        })
    }

    fn of_fork(&mut self) -> Result<wire::Evidence, NoEvidence> {
        let (_, pair) = self.forks.pop_first().ok_or(NoEvidence::NotForked)?;
        let names = |held: &Held| {
            let at = held.lines.get(&self.stream);
            at.is_some_and(|at| pair.iter().any(|head| head.id() == at.id))
        };
        let mut receipts = std::mem::take(&mut self.receipts);
        receipts.retain(|_, held| names(held));
        let heads = pair.iter().map(EntryHead::bytes).collect();
        Ok(wire::Evidence { heads, ..self.papers(receipts) })
    }

    /// Agreement, cards and receipts: no more cards than the evidence needs.
    fn papers(&self, held: BTreeMap<MemberCode, Held>) -> wire::Evidence {
        let signed = held.values().map(|held| (held.receipt.fields.member, held.receipt.fields.card));
        let signed: Vec<(MemberCode, CardNumber)> = signed.collect();
        let is_needed = |card: &&Card| {
            let (code, number) = (card.fields.code, card.fields.number);
            code == self.stream.author || signed.contains(&(code, number))
        };
        let of_agreement = self.agreement.iter().flat_map(Agreement::all_cards);
        let own = self.cards.values().filter(|_| self.agreement.is_none());
        let epochs = self.agreement.as_ref().map(Agreement::epochs);
        let manifests: Vec<&Manifest> = epochs.iter().flat_map(|epochs| valid(epochs)).collect();
        let opinions = |stance: Stance| {
            let all = manifests
                .iter()
                .flat_map(|manifest| epochs.iter().flat_map(|epochs| epochs.opinions(manifest.id())));
            let of_stance = all.filter(|opinion| opinion.fields.stance == stance);
            of_stance.map(|opinion| opinion.bytes().to_vec()).collect()
        };
        wire::Evidence {
            version: VERSION,
            manifests: manifests.iter().map(|manifest| manifest.bytes().to_vec()).collect(),
            cards: of_agreement.chain(own).filter(is_needed).map(|card| card.bytes().to_vec()).collect(),
            approvals: opinions(Stance::Approves),
            withdrawals: opinions(Stance::Withdraws),
            receipts: held.values().map(|held| held.receipt.bytes().to_vec()).collect(),
            holdings: held.values().map(|held| join(&held.lines)).collect(),
            ..wire::Evidence::default()
        }
    }
}

/// The manifests of an agreement whose approvals are complete, each after its predecessor.
fn valid(epochs: &Epochs) -> impl Iterator<Item = &Manifest> {
    let is_valid = |manifest: &&Manifest| {
        let stage = epochs.tally(manifest.id()).map(|tally| tally.stage);
        matches!(stage, Some(Stage::InForce | Stage::SetAside))
    };
    epochs.manifests().filter(is_valid)
}
