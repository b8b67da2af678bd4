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
    use crate::systems::trips::net::net;
    let (mut owner, mut requester, about) = billed();
    let accounts = |member: &Member, month| net(&member.bench.rows, member.code, month);
    assert_eq!(accounts(&owner, "2026-12")[0].open, 1);
    requester.act(about, Act::Settle).expect("both compute the same");
    owner.hear(&requester);
    let (paid, got) = (accounts(&requester, "2026-12").remove(0), accounts(&owner, "2026-12").remove(0));
    assert_eq!((paid.payable_fen, paid.receivable_fen, paid.net_fen), (156_550, 0, -156_550));
    assert_eq!((got.payable_fen, got.receivable_fen, got.net_fen), (0, 156_550, 156_550));
    assert_eq!((paid.settled, got.settled, paid.open), (1, 1, 0));
    assert!(accounts(&owner, "2026-11").is_empty());
}
