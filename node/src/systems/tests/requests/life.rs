//! What a request goes through, and what each of those concerned sees of it.

use xietong_proto::purge::Keeps;

use super::*;
use crate::systems::drivers::{self, duty::Duty};
use crate::systems::purging;
use crate::systems::requests::{OutOfTurn, Unlent};

#[test]
fn a_trip_goes_from_request_to_settlement_and_both_see_the_same() {
    let (mut owner, mut requester, about) = billed();
    assert_eq!(about.to_string(), "220000-VR-000001");
    let (mine, theirs) = (requester.view(about), owner.view(about));
    assert_eq!(mine.bill, theirs.bill);
    assert_eq!((mine.computed, theirs.computed), (mine.bill.clone(), theirs.bill));
    // Three begun days, 450 km of which 300 are included.
    assert_eq!(mine.bill.map(|bill| bill.total_fen), Some(3 * 28_000 + 3 * 15_000 + 150 * 120 + 9_550));
    assert_eq!(requester.act(about, Act::Settle), Ok(State::Settled));
    assert_eq!(requester.act(about, Act::Evaluate { score: 5, comment: String::new() }), Ok(State::Closed));
    owner.hear(&requester);
    assert_eq!((owner.state(about), requester.state(about)), (State::Closed, State::Closed));
}

/// The first thing that the owner said is a listing: that is given up.
#[test]
fn what_a_trip_rests_on_is_kept_by_both_of_its_parties_and_by_nobody_else() {
    let (owner, requester, _) = billed();
    let mut third = Member::new("210000", &["220000", "230000", "210000"]);
    third.hear(&owner);
    third.hear(&requester);
    let kept = |by: &Member, of: &Member| -> Vec<(u64, Keeps)> {
        let stream = Stream::shared(AGREEMENT, of.code, System::VEHICLES);
        let kept = purging::kept(&by.bench.rows, &stream, by.code);
        kept.into_iter().map(|(position, why)| (position.0, why)).collect()
    };
    assert_eq!(kept(&requester, &owner), [(2, Keeps::Request)]);
    assert_eq!(kept(&owner, &requester), [(1, Keeps::Request), (2, Keeps::Request)]);
    assert_eq!((kept(&third, &owner), kept(&third, &requester)), (Vec::new(), Vec::new()));
}

#[test]
fn plate_and_telephone_go_to_the_requester_alone_and_only_once_it_is_promised() {
    let (mut owner, mut requester, about) = asked();
    let mut third = Member::new("210000", &["220000", "230000", "210000"]);
    requester.hear(&owner);
    assert_eq!(requester.view(about).thing, None);
    assert_eq!(owner.view(about).contact.map(|told| told.telephone), Some("0431-5550100".to_owned()));
    owner.act(about, offer()).expect("it is free");
    requester.hear(&owner);
    let thing = requester.view(about).thing.expect("it was told");
    let told = (thing.plate_no.as_str(), thing.vin.as_str(), thing.telephone.as_str());
    assert_eq!(told, ("黑A12345", "LSVNA418XR0000001", "13900000000"));
    third.hear(&owner);
    third.hear(&requester);
    let seen = third.view(about);
    assert_eq!((seen.state, seen.thing, seen.contact, seen.trip), (State::Offered, None, None, None));
    let public = owner.said.iter().chain(&requester.said).filter(|said| said.stream.is_for(third.code));
    for record in public.flat_map(|said| &said.records) {
        let bytes = String::from_utf8_lossy(&record.body);
        for secret in ["黑A12345", "LSVNA418XR0000001", "13900000000", "0431-5550100", "西站"] {
            assert!(!bytes.contains(secret), "{secret} goes to everybody");
        }
    }
}

#[test]
fn one_thing_in_two_agreements_is_promised_once() {
    let (mut owner, mut requester) = two();
    let mut third = Member::new("210000", &["220000", "230000", "210000"]);
    third.hear(&owner);
    let first = requester.ask_for(ask()).expect("asked");
    let second = third.ask_for(Ask { agreement: Some(SECOND), ..ask() }).expect("asked");
    owner.hear(&requester);
    owner.hear(&third);
    assert_eq!(owner.act(first, offer()), Ok(State::Offered));
    let refused = owner.act(second, offer());
    assert!(
        matches!(refused, Err(Refused::Thing(Unlent::Overlaps { with, .. })) if with == first),
        "{refused:?}"
    );
}

#[test]
fn the_end_of_one_trip_may_be_the_start_of_the_next() {
    let (mut owner, mut requester) = two();
    let next = Ask { from: ask().until, until: at("2026-12-04 18:00"), ..ask() };
    let (first, second) = (requester.ask_for(ask()).expect("asked"), requester.ask_for(next).expect("asked"));
    owner.hear(&requester);
    assert_eq!(
        (owner.act(first, offer()), owner.act(second, offer())),
        (Ok(State::Offered), Ok(State::Offered))
    );
}

#[test]
fn what_is_not_confirmed_in_time_or_was_cancelled_is_let_go_and_the_next_in_line_is_named() {
    let (mut owner, mut requester, first) = asked();
    owner.act(first, offer()).expect("it is free");
    let mut third = Member::new("210000", &["220000", "230000", "210000"]);
    third.hear(&owner);
    let second = third.ask_for(ask()).expect("asked");
    owner.hear(&third);
    assert_eq!(owner.act(second, Act::Wait), Ok(State::Waiting));
    owner.now = at("2026-11-26 08:00");
    owner.look();
    assert_eq!(owner.state(first), State::Expired);
    assert_eq!(owner.act(second, offer()), Ok(State::Offered));
    third.hear(&owner);
    third.act(second, Act::Cancel { reason: "另有安排".to_owned() }).expect("it is held");
    owner.hear(&third);
    assert_eq!(owner.state(second), State::CancelAsked);
    owner.look();
    assert_eq!(owner.state(second), State::Cancelled);
    // The first may have it after all, since nobody else asked.
    requester.hear(&owner);
    assert_eq!(requester.state(first), State::Expired);
    let refused = owner.act(first, offer());
    assert!(matches!(refused, Err(Refused::Turn(OutOfTurn::LateAnswer { .. }))), "{refused:?}");
}

#[test]
fn letting_go_names_those_on_the_waiting_list_that_fit_now() {
    let (mut owner, _, first) = confirmed();
    let mut third = Member::new("210000", &["220000", "230000", "210000"]);
    third.hear(&owner);
    let second = third.ask_for(ask()).expect("asked");
    owner.hear(&third);
    owner.act(second, Act::Wait).expect("it is taken");
    let released =
        owner.ask(Requests::Act { about: first, act: Act::Release { reason: "故障".to_owned() } });
    assert!(matches!(released, Ok(Done::Stands { next, .. }) if next == [second]));
}

#[test]
fn an_urgent_trip_sets_out_before_it_is_confirmed() {
    let (mut owner, mut requester) = two();
    let urgent = Ask { urgent: true, from: at("2026-11-24 07:00"), ..ask() };
    let about = requester.ask_for(Ask { until: at("2026-11-25 07:00"), ..urgent }).expect("asked");
    owner.hear(&requester);
    assert_eq!(owner.act(about, offer()), Ok(State::Offered));
    assert_eq!(owner.act(about, dispatch(None, 1_000)), Ok(State::Dispatched));
    owner.now = at("2026-11-26 07:00");
    owner.look();
    assert_eq!(owner.state(about), State::Dispatched, "what has set out does not expire");
    requester.hear(&owner);
    assert_eq!(requester.act(about, Act::Confirm), Ok(State::Dispatched));
    owner.hear(&requester);
    assert_eq!(owner.view(about).trip.map(|trip| trip.confirmed), Some(true));
}

#[test]
fn an_asset_is_reserved_by_the_same_words_and_has_no_trip() {
    let (mut owner, mut requester) = two();
    let wish = Ask { listing: "230000-A-000001".to_owned(), count: 1, purpose: "event".to_owned(), ..ask() };
    let about = requester.ask_for(wish).expect("asked");
    assert_eq!(about.to_string(), "220000-AR-000001");
    owner.hear(&requester);
    assert_eq!(owner.act(about, offer()), Ok(State::Offered));
    requester.hear(&owner);
    assert_eq!(requester.act(about, Act::Confirm), Ok(State::Confirmed));
    assert_eq!(requester.view(about).thing.map(|told| told.serial_no), Some("SN-1".to_owned()));
}

#[test]
fn a_key_against_doubles_gives_the_first_request_again() {
    let (mut owner, mut requester) = two();
    let keyed = || Ask { key: "平台-7".to_owned(), ..ask() };
    let about = requester.ask_for(keyed()).expect("asked");
    let said = requester.said.len();
    let again = requester.ask(Requests::Ask(Box::new(keyed())));
    assert!(matches!(again, Ok(Done::Stands { id, repeated: true, .. }) if id == about));
    assert_eq!(requester.said.len(), said);
    owner.hear(&requester);
    assert!(
        requester
            .said
            .iter()
            .flat_map(|said| &said.records)
            .all(|record| { !String::from_utf8_lossy(&record.body).contains("平台-7") })
    );
}

#[test]
fn a_forgotten_stream_leaves_no_row_and_folds_to_the_same_again() {
    let (mut owner, requester, about) = confirmed();
    let before = owner.bench.dump();
    let streams: BTreeSet<Stream> = requester.said.iter().map(|said| said.stream).collect();
    streams.iter().for_each(|stream| crate::systems::forget(&mut owner.bench.rows, stream));
    assert!(query::show(&owner.bench.rows, owner.code, &about).is_none());
    requester.said.iter().for_each(|said| owner.fold(said));
    assert_eq!(owner.bench.dump(), before);
}

#[test]
fn a_search_shows_what_is_free_near_first_and_then_cheap() {
    use crate::systems::trips::search::{Nearness, Wish, search};
    let (mut owner, mut requester) = two();
    let other = VEHICLE.replace("LSVNA418XR0000001", "LSVNA4181R0000002").replace("黑A12345", "黑A12346");
    owner.list(Kind::Vehicles, &with(&other, &[("market_rate_ref", "200.00")]));
    requester.hear(&owner);
    let wish = |near: &str| Wish {
        seats: 4,
        near: near.to_owned(),
        from: ask().from,
        until: ask().until,
        vehicle_type: None,
    };
    let seen = |member: &Member, near: &str| -> Vec<(String, Nearness)> {
        let found = search(&member.bench.rows, member.code, &wish(near)).expect("a division");
        found.into_iter().map(|found| (found.id, found.nearness)).collect()
    };
    let both =
        |nearness| [("230000-V-000002".to_owned(), nearness), ("230000-V-000001".to_owned(), nearness)];
    for (near, nearness) in [
        ("230103", Nearness::City),
        ("230200", Nearness::Province),
        ("220100", Nearness::Neighbour),
        ("460100", Nearness::Elsewhere),
    ] {
        assert_eq!(seen(&requester, near), both(nearness));
    }
    let about = requester.ask_for(ask()).expect("asked");
    owner.hear(&requester);
    owner.act(about, offer()).expect("it is free");
    requester.hear(&owner);
    assert_eq!(seen(&requester, "220100"), [both(Nearness::Neighbour)[0].clone()]);
    assert!(seen(&owner, "220100").is_empty(), "one's own are dispatched at home");
}

#[test]
fn a_driver_is_taken_up_by_a_trip_and_let_go_when_it_is_over() {
    let (mut owner, mut requester, about) = confirmed();
    owner.bench.import(Kind::Drivers, DRIVER);
    owner.now = at("2026-12-03 08:00");
    owner.act(about, driven("J001", Some(300))).expect("within the hours");
    let taken_up = |owner: &Member| drivers::duties(&owner.bench.rows, "J001");
    let duty = taken_up(&owner).pop().expect("one");
    assert_eq!((duty.from, duty.until, duty.wheel_min), (owner.now, at("2026-12-03 18:00"), 300));
    assert_eq!(duty.reason, about.to_string());
    owner.now = at("2026-12-03 12:00");
    owner.act(about, returned(None, 1_100, 0)).expect("it was out");
    let duty = taken_up(&owner).pop().expect("still one");
    assert_eq!((duty.until, duty.wheel_min), (owner.now, 240), "no longer than it was out");
    requester.hear(&owner);
    assert_eq!(taken_up(&requester), [], "who drove stays at home");
    assert!(owner.said.iter().all(|said| said.stream.system != System::DRIVERS));
}

#[test]
fn what_was_planned_for_a_trip_is_replaced_when_it_sets_out() {
    let (mut owner, _, about) = confirmed();
    owner.bench.import(Kind::Drivers, DRIVER);
    let duty = Duty {
        from: at("2026-12-03 07:00"),
        until: at("2026-12-03 17:00"),
        wheel_min: 200,
        reason: about.to_string(),
    };
    owner.bench.fold(Stream::local(owner.code, System::DRIVERS), &[drivers::said("J001", &duty)]);
    owner.now = at("2026-12-03 08:00");
    owner.act(about, driven("J001", None)).expect("it was planned");
    let duties = drivers::duties(&owner.bench.rows, "J001");
    let spans: Vec<_> = duties.iter().map(|duty| (duty.from, duty.until, duty.wheel_min)).collect();
    assert_eq!(spans, [(owner.now, at("2026-12-03 18:00"), 200)]);
}
