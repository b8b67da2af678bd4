//! One line for each reason why something is not done with a request.

use super::super::{assert_each, variants};
use super::*;
use crate::systems::drivers::duty::Unfit;
use crate::systems::fault::Stays;
use crate::systems::keys;
use crate::systems::requests::{Block, NotAsked, OutOfTurn, Unlent};
use crate::systems::trips::NotDriven;

/// What a requester is told that asks so.
fn asking(change: impl Fn(&mut Ask)) -> Refused {
    let (_, mut requester) = two();
    let mut wish = ask();
    change(&mut wish);
    requester.ask_for(wish).expect_err("refused")
}

/// What somebody is told who tries that under agreements that stand so.
fn under(change: impl Fn(&mut Standing)) -> Refused {
    let (_, mut requester) = two();
    requester.agreements.iter_mut().for_each(change);
    requester.ask_for(ask()).expect_err("refused")
}

/// What an owner is told that offers, after its register says something else of the vehicle.
fn offering(cells: &[(&str, &str)]) -> Refused {
    let (mut owner, _, about) = asked();
    owner.bench.import(Kind::Vehicles, &with(VEHICLE, cells));
    owner.act(about, offer()).expect_err("refused")
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn refused() -> Vec<(&'static str, Refused)> {
    let until = at("2026-11-24 08:00");
    vec![
        ("no such listing", asking(|ask| ask.listing = text("230000-V-000009"))),
        ("no listing number", asking(|ask| ask.listing = text("黑A12345"))),
        ("one's own", asking(|ask| ask.listing = text("220000-V-000001"))),
        ("end before start", asking(|ask| ask.until = ask.from)),
        ("too long", asking(|ask| ask.until = at("2027-03-02 08:00"))),
        ("in the past", asking(|ask| ask.from = at("2026-11-24 07:59"))),
        ("too far ahead", asking(|ask| (ask.from, ask.until) = (at("2028-01-01"), at("2028-01-02")))),
        ("purpose", asking(|ask| ask.purpose = text("旅游"))),
        ("persons", asking(|ask| ask.count = 6)),
        ("nobody", asking(|ask| ask.count = 0)),
        ("place", asking(|ask| ask.place = text("239901"))),
        ("approval", asking(|ask| ask.approval_no = text(" "))),
        ("long text", asking(|ask| ask.approval_no = "长".repeat(201))),
        ("a name", asking(|ask| ask.telephone = text("张三 139"))),
        ("no agreement", under(|held| _ = held.members.remove(&code("230000")))),
        ("out of scope", under(|held| held.scope.clear())),
        ("expired", under(|held| held.valid_until = until)),
        ("unconfirmed", under(|held| held.open.clear())),
        ("key reused", {
            let (_, mut requester) = two();
            requester.ask_for(Ask { key: text("7"), ..ask() }).expect("asked");
            requester.ask_for(Ask { key: text("7"), count: 2, ..ask() }).expect_err("refused")
        }),
        ("asked twice", {
            let (_, mut requester, _) = asked();
            requester.ask_for(ask()).expect_err("refused")
        }),
        ("unknown request", {
            let (mut owner, _) = two();
            let unknown = "220000-VR-000009".parse().expect("a request");
            owner.act(unknown, offer()).expect_err("refused")
        }),
        ("not the owner", {
            let (_, mut requester, about) = asked();
            requester.act(about, offer()).expect_err("refused")
        }),
        ("not the requester", {
            let (mut owner, _, about) = asked();
            owner.act(about, Act::Confirm).expect_err("refused")
        }),
        ("accepting what was cancelled", {
            let (mut owner, mut requester, about) = asked();
            requester.act(about, Act::Cancel { reason: String::new() }).expect("asked");
            owner.hear(&requester);
            owner.act(about, offer()).expect_err("refused")
        }),
        ("accepting what was declined", {
            let (mut owner, _, about) = asked();
            owner.act(about, Act::Decline { reason: text("无车") }).expect("asked");
            owner.act(about, offer()).expect_err("refused")
        }),
        ("a late answer", {
            let (mut owner, _, about) = asked();
            owner.now = at("2026-11-26 08:00");
            owner.act(about, offer()).expect_err("refused")
        }),
        ("a late confirmation", {
            let (mut owner, mut requester, about) = asked();
            owner.act(about, offer()).expect("free");
            requester.hear(&owner);
            requester.now = at("2026-11-26 08:00");
            requester.act(about, Act::Confirm).expect_err("refused")
        }),
        ("no-show before it begins", {
            let (mut owner, _, about) = confirmed();
            owner.act(about, Act::NoShow).expect_err("refused")
        }),
        ("no longer shared", offering(&[("shared", "否")])),
        ("inspection runs out on the way", offering(&[("inspection_due", "2026-12-02")])),
        ("in repair", offering(&[("vehicle_status", "维修")])),
        ("blocked", {
            let (mut owner, _, about) = asked();
            let block = Block {
                id: text("230000-V-000001"),
                from: at("2026-12-02"),
                until: at("2026-12-04"),
                reason: text("保养"),
            };
            owner.ask(Requests::Block(block)).expect("our own");
            owner.act(about, offer()).expect_err("refused")
        }),
        ("overlapping", {
            let (mut owner, mut requester, _) = confirmed();
            let later = Ask { from: at("2026-12-03 17:59"), until: at("2026-12-05"), ..ask() };
            let about = requester.ask_for(later).expect("asked");
            owner.hear(&requester);
            owner.act(about, offer()).expect_err("refused")
        }),
        ("others wait", {
            let (mut owner, mut requester, about) = asked();
            owner.act(about, Act::Wait).expect("asked");
            owner.now = at("2026-11-24 09:00");
            let later = Ask { until: at("2026-12-03 17:00"), ..ask() };
            let second = requester.ask_for(later).expect("asked");
            owner.hear(&requester);
            owner.act(second, offer()).expect_err("refused")
        }),
        ("no tariff", {
            let mut owner = Member::new("230000", &["220000", "230000"]);
            owner.list(Kind::Vehicles, VEHICLE);
            let mut requester = Member::new("220000", &["220000", "230000"]);
            requester.hear(&owner);
            let about = requester.ask_for(ask()).expect("asked");
            owner.hear(&requester);
            owner.act(about, offer()).expect_err("refused")
        }),
        ("no such type", {
            let (mut owner, _) = two();
            let tariff = Tariff { vehicle_type: text("飞机"), ..tariff() };
            owner.ask(Requests::Tariff(tariff)).expect_err("refused")
        }),
        ("an amount below nothing", {
            let (mut owner, _) = two();
            owner.ask(Requests::Tariff(Tariff { day_fen: -1, ..tariff() })).expect_err("refused")
        }),
        ("a trip with a table", {
            let (mut owner, mut requester) = two();
            let wish = Ask { listing: text("230000-A-000001"), count: 1, purpose: text("event"), ..ask() };
            let about = requester.ask_for(wish).expect("asked");
            owner.hear(&requester);
            owner.act(about, Act::Bill).expect_err("refused")
        }),
        ("out before it is confirmed", {
            let (mut owner, _, about) = asked();
            owner.act(about, offer()).expect("free");
            owner.act(about, dispatch(None, 1_000)).expect_err("refused")
        }),
        ("broken down since it was promised", {
            let (mut owner, _, about) = confirmed();
            owner.bench.import(Kind::Vehicles, &with(VEHICLE, &[("vehicle_status", "维修")]));
            owner.act(about, dispatch(None, 1_000)).expect_err("refused")
        }),
        ("a driver who has driven long enough", {
            let (mut owner, _, about) = confirmed();
            owner.bench.import(Kind::Drivers, DRIVER);
            owner.now = at("2026-12-03 08:00");
            owner.act(about, driven("J001", Some(481))).expect_err("refused")
        }),
        ("odometer below the register", {
            let (mut owner, _, about) = confirmed();
            owner.act(about, dispatch(None, 999)).expect_err("refused")
        }),
        ("odometer below that of setting out", {
            let (mut owner, _, about) = on_the_way();
            owner.act(about, returned(None, 999, 0)).expect_err("refused")
        }),
        ("too fast", {
            let (mut owner, _, about) = on_the_way();
            owner.act(about, returned(None, 1_151, 0)).expect_err("refused")
        }),
        ("back before it set out", {
            let (mut owner, _, about) = on_the_way();
            let early = Some(at("2026-12-01 07:59"));
            owner.act(about, returned(early, 1_001, 0)).expect_err("refused")
        }),
        ("nothing to bill", {
            let (mut owner, mut requester, about) = confirmed();
            requester.act(about, Act::Cancel { reason: String::new() }).expect("confirmed");
            owner.hear(&requester);
            owner.look();
            owner.act(about, Act::Bill).expect_err("refused")
        }),
        ("another amount than the records", {
            let (mut owner, mut requester, about) = on_the_way();
            owner.act(about, returned(None, 1_050, 0)).expect("out");
            owner.act(about, Act::Bill).expect("back");
            requester.hear(&owner);
            let returned =
                keys::aside(AGREEMENT, &about, code("230000"), crate::systems::requests::record::RETURN);
            requester.bench.rows.remove(returned);
            requester.act(about, Act::Settle).expect_err("refused")
        }),
        ("a score of six", {
            let (_, mut requester, about) = billed();
            requester.act(about, Act::Settle).expect("the same");
            requester.act(about, Act::Evaluate { score: 6, comment: String::new() }).expect_err("refused")
        }),
    ]
}

#[test]
fn each_reason_has_its_name() {
    let by_name: BTreeMap<_, _> = refused().into_iter().collect();
    let unfit = Unfit::DayTooLong { date: date(2026, 12, 3), minutes: 481, minutes_max: 480 };
    let expected: [(_, Refused); 11] = [
        ("a driver who has driven", NotDriven::Driver { driver_no: text("J001"), unfit }.into()),
        ("broken down since it was promised", Unlent::OutOfOrder.into()),
        ("no such listing", NotAsked::UnknownListing { listing: text("230000-V-000009") }.into()),
        ("persons", NotAsked::CountRange { max: 5 }.into()),
        ("inspection runs out on the way", Unlent::NotLent { stays: Stays::InspectionExpired }.into()),
        ("a late answer", OutOfTurn::LateAnswer { by: at("2026-11-26 08:00") }.into()),
        ("odometer below the register", NotDriven::OdometerBackwards { have_km: 1_000 }.into()),
        ("too fast", NotDriven::OdometerJumps { km_max: 150 }.into()),
        (
            "another amount than the records",
            NotDriven::BillDiffers { billed_fen: 43_000, computed_fen: None }.into(),
        ),
        ("accepting what was cancelled", OutOfTurn::AlreadyCancelled.into()),
        ("accepting what was declined", OutOfTurn::WrongState { state: State::Declined }.into()),
    ];
    for (name, refusal) in expected {
        let found = by_name.iter().find(|(of, _)| of.contains(name)).map(|(_, refusal)| refusal.clone());
        assert_eq!(found, Some(refusal), "{name}");
    }
    let of_requests = include_str!("../../requests/refusal.rs");
    let [asked, ground, turn, thing] =
        ["NotAsked", "NoGround", "OutOfTurn", "Unlent"].map(|name| variants(of_requests, name));
    let trip = variants(include_str!("../../trips/refusal.rs"), "NotDriven");
    let told = by_name.values().map(super::super::code);
    assert_each(told, [asked, ground, turn, thing, trip].concat());
}

#[test]
fn whoever_is_refused_has_said_nothing() {
    let (mut owner, mut requester, about) = asked();
    let before = (owner.said.len(), requester.said.len(), owner.bench.dump(), requester.bench.dump());
    requester.ask_for(ask()).expect_err("asked already");
    owner
        .act(about, Act::Offer { listing: None, hold_h: None, telephone: text("张三") })
        .expect_err("a name");
    requester.act(about, Act::Confirm).expect_err("nothing is offered");
    let after = (owner.said.len(), requester.said.len(), owner.bench.dump(), requester.bench.dump());
    assert_eq!(before, after);
}
