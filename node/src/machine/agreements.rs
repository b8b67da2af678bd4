//! What an operator asks about agreements: joining, proposing, giving opinions, and their papers.

use xietong_proto::card::Card;
use xietong_proto::epochs::Epochs;
use xietong_proto::id::*;
use xietong_proto::receipt::Holdings;
use xietong_proto::stream::{Audience, Head, Stream};

use super::{Answer, Machine, Refusal, Step};
use crate::replica::agreement::Agreement;
use crate::replica::epochs::{Said, Unsaid};
use crate::systems::purging;

/// All papers of an agreement.
#[derive(Clone, Debug, PartialEq)]
pub struct Papers {
    /// Its versions, and what is said of them.
    pub epochs: Epochs,
    /// All cards of those whom they name.
    pub cards: Vec<Card>,
    /// How far this node holds the members' streams for all: what a manifest would end them at.
    pub held: Holdings,
}

impl Machine {
    /// Takes part in an agreement; of one that it takes part in already, takes over what is new.
    pub(super) fn join(&mut self, step: &mut Step, agreement: Agreement) -> Result<Answer, Refusal> {
        if self.replica.agreements().any(|held| held.id() == agreement.id()) {
            return self.take_over(step, &agreement);
        }
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
        Ok(Answer::Joined { agreement: id, is_new: true })
    }

    fn take_over(&mut self, step: &mut Step, brought: &Agreement) -> Result<Answer, Refusal> {
        self.check_room()?;
        for manifest in brought.epochs().manifests() {
            let opinions = brought.epochs().opinions(manifest.id());
            let is_named = |card: &&Card| manifest.member(card.fields.code).is_some();
            let said = Said {
                manifest: Some(manifest.clone()),
                cards: brought.all_cards().filter(is_named).cloned().collect(),
                opinions: opinions.map(|said| (said.fields.stance, said.bytes().to_vec())).collect(),
            };
            let unsaid = |reason| Refusal::Unsaid { reason };
            self.replica.say(&mut step.turn, brought.id(), said).map_err(unsaid)?;
        }
        Ok(Answer::Joined { agreement: brought.id(), is_new: false })
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

    /// Gives up what a member said, but for what is still needed: that is read from rows that have all of it.
    pub(super) fn give_up(
        &mut self,
        step: &mut Step,
        agreement: AgreementId,
        author: MemberCode,
    ) -> Result<Answer, Refusal> {
        self.check_room()?;
        let held = self.replica.held_of(agreement, author);
        let lag = |(stream, head): (&Stream, &Head)| head.position.0 - self.replica.logs().folded(stream).0;
        let entries_left = held.iter().map(lag).sum();
        if entries_left > 0 {
            return Err(Refusal::Rebuilding { entries_left });
        }
        let (me, rows) = (self.replica.me().code(), &step.rows);
        let kept = |stream: &Stream| purging::kept(rows, stream, me);
        let given_up = self.replica.purge(&mut step.turn, agreement, author, kept);
        let (purge, is_new) = given_up.map_err(|reason| Refusal::NotPurged { reason })?;
        let card = Box::new(self.replica.me().card.clone());
        Ok(Answer::GivenUp { purge: Box::new(purge), card, is_new })
    }

    pub(super) fn papers(&self, agreement: AgreementId) -> Result<Answer, Refusal> {
        let held = self.replica.agreements().find(|held| held.id() == agreement);
        let held = held.ok_or(Refusal::Unsaid { reason: Unsaid::NotJoined })?;
        let shared = |(stream, _): &(&Stream, _)| {
            (stream.agreement, stream.audience) == (agreement, Audience::Agreement)
        };
        let heads = self.replica.logs().heads().filter(shared);
        Ok(Answer::Papers(Box::new(Papers {
            epochs: held.epochs().clone(),
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
