//! What a trip costs: the same on both sides, to the fen.

use super::*;

#[test]
fn a_trip_costs_begun_days_further_kilometres_and_tolls() {
    // Out on the first of December at eight; back, kilometres, tolls → total.
    let table = [
        ("2026-12-01 08:00", 0, 0, 43_000),
        ("2026-12-02 08:00", 100, 0, 43_000),
        ("2026-12-02 08:01", 200, 0, 86_000),
        ("2026-12-02 08:01", 201, 1, 86_121),
        ("2026-12-03 17:00", 450, 9_550, 3 * 43_000 + 150 * 120 + 9_550),
    ];
    for (back, km, tolls_fen, total) in table {
        let (mut owner, mut requester, about) = on_the_way();
        (owner.now, requester.now) = (at(back), at(back));
        owner.act(about, returned(None, 1_000 + km, tolls_fen)).expect("it was out");
        owner.act(about, Act::Bill).expect("it is back");
        requester.hear(&owner);
        let (mine, theirs) = (requester.view(about), owner.view(about));
        assert_eq!(mine.bill.as_ref().map(|bill| bill.total_fen), Some(total), "{back} {km}");
        assert_eq!((&mine.bill, &mine.computed), (&theirs.bill, &theirs.computed));
        assert_eq!(requester.act(about, Act::Settle), Ok(State::Settled));
    }
}

#[test]
fn cancelling_late_and_not_coming_cost_a_share_of_the_planned_days() {
    // When the owner learns of it → fee; three begun days at 280 yuan were planned.
    let table =
        [("2026-11-30 07:59", None), ("2026-11-30 08:01", Some(16_800)), ("2026-12-01 07:00", Some(16_800))];
    for (now, fee) in table {
        let (mut owner, mut requester, about) = confirmed();
        requester.act(about, Act::Cancel { reason: String::new() }).expect("it is confirmed");
        owner.hear(&requester);
        owner.now = at(now);
        owner.look();
        requester.hear(&owner);
        let computed = |member: &Member| member.view(about).computed.map(|bill| bill.total_fen);
        assert_eq!(
            (owner.state(about), computed(&owner), computed(&requester)),
            (State::Cancelled, fee, fee)
        );
        assert_eq!(owner.act(about, Act::Bill).is_ok(), fee.is_some(), "{now}");
    }
    let (mut owner, mut requester, about) = confirmed();
    owner.now = at("2026-12-01 09:00");
    assert_eq!(owner.act(about, Act::NoShow), Ok(State::NoShow));
    owner.act(about, Act::Bill).expect("it cost something");
    requester.hear(&owner);
    assert_eq!(requester.view(about).bill.map(|bill| bill.total_fen), Some(42_000));
    assert_eq!(requester.act(about, Act::Settle), Ok(State::Settled));
}

#[test]
fn a_tariff_that_is_set_later_changes_no_offer() {
    let (mut owner, requester, about) = billed();
    let before = owner.view(about).computed;
    owner.ask(Requests::Tariff(Tariff { day_fen: 1, ..tariff() })).expect("a tariff");
    assert_eq!((owner.view(about).computed, requester.view(about).computed), (before.clone(), before));
}

#[test]
fn a_disputed_statement_waits_for_another() {
    let (mut owner, mut requester, about) = billed();
    let dispute = Act::Dispute { reason: "里程有误".to_owned() };
    assert_eq!(requester.act(about, dispute), Ok(State::Disputed));
    owner.hear(&requester);
    assert_eq!(
        (owner.state(about), owner.view(about).dispute),
        (State::Disputed, Some("里程有误".to_owned()))
    );
    let corrected = returned(None, 1_400, 9_550);
    assert_eq!(owner.act(about, corrected), Ok(State::Disputed));
    assert_eq!(owner.act(about, Act::Bill), Ok(State::Billed));
    requester.hear(&owner);
    assert_eq!(requester.state(about), State::Billed, "the dispute was of another statement");
    assert_eq!(requester.act(about, Act::Settle), Ok(State::Settled));
}

#[test]
fn the_accounts_of_a_month_are_the_same_with_the_other_sign() {
    use crate::systems::trips::net::of_month;
    let (mut owner, mut requester, about) = billed();
    let accounts = |member: &Member, month| of_month(&member.bench.rows, member.code, month);
    assert_eq!(accounts(&owner, "2026-12")[0].open, 1);
    requester.act(about, Act::Settle).expect("both compute the same");
    owner.hear(&requester);
    let (paid, got) = (accounts(&requester, "2026-12").remove(0), accounts(&owner, "2026-12").remove(0));
    assert_eq!((paid.payable_fen, paid.receivable_fen, paid.net_fen), (156_550, 0, -156_550));
    assert_eq!((got.payable_fen, got.receivable_fen, got.net_fen), (0, 156_550, 156_550));
    assert_eq!((paid.settled, got.settled, paid.open), (1, 1, 0));
    assert!(accounts(&owner, "2026-11").is_empty());
}

#[test]
fn trips_are_counted_on_both_sides_and_those_out_of_hours_are_told_with_their_records() {
    use crate::systems::vehicles::finding::Breach;
    use crate::systems::vehicles::supervision::supervise;
    use crate::systems::vehicles::usage::usage;
    let (mut owner, mut requester, about) = billed();
    requester.act(about, Act::Settle).expect("both compute the same");
    owner.hear(&requester);
    let (since, today) = (date(2026, 1, 1), date(2026, 12, 31));
    let given = usage(&owner.bench.rows, owner.code, since, today);
    let received = usage(&requester.bench.rows, requester.code, since, today);
    assert_eq!((given.given.requests, given.given.trips, given.given.km), (1, 1, 450));
    assert_eq!((given.given.accepted.part, given.given.accepted.of), (1, 1));
    // Three days at 300 yuan by the register and by the listing; settled are 1565.50 without 95.50 of tolls.
    let (part, of) = (156_550 - 9_550, 90_000);
    assert_eq!((given.given.settled_fen.part, given.given.settled_fen.of), (part, of));
    assert_eq!(given.given.settled_fen, received.received.settled_fen);
    assert_eq!((given.used_days.part, given.used_days.of), (3, 365));
    assert_eq!((given.accounts[0].net_fen, received.accounts[0].net_fen), (156_550, -156_550));
    let found = supervise(&owner.bench.rows, owner.code, &Rules::shipped(), since, today);
    let off =
        found.iter().find(|finding| matches!(finding.breach, Breach::OffHours { .. })).expect("at eight");
    assert_eq!((off.id.as_str(), off.evidence.len()), ("LSVNA418XR0000001", 2));
    assert!(off.evidence.iter().all(|evidence| evidence.id == about.to_string()));
    let later = supervise(&owner.bench.rows, owner.code, &Rules::shipped(), today, today);
    assert!(!later.iter().any(|finding| matches!(finding.breach, Breach::OffHours { .. })));
}

#[test]
fn a_request_is_found_by_who_takes_part_in_it_and_when_it_begins() {
    let (owner, requester, about) = asked();
    let third = "210000".parse().expect("a member code");
    let begins = ask().from;
    let table = [
        (requester.code, Millis(0), 1),
        (owner.code, begins, 1),
        (owner.code, Millis(begins.0 + 1), 0),
        (third, Millis(0), 0),
    ];
    for (member, since, count) in table {
        let found = query::list(&owner.bench.rows, member, since);
        assert_eq!(found.len(), count, "{member} since {since:?}");
        assert!(found.iter().all(|view| view.id == about));
    }
}
