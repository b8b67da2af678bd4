//! A purge (清除回执) as a file: what a member says that it has given up, with the card under which it signed. Whoever asked
//! for it reads and checks it without a node.

use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::id::*;
use xietong_proto::purge::{Keeps, Purge};
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Head, Stream};

use super::{PaperRefusal, bytes, compare, lawful, parse};
use crate::calendar::stamp;

/// A purge whose signature holds under the card beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct PurgeFile {
    /// What was given up.
    pub purge: Purge,
    /// By whom.
    pub card: Card,
}

/// The same in exact bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExactPurge {
    /// Body and signature.
    pub purge: String,
    /// Body and signature.
    pub card: String,
}

/// The readable copy.
#[derive(Clone, Debug, Serialize)]
pub struct PurgeCopy {
    agreement: AgreementId,
    manifest: ManifestId,
    member: MemberCode,
    name: String,
    card: CardNumber,
    card_fingerprint: String,
    author: MemberCode,
    time: String,
    /// How far each stream was held, and what of it is kept.
    pub streams: Vec<StreamCopy>,
}

/// One stream that was given up.
#[derive(Clone, Debug, Serialize)]
pub struct StreamCopy {
    /// Its system.
    pub system: System,
    /// Its generation.
    pub generation: Generation,
    /// The last entry that was held.
    pub until: Position,
    /// Its id.
    pub entry: EntryId,
    /// How many entries are kept for requests.
    pub requests: u64,
    /// How many entries are kept for handovers.
    pub handovers: u64,
}

impl PurgeFile {
    /// Reads and checks a file.
    pub fn read(text: &str) -> Result<Self, PaperRefusal> {
        let (exact, copy): (ExactPurge, _) = parse(text)?;
        let file = exact.open()?;
        compare(&copy, &file.copy())?;
        Ok(file)
    }

    /// The file's text.
    pub fn write(&self) -> String {
        #[derive(Serialize)]
        struct Whole {
            #[serde(flatten)]
            copy: PurgeCopy,
            exact: ExactPurge,
        }
        let whole = Whole { copy: self.copy(), exact: ExactPurge::of(&self.purge, &self.card) };
        toml::to_string(&whole).expect("a purge is made of texts, numbers and lists")
    }

    /// What it says, for people and programs.
    pub fn copy(&self) -> PurgeCopy {
        let fields = &self.purge.fields;
        let stream = |(stream, end): (&Stream, &Head)| {
            let of_it = |why: Keeps| {
                let kept = fields.kept.iter().filter(|((of, _), keeps)| of == stream && **keeps == why);
                kept.count() as u64
            };
            StreamCopy {
                system: stream.system,
                generation: stream.generation,
                until: end.position,
                entry: end.id,
                requests: of_it(Keeps::Request),
                handovers: of_it(Keeps::Handover),
            }
        };
        PurgeCopy {
            agreement: fields.agreement,
            manifest: fields.manifest,
            member: fields.member,
            name: self.card.fields.name.clone(),
            card: fields.card,
            card_fingerprint: self.card.fingerprint(),
            author: fields.author,
            time: stamp(fields.time),
            streams: fields.until.iter().map(stream).collect(),
        }
    }
}

impl ExactPurge {
    /// In exact bytes.
    pub fn of(purge: &Purge, card: &Card) -> Self {
        Self { purge: hex::encode(purge.bytes()), card: hex::encode(card.bytes()) }
    }

    /// Reads both, and checks that the one is signed under the other.
    pub fn open(&self) -> Result<PurgeFile, PaperRefusal> {
        let (purge, card) = ("exact.purge", "exact.card");
        let open = lawful(card, Card::open(&bytes(card, &self.card)?))?;
        let purge = lawful(
            purge,
            Purge::open(&bytes(purge, &self.purge)?, |fields| {
                let is_its = (open.fields.code, open.fields.number) == (fields.member, fields.card);
                let unknown = Reject::UnknownCard { author: fields.member, card: fields.card };
                is_its.then_some(&open.fields.entry_key).ok_or(unknown)
            }),
        )?;
        Ok(PurgeFile { purge, card: open })
    }
}
