//! Room on the disk: how much each member of an agreement may fill here, in all and on one day, and what is
//! kept free for this node's own records. Above that nothing more of it is taken, and the operator is asked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xietong_proto::id::*;
use xietong_proto::stream::Stream;

use super::Replica;
use super::io::Now;

/// What an operator grants.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Bytes that a member's entries may take here under one agreement.
    pub member_bytes: u64,
    /// Bytes that may come of them on one day.
    pub member_day_bytes: u64,
    /// Bytes of the disk below which nothing of others is taken; below an eighth of it nothing at all.
    pub reserve_bytes: u64,
}

/// Below this share of the reserve nothing at all is written.
const FLOOR_SHARE: u64 = 8;
/// A day of UTC+8 begins so much before that of UTC.
const DAY_SHIFT_MS: u64 = 8 * 3_600_000;
const DAY_MS: u64 = 24 * 3_600_000;

/// How the disk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// What is free.
    pub free_bytes: u64,
    /// What should be.
    pub needed_bytes: u64,
}

/// Whose entries are not taken any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// Under which agreement.
    pub agreement: AgreementId,
    /// Whose.
    pub member: MemberCode,
    /// Bytes that are here.
    pub bytes: u64,
    /// Bytes of them that came today.
    pub day_bytes: u64,
}

/// What is used.
#[derive(Clone, Debug, Default)]
pub struct Room {
    held: BTreeMap<(AgreementId, MemberCode), u64>,
    day: u64,
    today: BTreeMap<(AgreementId, MemberCode), u64>,
    /// As last told by the shell.
    free_bytes: Option<u64>,
}

impl Room {
    /// As a store found it.
    pub fn new(held: BTreeMap<(AgreementId, MemberCode), u64>) -> Self {
        Self { held, ..Self::default() }
    }

    /// The shell has looked at the disk.
    pub fn set_free(&mut self, bytes: u64) {
        self.free_bytes = Some(bytes);
    }

    /// A new day may have begun.
    pub fn keep_day(&mut self, now: Now) {
        let day = now.wall.0.saturating_add(DAY_SHIFT_MS) / DAY_MS;
        if day != self.day {
            (self.day, self.today) = (day, BTreeMap::new());
        }
    }

    /// Bytes of a member were taken.
    pub fn take(&mut self, id: AgreementId, member: MemberCode, bytes: usize) {
        *self.held.entry((id, member)).or_default() += bytes as u64;
        *self.today.entry((id, member)).or_default() += bytes as u64;
    }

    fn short_of(&self, needed_bytes: u64) -> Option<Shortage> {
        let free_bytes = self.free_bytes?;
        (free_bytes < needed_bytes).then_some(Shortage { free_bytes, needed_bytes })
    }

    fn over(&self, quota: &Quota, id: AgreementId, member: MemberCode) -> Option<Over> {
        let of = |used: &BTreeMap<_, u64>| used.get(&(id, member)).copied().unwrap_or_default();
        let over = Over { agreement: id, member, bytes: of(&self.held), day_bytes: of(&self.today) };
        (over.bytes >= quota.member_bytes || over.day_bytes >= quota.member_day_bytes).then_some(over)
    }
}

impl Replica {
    /// Whether this node may write anything of its own; else what the disk lacks.
    pub fn short_for_own(&self) -> Option<Shortage> {
        self.room.short_of(self.settings.quota.reserve_bytes / FLOOR_SHARE)
    }

    /// Whether anything of others may be taken; else what the disk lacks.
    pub fn short_for_others(&self) -> Option<Shortage> {
        self.room.short_of(self.settings.quota.reserve_bytes)
    }

    /// The shell has looked at the disk.
    pub fn set_free(&mut self, bytes: u64) {
        self.room.set_free(bytes);
    }

    /// Everybody who has used up what is granted.
    pub fn over_quota(&self) -> impl Iterator<Item = Over> {
        let of_others = self.room.held.keys().filter(|(_, member)| *member != self.me.code());
        of_others.filter_map(|(id, member)| self.room.over(&self.settings.quota, *id, *member))
    }

    /// Whether more of a stream may be taken. Our own comes back whenever there is room at all.
    pub(super) fn has_room(&self, stream: &Stream) -> bool {
        self.has_room_for(stream.agreement, stream.author)
    }

    /// Whether more of what a member says under an agreement may be taken.
    pub(super) fn has_room_for(&self, id: AgreementId, member: MemberCode) -> bool {
        if member == self.me.code() {
            return self.short_for_own().is_none();
        }
        self.short_for_others().is_none() && self.room.over(&self.settings.quota, id, member).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_over_its_quota_of_a_day_or_in_all_is_named_and_others_are_not() {
        let (id, me, other): (_, MemberCode, MemberCode) =
            (AgreementId([1; 32]), "230000".parse().expect("a code"), "220000".parse().expect("a code"));
        let quota = Quota { member_bytes: 1_000, member_day_bytes: 100, reserve_bytes: 0 };
        let mut room = Room::new([((id, me), 950)].into());
        let day = |days: u64| Now { wall: Millis(days * DAY_MS), mono_ms: 0 };
        room.keep_day(day(10));
        assert_eq!(room.over(&quota, id, me), None);
        room.take(id, other, 100);
        let over = Over { agreement: id, member: other, bytes: 100, day_bytes: 100 };
        assert_eq!((room.over(&quota, id, other), room.over(&quota, id, me)), (Some(over), None));
        room.keep_day(day(11));
        assert_eq!(room.over(&quota, id, other), None);
        room.take(id, me, 50);
        let over = Over { agreement: id, member: me, bytes: 1_000, day_bytes: 50 };
        assert_eq!(room.over(&quota, id, me), Some(over));
        room.keep_day(day(12));
        assert!(room.over(&quota, id, me).is_some());
    }

    #[test]
    fn the_disk_is_short_once_somebody_has_looked() {
        let mut room = Room::default();
        assert_eq!(room.short_of(100), None);
        room.set_free(99);
        assert_eq!(room.short_of(100), Some(Shortage { free_bytes: 99, needed_bytes: 100 }));
        assert_eq!(room.short_of(99), None);
    }
}
