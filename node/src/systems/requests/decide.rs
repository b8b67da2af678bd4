//! Decides what is asked of requests, on rows that are folded to all own heads. The owner allocates against what it
//! holds under all its agreements and against its own calendar: one thing in two agreements is one thing.

use prost::Message;
use xietong_proto::entry::Record;
use xietong_proto::id::*;
use xietong_proto::wire::requests::{self as wire, Offer, Particulars, Step};

use super::case::{Case, HOUR_MS, Here, URGENT_HOLD_H, checked, checked_telephone};
use super::talk::NO_SHOW;
use super::{
    About, Act, Block, Command, LENT, Lent, NotAsked, OutOfTurn, Refusal, Report, State, Talk, Unlent, ask,
    for_lent, query, record,
};
use crate::calendar;
use crate::systems::group::record as record_of;
use crate::systems::kind::Kind;
use crate::systems::listing::Disclosure;
use crate::systems::number::{number_text, parse_number, register_ids};
use crate::systems::register;
use crate::systems::{Decision, handover, keys, trips};

/// For so long a requester may confirm, if the owner does not say otherwise.
const HOLD_H: u32 = 48;

/// Decides a command.
pub fn decide(here: &Here, command: Command) -> Result<Decision, Refusal> {
    match command {
        Command::Ask(ask) => ask::decide(here, *ask),
        Command::Act { about, act } => {
            let agreement = query::find(here.rows, &about).ok_or(OutOfTurn::UnknownRequest { id: about })?;
            let me = here.circle.me;
            let talk = query::talk(here.rows, me, agreement, &about);
            let talk = talk.ok_or(OutOfTurn::UnknownRequest { id: about })?;
            Case { here: *here, about, agreement, talk: &talk }.decide(act)
        }
        Command::Block(block) => decide_block(here, block),
        Command::Tariff(tariff) => trips::set_tariff(&tariff),
    }
}

impl Case<'_> {
    fn decide(&self, act: Act) -> Result<Decision, Refusal> {
        match act {
            Act::Offer { listing, hold_h, telephone } => self.offer(listing, hold_h, &telephone),
            Act::Decline { reason } => {
                self.own()?;
                self.stands_at(&[State::Submitted, State::Waiting])?;
                self.step(record::DECLINE, &reason, State::Declined)
            }
            Act::Wait => {
                self.own()?;
                self.stands_at(&[State::Submitted])?;
                self.step(record::WAIT, "", State::Waiting)
            }
            Act::Release { reason } => {
                self.own()?;
                self.stands_at(&[State::Offered, State::Confirmed])?;
                self.step(record::RELEASE, &format!("withdrawn: {}", checked(&reason)?), State::Withdrawn)
            }
            Act::NoShow => {
                self.own()?;
                self.stands_at(&[State::Confirmed])?;
                let from = self.talk.standing().map_or(Millis(0), |offer| Millis(offer.says.from_ms));
                if self.here.now < from {
                    return Err(OutOfTurn::NotBegun { from }.into());
                }
                self.step(record::RELEASE, NO_SHOW, State::NoShow)
            }
            Act::Confirm => self.confirm(),
            Act::Cancel { reason } => {
                self.asked()?;
                let before = [State::Submitted, State::Waiting, State::Offered, State::Confirmed];
                self.stands_at(&before)?;
                let after = if self.talk.holds() { State::CancelAsked } else { State::Cancelled };
                self.step(record::CANCEL, &reason, after)
            }
            Act::Telephone { telephone } => {
                self.own()?;
                self.stands_at(&[State::Offered, State::Confirmed, State::Dispatched])?;
                let thing = self.talk.thing.as_ref().map(|told| told.says.clone()).unwrap_or_default();
                let told = Particulars { telephone: checked_telephone(&telephone)?, ..thing };
                Ok(self.tell(record::PARTICULARS, told.encode_to_vec(), self.talk.state()))
            }
            act => trips::decide(self, act),
        }
    }

    fn confirm(&self) -> Result<Decision, Refusal> {
        self.asked()?;
        let late = [State::Dispatched, State::Returned];
        let is_taken_late = late.contains(&self.talk.state()) && !self.talk.is_confirmed();
        if !is_taken_late {
            self.stands_at(&[State::Offered])?;
        }
        let offer = self.talk.standing().ok_or(OutOfTurn::WrongState { state: self.talk.state() })?;
        let by = Millis(offer.says.confirm_by_ms);
        if self.here.now >= by && !is_taken_late {
            return Err(OutOfTurn::LateConfirm { by }.into());
        }
        let after = if is_taken_late { self.talk.state() } else { State::Confirmed };
        self.step(record::CONFIRM, "", after)
    }

    /// Holds a thing for the requester: the one that was asked for, or another.
    fn offer(&self, listing: Option<String>, hold_h: Option<u32>, phone: &str) -> Result<Decision, Refusal> {
        self.own()?;
        self.stands_at(&[State::Submitted, State::Waiting, State::Expired])?;
        let (asked, now, kind) = (&self.talk.request.says, self.here.now, self.kind());
        let by = if asked.urgent { asked.until_ms } else { asked.from_ms.min(asked.answer_by_ms) };
        let is_waited_for = self.talk.state() == State::Waiting;
        let by = Millis(if is_waited_for && !asked.urgent { asked.from_ms } else { by });
        if now >= by {
            return Err(OutOfTurn::LateAnswer { by }.into());
        }
        let number = match &listing {
            None => asked.listing,
            Some(id) => parse_number(kind, id)
                .filter(|(owner, _)| *owner == self.here.circle.me)
                .map(|(_, number)| number)
                .ok_or_else(|| NotAsked::UnknownListing { listing: id.clone() })?,
        };
        let unlent = || Err(OutOfTurn::UnknownRequest { id: self.about }.into());
        let told = for_lent!(kind, R => self.lendable::<R>(number), unlent())?;
        let hours = hold_h.unwrap_or(if asked.urgent { URGENT_HOLD_H } else { HOLD_H });
        let confirm_by = Millis(now.0 + u64::from(hours) * HOUR_MS);
        let confirm_by = if asked.urgent { confirm_by } else { confirm_by.min(Millis(asked.from_ms)) };
        let offer = Offer {
            requester: self.about.requester.to_string(),
            number: self.about.number,
            listing: number,
            from_ms: asked.from_ms,
            until_ms: asked.until_ms,
            confirm_by_ms: confirm_by.0,
            tariff: told.tariff,
        };
        let telephone = checked_telephone(phone)?;
        let particulars = Particulars {
            requester: self.about.requester.to_string(),
            number: self.about.number,
            telephone,
            ..told.particulars
        };
        let mut decision = self.say(record::OFFER, offer.encode_to_vec(), State::Offered)?;
        let told = self.tell(record::PARTICULARS, particulars.encode_to_vec(), State::Offered);
        (decision.local, decision.told) = (told.local, told.told);
        Ok(decision)
    }

    /// What leaves of a thing once it is promised, if it can be.
    fn lendable<R: Lent>(&self, number: u64) -> Result<Lendable, Refusal> {
        let (rows, me) = (self.here.rows, self.here.circle.me);
        let (asked, system) = (&self.talk.request.says, self.about.system);
        let while_lent = (Millis(asked.from_ms), Millis(asked.until_ms));
        let (row, disclosed) = self.sound::<R>(number, while_lent)?;
        let Disclosure::Leaves(shown) = disclosed else {
            return Err(Unlent::NotShared { listing: number_text(me, R::KIND, number) }.into());
        };
        if asked.count > R::serves(&shown) {
            return Err(NotAsked::CountRange { max: R::serves(&shown) }.into());
        }
        let held = query::held(rows, system, me, number, while_lent).into_iter();
        let other = held.filter_map(|taken| Some((taken.request?, taken.from, taken.until)));
        if let Some((with, from, until)) = other.into_iter().find(|(with, ..)| *with != self.about) {
            return Err(Unlent::Overlaps { with, from, until }.into());
        }
        if let Some(id) = self.who_waits_longer(number).filter(|_| !asked.urgent) {
            return Err(Unlent::OthersWait { id }.into());
        }
        let tariff = match R::tariff(&shown) {
            None => Vec::new(),
            Some(word) => trips::tariff(rows, word).ok_or(Unlent::NoTariff { word: word.to_owned() })?,
        };
        Ok(Lendable { tariff, particulars: R::particulars(&row) })
    }

    /// The thing of the standing offer, if it may go out now: it may have broken down since it was promised.
    pub fn ready<R: Lent>(&self, from: Millis) -> Result<R::Row, Refusal> {
        let offer = self.talk.standing().ok_or(OutOfTurn::WrongState { state: self.talk.state() })?;
        let until = Millis(offer.says.until_ms.max(from.0 + 1));
        Ok(self.sound::<R>(offer.says.listing, (from, until))?.0)
    }

    /// A thing of the own register that nothing of its own keeps at home for a while: it is in order, its papers hold
    /// until the end, and the calendar does not keep it.
    fn sound<R: Lent>(
        &self,
        number: u64,
        (from, until): (Millis, Millis),
    ) -> Result<(R::Row, Disclosure<R::Listing>), Unlent> {
        let (rows, me, system) = (self.here.rows, self.here.circle.me, self.about.system);
        let key = rows.get(&keys::holder_of_number(system, number));
        let key = key.and_then(|key| String::from_utf8(key).ok());
        let row = key.as_ref().and_then(|key| register::get::<R>(rows, key)).map(|(_, row)| row);
        // What is on its way to another member is nobody's to lend.
        let row = row.filter(|_| !handover::gone(rows, system, me).contains(&number));
        let (Some(key), Some(row)) = (key, row) else {
            return Err(Unlent::NotShared { listing: number_text(me, R::KIND, number) });
        };
        let disclosed = R::disclose(&row, calendar::date(Millis(until.0 - 1)));
        if let Disclosure::Stays(stays) = disclosed {
            return Err(Unlent::NotLent { stays });
        }
        if R::is_out_of_order(&row) {
            return Err(Unlent::OutOfOrder);
        }
        if let Some(taken) = query::blocked(rows, R::KIND, &key, (from, until)).into_iter().next() {
            let (reason, from, until) = (taken.reason.unwrap_or_default(), taken.from, taken.until);
            return Err(Unlent::Blocked { reason, from, until });
        }
        Ok((row, disclosed))
    }

    /// A request for the same thing and time that its owner put on the list before this one.
    fn who_waits_longer(&self, number: u64) -> Option<About> {
        let asked = &self.talk.request.says;
        let ours = self.talk.wait.as_ref().map_or(self.here.now, |wait| wait.source.time);
        let waiting = waiting_for(&self.here, self.kind(), number, (asked.from_ms, asked.until_ms));
        let (since, about) = waiting.into_iter().find(|(_, about)| *about != self.about)?;
        (since < ours).then_some(about)
    }

    fn step(&self, kind: u16, reason: &str, after: State) -> Result<Decision, Refusal> {
        let step = step(&self.about, self.cites(), checked(reason)?);
        let mut decision = self.say(kind, step.encode_to_vec(), after)?;
        if kind == record::RELEASE {
            let next = self.who_fits_now();
            let report = Report::Stands { id: self.about, state: after, repeated: false, next };
            decision.report = report.into();
        }
        Ok(decision)
    }

    /// Requests on the waiting list for what is let go with this step.
    fn who_fits_now(&self) -> Vec<About> {
        let Some(offer) = self.talk.standing().map(|offer| &offer.says) else { return Vec::new() };
        let span = (offer.from_ms, offer.until_ms);
        waiting_for(&self.here, self.kind(), offer.listing, span)
            .into_iter()
            .map(|(_, about)| about)
            .collect()
    }
}

/// What leaves of a thing that can be promised.
struct Lendable {
    tariff: Vec<u8>,
    particulars: Particulars,
}

/// The owner lets go, knowing all that is known here.
pub fn release(about: &About, talk: &Talk, reason: &str) -> Record {
    let step = step(about, talk.newest_of_requester(), reason);
    record_of(about.system, record::RELEASE, step.encode_to_vec())
}

fn step(about: &About, cites: Option<wire::Cite>, reason: &str) -> Step {
    Step { requester: about.requester.to_string(), number: about.number, cites, reason: reason.to_owned() }
}

/// Requests on our waiting list for a thing and a time, the longest first.
fn waiting_for(here: &Here, kind: Kind, number: u64, (from, until): (u64, u64)) -> Vec<(Millis, About)> {
    let me = here.circle.me;
    let waiting = keys::open_until(kind.system(), me, Millis(u64::MAX));
    let open = here.rows.scan(&waiting, &[]);
    let waiting = open.filter_map(|(key, _)| {
        let (agreement, about) = keys::of_open(&key)?;
        let talk = query::talk(here.rows, me, agreement, &about)?;
        let asked = &talk.request.says;
        let fits = asked.listing == number && asked.from_ms < until && asked.until_ms > from;
        let since = talk.wait.as_ref()?.source.time;
        (talk.state() == State::Waiting && fits && Millis(asked.from_ms) > here.now).then_some((since, about))
    });
    let mut waiting: Vec<_> = waiting.collect();
    waiting.sort_unstable();
    waiting
}

fn decide_block(here: &Here, block: Block) -> Result<Decision, Refusal> {
    if block.until <= block.from {
        return Err(NotAsked::EndBeforeStart.into());
    }
    let unknown = || NotAsked::UnknownListing { listing: block.id.clone() };
    let ids = std::slice::from_ref(&block.id);
    let find = |kind| register_ids(here.rows, kind, here.circle.me, ids).ok();
    let found = LENT.into_iter().find_map(|kind| Some((kind, find(kind)?.pop()?)));
    let (kind, key) = found.ok_or_else(unknown)?;
    let reason = checked(&block.reason)?.to_owned();
    let said = wire::Block { key, from_ms: block.from.0, until_ms: block.until.0, reason };
    let local = vec![record_of(kind.system(), record::BLOCK, said.encode_to_vec())];
    Ok(Decision { local, ..Decision::of(kind, Report::Blocked) })
}
