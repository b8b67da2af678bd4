//! Next versions: what is proposed, what that changes, who decides, and one line for every refusal.

use xietong_proto::epochs::Stage;
use xietong_proto::stream::{Head, Stream};

use super::super::amendment::{Amendment, Asked, Difference, Effect};
use super::super::ground::Ground;
use super::super::standing::VersionStanding;
use super::*;

/// The agreement of three in force, with a stream of each.
fn ground() -> Ground {
    let AgreementFile { epochs, cards, .. } = approved_by(&[0, 1, 2]);
    let id = epochs.id();
    let end = |place: usize| {
        let head = Head { position: Position(place as u64 + 5), id: EntryId([place as u8; 32]) };
        (Stream::shared(id, code(place), System::VEHICLES), head)
    };
    Ground { epochs, cards, held: (0..3).map(end).collect() }
}

fn in_force() -> Proposal {
    Proposal::of(ground().epochs.newest())
}

fn amend(change: impl FnOnce(&mut Proposal), given: Vec<Card>) -> Result<AgreementFile, ProposalRefusal> {
    let mut proposal = in_force();
    change(&mut proposal);
    proposal.amend(&ground(), given, NOW, [8; 16])
}

fn amendment(file: &AgreementFile) -> Amendment {
    Amendment::of(&file.epochs, file.manifest(), &file.cards).expect("it follows one")
}

fn leaves(place: usize) -> impl FnOnce(&mut Proposal) {
    move |proposal| proposal.members.retain(|named| *named != code(place).to_string())
}

fn asked(of: &[usize], needed: usize) -> Asked {
    Asked { of: of.iter().map(|place| code(*place)).collect(), needed }
}

#[test]
fn what_is_in_force_is_written_as_it_is_read() {
    let names = [(code(0), "辽宁 # \"一\"".to_owned())].into();
    let mut proposal = Proposal { restarts: vec![code(1)], voids: vec!["1234".into()], ..in_force() };
    assert_eq!(Proposal::read(&proposal.write(&names)), Ok(proposal.clone()));
    proposal.quorum = None;
    assert_eq!(Proposal::read(&proposal.write(&names)), Ok(proposal));
}

/// What is proposed, what it changes, whether that widens, and who decides.
#[test]
fn each_change_is_named_and_so_is_who_decides() {
    type Case = (&'static str, AgreementFile, Vec<(Difference, Effect)>, Vec<Asked>);
    use Effect::{Narrows, Neutral, Widens};
    let newcomer = || card("150000", 4);
    let name = |place: usize| format!("{} 机关事务管理局", code(place));
    let (member, system) = (code(2), System::VEHICLES);
    let quorum = |before, now, widens| Difference::Quorum { before, now, widens };
    let cuts = Difference::Cuts { member, system, position: Position(7) };
    let other_seal = card("230000", 9);
    let table: Vec<Case> = vec![
        (
            "another title",
            amend(|proposal| proposal.title = "新".into(), Vec::new()).expect("lawful"),
            vec![(Difference::Title { before: in_force().title, now: "新".into() }, Neutral)],
            vec![asked(&[0, 1, 2], 2)],
        ),
        (
            "fewer systems",
            amend(|proposal| drop(proposal.systems.pop()), Vec::new()).expect("lawful"),
            vec![(Difference::SharesNoMore { system: System::ENERGY }, Narrows)],
            vec![asked(&[0, 1, 2], 2)],
        ),
        (
            "decided by all",
            amend(|proposal| proposal.quorum = Some(3), Vec::new()).expect("lawful"),
            vec![(quorum((2, 3), (3, 3), true), Widens)],
            vec![asked(&[0, 1, 2], 3)],
        ),
        (
            "a newcomer",
            amend(
                |proposal| {
                    proposal.members.push("150000.member.toml".into());
                    proposal.quorum = None;
                },
                vec![newcomer()],
            )
            .expect("lawful"),
            vec![
                (
                    Difference::Admits {
                        member: newcomer().fields.code,
                        name: newcomer().fields.name,
                        card: Some(newcomer().fingerprint()),
                    },
                    Widens,
                ),
                (quorum((2, 3), (3, 4), true), Widens),
            ],
            vec![Asked { of: vec![newcomer().fields.code, code(0), code(1), code(2)], needed: 4 }],
        ),
        (
            "a member leaves",
            amend(leaves(2), Vec::new()).expect("lawful"),
            vec![
                (Difference::Removes { member, name: name(2) }, Narrows),
                (quorum((2, 3), (2, 2), false), Neutral),
                (cuts.clone(), Narrows),
            ],
            vec![asked(&[0, 1], 2), asked(&[0, 1, 2], 2)],
        ),
        (
            "a lost seal",
            amend(|_| (), vec![other_seal.clone()]).expect("lawful"),
            vec![
                (Difference::OtherSeal { member, card: Some(other_seal.fingerprint()) }, Widens),
                (cuts.clone(), Narrows),
            ],
            vec![asked(&[0, 1, 2], 3)],
        ),
        (
            "streams that begin again",
            amend(|proposal| proposal.restarts = vec![code(2)], Vec::new()).expect("lawful"),
            vec![(Difference::Restarts { member }, Neutral), (cuts, Narrows)],
            vec![asked(&[0, 1, 2], 2)],
        ),
    ];
    for (what, file, differences, ways) in table {
        let found = amendment(&file);
        let effects: Vec<_> =
            found.differences.iter().map(|difference| (difference.clone(), difference.effect())).collect();
        assert_eq!((effects, &found.ways), (differences, &ways), "{what}");
        let widens = found.differences.iter().any(|difference| difference.effect() == Effect::Widens);
        assert_eq!(found.widens, widens, "{what}: as the law says");
    }
}

#[test]
fn each_bad_next_version_is_refused_by_name() {
    use ProposalRefusal::*;
    let stranger: MemberCode = "150000".parse().expect("a code");
    let none = |_: &mut Proposal| ();
    assert_eq!(amend(none, Vec::new()), Err(NothingChanges));
    let unknown = amend(|proposal| proposal.members.push("150000".into()), Vec::new());
    assert_eq!(unknown, Err(NoMemberYet { member: stranger }));
    let twice = amend(none, vec![card("230000", 9), card("230000", 8)]);
    assert_eq!(twice, Err(MemberTwice { member: code(2) }));
    let before = amend(none, vec![card("230000", MEMBERS[2].1)]);
    assert_eq!(before, Err(SealInForce { member: code(2) }));
    let few = amend(none, vec![card("230000", 9), card("220000", 8)]);
    assert_eq!(few, Err(TooFewStay { stay: 1, members: 3 }));
    let voids = amend(|proposal| proposal.voids = vec!["1".into()], Vec::new());
    assert_eq!(voids, Err(NoSuchVersion { fingerprint: "1".into() }));
    let out_of_range = amend(|proposal| proposal.quorum = Some(1), Vec::new());
    assert_eq!(out_of_range, Err(QuorumOutOfRange { quorum: 1, quorum_min: 2, quorum_max: 3 }));
    let unlawful = |name: &str| UnlawfulProposal { reject: Reject::BadField { field: name.into() } };
    let restarts = amend(|proposal| proposal.restarts = vec![stranger], Vec::new());
    assert_eq!(restarts, Err(unlawful("manifest.restarts")));
    let first = ground().epochs.newest().fingerprint();
    let voids = amend(|proposal| proposal.voids = vec![first], Vec::new());
    assert_eq!(voids, Err(unlawful("manifest.voids")));

    let mut closed = ground();
    let mut file = amend(leaves(2), Vec::new()).expect("lawful");
    for place in [0, 1] {
        file.say(Stance::Approves, "", &seal(MEMBERS[place].1), NOW).expect("it is asked");
    }
    let id = file.manifest().id();
    closed.epochs = file.epochs;
    let mut newest = AgreementFile::new(closed.epochs, closed.cards, id).expect("its cards are there");
    newest.say(Stance::Withdraws, "", &seal(MEMBERS[0].1), NOW).expect("it is a member");
    let closed = Ground { epochs: newest.epochs, cards: newest.cards, held: closed.held };
    let after = Proposal::of(closed.epochs.newest()).amend(&closed, Vec::new(), NOW, [9; 16]);
    assert_eq!(after, Err(ClosedForGood { by: code(0) }));
}

#[test]
fn a_next_version_goes_round_as_a_file_with_all_before_it() {
    let mut file = amend(|proposal| proposal.title = "新".into(), Vec::new()).expect("lawful");
    file.say(Stance::Approves, "", &seal(MEMBERS[0].1), NOW).expect("it is asked");
    let read = AgreementFile::read(&file.write()).expect("it was written");
    assert_eq!(read, file);
    assert_eq!(amendment(&read), amendment(&file));

    // At a machine without a network another member declines, and may not approve after that.
    let mut other = read;
    other.say(Stance::Declines, "不妥", &seal(MEMBERS[1].1), NOW).expect("it is asked");
    let bar = xietong_proto::epochs::Bar::Spoken;
    let opposite = other.say(Stance::Approves, "", &seal(MEMBERS[1].1), NOW);
    assert_eq!(opposite, Err(PaperRefusal::Barred { bar }));
    file.merge(AgreementFile::read(&other.write()).expect("it was written")).expect("of one version");
    let standing = VersionStanding::of(&file.epochs, file.manifest(), &file.cards).expect("it is known");
    assert_eq!((standing.stage, standing.lacking, standing.missing), (Stage::Open, 1, vec![code(2)]));
    assert_eq!(standing.opinions[1].reason, "不妥");

    file.say(Stance::Approves, "", &seal(MEMBERS[2].1), Millis(NOW.0 + 5)).expect("it is asked");
    let standing = VersionStanding::of(&file.epochs, file.manifest(), &file.cards).expect("it is known");
    assert_eq!((standing.stage, standing.complete_since), (Stage::InForce, Some(Millis(NOW.0 + 5))));
    assert_eq!(file.check_complete(&card("230000", 1)), Ok(()));
}

#[test]
fn a_newcomer_joins_with_a_version_that_all_have_approved() {
    let named = |proposal: &mut Proposal| {
        proposal.members.push("150000.member.toml".into());
        proposal.quorum = None;
    };
    let newcomer = card("150000", 4);
    let mut file = amend(named, vec![newcomer.clone()]).expect("lawful");
    assert_eq!(file.check_complete(&newcomer), Err(PaperRefusal::Unapproved));
    for (_, seed) in MEMBERS {
        file.say(Stance::Approves, "", &seal(seed), NOW).expect("it is asked");
    }
    let missing = vec![newcomer.fields.code];
    assert_eq!(file.check_complete(&newcomer), Err(PaperRefusal::PartlyApproved { missing }));
    file.say(Stance::Approves, "", &seal(4), NOW).expect("it is asked");
    assert_eq!(file.check_complete(&newcomer), Ok(()));
    assert_eq!(
        file.check_complete(&card("150000", 9)),
        Err(PaperRefusal::OtherSealKey { member: newcomer.fields.code })
    );
}

#[test]
fn what_cannot_come_into_force_is_not_joined() {
    let named = |proposal: &mut Proposal| proposal.members.push("150000.member.toml".into());
    let with_quorum = |proposal: &mut Proposal| {
        named(proposal);
        proposal.quorum = Some(3);
    };
    let newcomer = card("150000", 4);
    let mut file = amend(with_quorum, vec![newcomer.clone()]).expect("lawful");
    file.say(Stance::Declines, "", &seal(MEMBERS[0].1), NOW).expect("it is asked");
    assert_eq!(file.check_complete(&newcomer), Err(PaperRefusal::NotToCome));
}
