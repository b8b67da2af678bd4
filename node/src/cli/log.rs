//! `xietong log verify`: reads every entry of the data log and says what holds. Changes nothing and needs no
//! lock, so it may run beside the node; then the last group may be half written, which is no fault.

use serde::Serialize;
use xietong_proto::card::Card;
use xietong_proto::id::{AgreementId, CardNumber};

use super::Answer;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::import::Progress;
use crate::daemon::start::NodeFailure;
use crate::replica::agreement::Agreement;
use crate::replica::io::{Keyring, Object};
use crate::store::verify::{Fault, Verification, verify};
use crate::text;

/// What can be done with the data log.
#[derive(Debug, clap::Subcommand)]
pub enum LogCommand {
    /// 校验数据日志：校验和、链、签名；只读，可在节点运行时执行 · Check all checksums, chains and signatures; reads only, also beside a running node
    Verify,
}

impl LogCommand {
    /// Needs no running node, and none is in the way.
    pub fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Verify => check(context),
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
    asides: u64,
    faults: Vec<String>,
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
        asides: found.asides,
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
    let keyring = keyring(&pass(None, 0)?, context.card()?);
    let found = pass(Some(&keyring), 1)?;
    progress.end();
    Ok(found)
}

/// The keys of all cards in the log. What cannot be read there names itself when its entries are refused.
fn keyring(found: &Verification, own: Option<Card>) -> Keyring {
    // A node's entry key stays the same through all cards that it issues.
    let own_key = |card: Card| {
        let (code, key) = (card.fields.code, card.fields.entry_key);
        (1..=card.fields.number.0).map(move |number| ((AgreementId::ZERO, code, CardNumber(number)), key))
    };
    let mut keyring: Keyring = own.into_iter().flat_map(own_key).collect();
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
            Object::Pause { .. } => {}
        }
    }
    keyring
}
