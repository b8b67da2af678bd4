//! A storm of bookings: more members want a vehicle than there are, whole parts of the network are cut off, nodes crash,
//! and everybody acts on what he knows. What must hold: nothing is promised twice, only owners promise, and two who
//! hold the same see the same, down to the fen.

use rand::RngExt;
use xietong::machine::{Answer, Command, Refusal as NodeRefusal};
use xietong::store::Store;
use xietong::systems::number::number_text;
use xietong::systems::requests::{
    self, Act, Ask, Command as Requests, Refusal, State, Unlent, query, record,
};
use xietong::systems::shown::listings;
use xietong::systems::trips::Tariff;
use xietong::systems::vehicles::Vehicles;
use xietong::systems::{self, Kind};
use xietong_proto::id::*;

use super::invariants::{Violation, has_left, honest, may_fork};
use super::network::Place;
use super::node::Node;
use super::world::{World, agreements_of};

const DAY_MS: u64 = 86_400_000;

impl World {
    /// An operator asks for a vehicle, or goes on with a request.
    pub(super) fn book(&mut self, place: Place) -> Result<(), Violation> {
        if self.nodes[place].machine.is_none() {
            return Ok(());
        }
        let command = if self.rng.random_bool(0.1) {
            Some(Requests::Tariff(tariff(self.rng.random_range(1..50_000))))
        } else if self.rng.random_bool(0.25) {
            self.wish(place)
        } else {
            self.step(place)
        };
        let Some(command) = command else { return Ok(()) };
        self.note(&format!("{place} {command:?}"));
        let asks = matches!(command, Requests::Ask(_));
        let command = Command::Data(systems::Command::Request(command));
        let (wishes, answer) = self.nodes[place].ask(self.now_ms, command);
        match answer {
            Some(Answer::Data(_)) if asks => self.tally.requests += 1,
            Some(Answer::Data(systems::Report::Request(requests::Report::Stands {
                state: State::Settled,
                ..
            }))) => self.tally.settled += 1,
            Some(Answer::Refused(NodeRefusal::Data {
                refusal: systems::Refusal::Request { refusal: Refusal::Thing(Unlent::Overlaps { .. }) },
            })) => self.tally.taken += 1,
            _ => {}
        }
        self.grant(place, wishes)?;
        promised_once(self, place)
    }

    /// Some vehicle of another member in the next days, mostly one that others want too.
    fn wish(&mut self, place: Place) -> Option<Requests> {
        let node = &self.nodes[place];
        let me = node.me.code();
        let mut listed = listings::<Vehicles>(node.store.rows(), None);
        listed.retain(|(owner, _)| *owner != me);
        let (owner, listing) = listed.get(usize::from(self.rng.random_bool(0.2)))?;
        let from = Millis(node.now(self.now_ms).wall.0 + self.rng.random_range(0..3) * DAY_MS / 2 + 1_000);
        Some(Requests::Ask(Box::new(Ask {
            listing: number_text(*owner, Kind::Vehicles, listing.number),
            from,
            until: Millis(from.0 + self.rng.random_range(1..4) * DAY_MS / 2),
            urgent: self.rng.random_bool(0.6),
            purpose: "emergency".to_owned(),
            count: self.rng.random_range(1..=5),
            place: "230100".to_owned(),
            approval_no: "1".to_owned(),
            key: String::new(),
            agreement: None,
            telephone: "1".to_owned(),
            meet_at: String::new(),
        })))
    }

    /// Whatever may be done next with one of the newest requests, or sometimes what may not.
    fn step(&mut self, place: Place) -> Option<Requests> {
        let node = &self.nodes[place];
        let mut views = query::list(node.store.rows(), node.me.code(), Millis(0));
        let me = node.me.code();
        views.retain(|view| !is_over(view.state));
        if self.rng.random_bool(0.8) {
            views.retain(|view| is_turn_of_owner(view.state) == (view.owner == me));
        }
        if self.rng.random_bool(0.5) {
            views.sort_by_key(|view| std::cmp::Reverse(view.state));
        }
        let view = views.get(self.rng.random_range(0..views.len().clamp(1, 3)))?;
        let is_owner = view.owner == me;
        let hold_h = [None, Some(0)][usize::from(self.rng.random_bool(0.1))];
        let act = match (view.state, is_owner, self.rng.random_range(0..20)) {
            (_, _, 0) => Act::Cancel { reason: String::new() },
            (_, _, 1) => Act::Release { reason: "1".to_owned() },
            (State::Submitted, true, 2) => Act::Wait,
            (State::Submitted, true, 3) => Act::Decline { reason: String::new() },
            (State::Offered, true, 2..6) | (State::Confirmed, true, _) => {
                Act::Dispatch { at: None, odometer_km: 900_000, driver_no: String::new(), wheel_min: None }
            }
            (State::Dispatched, true, _) => {
                let km = self.rng.random_range(0..150);
                Act::Return {
                    at: None,
                    odometer_km: 900_000 + km,
                    tolls_fen: self.rng.random_range(0..10_000),
                    wheel_min: None,
                }
            }
            (_, true, 2) => Act::NoShow,
            (State::Returned | State::Cancelled | State::NoShow | State::Disputed, true, _) => Act::Bill,
            (_, true, _) => Act::Offer { listing: None, hold_h, telephone: String::new() },
            (State::Billed, false, 2) => Act::Dispute { reason: "1".to_owned() },
            (State::Billed | State::Disputed, false, _) => Act::Settle,
            (State::Settled, false, _) => Act::Evaluate { score: 5, comment: String::new() },
            (_, false, _) => Act::Confirm,
        };
        Some(Requests::Act { about: view.id, act })
    }
}

/// Whether nothing comes any more, but for what may be billed.
fn is_over(state: State) -> bool {
    [State::Declined, State::Expired, State::Withdrawn, State::Closed].contains(&state)
}

/// Whether the owner is the one who can go on.
fn is_turn_of_owner(state: State) -> bool {
    ![State::Offered, State::Billed, State::Settled].contains(&state)
}

fn tariff(day_fen: i64) -> Tariff {
    Tariff {
        vehicle_type: "*".to_owned(),
        day_fen,
        driver_day_fen: 7,
        km_fen: 13,
        included_km: 40,
        cancel_free_h: 24,
        cancel_percent: 33,
        no_show_percent: 67,
    }
}

/// An owner never has one vehicle promised twice for the same time, under whatever agreements; and nobody else
/// promises it. Looked up in what was said, not in what the owner looks into.
fn promised_once(world: &World, place: Place) -> Result<(), Violation> {
    let node = &world.nodes[place];
    let me = node.me.code();
    if node.machine.is_none() || may_fork(world, me) {
        return Ok(());
    }
    let rows = node.store.rows();
    let mut promised = Vec::new();
    for (agreement, about) in query::all(rows, System::VEHICLES) {
        let Some(talk) = query::talk(rows, me, agreement, &about) else { continue };
        let offer = talk.standing().map(|offer| offer.says.clone()).filter(|_| talk.owner == me);
        promised.extend(offer.map(|offer| (about, offer)));
        let mine = query::has_said(rows, agreement, &about, me, record::OFFER);
        if mine && talk.owner != me {
            return Err(Violation::NotTheOwner { author: me, request: about });
        }
    }
    for (at, (one, held)) in promised.iter().enumerate() {
        let meets = |offer: &xietong_proto::wire::requests::Offer| {
            offer.listing == held.listing && offer.from_ms < held.until_ms && offer.until_ms > held.from_ms
        };
        if let Some((other, _)) = promised[at + 1..].iter().find(|(_, offer)| meets(offer)) {
            return Err(Violation::DoubleBooked { owner: me, requests: [*one, *other] });
        }
    }
    Ok(())
}

/// In the end both parties of a request see it alike, and compute the same for it.
pub fn settled_alike(world: &World) -> Result<(), Violation> {
    let sees = |node: &Node| query::list(node.store.rows(), node.me.code(), Millis(0));
    for node in honest(world).filter(|node| node.machine.is_some() && !may_fork(world, node.me.code())) {
        let me = node.me.code();
        for mine in sees(node) {
            let other = if mine.owner == me { mine.requester } else { mine.owner };
            let other = honest(world).find(|node| node.me.code() == other && node.machine.is_some());
            let Some(other) = other.filter(|other| !may_fork(world, other.me.code())) else { continue };
            let is_in = |member: MemberCode| {
                agreements_of(world, member).contains(&mine.agreement)
                    && !has_left(world, mine.agreement, member)
            };
            if ![me, other.me.code()].into_iter().all(is_in) {
                continue;
            }
            let theirs = query::show(other.store.rows(), other.me.code(), &mine.id);
            let of = |view: &query::RequestView| (view.state, view.bill.clone(), view.computed.clone());
            if theirs.as_ref().map(of) != Some(of(&mine)) {
                return Err(Violation::Settled { request: mine.id, members: [me, other.me.code()] });
            }
        }
    }
    Ok(())
}
