//! Receipts (P34): the newest that each member has signed, and when this node signs one.

use std::collections::{BTreeMap, BTreeSet};

use xietong_proto::epochs::Effect;
use xietong_proto::id::*;
use xietong_proto::receipt::{HOLDING_BYTES, Holdings, Receipt, ReceiptFields, root, split};
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Audience, Head, Stream};
use xietong_proto::sync::{Frame, Receipted};

use super::agreement::{NotInForce, from_hex};
use super::io::{Append, LinkId, Object};
use super::{Replica, Turn};

/// Between two receipts of one agreement.
const RECEIPT_PAUSE_MS: u64 = 1_000;

/// The newest receipt of a member, and what it is over.
#[derive(Clone, Debug)]
pub struct Held {
    pub(super) receipt: Receipt,
    pub(super) lines: Holdings,
}

/// What a receipt tells of the member that showed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teller {
    /// No newer one of its own is known.
    IsCurrent,
    /// It was restored from before what it has signed: shown its newest one, it goes on from there.
    IsBehind,
}

/// All that are known here.
#[derive(Clone, Debug, Default)]
pub struct Receipts {
    newest: BTreeMap<(AgreementId, MemberCode), Held>,
    /// Before that none is signed, on the monotonic clock.
    due_ms: BTreeMap<AgreementId, u64>,
    /// Where there is something to sign for that was not due yet.
    waiting: BTreeSet<AgreementId>,
}

impl Receipts {
    /// Whose receipts are known under an agreement.
    pub fn signers(&self, id: AgreementId) -> impl Iterator<Item = MemberCode> {
        self.newest.keys().filter(move |(of, _)| *of == id).map(|(_, member)| *member)
    }
}

impl Replica {
    /// How far each member has signed that it holds a stream.
    pub fn receipted(&self, stream: &Stream) -> BTreeMap<MemberCode, Position> {
        let of_agreement = self.receipts.newest.iter().filter(|((id, _), _)| *id == stream.agreement);
        of_agreement
            .filter_map(|((_, member), held)| Some((*member, held.lines.get(stream)?.position)))
            .collect()
    }

    /// Every receipt that is known, with what it is over: for tests and for those who keep evidence.
    pub fn newest_receipts(&self) -> impl Iterator<Item = (&ReceiptFields, &Holdings)> {
        self.receipts.newest.values().map(|held| (&held.receipt.fields, &held.lines))
    }

    /// Shows a new link the newest receipt of every member: also the other end's own, in case it was restored
    /// from before it.
    pub(super) fn show_receipts(&self, turn: &mut Turn, link: LinkId, id: AgreementId) {
        let known = self.receipts.newest.iter().filter(|((of, _), _)| *of == id);
        let frames: Vec<Frame> = known.map(|(_, held)| held.frame(0, held.lines.clone())).collect();
        frames.into_iter().for_each(|frame| self.send(turn, link, frame));
    }

    /// Shows the newest receipt of a member again: ours, since what was lost comes with the comparison of heads; or
    /// its own to a member that contradicts it.
    pub(super) fn show_receipt(&self, turn: &mut Turn, link: LinkId, id: AgreementId, of: MemberCode) {
        if let Some(held) = self.receipts.newest.get(&(id, of)) {
            self.send(turn, link, held.frame(0, held.lines.clone()));
        }
    }

    /// Takes what a member has signed, or refuses it by name.
    pub(super) fn receipted_by(
        &mut self,
        turn: &mut Turn,
        link: LinkId,
        (id, teller): (AgreementId, MemberCode),
        told: &Receipted,
    ) -> Result<Teller, Reject> {
        let keyring = &self.keyring;
        let receipt =
            Receipt::open(&told.receipt, |fields| keyring.entry_key(id, fields.member, fields.card))?;
        let held = self.agreements.get(&id).ok_or(Reject::WrongAgreement)?;
        let member = receipt.fields.member;
        if receipt.fields.agreement != id {
            return Err(Reject::WrongAgreement);
        }
        if held.manifest().member(member).is_none() {
            // Whoever passes on what a former member signed has done nothing wrong.
            let mut named = held.epochs().manifests().filter_map(|manifest| manifest.member(member));
            return named.next().map(|_| Teller::IsCurrent).ok_or(Reject::NotAMember { author: member });
        }
        if member == self.me.code() {
            return self.remember_own(turn, id, receipt, told).map(|()| Teller::IsCurrent);
        }
        // Whoever passes on what contradicts another receipt of its signer has done nothing wrong.
        let contradicts = |field| if teller == member { Err(bad(field)) } else { Ok(Teller::IsCurrent) };
        let known = self.receipts.newest.get(&(id, member));
        let number = known.map_or(0, |known| known.receipt.fields.number);
        if receipt.fields.number < number {
            return Ok(if teller == member { Teller::IsBehind } else { Teller::IsCurrent });
        }
        if receipt.fields.number == number {
            let is_same = known.is_some_and(|known| known.receipt.fields.root == receipt.fields.root);
            return if is_same { Ok(Teller::IsCurrent) } else { contradicts("receipt.number") };
        }
        if !self.has_room_for(id, member) {
            return Ok(Teller::IsCurrent);
        }
        // One in between was lost; the whole comes with the next comparison of heads.
        let Some(lines) = whole(known, told) else { return Ok(Teller::IsCurrent) };
        receipt.fields.is_over(&lines)?;
        if known.is_some_and(|known| !goes_on(&known.lines, &lines)) {
            return contradicts("receipt.lines");
        }
        let held = Held { receipt, lines };
        self.room.take(id, member, told.receipt.len() + told.lines.len() * HOLDING_BYTES);
        if let Some(beyond) = self.beyond_own(id, &held.lines) {
            self.refuse(turn, link, beyond);
        }
        let frame = held.frame(0, held.lines.clone());
        self.keep_receipt(turn, id, held, told);
        // How far a forked stream counts rests on everybody's receipts: they travel on at once, to who is a member by them.
        for (link, to) in self.links_about(id).into_iter().filter(|_| self.forks.touch(id)) {
            if to != member {
                self.send(turn, link, frame.clone());
            }
        }
        Ok(Teller::IsCurrent)
    }

    /// A receipt for entries of ours that we do not have, although all others have been asked: no offence, for
    /// what was lost with everybody else may still be with its signer.
    fn beyond_own(&self, id: AgreementId, lines: &Holdings) -> Option<Reject> {
        let own = lines.iter().filter(|(stream, _)| stream.author == self.me.code());
        let own = own.map(|(stream, signed)| (self.logs.head(stream).position, signed.position));
        let mut beyond = own.filter(|(have, got)| got > have && self.unconfirmed(id).is_none());
        beyond.next().map(|(have, got)| Reject::Gap { have, got })
    }

    /// Our own receipt comes back: we may have been restored from before it, and must not use its number again.
    fn remember_own(
        &mut self,
        turn: &mut Turn,
        id: AgreementId,
        receipt: Receipt,
        told: &Receipted,
    ) -> Result<(), Reject> {
        let own = self.receipts.newest.get(&(id, self.me.code())).map(|own| &own.receipt.fields);
        let told_of = &receipt.fields;
        let is_known = own.is_some_and(|own| own.number > told_of.number || own.root == told_of.root);
        if is_known || told.base > 0 {
            return Ok(());
        }
        receipt.fields.is_over(&told.lines)?;
        self.keep_receipt(turn, id, Held { receipt, lines: told.lines.clone() }, told);
        Ok(())
    }

    /// Signs for what has come since the last receipt, and says so to everybody who is linked.
    pub(super) fn sign_receipts(&mut self, turn: &mut Turn) {
        for id in self.agreements.keys().copied().collect::<Vec<_>>() {
            let is_due = self.receipts.due_ms.get(&id).is_none_or(|due_ms| *due_ms <= turn.now.mono_ms);
            self.receipts.waiting.remove(&id);
            match self.news(id) {
                Some(lines) if is_due => {
                    let before = self.receipts.newest.get(&(id, self.me.code())).cloned();
                    self.sign_receipt(turn, id, before, lines);
                }
                Some(_) => {
                    self.receipts.waiting.insert(id);
                }
                None => {}
            }
        }
    }

    /// When a receipt that waits may be signed.
    pub(super) fn receipts_due_ms(&self) -> Option<u64> {
        self.receipts.waiting.iter().filter_map(|id| self.receipts.due_ms.get(id)).min().copied()
    }

    /// What has come since the last receipt and may be signed for.
    fn news(&self, id: AgreementId) -> Option<Holdings> {
        let before = self.receipts.newest.get(&(id, self.me.code()));
        let lines = self.holdings(id, before);
        let known = before.map(|before| &before.lines);
        let is_other = known.map_or(!lines.is_empty(), |known| *known != lines);
        let is_news =
            (is_other || self.goes_by_newer(id, before)) && known.is_none_or(|known| goes_on(known, &lines));
        (is_news && self.unconfirmed(id).is_none() && self.short_for_own().is_none()).then_some(lines)
    }

    /// Whether a later manifest is in force than the one under which a receipt was signed, or than the first.
    fn goes_by_newer(&self, id: AgreementId, before: Option<&Held>) -> bool {
        let Some(held) = self.agreements.get(&id).filter(|held| held.is_open()) else { return false };
        let cited = before.map_or(ManifestId(id.0), |before| before.receipt.fields.manifest);
        let cited = held.epochs().manifest(cited);
        cited.is_some_and(|cited| cited.fields.epoch < held.manifest().fields.epoch)
    }

    /// By which manifest a member went when it signed its newest receipt.
    pub(super) fn cited_by(&self, id: AgreementId, member: MemberCode) -> Option<ManifestId> {
        self.receipts.newest.get(&(id, member)).map(|held| held.receipt.fields.manifest)
    }

    /// Takes over what the log has of receipts.
    pub(super) fn restore_receipt(&mut self, id: AgreementId, told: &Receipted) -> Result<(), NotInForce> {
        let keyring = &self.keyring;
        let receipt =
            Receipt::open(&told.receipt, |fields| keyring.entry_key(id, fields.member, fields.card))?;
        let place = (id, receipt.fields.member);
        let lines = whole(self.receipts.newest.get(&place), told).ok_or_else(|| bad("receipt.base"))?;
        let held = Held { receipt, lines };
        self.cite(id, &held);
        self.receipts.newest.insert(place, held);
        Ok(())
    }

    fn sign_receipt(&mut self, turn: &mut Turn, id: AgreementId, before: Option<Held>, lines: Holdings) {
        let manifest = self.agreements.get(&id).map_or(ManifestId::ZERO, |held| held.manifest().id());
        let fields = ReceiptFields {
            agreement: id,
            manifest,
            member: self.me.code(),
            card: self.signing_card(id),
            number: before.as_ref().map_or(0, |before| before.receipt.fields.number) + 1,
            root: root(&lines),
            time: turn.now.wall,
        };
        let held = Held { receipt: Receipt::sign(&fields, &self.me.entry_key.0), lines };
        let changed = before.as_ref().map(|before| changed(&before.lines, &held.lines));
        let base = before.map_or(0, |before| before.receipt.fields.number);
        let told = held.told(base, changed.unwrap_or_else(|| held.lines.clone()));
        self.receipts.due_ms.insert(id, turn.now.mono_ms + RECEIPT_PAUSE_MS);
        self.keep_receipt(turn, id, held, &told);
        let links = self.links_about(id);
        links.into_iter().for_each(|(link, _)| self.send(turn, link, Frame::Receipted(told.clone())));
    }

    fn keep_receipt(&mut self, turn: &mut Turn, id: AgreementId, held: Held, told: &Receipted) {
        turn.appends.push(Append::Object(id, Object::receipt(&held.receipt.fields, told)));
        let effect = self.cite(id, &held);
        self.receipts.newest.insert((id, held.receipt.fields.member), held);
        self.forks.doubt(id);
        // Which of two rivals holds may hang on who has signed under it.
        if effect == Effect::Turned {
            self.follow(turn, id);
        }
    }

    /// A receipt cites the manifest that its signer went by (P37).
    fn cite(&mut self, id: AgreementId, held: &Held) -> Effect {
        let fields = &held.receipt.fields;
        let agreement = self.agreements.get_mut(&id);
        agreement.map_or(Effect::None, |agreement| agreement.cite(fields.manifest, fields.member))
    }

    /// What each member but the author has signed that it holds of a stream.
    pub(super) fn signed(&self, stream: &Stream) -> Vec<Head> {
        let is_others =
            |(id, member): &(AgreementId, MemberCode)| *id == stream.agreement && *member != stream.author;
        let newest = self.receipts.newest.iter().filter(|(place, _)| is_others(place));
        newest.filter_map(|(_, held)| held.lines.get(stream).copied()).collect()
    }

    /// What this node holds of the others' agreement streams. Of a forked one its last receipt behind the fork
    /// stands; else it holds what stands before the fork (P36).
    fn holdings(&self, id: AgreementId, before: Option<&Held>) -> Holdings {
        let is_others = |stream: &Stream| {
            stream.agreement == id
                && stream.audience == Audience::Agreement
                && stream.author != self.me.code()
        };
        let held = |(stream, head): (&Stream, &Head)| match self.forks.before(stream) {
            Some(before) if head.position >= before.position => (*stream, before),
            Some(_) | None => (*stream, *head),
        };
        let heads = self.logs.heads().filter(|(stream, _)| is_others(stream)).map(held);
        let mut lines: Holdings = heads.filter(|(_, head)| head.position.0 > 0).collect();
        let signed = before.into_iter().flat_map(|before| &before.lines);
        let stands = |(stream, signed): &(&Stream, &Head)| {
            let is_beyond = |end: Head| signed.position >= end.position;
            self.forks.before(stream).is_some_and(is_beyond) || self.cut(stream).is_some_and(is_beyond)
        };
        lines.extend(signed.filter(stands).map(|(stream, signed)| (*stream, *signed)));
        lines
    }
}

impl Held {
    fn told(&self, base: u64, lines: Holdings) -> Receipted {
        Receipted { receipt: self.receipt.bytes().to_vec(), base, lines }
    }

    fn frame(&self, base: u64, lines: Holdings) -> Frame {
        Frame::Receipted(self.told(base, lines))
    }
}

impl Object {
    fn receipt(fields: &ReceiptFields, told: &Receipted) -> Self {
        let (receipt, lines) = (hex::encode(&told.receipt), xietong_proto::receipt::join(&told.lines));
        Object::Receipt { member: fields.member, receipt, base: told.base, lines: hex::encode(lines) }
    }

    /// A receipt as it was told.
    pub(super) fn told(receipt: &str, base: u64, lines: &str) -> Result<Receipted, Reject> {
        Ok(Receipted { receipt: from_hex(receipt)?, base, lines: split(&from_hex(lines)?)? })
    }
}

/// All lines that a receipt is over; none if those that changed are told since another receipt than is known.
pub(super) fn whole(known: Option<&Held>, told: &Receipted) -> Option<Holdings> {
    if told.base == 0 {
        return Some(told.lines.clone());
    }
    let known = known.filter(|known| known.receipt.fields.number == told.base)?;
    Some(known.lines.iter().chain(&told.lines).map(|(stream, head)| (*stream, *head)).collect())
}

fn goes_on(before: &Holdings, after: &Holdings) -> bool {
    before.iter().all(|(stream, head)| after.get(stream).is_some_and(|then| then.position >= head.position))
}

fn changed(before: &Holdings, after: &Holdings) -> Holdings {
    after.iter().filter(|(stream, head)| before.get(stream) != Some(head)).map(|(s, h)| (*s, *h)).collect()
}

fn bad(field: &str) -> Reject {
    Reject::BadField { field: field.to_owned() }
}
