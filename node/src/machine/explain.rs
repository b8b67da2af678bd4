//! Why a member can or cannot see a record: under each agreement the first rule that keeps it here, or where it was
//! said and whether that member holds it. Also the one place that says what keeps a node from publishing.

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;
use xietong_proto::stream::Stream;

use super::Machine;
use crate::calendar;
use crate::replica::agreement::Agreement;
use crate::replica::io::Now;
use crate::systems::Kind;
use crate::systems::disclosure::{self, Leaves, Standing};
use crate::systems::fault::Stays;
use crate::systems::number::number_text;
use crate::systems::rows::Rows;

/// Why a member can or cannot see a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Who wants to see it.
    pub peer: MemberCode,
    /// Of which register.
    pub kind: Kind,
    /// Its key, or its listing number if it is another member's.
    pub id: String,
    /// Whose it is.
    pub owner: MemberCode,
    /// The listing number, if it ever had one.
    pub number: Option<String>,
    /// Whether it may leave; none if it is another member's.
    pub leaves: Option<Leaves>,
    /// Of a request: who asks, and whose thing it is.
    pub parties: Option<[MemberCode; 2]>,
    /// One for each agreement here; none if the record is the peer's own.
    pub agreements: Vec<Verdict>,
}

/// What one agreement says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which.
    pub agreement: AgreementId,
    /// What people call it.
    pub title: String,
    /// What holds.
    #[serde(flatten)]
    pub rule: Rule,
}

/// What holds for a record, a member and an agreement: the first that applies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Rule {
    /// The peer is no member: it gets not one byte of the agreement.
    NotAMember,
    /// It was said there, and every member may hold it.
    Shown {
        /// The entry that said it last.
        position: Position,
        /// When, as its author says.
        time: Millis,
        /// Under which epoch.
        epoch: Epoch,
        /// What is known of the peer.
        held: Held,
    },
    /// The agreement does not speak of its system.
    NotInScope,
    /// It is another member's, which does not show it there.
    NotListed,
    /// No row of its register ever leaves.
    NeverLeaves,
    /// It is not marked as shared.
    NotShared,
    /// A guard keeps it.
    Stays {
        /// Which.
        stays: Stays,
    },
    /// It will be said once nothing holds it back.
    Waits {
        /// What does; empty if it is about to be said.
        holds: Vec<Hold>,
    },
}

impl Rule {
    /// What keeps a record of the own registers at home under every agreement.
    pub fn at_home(leaves: &Leaves) -> Option<Self> {
        match leaves {
            Leaves::Never => Some(Self::NeverLeaves),
            Leaves::NotShared => Some(Self::NotShared),
            Leaves::Stays { stays } => Some(Self::Stays { stays: stays.clone() }),
            Leaves::Yes => None,
        }
    }
}

/// What is known of a member and an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Held {
    /// It has signed that it holds it.
    Receipted,
    /// It has shown on a link that it holds it, and not signed yet.
    Told,
    /// It may not have got it yet.
    Unknown,
}

/// What keeps this node from publishing in a system under an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hold {
    /// It is closed or split, this member has left it or not agreed to show the system, or a newer card or the end of
    /// an earlier stream has to come first (P37, P38).
    NotOpen,
    /// Its validity has not begun, or is over (P20).
    NotValid,
    /// Not compared with the other members since the start (P28).
    Unconfirmed,
    /// The clock is too far from the others' (P29).
    ClockDoubtful,
    /// The own stream is forked (P36).
    Forked,
    /// The disk is full.
    DiskFull,
}

impl Machine {
    /// None if there is no such record here.
    pub(super) fn explain(
        &self,
        rows: &dyn Rows,
        now: Now,
        peer: MemberCode,
        record: &str,
    ) -> Option<Explanation> {
        let me = self.replica.me().code();
        let standing = disclosure::find(rows, me, calendar::date(now.wall), record)?;
        let verdict = |held: &Agreement| Verdict {
            agreement: held.id(),
            title: held.manifest().fields.title.clone(),
            rule: self.rule(rows, now, held, peer, &standing),
        };
        let agreements = self.replica.agreements().filter(|_| peer != standing.owner);
        let mut agreements: Vec<Verdict> = agreements.map(verdict).collect();
        agreements.sort_by(|one, other| one.title.cmp(&other.title));
        let Standing { kind, id, owner, number, leaves, request } = standing;
        let number = number.map(|number| number_text(owner, kind, number));
        let parties = request.map(|(about, owner)| [about.requester, owner]);
        Some(Explanation { peer, kind, id, owner, number, leaves, parties, agreements })
    }

    /// Why this node may not author in a system of an agreement now; nothing if it may.
    pub(super) fn holds(&self, held: &Agreement, kind: Kind, now: Now) -> Vec<Hold> {
        let id = held.id();
        let forked_at = self.replica.logs().forked_at(&self.replica.own_stream(id, kind.system()));
        let holds = [
            (!self.replica.takes_part(held, kind.system()), Hold::NotOpen),
            (!held.manifest().is_valid_at(now.wall), Hold::NotValid),
            (self.replica.unconfirmed(id).is_some(), Hold::Unconfirmed),
            (self.replica.clock_doubt(id, now).is_some(), Hold::ClockDoubtful),
            (forked_at.is_some(), Hold::Forked),
        ];
        holds.into_iter().filter_map(|(is_so, hold)| is_so.then_some(hold)).collect()
    }

    fn rule(
        &self,
        rows: &dyn Rows,
        now: Now,
        held: &Agreement,
        peer: MemberCode,
        standing: &Standing,
    ) -> Rule {
        if held.manifest().member(peer).is_none() {
            return Rule::NotAMember;
        }
        if let Some(source) = disclosure::source(rows, held.id(), standing) {
            let stream = held.stream(standing.owner, standing.kind.system());
            let held = self.held(&stream, source.position, peer);
            return Rule::Shown { position: source.position, time: source.time, epoch: source.epoch, held };
        }
        if !held.manifest().covers(standing.kind.system()) {
            return Rule::NotInScope;
        }
        let Some(leaves) = &standing.leaves else { return Rule::NotListed };
        Rule::at_home(leaves).unwrap_or_else(|| {
            let full = self.check_room().is_err().then_some(Hold::DiskFull);
            Rule::Waits { holds: self.holds(held, standing.kind, now).into_iter().chain(full).collect() }
        })
    }

    fn held(&self, stream: &Stream, position: Position, peer: MemberCode) -> Held {
        let is_receipted = self.replica.receipted(stream).get(&peer).is_some_and(|held| *held >= position);
        match (is_receipted, self.replica.told(stream, peer)) {
            (true, _) => Held::Receipted,
            (false, Some(told)) if told >= position => Held::Told,
            (false, _) => Held::Unknown,
        }
    }
}
