//! Tokens: what is refused, what stays known, and what an entry tells of deeds.

use xietong_proto::crypto::SecretKey;
use xietong_proto::entry::{Authority, Draft};

use super::*;
use crate::systems::doors::{self, By, Command, Deed, Refusal, Role, SYSTEM, Token, TokenHash};

const NOW: Millis = Millis(1_000);

fn made(name: &str, until: u64) -> Command {
    let (name, until, hash) = (name.to_owned(), Millis(until), TokenHash([9; 32]));
    Command::Make(Token { name, role: Role::Registrar, until, hash, is_revoked: false })
}

fn revoked(name: &str) -> Command {
    Command::Revoke { name: name.to_owned() }
}

fn give(bench: &mut Bench, command: Command) -> Result<(), Refusal> {
    let record = doors::decide(&bench.rows, NOW, command)?;
    bench.fold(Stream::local(me(), SYSTEM), &[record]);
    Ok(())
}

#[test]
fn a_token_is_made_once_and_its_name_is_never_used_again() {
    let mut bench = Bench::new();
    let name = "oa".to_owned();
    assert_eq!(give(&mut bench, made("oa", 2_000)), Ok(()));
    assert_eq!(give(&mut bench, made("oa", 2_000)), Err(Refusal::TokenNameTaken { name: name.clone() }));
    assert_eq!(give(&mut bench, revoked("oa")), Ok(()));
    assert_eq!(give(&mut bench, revoked("oa")), Err(Refusal::NoSuchToken { name: name.clone() }));
    assert_eq!(give(&mut bench, made("oa", 2_000)), Err(Refusal::TokenNameTaken { name }));
    let known = doors::tokens(&bench.rows);
    assert!(matches!(&known[..], [token] if token.is_revoked && token.role == Role::Registrar), "{known:?}");
}

#[test]
fn each_token_that_makes_no_sense_is_refused_by_name() {
    let mut bench = Bench::new();
    for name in ["", "OA", "a b", "a/b", "é", &"x".repeat(33)] {
        assert_eq!(give(&mut bench, made(name, 2_000)), Err(Refusal::TokenName { name: name.to_owned() }));
    }
    assert_eq!(give(&mut bench, made("oa", 1_000)), Err(Refusal::TokenOverAlready { until: NOW }));
    assert_eq!(give(&mut bench, revoked("oa")), Err(Refusal::NoSuchToken { name: "oa".to_owned() }));
    for number in 0..1_000 {
        assert_eq!(give(&mut bench, made(&number.to_string(), 2_000)), Ok(()));
    }
    assert_eq!(give(&mut bench, made("oa", 2_000)), Err(Refusal::TooManyTokens { tokens_max: 1_000 }));
}

#[test]
fn nobody_elses_stream_makes_a_token() {
    let mut bench = Bench::new();
    let record = doors::decide(&bench.rows, NOW, made("oa", 2_000)).expect("nothing is against it");
    bench.fold(Stream::shared(AGREEMENT, me(), SYSTEM), std::slice::from_ref(&record));
    bench.fold(Stream::local(me(), System::VEHICLES), &[record]);
    assert_eq!(doors::tokens(&bench.rows), []);
}

#[test]
fn an_entry_tells_its_deeds_with_the_start_of_a_long_subject() {
    let deed = |subject: &str| Deed {
        by: By::User { uid: 7 },
        act: "withdraw".to_owned(),
        subject: subject.to_owned(),
        request: 1,
        refused: None,
    };
    let stream = Stream::local(me(), SYSTEM);
    let under = Authority { epoch: Epoch(0), manifest: ManifestId::ZERO, card: CardNumber(1) };
    let records = [deed("x").record(), deed(&"长".repeat(900)).record()];
    let draft = Draft::new(stream, stream.origin(), under, NOW, &[1; 32], &records);
    let entry = draft.sign(&SecretKey::from_bytes(&[2; 32]));
    let told = doors::deeds(&entry);
    assert_eq!((told[0].position, told[0].time, &told[0].deed), (Position(1), NOW, &deed("x")));
    assert_eq!(told[1].deed.subject.chars().count(), 200);
}
