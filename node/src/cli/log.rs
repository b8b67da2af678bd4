//! `xietong log`: reads the data log, to say what holds in it or to copy a stream out of it. Changes nothing and
//! needs no lock, so it may run beside the node; then the last group may be half written, which is no fault.

use serde::de::IntoDeserializer;
use serde::de::value::{Error as BadName, StrDeserializer};
use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::id::{AgreementId, MemberCode, System};

use super::Answer;
use super::context::Context;
use super::import::Progress;
use crate::daemon::start::NodeFailure;
use crate::failure::{Exit, Failure};
use crate::replica::agreement::Agreement;
use crate::replica::io::{Keyring, Object};
use crate::store::export::{self, Export};
use crate::store::verify::{Fault, Verification, verify};
use crate::systems::Kind;
use crate::text;

/// What can be done with the data log.
#[derive(Debug, clap::Subcommand)]
pub enum LogCommand {
    /// 校验数据日志：校验和、链、签名；只读，可在节点运行时执行 · Check all checksums, chains and signatures; reads only, also beside a running node
    Verify,
    /// 导出一个成员在一个领域的全部条目及其协议、名片，供他人独立核验 · Export what a member says in a system, with agreement and cards, for others to check
    Export {
        /// 作者的成员代码 · The author's code
        #[arg(long)]
        author: MemberCode,
        /// 业务领域 · Of which system
        #[arg(long, value_parser = kind)]
        system: Kind,
    },
}

pub(super) fn kind(name: &str) -> Result<Kind, BadName> {
    let name: StrDeserializer<BadName> = name.into_deserializer();
    Kind::deserialize(name)
}

impl LogCommand {
    /// Needs no running node, and none is in the way.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Verify => check(context),
            Self::Export { author, system } => export(context, *author, system.system()),
        }
    }
}

/// The stable shape of a verification for programs.
#[derive(Serialize)]
struct Report {
    holds: bool,
    entries: u64,
    records: u64,
    bytes: u64,
    groups: u64,
    dropped: u64,
    faults: Vec<String>,
}

/// A stream for programs and auditors: exact bytes in hexadecimal digits (P33).
#[derive(Serialize, Deserialize)]
pub struct Exported {
    /// In which agreement; zero for a local stream.
    pub agreement: AgreementId,
    /// The agreement's manifest; none for a local stream.
    pub manifest: Option<String>,
    /// The members' approvals of it.
    pub approvals: Vec<String>,
    /// All cards that the log holds.
    pub cards: Vec<String>,
    /// The entries, position 1 first.
    pub entries: Vec<String>,
}

impl From<Export> for Exported {
    fn from(export: Export) -> Self {
        let entries = export.entries.iter().map(|entry| hex::encode(entry.bytes())).collect();
        let mut exported = Self {
            agreement: export.agreement,
            manifest: None,
            approvals: Vec::new(),
            cards: Vec::new(),
            entries,
        };
        for object in export.objects {
            match object {
                Object::Agreement { manifest, approvals, cards } => {
                    exported.manifest = Some(manifest);
                    exported.approvals = approvals;
                    exported.cards.extend(cards);
                }
                Object::Card { card } => exported.cards.push(card),
                Object::Manifest { .. }
                | Object::Opinion { .. }
                | Object::Pause { .. }
                | Object::Receipt { .. }
                | Object::Fork { .. }
                | Object::Traced { .. }
                | Object::Met { .. }
                | Object::Purged { .. }
                | Object::Excuse { .. } => {}
            }
        }
        exported
    }
}

/// A stream as a file that proves itself.
pub fn export(context: &Context, author: MemberCode, system: System) -> Result<Answer, Failure> {
    let (home, me) = (context.home()?.path(), context.config()?.member());
    let exports =
        export::export(home, me, author, system).map_err(|error| Failure::from(NodeFailure::Store(error)))?;
    let streams: Vec<Exported> = exports.into_iter().map(Exported::from).collect();
    let text = serde_json::to_string_pretty(&streams).expect("hexadecimal digits are text");
    Ok(Answer::new(streams, text))
}

fn check(context: &Context) -> Result<Answer, Failure> {
    let found = read(context)?;
    let holds = !found.faults.iter().any(is_damage);
    let sum = |part: fn(&crate::store::verify::Tally) -> u64| found.streams.values().map(part).sum();
    let report = Report {
        holds,
        entries: sum(|tally| tally.entries),
        records: sum(|tally| tally.records),
        bytes: sum(|tally| tally.bytes),
        groups: found.groups,
        dropped: found.dropped,
        faults: found.faults.iter().map(|fault| text::log_fault(text::Lang::En, fault)).collect(),
    };
    let exit = if holds { Exit::Done } else { Exit::Refused };
    Ok(Answer { exit, ..Answer::new(report, text::verified(context.lang, &found)) })
}

/// A torn end is what a crash or a running node leaves; everything before it was durable.
fn is_damage(fault: &Fault) -> bool {
    match fault {
        Fault::Torn { .. } => false,
        Fault::Damaged(_) | Fault::Unlinked { .. } | Fault::Refused { .. } => true,
    }
}

/// Twice: the first pass finds the cards whose keys the second needs.
fn read(context: &Context) -> Result<Verification, Failure> {
    let (home, me) = (context.home()?.path(), context.config()?.member());
    let mut progress = Progress::new();
    let mut pass = |keyring: Option<&Keyring>, half: u64| {
        let mut told = |done: u64, all: u64| progress.reached(half * 500 + done * 500 / all.max(1));
        verify(home, me, keyring, &mut told).map_err(|error| Failure::from(NodeFailure::Store(error)))
    };
    let keyring = keyring(&pass(None, 0)?, &context.cards()?);
    let found = pass(Some(&keyring), 1)?;
    progress.end();
    Ok(found)
}

/// The keys of all cards in the log. What cannot be read there names itself when its entries are refused.
fn keyring(found: &Verification, own: &[Card]) -> Keyring {
    let mut keyring = Keyring::default();
    own.iter().for_each(|card| keyring.learn(AgreementId::ZERO, card));
    for (log, object) in &found.objects {
        match object {
            Object::Agreement { manifest, approvals, cards } => {
                let agreement = Agreement::restore(manifest, approvals, cards);
                agreement.iter().flat_map(Agreement::all_cards).for_each(|card| keyring.learn(*log, card));
            }
            Object::Card { card } => {
                let card = hex::decode(card).ok().and_then(|bytes| Card::open(&bytes).ok());
                card.iter().for_each(|card| keyring.learn(*log, card));
            }
            Object::Manifest { .. }
            | Object::Opinion { .. }
            | Object::Pause { .. }
            | Object::Receipt { .. }
            | Object::Fork { .. }
            | Object::Traced { .. }
            | Object::Met { .. }
            | Object::Purged { .. }
            | Object::Excuse { .. } => {}
        }
    }
    keyring
}
