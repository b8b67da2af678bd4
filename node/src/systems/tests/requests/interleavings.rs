//! Where a request stands, for every part of what two have said that somebody may hold, and in whatever order it came.

use super::*;
use crate::systems::requests::{Talk, record};

/// What both said, each in its order.
type Both = (Vec<Said>, Vec<Said>);

/// A line for each number of the requester's records, a column for each number of the owner's.
type States = &'static [&'static [State]];

/// Only what all members hear.
fn public(owner: &Member, requester: &Member) -> Both {
    let of = |member: &Member| -> Vec<Said> {
        let said = member.said.iter().filter(|said| said.stream.audience == Audience::Agreement);
        said.filter(|said| !said.records.iter().any(|record| record.kind.0 & 0xf0 == 0x10)).cloned().collect()
    };
    (of(owner), of(requester))
}

/// The owner lets go and the requester confirms, neither knowing of the other.
fn crossing() -> (About, Both) {
    let (mut owner, mut requester, about) = asked();
    owner.act(about, offer()).expect("it is free");
    requester.hear(&owner);
    requester.act(about, Act::Confirm).expect("it is offered");
    owner.act(about, Act::Release { reason: "故障".to_owned() }).expect("it is held");
    (about, public(&owner, &requester))
}

/// The requester cancels while the owner promises.
fn cancelling() -> (About, Both) {
    let (mut owner, mut requester, about) = asked();
    requester.act(about, Act::Cancel { reason: String::new() }).expect("it is asked");
    owner.act(about, Act::Wait).expect("it is asked");
    owner.act(about, offer()).expect("nobody has said otherwise");
    owner.hear(&requester);
    owner.look();
    (about, public(&owner, &requester))
}

/// Expired, promised again, confirmed.
fn again() -> (About, Both) {
    let (mut owner, mut requester, about) = asked();
    owner.act(about, Act::Offer { listing: None, hold_h: Some(1), telephone: String::new() }).expect("free");
    owner.now = at("2026-11-24 10:00");
    owner.look();
    owner.act(about, offer()).expect("still free");
    requester.hear(&owner);
    requester.act(about, Act::Confirm).expect("offered again");
    (about, public(&owner, &requester))
}

fn reader(said: &[&Said]) -> Member {
    let mut reader = Member::new("210000", &["210000"]);
    reader.bench.rows = Overlay::new(&Nothing);
    said.iter().for_each(|said| reader.fold(said));
    reader
}

fn talk(member: &Member, about: About) -> Option<Talk> {
    query::talk(&member.bench.rows, member.code, AGREEMENT, &about)
}

fn state(of_owner: &[Said], of_requester: &[Said], about: About) -> Option<State> {
    let said: Vec<&Said> = of_owner.iter().chain(of_requester).collect();
    talk(&reader(&said), about).map(|talk| talk.state())
}

#[test]
fn every_part_of_what_was_said_has_its_state() {
    use State::*;
    let table: [(&str, (About, Both), States); 3] = [
        ("crossing", crossing(), &[&[Submitted, Offered, Withdrawn], &[Submitted, Confirmed, Withdrawn]]),
        (
            "cancelling",
            cancelling(),
            &[&[Submitted, Waiting, Offered, Cancelled], &[Cancelled, Cancelled, CancelAsked, Cancelled]],
        ),
        (
            "again",
            again(),
            &[&[Submitted, Offered, Expired, Offered], &[Submitted, Offered, Expired, Confirmed]],
        ),
    ];
    for (name, (about, (of_owner, of_requester)), states) in table {
        assert_eq!((of_requester.len(), of_owner.len()), (states.len(), states[0].len() - 1), "{name}");
        assert_eq!(state(&of_owner, &[], about), None, "{name}: an answer to what was never heard");
        for (asked, line) in states.iter().enumerate() {
            for (answered, expected) in line.iter().enumerate() {
                let known = state(&of_owner[..answered], &of_requester[..=asked], about);
                assert_eq!(known, Some(*expected), "{name}: {asked} {answered}");
            }
        }
    }
}

#[test]
fn whether_a_thing_is_held_is_the_owners_word_alone() {
    for (about, (of_owner, of_requester)) in [crossing(), cancelling(), again()] {
        for answered in 0..=of_owner.len() {
            let holds: BTreeSet<bool> = (1..=of_requester.len())
                .map(|asked| {
                    let said: Vec<&Said> =
                        of_owner[..answered].iter().chain(&of_requester[..asked]).collect();
                    talk(&reader(&said), about).expect("the request is known").holds()
                })
                .collect();
            assert_eq!(holds.len(), 1, "{about} {answered}");
        }
    }
}

#[test]
fn whoever_lets_go_not_knowing_of_a_confirmation_owes_and_is_owed_nothing() {
    let (about, (of_owner, of_requester)) = crossing();
    let said: Vec<&Said> = of_owner.iter().chain(&of_requester).collect();
    let talk = talk(&reader(&said), about).expect("the request is known");
    assert!(talk.is_confirmed() && !talk.was_released_in_knowledge() && !talk.holds());
    assert_eq!(crate::systems::trips::statement(&talk), None);
}

#[test]
fn all_orders_of_arrival_give_the_same_rows() {
    for (about, (of_owner, of_requester)) in [crossing(), cancelling(), again()] {
        let mut dumps = BTreeSet::new();
        let mut orders = 0;
        merge(&of_owner, &of_requester, &mut Vec::new(), &mut |order| {
            orders += 1;
            dumps.insert(reader(order).bench.dump());
        });
        assert!(orders >= 6, "{about}: {orders}");
        assert_eq!(dumps.len(), 1, "{about}");
    }
}

/// Every way in which two sequences can arrive.
fn merge<'a>(one: &'a [Said], other: &'a [Said], order: &mut Vec<&'a Said>, see: &mut impl FnMut(&[&Said])) {
    if one.is_empty() && other.is_empty() {
        return see(order);
    }
    if let Some((first, rest)) = one.split_first() {
        order.push(first);
        merge(rest, other, order, see);
        order.pop();
    }
    if let Some((first, rest)) = other.split_first() {
        order.push(first);
        merge(one, rest, order, see);
        order.pop();
    }
}

#[test]
fn what_was_said_before_a_stream_began_again_is_older_and_is_not_confirmed_by_its_place() {
    let (mut owner, mut requester, about) = asked();
    owner.act(about, offer()).expect("it is free");
    requester.hear(&owner);
    requester.act(about, Act::Confirm).expect("it is offered");
    owner.hear(&requester);
    owner.act(about, Act::Release { reason: "故障".to_owned() }).expect("it is held");
    let of_members = owner.said.iter().filter(|said| said.stream.audience == Audience::Agreement);
    let kept: Vec<&Said> = of_members.chain(&requester.said).collect();
    let has_offer = |said: &&&Said| said.records.iter().any(|record| record.kind.low() == record::OFFER);
    let offered = kept.iter().find(has_offer).expect("it was made");
    let again = Said {
        epoch: Epoch(2),
        stream: Stream { generation: Generation(2), ..offered.stream },
        ..(**offered).clone()
    };
    let states = [&kept[..], &[&kept[..], &[&again]].concat()]
        .map(|said| talk(&reader(said), about).map(|talk| (talk.state(), talk.is_confirmed())));
    assert_eq!(states, [Some((State::Withdrawn, true)), Some((State::Offered, false))]);
}
