//! Handovers as they stand, for people and platforms.

use jiff::ToSpan;
use jiff::civil::Date;
use prost::Message;
use serde::{Deserialize, Serialize};
use xietong_proto::id::*;
use xietong_proto::wire::handovers as wire;

use super::join::{Fact, State, Thing, What, join};
use super::{agreements_of, fact, facts, said};
use crate::systems::kind::Kind;
use crate::systems::number::{number_text, parse_number};
use crate::systems::row::Source;
use crate::systems::rows::Rows;
use crate::systems::vehicles::rules::Registration;

/// A handover as it stands, for people and platforms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// The thing by its owner's number.
    pub id: String,
    /// Who hands it over.
    pub from: MemberCode,
    /// To whom.
    pub to: MemberCode,
    /// How it stands.
    pub state: Stage,
    /// The new owner's number, once it is in.
    pub new_id: Option<String>,
    /// The day on which a vehicle's plate was surrendered.
    pub plate_surrendered: Option<Date>,
    /// Until then it may drive under a temporary plate; by then its new owner has it registered.
    pub temporary_plate_until: Option<Date>,
    /// Under which agreement.
    pub agreement: AgreementId,
    /// The entry of the *out*.
    pub source: Source,
}

/// How a handover stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The addressee has not answered.
    Out,
    /// The addressee has it.
    In,
    /// The addressee has declined, and the owner has not taken it back.
    Declined,
    /// The owner has taken it back.
    Reclaimed,
    /// Said while it was not the author's to say.
    Void,
}

/// All handovers in a system, as they stand.
pub fn list(rows: &dyn Rows, kind: Kind, rules: &Registration) -> Vec<Handover> {
    let one = |agreement: AgreementId| {
        let all = facts(rows, agreement, kind);
        let shown = said(rows, agreement, kind).into_iter().filter_map(|said| {
            let fact = fact(&said)?;
            let What::Out { number, to, .. } = fact.what else { return None };
            let (state, new) = stage(&fact, &all);
            let surrendered: Option<Date> =
                wire::Out::decode(&said.body[..]).ok()?.plate_surrendered.parse().ok();
            let days = rules.temporary_plate_days.days();
            Some(Handover {
                id: number_text(fact.by, kind, number),
                from: fact.by,
                to,
                state,
                new_id: new.map(|number| number_text(to, kind, number)),
                plate_surrendered: surrendered,
                temporary_plate_until: surrendered.and_then(|day| day.checked_add(days).ok()),
                agreement,
                source: said.source,
            })
        });
        shown.collect::<Vec<_>>()
    };
    agreements_of(rows).into_iter().flat_map(one).collect()
}

/// How one *out* stands, and the number under which it is in.
fn stage(out: &Fact, all: &[Fact]) -> (Stage, Option<u64>) {
    let (What::Out { number, .. }, Some(cite)) = (out.what, out.cite()) else { return (Stage::Void, None) };
    let standing = join(Thing { owner: out.by, number }, all);
    if let Some((_, taken)) = standing.passed.iter().find(|(passed, _)| *passed == cite) {
        return (Stage::In, Some(taken.number));
    }
    let is_taken_back =
        |fact: &Fact| fact.by == out.by && matches!(fact.what, What::Reclaim { out, .. } if out == cite);
    let stage = match standing.state {
        State::InTransfer { out: last } if last == *out => Stage::Out,
        State::Declined { out: last } if last == *out => Stage::Declined,
        _ if all.iter().any(is_taken_back) => Stage::Reclaimed,
        State::Kept | State::InTransfer { .. } | State::Declined { .. } => Stage::Void,
    };
    (stage, None)
}

/// The number that a thing had in the hand from which its owner took it.
pub fn came_as(rows: &dyn Rows, kind: Kind, id: &str) -> Option<String> {
    let (owner, number) = parse_number(kind, id)?;
    let taken = |fact: &Fact| match fact.what {
        What::In { out, number: of } if fact.by == owner && of == number => Some(out),
        What::In { .. } | What::Out { .. } | What::Decline { .. } | What::Reclaim { .. } => None,
    };
    agreements_of(rows).into_iter().find_map(|agreement| {
        let all = facts(rows, agreement, kind);
        let cited = all.iter().rev().find_map(taken)?;
        let out = all.iter().find(|fact| fact.cite() == Some(cited))?;
        let What::Out { number, .. } = out.what else { return None };
        Some(number_text(out.by, kind, number))
    })
}
