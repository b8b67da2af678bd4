//! What an operator asks about agreements: joining, proposing, giving opinions, and their papers.

use xietong_proto::card::Card;
use xietong_proto::id::*;
use xietong_proto::receipt::Holdings;
use xietong_proto::stream::{Audience, Stream};
use xietong_proto::sync::Signing;

use super::{Answer, Machine, Refusal, Step};
use crate::replica::agreement::Agreement;
use crate::replica::epochs::{Said, Unsaid};

/// All papers of an agreement.
#[derive(Clone, Debug, PartialEq)]
pub struct Papers {
    /// Each manifest after its predecessor, with the opinions on it.
    pub signings: Vec<Signing>,
    /// All cards of those whom they name.
    pub cards: Vec<Card>,
    /// How far this node holds the members' streams for all: what a manifest would end them at.
    pub held: Holdings,
}

impl Machine {
    pub(super) fn join(&mut self, step: &mut Step, agreement: Agreement) -> Result<Answer, Refusal> {
        let me = self.replica.me();
        if agreement.manifest().member(me.code()).is_none() {
            return Err(Refusal::NotNamed { member: me.code() });
        }
        if agreement.member_of(me.peer) != Some(me.code()) {
            return Err(Refusal::NotThisNode);
        }
        let id = agreement.id();
        self.replica.join(&mut step.turn, agreement);
        self.compare_all();
        Ok(Answer::Joined { agreement: id })
    }

    pub(super) fn say(
        &mut self,
        step: &mut Step,
        agreement: AgreementId,
        said: Said,
    ) -> Result<Answer, Refusal> {
        self.check_room()?;
        let unsaid = |reason| Refusal::Unsaid { reason };
        self.replica.say(&mut step.turn, agreement, said).map_err(unsaid)?;
        let held = self.replica.agreements().find(|held| held.id() == agreement);
        let newest = held.map(|held| held.manifest().id()).ok_or(unsaid(Unsaid::NotJoined))?;
        Ok(Answer::Said { newest })
    }

    pub(super) fn papers(&self, agreement: AgreementId) -> Result<Answer, Refusal> {
        let held = self.replica.agreements().find(|held| held.id() == agreement);
        let held = held.ok_or(Refusal::Unsaid { reason: Unsaid::NotJoined })?;
        let shared = |(stream, _): &(&Stream, _)| {
            (stream.agreement, stream.audience) == (agreement, Audience::Agreement)
        };
        let heads = self.replica.logs().heads().filter(shared);
        Ok(Answer::Papers(Box::new(Papers {
            signings: held.epochs().manifests().flat_map(|manifest| held.signings(manifest.id())).collect(),
            cards: held.all_cards().cloned().collect(),
            held: heads.map(|(stream, head)| (*stream, *head)).collect(),
        })))
    }

    /// Where a member's newest entries of a system for all stand.
    pub(super) fn stream(&self, agreement: AgreementId, author: MemberCode, system: System) -> Stream {
        let held = self.replica.agreements().find(|held| held.id() == agreement);
        held.map_or(Stream::shared(agreement, author, system), |held| held.stream(author, system))
    }
}
