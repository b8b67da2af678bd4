//! What this node gives up of what a member said from whom it is parted (P50), and takes in again once both are members at
//! once. Whether it may be given up is decided here; that payloads leave the disk is the store's work.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;
use xietong_proto::purge::{Keeps, Purge, PurgeFields};
use xietong_proto::receipt::Holdings;
use xietong_proto::reject::Reject;
use xietong_proto::stream::{Audience, Stream};

use super::agreement::from_hex;
use super::io::{Append, Object};
use super::{Replica, Turn};

/// Why nothing is given up, in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum NotPurged {
    /// No such agreement has been joined here.
    NotJoined,
    /// What this member said itself stays: it answers for it.
    OwnRecords,
    /// The two were never members of it at once.
    NeverTogether { member: MemberCode },
    /// Both are members now.
    StillTogether { member: MemberCode },
    /// Nothing of that member is here.
    NothingHeld { member: MemberCode },
    /// So much would be kept that it cannot be said.
    Unsayable { reject: Reject },
}

impl Replica {
    /// Gives up what a member said, but for what `kept` names of each stream; says whether that is news. What was given
    /// up before is said again with the same words.
    pub fn purge(
        &mut self,
        turn: &mut Turn,
        id: AgreementId,
        author: MemberCode,
        kept: impl Fn(&Stream) -> BTreeMap<Position, Keeps>,
    ) -> Result<(Purge, bool), NotPurged> {
        let manifest = self.check_parted(id, author)?;
        if let Some(purge) = self.purged.get(&(id, author)) {
            return Ok((purge.clone(), false));
        }
        let until = self.held_of(id, author);
        if until.is_empty() {
            return Err(NotPurged::NothingHeld { member: author });
        }
        let places = until.iter().flat_map(|(stream, end)| {
            let kept = kept(stream).into_iter().filter(|(position, _)| *position <= end.position);
            kept.map(|(position, why)| ((*stream, position), why))
        });
        let fields = PurgeFields {
            agreement: id,
            manifest,
            member: self.me.code(),
            card: self.me.card.fields.number,
            author,
            kept: places.collect(),
            until: until.clone(),
            time: turn.now.wall,
        };
        let purge = Purge::sign(fields, &self.me.entry_key.0);
        let purge = purge.map_err(|reject| NotPurged::Unsayable { reject })?;
        let object = Object::Purged { author, purge: Some(hex::encode(purge.bytes())) };
        turn.appends.push(Append::Object(id, object));
        self.given_up.extend(until.into_keys());
        self.purged.insert((id, author), purge.clone());
        Ok((purge, true))
    }

    /// How far the streams for all of a member are held.
    pub fn held_of(&self, id: AgreementId, author: MemberCode) -> Holdings {
        let is_its = |stream: &Stream| {
            (stream.agreement, stream.audience, stream.author) == (id, Audience::Agreement, author)
        };
        let held = self.logs.heads().filter(|(stream, _)| is_its(stream));
        held.map(|(stream, head)| (*stream, *head)).collect()
    }

    /// Whether a stream is given up: no more of it is taken, and no digest rests on it.
    pub fn is_purged(&self, stream: &Stream) -> bool {
        let is_for_all = stream.audience == Audience::Agreement;
        is_for_all && self.purged.contains_key(&(stream.agreement, stream.author))
    }

    /// The last position up to which nothing is left to fold behind one that is folded.
    pub(super) fn skip_purged(&self, stream: &Stream, position: Position) -> Position {
        let purge = self.purged.get(&(stream.agreement, stream.author));
        purge.map_or(position, |purge| purge.fields.skip(stream, position))
    }

    /// Whoever is a member at once with this one again is heard from the start again.
    pub(super) fn take_again(&mut self, turn: &mut Turn, id: AgreementId) {
        let Some(held) = self.agreements.get(&id) else { return };
        let me = self.me.code();
        let is_back = |author: &MemberCode| held.are_together(me, *author);
        let of_agreement = self.purged.keys().filter(|(of, _)| *of == id).map(|(_, author)| *author);
        for author in of_agreement.filter(is_back).collect::<Vec<_>>() {
            let Some(purge) = self.purged.remove(&(id, author)) else { continue };
            turn.appends.push(Append::Object(id, Object::Purged { author, purge: None }));
            for stream in purge.fields.until.into_keys() {
                turn.appends.push(Append::Rewind(stream, stream.origin()));
                self.logs.rewind(stream, stream.origin());
                self.moved.insert(stream);
                self.given_up.insert(stream);
            }
        }
    }

    /// Takes over what the log has of purges.
    pub(super) fn restore_purge(
        &mut self,
        id: AgreementId,
        author: MemberCode,
        purge: Option<&str>,
    ) -> Result<(), Reject> {
        match purge {
            Some(purge) => drop(self.purged.insert((id, author), Purge::read(&from_hex(purge)?)?)),
            None => drop(self.purged.remove(&(id, author))),
        }
        Ok(())
    }

    /// After a start: rows that were made again have nothing of it either.
    pub(super) fn skip_all_purged(&mut self) {
        let purges = self.purged.values().flat_map(|purge| purge.fields.until.keys());
        for stream in purges.copied().collect::<Vec<_>>() {
            self.mark_folded(stream, self.logs.folded(&stream));
        }
    }

    /// The manifest in force, if by it nothing is exchanged with a member with whom something was.
    fn check_parted(&self, id: AgreementId, author: MemberCode) -> Result<ManifestId, NotPurged> {
        let (me, member) = (self.me.code(), author);
        let held = self.agreements.get(&id).ok_or(NotPurged::NotJoined)?;
        if author == me {
            return Err(NotPurged::OwnRecords);
        }
        if !held.epochs().were_together(me, author) {
            return Err(NotPurged::NeverTogether { member });
        }
        if held.are_together(me, author) {
            return Err(NotPurged::StillTogether { member });
        }
        Ok(held.manifest().id())
    }
}
