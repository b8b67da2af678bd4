//! How a node stands: itself, its agreements, what does not go on and why, and what agreements show as digests.

use serde::{Deserialize, Serialize};
use xietong_proto::epochs::Stage;
use xietong_proto::id::*;
use xietong_proto::stream::{Audience, Stream};

use super::Machine;
use crate::calendar;
use crate::replica::agreement::Agreement;
use crate::replica::confirm::Unconfirmed;
use crate::replica::io::Now;
use crate::replica::room::{Over, Shortage};
use crate::replica::status::{AgreementState, AgreementStatus, ManifestStatus};
use crate::systems;
use crate::systems::rows::Rows;

/// How a node stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// This member.
    pub member: MemberCode,
    /// Its name.
    pub name: String,
    /// The fingerprint of its card.
    pub card_fingerprint: String,
    /// Its number.
    #[serde(default)]
    pub card: CardNumber,
    /// The node's clock.
    pub time: Millis,
    /// Whether the operator took it off the network.
    pub is_paused: bool,
    /// Strangers turned away since the start.
    pub strangers: u64,
    /// The agreements in force here.
    pub agreements: Vec<AgreementStatus>,
    /// What does not go on, and why.
    pub waiting: Vec<Waiting>,
}

/// What an agreement shows at a cut. Members whose cuts are equal have equal digests; of different cuts nothing
/// can be said (P32).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CutDigest {
    /// Of which agreement.
    pub agreement: AgreementId,
    /// What people call it.
    pub title: String,
    /// How far each stream is in the rows.
    pub cut: Vec<CutPosition>,
    /// SHA-256 of the rows, in hexadecimal digits.
    pub digest: String,
}

/// How far one stream is in the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CutPosition {
    /// Its author.
    pub author: MemberCode,
    /// Its system.
    pub system: System,
    /// The newest position that is folded.
    pub position: Position,
}

/// What does not go on, or soon will not, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Waiting {
    /// No agreement has been joined: nothing leaves and nothing comes.
    NoAgreement,
    /// Outside the validity of an agreement nothing is authored under it.
    NotValid { agreement: AgreementId, title: String, valid_from: Millis, valid_until: Millis },
    /// An agreement's validity ends soon; until then its members have to agree on what follows.
    EndsSoon { agreement: AgreementId, title: String, valid_until: Millis, days_left: u64 },
    /// A version of an agreement waits for this member's opinion.
    AsksForOpinion { agreement: AgreementId, title: String, manifest: ManifestId, epoch: Epoch },
    /// Nobody writes under an agreement any more, or this member does not; or not before it is reconciled.
    NotOpen { agreement: AgreementId, title: String, state: AgreementState },
    /// The next entries of this member are to be signed under a newer card than this node has (P38).
    CardTooOld { agreement: AgreementId, title: String },
    /// An agreement still names the seal that this member had before: it approves nothing there.
    SealBefore { agreement: AgreementId, title: String },
    /// A member has signed two cards of one number: which of them holds, nodes may see differently (P11).
    CardTwice { agreement: AgreementId, title: String, member: MemberCode, number: CardNumber },
    /// Nothing is authored under an agreement before others have shown what they hold of ours (P28).
    Unconfirmed { agreement: AgreementId, title: String, missing: Unconfirmed },
    /// Our clock is too far from the other members' to author anything (P29); positive if ours is ahead.
    ClockDoubtful { agreement: AgreementId, title: String, ahead_ms: i64 },
    /// The disk is filling up: nothing of others is taken, and nothing of our own either if `is_full`.
    DiskLow { shortage: Shortage, is_full: bool },
    /// A member has used up its room here: nothing more of it is taken until the operator grants more.
    QuotaReached { agreement: AgreementId, title: String, member: MemberCode, bytes: u64, day_bytes: u64 },
    /// Entries that are in the log and not yet in the rows.
    Unfolded { author: MemberCode, system: System, entries: u64 },
    /// Two entries claim one place; the stream counts as far as most of the others hold it, and no further (P36).
    /// One of our own says that another node runs with our keys, or did.
    Forked { author: MemberCode, system: System, at: Position, counts: Position, is_own: bool },
    /// Nobody has said which days of a year are worked: deadlines count Monday to Friday.
    CalendarMissing { year: i16 },
}

impl Machine {
    /// Everything at once.
    pub(super) fn status(&self, now: Now) -> Status {
        let card = &self.replica.me().card;
        let agreements = self.replica.status(now);
        Status {
            member: card.fields.code,
            name: card.fields.name.clone(),
            card_fingerprint: card.fingerprint(),
            card: card.fields.number,
            time: now.wall,
            is_paused: self.replica.is_paused(),
            strangers: self.replica.strangers(),
            waiting: self.waiting(&agreements, now),
            agreements,
        }
    }

    /// One for each agreement, of the rows as this step leaves them.
    pub(super) fn digests(&self, rows: &dyn Rows) -> Vec<CutDigest> {
        let logs = self.replica.logs();
        let cut = |id| {
            let is_shown = |stream: &Stream| {
                let is_for_all = (stream.agreement, stream.audience) == (id, Audience::Agreement);
                is_for_all && !self.replica.is_purged(stream)
            };
            let shown = logs.heads().filter(|(stream, _)| is_shown(stream));
            let position = |(stream, _): (&Stream, _)| CutPosition {
                author: stream.author,
                system: stream.system,
                position: logs.folded(stream),
            };
            shown.map(position).collect()
        };
        let digest = |held: &Agreement| CutDigest {
            agreement: held.id(),
            title: held.manifest().fields.title.clone(),
            cut: cut(held.id()),
            digest: hex::encode(systems::digest(rows, held.id())),
        };
        self.replica.agreements().map(digest).collect()
    }

    fn waiting(&self, agreements: &[AgreementStatus], now: Now) -> Vec<Waiting> {
        let mut waiting = Vec::new();
        if agreements.is_empty() {
            waiting.push(Waiting::NoAgreement);
        }
        waiting.extend(self.waits_for_time(now));
        waiting.extend(self.waits_for_members(agreements));
        let me = self.replica.me().code();
        let ours = self.replica.agreements().filter(|held| held.manifest().member(me).is_some());
        waiting.extend(ours.flat_map(|held| self.waits_in(held, now)));
        waiting.extend(self.waits_for_room());
        waiting.extend(self.waits_in_streams());
        let missing = self.rules.days.missing(calendar::date(now.wall));
        waiting.extend(missing.map(|year| Waiting::CalendarMissing { year }));
        waiting
    }

    /// Agreements whose time is over, has not come, or ends soon.
    fn waits_for_time(&self, now: Now) -> Vec<Waiting> {
        let other_time = self.replica.agreements().filter(|held| !held.manifest().is_valid_at(now.wall));
        let not_valid = other_time.map(|held| {
            let fields = &held.manifest().fields;
            Waiting::NotValid {
                agreement: held.id(),
                title: fields.title.clone(),
                valid_from: fields.valid_from,
                valid_until: fields.valid_until,
            }
        });
        let ending = self.ending(now).map(|(held, days_left)| {
            let (fields, agreement) = (&held.manifest().fields, held.id());
            let (title, valid_until) = (fields.title.clone(), fields.valid_until);
            Waiting::EndsSoon { agreement, title, valid_until, days_left }
        });
        not_valid.chain(ending).collect()
    }

    /// Versions that this member has said nothing of, and agreements in which nobody may publish.
    fn waits_for_members(&self, agreements: &[AgreementStatus]) -> Vec<Waiting> {
        let me = self.replica.me().code();
        let asks = |of: &&ManifestStatus| {
            let is_said = of.opinions.iter().any(|said| said.member == me);
            of.stage == Stage::Open && of.bar.is_none() && !is_said
        };
        let mut waiting = Vec::new();
        for AgreementStatus { agreement, title, state, manifests, .. } in agreements {
            waiting.extend(manifests.iter().filter(asks).map(|of| Waiting::AsksForOpinion {
                agreement: *agreement,
                title: of.title.clone(),
                manifest: of.manifest,
                epoch: of.epoch,
            }));
            if *state != AgreementState::Open {
                let (title, state) = (title.clone(), state.clone());
                waiting.push(Waiting::NotOpen { agreement: *agreement, title, state });
            }
        }
        waiting
    }

    /// What keeps this node from speaking in an agreement of which it is a member.
    fn waits_in(&self, held: &Agreement, now: Now) -> Vec<Waiting> {
        let (agreement, title) = (held.id(), || held.manifest().fields.title.clone());
        let card = &self.replica.me().card.fields;
        let mut waiting = Vec::new();
        if held.manifest().member(card.code).is_some_and(|named| named.seal_key != card.seal_key) {
            waiting.push(Waiting::SealBefore { agreement, title: title() });
        }
        if self.replica.own_card(held).is_none_or(|own| !held.trusts(card.code, own)) {
            waiting.push(Waiting::CardTooOld { agreement, title: title() });
        }
        let members = held.manifest().fields.members.iter().map(|member| member.code);
        let twice = members.filter(|member| self.replica.is_card_twice(held, *member));
        waiting.extend(twice.map(|member| {
            let number = held.newest_card(member).unwrap_or_default();
            Waiting::CardTwice { agreement, title: title(), member, number }
        }));
        if let Some(missing) = self.replica.unconfirmed(agreement) {
            waiting.push(Waiting::Unconfirmed { agreement, title: title(), missing });
        }
        if let Some(ahead_ms) = self.replica.clock_doubt(agreement, now) {
            waiting.push(Waiting::ClockDoubtful { agreement, title: title(), ahead_ms });
        }
        waiting
    }

    /// The disk, and members that have filled their share of it.
    fn waits_for_room(&self) -> Vec<Waiting> {
        let full = self.replica.short_for_own().map(|shortage| (shortage, true));
        let low = full.or_else(|| Some((self.replica.short_for_others()?, false)));
        let low = low.map(|(shortage, is_full)| Waiting::DiskLow { shortage, is_full });
        let over = self.replica.over_quota().map(|over| {
            let held = self.replica.agreements().find(|held| held.id() == over.agreement);
            let title = held.map(|held| held.manifest().fields.title.clone()).unwrap_or_default();
            let Over { agreement, member, bytes, day_bytes } = over;
            Waiting::QuotaReached { agreement, title, member, bytes, day_bytes }
        });
        low.into_iter().chain(over).collect()
    }

    /// Streams that are not folded to their end, or that have forked.
    fn waits_in_streams(&self) -> Vec<Waiting> {
        let logs = self.replica.logs();
        let unfolded = logs.heads().filter_map(|(stream, head)| {
            let (author, system) = (stream.author, stream.system);
            let entries = head.position.0 - logs.folded(stream).0;
            (entries > 0).then_some(Waiting::Unfolded { author, system, entries })
        });
        let forked = logs.forked().map(|(stream, at)| {
            let (author, system, counts) = (stream.author, stream.system, logs.head(stream).position);
            let is_own = author == self.replica.me().code();
            Waiting::Forked { author, system, at, counts, is_own }
        });
        unfolded.chain(forked).collect()
    }
}
