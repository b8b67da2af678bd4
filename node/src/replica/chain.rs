//! Chain first (P48): who is a member and does not know this node's transport key, since it slept while members came, went
//! or changed their keys, is presented what makes it known; and what a stranger presents is taken over if it proves that
//! the stranger is a member. Who has left is presented what ended that and nothing else. Nothing is answered.

use xietong_proto::card::Card;
use xietong_proto::id::*;
use xietong_proto::manifest::Manifest;
use xietong_proto::opinion::Opinion;
use xietong_proto::presentation::Presentation;
use xietong_proto::reject::Reject;
use xietong_proto::sync::Signing;

use super::agreement::Agreement;
use super::epochs::News;
use super::io::{LinkId, NetAction};
use super::{Replica, Turn};

/// Between two times that one agreement is presented to one peer.
const PRESENT_PAUSE_MS: u64 = 10_000;

impl Replica {
    /// Somebody on no roster is there: it may come in for a moment to present itself, or to be told that one of the two has
    /// left, unless it is a member and kept out. `address` is where it answered in the place of another.
    pub(super) fn invite(&mut self, turn: &mut Turn, peer: PeerId, address: Option<String>) {
        let is_member = self.agreements.keys().any(|id| self.partner(*id, peer).is_some());
        let is_kept_out =
            is_member || peer == self.me.peer || self.paused.is_all() || self.offences.shuts_out(peer);
        if !is_kept_out && !self.agreements.is_empty() {
            turn.actions.push(NetAction::Invite { peer, address });
        }
    }

    /// A stranger has come in for a moment. If it was a member, or this node was one of whose leaving it has not heard, it
    /// is told what ended that.
    pub(super) fn welcome(&mut self, turn: &mut Turn, peer: PeerId) {
        let me = self.me.code();
        let is_over = |held: &&Agreement| {
            let has_left = |member: MemberCode| held.manifest().member(member).is_none();
            let member = held.member_of(peer).or_else(|| held.was_member(peer));
            member.is_some_and(|member| (has_left(member) || has_left(me)) && !self.paused.has(member))
        };
        let over: Vec<AgreementId> = self.agreements.values().filter(is_over).map(Agreement::id).collect();
        over.into_iter().for_each(|id| self.present(turn, peer, id));
    }

    /// A link has ended. If it was ours and the other end has not said hello, it may not know our key (P21).
    pub(super) fn closed(&mut self, turn: &mut Turn, id: LinkId) {
        let unheard = self.links.get(&id).filter(|link| link.is_ours && link.greeted().is_none());
        let unheard = unheard.and_then(|link| Some((link.peer, link.about?.agreement)));
        self.drop_link(id);
        let Some((peer, agreement)) = unheard else { return };
        let speaks = self
            .links
            .values()
            .any(|link| link.peer == peer && link.greeted().is_some_and(|(about, _)| about == agreement));
        if !speaks && self.connections.to(peer).is_some() && self.partner(agreement, peer).is_some() {
            self.present(turn, peer, agreement);
        }
    }

    /// Presents an agreement, as far as the peer may know it.
    fn present(&mut self, turn: &mut Turn, peer: PeerId, id: AgreementId) {
        let now_ms = turn.now.mono_ms;
        self.presented.retain(|_, due_ms| *due_ms > now_ms);
        let Some(held) = self.agreements.get(&id) else { return };
        let member = held.member_of(peer).or_else(|| held.was_member(peer));
        let (Some(member), Some(hello)) = (member, self.own_hello(turn.now, id)) else { return };
        if self.presented.contains_key(&(peer, id)) {
            return;
        }
        self.presented.insert((peer, id), now_ms + PRESENT_PAUSE_MS);
        let is_member = held.manifest().member(member).is_some();
        let signings = held.may_know(member).flat_map(|manifest| held.signings(manifest.id())).collect();
        let cards = held.all_cards().filter(|_| is_member).map(|card| card.bytes().to_vec()).collect();
        let shown = Box::new(Presentation { hello, signings, cards });
        turn.actions.push(NetAction::Present { peer, shown });
    }

    /// Takes over what a peer presents, if by that it is a member, or was one until then.
    pub(super) fn presented(&mut self, turn: &mut Turn, peer: PeerId, shown: &Presentation) {
        let id = shown.hello.agreement;
        let Some(held) = self.agreements.get(&id) else { return };
        let is_member = held.member_of(peer).is_some();
        let names = |with: Agreement| if is_member { Ok(()) } else { with.names(peer, &shown.cards) };
        if let Err(reject) = held.with(shown).and_then(names) {
            return turn.actions.push(NetAction::Report { peer, reject });
        }
        for signing in &shown.signings {
            if let Ok(News { manifest, opinions, .. }) = self.open_signing(id, signing) {
                self.take(turn, id, None, manifest, opinions);
            }
        }
        self.take_cards(turn, id, &opened(&shown.cards));
    }
}

impl Agreement {
    /// The manifests that a member may be shown: all, or up to the one that ended its time if it has left.
    pub fn may_know(&self, member: MemberCode) -> impl Iterator<Item = &Manifest> {
        let chain = self.epochs().standing().chain();
        let names = |id: &ManifestId| {
            self.epochs().manifest(*id).is_some_and(|manifest| manifest.member(member).is_some())
        };
        let ended = chain.iter().rposition(names).map_or(0, |last| last + 2);
        let may = move |manifest: &&Manifest| ended > chain.len() || chain[..ended].contains(&manifest.id());
        self.epochs().manifests().filter(may)
    }

    /// The agreement with what is presented of it, every signature checked; a card of a stranger is ignored (P22).
    fn with(&self, shown: &Presentation) -> Result<Self, Reject> {
        let mut with = self.clone();
        for Signing { manifest, opinions } in &shown.signings {
            let manifest = Manifest::open(manifest)?;
            if with.epochs().manifest(manifest.id()).is_none() {
                with.epochs().check(&manifest)?;
                with.learn(vec![manifest], Vec::new());
            }
            let open = |(stance, bytes): &(_, Vec<u8>)| with.epochs().open(*stance, bytes);
            let opinions: Vec<Opinion> = opinions.iter().map(open).collect::<Result<_, _>>()?;
            with.learn(Vec::new(), opinions);
        }
        for bytes in &shown.cards {
            let _ = with.renew(&Card::open(bytes)?);
        }
        Ok(with)
    }

    /// Whether a transport key is a member's now; refused under the name of whose card claims it.
    fn names(&self, peer: PeerId, cards: &[Vec<u8>]) -> Result<(), Reject> {
        let claims = |card: &Card| card.fields.transport_keys.contains(&peer);
        let author = opened(cards).iter().find(|card| claims(card)).map(|card| card.fields.code);
        let author = author.unwrap_or(MemberCode::NONE);
        self.member_of(peer).map(drop).ok_or(Reject::NotAMember { author })
    }
}

fn opened(cards: &[Vec<u8>]) -> Vec<Card> {
    cards.iter().filter_map(|bytes| Card::open(bytes).ok()).collect()
}
