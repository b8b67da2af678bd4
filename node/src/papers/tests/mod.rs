//! Papers of three members: what is read, approved, merged and completed, and one line for every refusal.

mod amendments;

use std::collections::BTreeMap;

use xietong_proto::card::{Card, CardFields};
use xietong_proto::crypto::SecretKey;
use xietong_proto::id::*;
use xietong_proto::manifest::{Manifest, ManifestFields, Scope};
use xietong_proto::opinion::Stance;
use xietong_proto::reject::Reject;

use super::PaperRefusal;
use super::agreement::AgreementFile;
use super::card::{CardFile, issue, next};
use super::copy::LevelName;
use super::exact::{Exact, Signing};
use super::proposal::{Proposal, ProposalRefusal};
use crate::calendar;

const NOW: Millis = Millis(1_795_536_000_000);
const MEMBERS: [(&str, u8); 3] = [("210000", 3), ("220000", 2), ("230000", 1)];

fn seal(seed: u8) -> SecretKey {
    SecretKey::from_bytes(&[seed; 32])
}

fn fields(code: &str, seed: u8) -> CardFields {
    CardFields {
        number: CardNumber(1),
        code: code.parse().expect("the test uses member codes"),
        name: format!("{code} 机关事务管理局"),
        uscc: "11230000000120010Q".into(),
        seal_key: seal(seed).public(),
        entry_key: seal(seed + 100).public(),
        transport_keys: vec![PeerId([seed; 32])],
        addresses: vec!["/ip4/203.0.113.23/udp/4101/quic-v1".into()],
        telephone: "0451-5555 \"总机\"".into(),
        issued: NOW,
    }
}

fn card(code: &str, seed: u8) -> Card {
    Card::sign(fields(code, seed), &seal(seed)).expect("the fields are lawful")
}

fn cards() -> Vec<Card> {
    MEMBERS.into_iter().map(|(code, seed)| card(code, seed)).collect()
}

fn proposal() -> Proposal {
    let example = include_str!("../../../../config/agreement.example.toml");
    Proposal::read(example).expect("the example is a proposal")
}

fn agreement() -> AgreementFile {
    proposal().draw_up(cards(), NOW, [7; 16]).expect("the proposal is lawful")
}

fn code(member: usize) -> MemberCode {
    MEMBERS[member].0.parse().expect("the test uses member codes")
}

/// The agreement as these members have approved it.
fn approved_by(members: &[usize]) -> AgreementFile {
    members.iter().fold(agreement(), |mut file, member| {
        file.say(Stance::Approves, "", &seal(MEMBERS[*member].1), NOW).expect("it is a member");
        file
    })
}

/// The manifest of the example with something changed.
fn manifest(change: impl FnOnce(&mut ManifestFields)) -> Manifest {
    let mut fields = agreement().manifest().fields.clone();
    change(&mut fields);
    Manifest::new(fields).expect("the change is lawful")
}

#[test]
fn papers_are_read_as_they_were_written() {
    let card = CardFile(card("230000", 1));
    assert_eq!(CardFile::read(&card.write()), Ok(card));
    for members in [&[][..], &[1], &[2, 0], &[0, 1, 2]] {
        let file = approved_by(members);
        assert_eq!(AgreementFile::read(&file.write()), Ok(file));
    }
}

#[test]
fn fingerprints_are_stable() {
    assert_eq!(card("230000", 1).fingerprint(), "8844 0820 4891 1368 4951");
    assert_eq!(agreement().manifest().fingerprint(), "8467 3840 7055 0744 9075");
    assert_eq!(approved_by(&[0, 1, 2]).manifest().fingerprint(), agreement().manifest().fingerprint());
}

#[test]
fn a_card_is_issued_anew_only_if_it_says_something_else() {
    let first = card("230000", 1);
    assert_eq!(next(None, fields("230000", 1)), Some(first.fields.clone()));
    let later = CardFields { issued: Millis(NOW.0 + 1), ..fields("230000", 1) };
    assert_eq!(next(Some(&first), later.clone()), None);
    let moved = CardFields { addresses: Vec::new(), ..later };
    let second = next(Some(&first), moved).expect("it says something else");
    let second = issue(second, &seal(1)).expect("the fields are lawful");
    assert_eq!((second.fields.number, second.fields.issued), (CardNumber(2), Millis(NOW.0 + 1)));
}

#[test]
fn an_agreement_is_complete_when_all_have_approved() {
    let me = card("230000", 1);
    let refusal = |members: &[usize]| approved_by(members).check_complete(&me).unwrap_err();
    let partly = |missing: &[usize]| PaperRefusal::PartlyApproved {
        missing: missing.iter().map(|member| code(*member)).collect(),
    };
    assert_eq!(refusal(&[]), PaperRefusal::Unapproved);
    assert_eq!(refusal(&[0]), partly(&[1, 2]));
    assert_eq!(refusal(&[1]), partly(&[0, 2]));
    assert_eq!(refusal(&[2]), partly(&[0, 1]));
    assert_eq!(refusal(&[0, 1]), partly(&[2]));
    assert_eq!(refusal(&[0, 2]), partly(&[1]));
    assert_eq!(refusal(&[1, 2]), partly(&[0]));
    let complete = approved_by(&[2, 0, 1]);
    assert_eq!(complete.check_complete(&me), Ok(()));
    assert_eq!(complete.cards, cards());
    let said = complete.epochs.opinions(complete.epochs.newest().id());
    let members: Vec<_> = said.map(|opinion| opinion.fields.member).collect();
    assert_eq!(members, [code(0), code(1), code(2)]);
}

#[test]
fn approvals_given_in_parallel_are_merged_in_any_order() {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        let mut file = agreement();
        for member in order {
            file.merge(approved_by(&[member])).expect("they are about one manifest");
        }
        assert_eq!(file, approved_by(&[0, 1, 2]), "{order:?}");
    }
}

#[test]
fn a_second_approval_changes_nothing() {
    let mut file = approved_by(&[0]);
    file.say(Stance::Approves, "", &seal(3), Millis(NOW.0 + 1)).expect("it is a member");
    assert_eq!(file, approved_by(&[0]));
}

#[test]
fn only_a_member_approves_and_joins() {
    let stranger: MemberCode = "150000".parse().expect("a member code");
    let not_a_member = PaperRefusal::NotAMember { member: stranger };
    let other_seal = PaperRefusal::OtherSealKey { member: code(2) };
    let stranger = agreement().say(Stance::Approves, "", &seal(9), NOW);
    assert_eq!(stranger, Err(PaperRefusal::SealNotNamed));
    let complete = approved_by(&[0, 1, 2]);
    assert_eq!(complete.check_complete(&card("150000", 4)), Err(not_a_member));
    assert_eq!(complete.check_complete(&card("230000", 9)), Err(other_seal));
}

#[test]
fn only_copies_of_one_agreement_are_merged() {
    let other = proposal().draw_up(cards(), NOW, [8; 16]).expect("the proposal is lawful");
    let refusal = agreement().merge(other.clone()).unwrap_err();
    let (first, other) = (agreement().manifest().fingerprint(), other.manifest().fingerprint());
    assert_eq!(refusal, PaperRefusal::OtherAgreement { first, other });
}

#[test]
fn every_altered_line_of_a_readable_copy_is_named() {
    let text = approved_by(&[1]).write();
    let copy = text.split("[exact]").next().expect("there is a copy before the bytes");
    let altered =
        |line: &str| text.replacen(line, &line.replacen("= ", "= 9", 1).replacen("9\"", "\"9", 1), 1);
    let fields = copy.lines().filter(|line| line.contains(" = "));
    let mut count = 0;
    for line in fields {
        let refusal = AgreementFile::read(&altered(line)).unwrap_err();
        let PaperRefusal::CopyDiffers(difference) = refusal else { panic!("{line}: {refusal:?}") };
        let key = line.split(" = ").next().expect("it is a key and a value");
        assert!(difference.field.ends_with(key), "{line}: {difference:?}");
        count += 1;
    }
    assert!(count > 25, "{count}");
}

#[test]
fn a_line_left_out_or_added_is_named() {
    let text = CardFile(card("230000", 1)).write();
    let differing = |text: String| match CardFile::read(&text) {
        Err(PaperRefusal::CopyDiffers(difference)) => difference.field,
        other => panic!("{other:?}"),
    };
    assert_eq!(differing(text.replacen("code = \"230000\"\n", "", 1)), "card.code");
    assert_eq!(differing(text.replacen("[card]\n", "[card]\nbank = \"1\"\n", 1)), "card.bank");
    assert_eq!(differing(text.replacen("[card]\n", "[other]\n[card]\n", 1)), "other");
}

/// How a file was altered, and what it is refused for.
#[test]
fn each_altered_file_is_refused_by_name() {
    let whole = approved_by(&[0, 1, 2]).write();
    let exact = |change: &dyn Fn(&mut Exact)| {
        let file = approved_by(&[0, 1, 2]);
        let mut exact = Exact::of(&file.epochs, file.epochs.manifests(), file.cards.iter());
        change(&mut exact);
        let lines = whole.split("[exact]").next().expect("there is a copy before the bytes").to_owned();
        lines + &toml::to_string(&BTreeMap::from([("exact", exact)])).expect("texts and lists")
    };
    let bad_signature =
        |part: &str| PaperRefusal::Unlawful { part: part.into(), reject: Reject::BadSignature };
    let scoped = |fields: &mut ManifestFields| {
        fields.scope.insert(0, Scope { system: System::INSTITUTIONS, profile: 1, rules_version: 1 });
    };
    let replaced = |exact: &mut Exact, manifest: Manifest| {
        exact.signings[0] = Signing { manifest: hex::encode(manifest.bytes()), opinions: Vec::new() };
    };
    let with_card = |at: usize, card: Card| exact(&|exact| exact.cards[at] = hex::encode(card.bytes()));
    let first = "exact.signings[0].manifest";
    let orphan = |fields: &mut ManifestFields| {
        fields.epoch = Epoch(2);
        fields.predecessor = Some(ManifestId([1; 32]));
    };
    let predecessor = Reject::BadField { field: "manifest.predecessor".into() };
    let other = Reject::BadField { field: "opinion.manifest".into() };
    let table = [
        ("a file without bytes", "title = \"x\"".to_owned(), None),
        ("no version at all", exact(&|exact| exact.signings.clear()), Some(PaperRefusal::NoManifest)),
        (
            "a manifest that is no hex",
            exact(&|exact| exact.signings[0].manifest = "xyz".into()),
            Some(not_hex(first)),
        ),
        (
            "a manifest cut short",
            exact(&|exact| exact.signings[0].manifest = "0801".into()),
            Some(bad_field()),
        ),
        (
            "a later version without the one before it",
            exact(&|exact| replaced(exact, manifest(orphan))),
            Some(PaperRefusal::Unlawful { part: first.into(), reject: predecessor }),
        ),
        (
            "institutions in scope",
            exact(&|exact| replaced(exact, manifest(scoped))),
            Some(PaperRefusal::StaysAtHome { system: System::INSTITUTIONS }),
        ),
        (
            "a card of nobody",
            with_card(2, card("150000", 4)),
            Some(PaperRefusal::CardNotNamed { member: "150000".parse().expect("a code") }),
        ),
        (
            "another card of a member",
            with_card(2, card("230000", 9)),
            Some(PaperRefusal::CardNotNamed { member: code(2) }),
        ),
        (
            "no card of a member",
            exact(&|exact| drop(exact.cards.remove(1))),
            Some(PaperRefusal::CardMissing { member: code(1) }),
        ),
        (
            "another name than on the card",
            exact(&|exact| replaced(exact, manifest(|fields| fields.members[2].name = "x".into()))),
            Some(PaperRefusal::CardContradicts { member: code(2) }),
        ),
        (
            "a card with another signature",
            exact(&|exact| flip_last(&mut exact.cards[2])),
            Some(bad_signature("exact.cards[2]")),
        ),
        (
            "an approval with another signature",
            exact(&|exact| flip_last(&mut exact.signings[0].opinions[2].opinion)),
            Some(bad_signature("exact.signings[0].opinions[2]")),
        ),
        (
            "approvals of another manifest",
            exact(&|exact| {
                let other = manifest(|fields| fields.nonce = [8; 16]);
                exact.signings[0].manifest = hex::encode(other.bytes());
            }),
            Some(PaperRefusal::Unlawful { part: "exact.signings[0].opinions[0]".into(), reject: other }),
        ),
    ];
    for (how, text, refusal) in table {
        let refused = AgreementFile::read(&text).unwrap_err();
        match refusal {
            Some(refusal) => assert_eq!(refused, refusal, "{how}"),
            None => assert!(matches!(refused, PaperRefusal::PaperForm { .. }), "{how}: {refused:?}"),
        }
    }
}

fn not_hex(part: &str) -> PaperRefusal {
    PaperRefusal::NotHex { part: part.to_owned() }
}

fn bad_field() -> PaperRefusal {
    let reject = Reject::BadField { field: "manifest.suite".into() };
    PaperRefusal::Unlawful { part: "exact.signings[0].manifest".into(), reject }
}

/// Flips the last hexadecimal digit: the last byte of a signature.
fn flip_last(digits: &mut String) {
    let last = if digits.ends_with('0') { "1" } else { "0" };
    digits.replace_range(digits.len() - 1.., last);
}

#[test]
fn each_bad_proposal_is_refused_by_name() {
    type Change = fn(&mut Proposal);
    let refusal = |change: Change, cards: Vec<Card>| {
        let mut proposal = proposal();
        change(&mut proposal);
        proposal.draw_up(cards, NOW, [7; 16]).unwrap_err()
    };
    use ProposalRefusal::*;
    let systems: [(&[&str], ProposalRefusal); 5] = [
        (&["assets", "cars"], UnknownSystem { name: "cars".into() }),
        (&["institutions"], StaysAtHome { system: System::INSTITUTIONS }),
        (&["drivers"], StaysAtHome { system: System::DRIVERS }),
        (&["assets", "assets"], SystemTwice { name: "assets".into() }),
        (&[], NoSystem),
    ];
    for (names, expected) in systems {
        let systems = names.iter().map(|name| (*name).to_owned()).collect();
        let proposal = Proposal { systems, ..proposal() };
        assert_eq!(proposal.draw_up(cards(), NOW, [7; 16]), Err(expected));
    }
    let unchanged: Change = |_| ();
    let one = vec![card("230000", 1)];
    assert_eq!(refusal(unchanged, one), MemberCount { count: 1, count_max: 64 });
    let twice = vec![card("230000", 1), card("230000", 9)];
    assert_eq!(refusal(unchanged, twice), MemberTwice { member: code(2) });
    let one_seal = vec![card("230000", 1), card("220000", 1)];
    assert_eq!(refusal(unchanged, one_seal), SealKeyTwice { first: code(2), second: code(1) });
    let out_of_range = |quorum| QuorumOutOfRange { quorum, quorum_min: 2, quorum_max: 3 };
    assert_eq!(refusal(|proposal| proposal.quorum = Some(1), cards()), out_of_range(1));
    assert_eq!(refusal(|proposal| proposal.quorum = Some(4), cards()), out_of_range(4));
    for text in ["2030-02-30", "2030/12/31", "", "9999-12-31", "1969-01-01"] {
        let proposal = Proposal { until: text.into(), ..proposal() };
        let expected = DateForm { text: text.into() };
        assert_eq!(proposal.draw_up(cards(), NOW, [7; 16]), Err(expected), "{text}");
    }
    let over: Change = |proposal| proposal.until = "2026-11-24".into();
    assert_eq!(refusal(over, cards()), OverAlready { until: "2026-11-24".into() });
    let by_code: Change = |proposal| proposal.members.push("150000".into());
    assert_eq!(refusal(by_code, cards()), NoMemberYet { member: "150000".parse().expect("a code") });
    let untitled = Reject::BadField { field: "manifest.title".into() };
    assert_eq!(refusal(|proposal| proposal.title.clear(), cards()), UnlawfulProposal { reject: untitled });
    let form = Proposal::read("title = \"x\"\nbank = 1").unwrap_err();
    assert!(matches!(form, ProposalForm { line: 2, .. }), "{form:?}");
}

#[test]
fn an_agreement_ends_with_its_last_day() {
    let fields = agreement().manifest().fields.clone();
    assert_eq!(calendar::stamp(fields.valid_until), "2042-01-01T00:00:00.000+08:00");
    assert_eq!(
        (fields.valid_from, fields.quorum, LevelName::of(fields.level)),
        (NOW, 2, LevelName::Provinces)
    );
}

#[test]
fn members_and_systems_stand_in_their_order_whatever_the_order_given() {
    let mut reversed = cards();
    reversed.reverse();
    let mut proposal = proposal();
    proposal.systems.reverse();
    assert_eq!(proposal.draw_up(reversed, NOW, [7; 16]), Ok(agreement()));
}
