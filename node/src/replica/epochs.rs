//! How an agreement lives on: proposals and opinions are taken over, logged before they leave, and passed on; and
//! what follows when another manifest is in force (P37 to P39). Which is, the law says; nothing here decides it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::epochs::{Bar, Effect, Stage};
use xietong_proto::id::*;
use xietong_proto::limits::{CARDS_MAX, OPINIONS_MAX};
use xietong_proto::manifest::Manifest;
use xietong_proto::opinion::{Opinion, Stance};
use xietong_proto::reject::Reject;
use xietong_proto::stream::Stream;
use xietong_proto::sync::{Frame, Hello, Signing};

use super::agreement::{Agreement, NotInForce, from_hex};
use super::io::{Append, LinkId, Object};
use super::link::{About, Link};
use super::{Replica, Turn};

/// What was not known of what somebody shows.
pub(super) struct News {
    /// A manifest for which somebody answers.
    pub manifest: Option<Manifest>,
    /// Opinions for which there is room.
    pub opinions: Vec<Opinion>,
    /// Whose opinions there was no room for.
    unheard: BTreeSet<MemberCode>,
}

/// For so long a link stays to who is no member any more.
const LINGER_MS: u64 = 1_000;

/// Why a proposal or an opinion is not taken over, in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Unsaid {
    /// No such agreement has been joined here.
    NotJoined,
    /// The law refuses the manifest, or the opinion.
    Unlawful { reject: Reject },
    /// A card is missing, two members share a transport key, or this program is too old for it.
    NotReady { reason: NotInForce },
    /// This node does not hold a stream up to where the manifest would end it.
    CutNotHeld { author: MemberCode, system: System, have: Position, cut: Position },
    /// This member may not say that now.
    Barred { bar: Bar },
}

impl From<Reject> for Unsaid {
    fn from(reject: Reject) -> Self {
        Self::Unlawful { reject }
    }
}

/// A manifest with the cards of those whom it admits and what is said of it.
#[derive(Clone, Debug)]
pub struct Said {
    /// A manifest that may not be known yet.
    pub manifest: Option<Manifest>,
    /// Cards that it names and that may not be known yet.
    pub cards: Vec<Card>,
    /// Opinions: what each says, body and signature.
    pub opinions: Vec<(Stance, Vec<u8>)>,
}

impl Replica {
    /// Takes over what an operator brings: this member's own proposal or opinion, or others' that came by hand.
    pub fn say(&mut self, turn: &mut Turn, id: AgreementId, said: Said) -> Result<(), Unsaid> {
        let mut agreement = self.agreements.get(&id).ok_or(Unsaid::NotJoined)?.clone();
        let is_new = |of: &Manifest| agreement.epochs().manifest(of.id()).is_none();
        let manifest = said.manifest.filter(is_new);
        if let Some(manifest) = manifest.clone() {
            agreement.epochs().check(&manifest)?;
            agreement.learn(vec![manifest], Vec::new());
        }
        for card in &said.cards {
            agreement.renew(card)?;
        }
        let open = |(stance, bytes): &(Stance, Vec<u8>)| agreement.epochs().open(*stance, bytes);
        let opinions: Vec<Opinion> = said.opinions.iter().map(open).collect::<Result<_, _>>()?;
        for opinion in &opinions {
            self.check_opinion(turn, &agreement, opinion)?;
        }
        self.take(turn, id, None, manifest, opinions);
        for card in &said.cards {
            self.renew_card(turn, id, card);
        }
        self.show_cards(turn, id);
        Ok(())
    }

    /// Whoever approves holds everything up to the cuts, and can read what it approves.
    fn check_opinion(&self, turn: &Turn, agreement: &Agreement, opinion: &Opinion) -> Result<(), Unsaid> {
        let fields = &opinion.fields;
        if fields.member != self.me.code()
            || agreement.epochs().opinions(fields.manifest).any(|of| of == opinion)
        {
            return Ok(());
        }
        let manifest = agreement.epochs().manifest(fields.manifest);
        if let Some(manifest) = manifest.filter(|_| fields.stance == Stance::Approves) {
            agreement.check(manifest).map_err(|reason| Unsaid::NotReady { reason })?;
            for (stream, cut) in &manifest.fields.cuts {
                let have = self.logs.head(stream).position;
                if have < cut.position || self.id_at(turn.past, *stream, cut.position) != cut.id {
                    let (author, system, cut) = (stream.author, stream.system, cut.position);
                    return Err(Unsaid::CutNotHeld { author, system, have, cut });
                }
            }
        }
        let may = agreement.epochs().may(fields.member, fields.stance, fields.manifest);
        may.map_err(|bar| Unsaid::Barred { bar })
    }

    /// A manifest with opinions came over a link.
    pub(super) fn signing(&mut self, turn: &mut Turn, link: LinkId, id: AgreementId, signing: &Signing) {
        match self.open_signing(id, signing) {
            Ok(News { manifest, opinions, unheard }) => {
                self.link_mut(link, |link| link.unheard.extend(unheard));
                self.take(turn, id, Some(link), manifest, opinions);
            }
            Err(reject) => return self.refuse(turn, link, reject),
        }
        self.answer_signing(turn, link, id, signing);
    }

    /// Whoever shows a manifest without opinions that are held here is shown them: it may have had no room for them.
    /// Once between two comparisons of heads, in case it cannot take them either, and shows its own for an answer.
    fn answer_signing(&mut self, turn: &mut Turn, link: LinkId, id: AgreementId, signing: &Signing) {
        let Ok(manifest) = Manifest::open(&signing.manifest) else { return };
        let Some(held) = self.agreements.get(&id) else { return };
        let is_told = |of: &Opinion| {
            signing.opinions.iter().any(|(stance, bytes)| *stance == of.fields.stance && *bytes == of.bytes())
        };
        let held: Vec<&Opinion> = held.epochs().opinions(manifest.id()).collect();
        let is_behind = held.len() <= OPINIONS_MAX && !held.into_iter().all(is_told);
        if is_behind && self.links.get_mut(&link).is_some_and(|link| link.answered.insert(manifest.id())) {
            self.show_signing(turn, link, id, manifest.id());
        }
    }

    /// Shows again what waits, in case it was not taken: with the comparison of heads.
    pub(super) fn show_waiting(&self, turn: &mut Turn, link: LinkId, id: AgreementId) {
        let Some(held) = self.agreements.get(&id) else { return };
        let waits = |manifest: &&Manifest| {
            held.epochs().tally(manifest.id()).is_some_and(|tally| tally.stage == Stage::Open)
        };
        for manifest in held.epochs().manifests().filter(waits) {
            self.show_signing(turn, link, id, manifest.id());
        }
    }

    /// Whether there is room again for something that a link showed in vain: a link that begins anew shows it again (P39).
    pub(super) fn can_hear_again(&self, link: LinkId) -> bool {
        let Some(link) = self.links.get(&link) else { return false };
        let about = link.about.map(|about| about.agreement);
        about.is_some_and(|id| link.unheard.iter().any(|member| self.has_room_for(id, *member)))
    }

    /// What is new of it.
    pub(super) fn open_signing(&self, id: AgreementId, signing: &Signing) -> Result<News, Reject> {
        let held = self.agreements.get(&id).ok_or(Reject::WrongAgreement)?;
        let manifest = Manifest::open(&signing.manifest)?;
        let known = held.epochs().manifest(manifest.id());
        if known.is_none() {
            held.epochs().check(&manifest)?;
        }
        let mut with = held.clone();
        with.learn(vec![manifest.clone()], Vec::new());
        let open = |(stance, bytes): &(Stance, Vec<u8>)| with.epochs().open(*stance, bytes);
        let opinions: Vec<Opinion> = signing.opinions.iter().map(open).collect::<Result<_, _>>()?;
        let is_of_it = |opinion: &&Opinion| opinion.fields.manifest == manifest.id();
        let is_new = |opinion: &&Opinion| !held.epochs().opinions(manifest.id()).any(|of| of == *opinion);
        let has_room = |opinion: &Opinion| self.has_room_for(id, opinion.fields.member);
        let news = opinions.iter().filter(is_of_it).filter(is_new).cloned();
        let (opinions, unheard): (Vec<Opinion>, Vec<Opinion>) = news.partition(has_room);
        let is_new = known.is_none() && !opinions.is_empty();
        let unheard = unheard.iter().map(|opinion| opinion.fields.member).collect();
        Ok(News { manifest: is_new.then_some(manifest), opinions, unheard })
    }

    /// Takes over what is new, passes it on, and follows what is in force then.
    pub(super) fn take(
        &mut self,
        turn: &mut Turn,
        id: AgreementId,
        from: Option<LinkId>,
        manifest: Option<Manifest>,
        opinions: Vec<Opinion>,
    ) {
        let Some(agreement) = self.agreements.get_mut(&id) else { return };
        let about = manifest.as_ref().map(Manifest::id).or_else(|| Some(opinions.first()?.fields.manifest));
        let effect = agreement.learn(manifest.clone().into_iter().collect(), opinions.clone());
        if effect == Effect::None {
            return;
        }
        if let Some(manifest) = manifest {
            let object = Object::Manifest { manifest: hex::encode(manifest.bytes()) };
            turn.appends.push(Append::Object(id, object));
        }
        for opinion in &opinions {
            let (stance, bytes) = (opinion.fields.stance, opinion.bytes());
            self.room.take(id, opinion.fields.member, bytes.len());
            let object = Object::Opinion { stance, opinion: hex::encode(bytes) };
            turn.appends.push(Append::Object(id, object));
        }
        let is_about = |link: &Link| link.greeted().is_some_and(|about| about.0 == id);
        let others = self.links.iter().filter(|(link, known)| is_about(known) && Some(**link) != from);
        for link in others.map(|(link, _)| *link).collect::<Vec<_>>() {
            about.into_iter().for_each(|about| self.show_signing(turn, link, id, about));
        }
        if effect == Effect::Turned {
            self.follow(turn, id);
        }
    }

    /// Another manifest is in force or valid: other members connect, streams may have ended, other things may leave.
    pub(super) fn follow(&mut self, turn: &mut Turn, id: AgreementId) {
        // A link to who is no member any more ends a moment later: what ended it has to arrive.
        let partners: Vec<LinkId> = self.links_about(id).into_iter().map(|(link, _)| link).collect();
        for (link, known) in &mut self.links {
            if !partners.contains(link) && known.about.is_some_and(|about| about.agreement == id) {
                known.heads_due_ms = turn.now.mono_ms + LINGER_MS;
            }
        }
        self.doubt_ends(id);
        self.take_again(turn, id);
        self.to_compare.push(id);
        self.links_due_ms = turn.now.mono_ms;
        self.publish_trust(turn);
    }

    /// Looks again at how far each stream of an agreement counts.
    pub(super) fn doubt_ends(&mut self, id: AgreementId) {
        let streams: Vec<Stream> = self.logs.heads().map(|(stream, _)| *stream).collect();
        let of_agreement = streams.into_iter().filter(|stream| stream.agreement == id);
        of_agreement.for_each(|stream| self.forks.doubt_stream(stream));
        self.forks.doubt(id);
    }

    /// Somebody says hello who is no member by what we know, or to whom we are none, and goes by an older manifest: what
    /// brought the newer one into force is all that it gets, and the link ends a moment later (P39).
    pub(super) fn catch_up(&mut self, turn: &mut Turn, id: LinkId, hello: &Hello) {
        let Some(link) = self.links.get(&id) else { return };
        let (peer, is_ours) = (link.peer, link.is_ours);
        let is_older = |held: &&Agreement| {
            let known = held.epochs().manifest(hello.manifest);
            known.is_some_and(|known| known.fields.epoch < held.manifest().fields.epoch)
        };
        let held = self.agreements.get(&hello.agreement).filter(is_older).filter(|_| !is_ours);
        let member = held.and_then(|held| held.was_member(peer));
        let member = member.filter(|of| !self.paused.has(*of) && !self.offences.shuts_out(peer));
        let Some(member) = member else { return self.close(turn, id) };
        let about = About { agreement: hello.agreement, member, is_greeted: true };
        let heads_due_ms = turn.now.mono_ms + LINGER_MS;
        self.link_mut(id, |link| (link.about, link.heads_due_ms) = (Some(about), heads_due_ms));
        self.say_hello(turn, id, hello.agreement);
        self.show_signings(turn, id, about, hello.manifest);
    }

    /// Shows a new link what its other end may lack and may know: the manifests from the one it named on.
    pub(super) fn show_signings(&self, turn: &mut Turn, link: LinkId, about: About, from: ManifestId) {
        let Some(held) = self.agreements.get(&about.agreement) else { return };
        let known = held.epochs().manifest(from).map(|manifest| manifest.fields.epoch).unwrap_or_default();
        let newer = held.may_know(about.member).filter(|manifest| manifest.fields.epoch >= known);
        newer.for_each(|manifest| self.show_signing(turn, link, about.agreement, manifest.id()));
    }

    fn show_signing(&self, turn: &mut Turn, link: LinkId, id: AgreementId, of: ManifestId) {
        let Some(held) = self.agreements.get(&id) else { return };
        for signing in held.signings(of) {
            self.send(turn, link, Frame::Signing(signing));
        }
    }

    /// Takes over newer cards, and shows everybody all cards again if there are any (P22): who showed them knows then that
    /// they have come.
    pub(super) fn take_cards(&mut self, turn: &mut Turn, id: AgreementId, cards: &[Card]) {
        let news = cards.iter().filter(|card| self.renew_card(turn, id, card)).count();
        if news > 0 {
            self.show_cards(turn, id);
        }
    }

    /// Shows everybody all cards again.
    fn show_cards(&self, turn: &mut Turn, id: AgreementId) {
        for (link, _) in self.links_about(id) {
            self.send_cards(turn, link, id);
        }
    }

    /// All cards of an agreement (P22).
    pub(super) fn send_cards(&self, turn: &mut Turn, link: LinkId, id: AgreementId) {
        let Some(held) = self.agreements.get(&id) else { return };
        let cards: Vec<Vec<u8>> = held.all_cards().map(|card| card.bytes().to_vec()).collect();
        for some in cards.chunks(CARDS_MAX) {
            self.send(turn, link, Frame::Cards(some.to_vec()));
        }
    }

    /// Takes over what the log has of manifests and opinions.
    pub(super) fn restore_manifest(&mut self, id: AgreementId, manifest: &str) -> Result<(), NotInForce> {
        let manifest = Manifest::open(&from_hex(manifest)?)?;
        if let Some(agreement) = self.agreements.get_mut(&id) {
            agreement.learn(vec![manifest], Vec::new());
        }
        Ok(())
    }

    /// Takes over what the log has of opinions.
    pub(super) fn restore_opinion(
        &mut self,
        id: AgreementId,
        stance: Stance,
        opinion: &str,
    ) -> Result<(), NotInForce> {
        if let Some(agreement) = self.agreements.get_mut(&id) {
            let opinion = agreement.epochs().open(stance, &from_hex(opinion)?)?;
            agreement.learn(Vec::new(), vec![opinion]);
        }
        Ok(())
    }
}

impl Agreement {
    /// A manifest and the opinions on it, in as few frames as they fit into.
    pub fn signings(&self, id: ManifestId) -> Vec<Signing> {
        let Some(manifest) = self.epochs().manifest(id) else { return Vec::new() };
        let said = |opinion: &Opinion| (opinion.fields.stance, opinion.bytes().to_vec());
        let opinions: Vec<(Stance, Vec<u8>)> = self.epochs().opinions(id).map(said).collect();
        let signing =
            |opinions: &[_]| Signing { manifest: manifest.bytes().to_vec(), opinions: opinions.to_vec() };
        opinions.chunks(OPINIONS_MAX).map(signing).collect()
    }
}
