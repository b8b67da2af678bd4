//! The command line, run in this process: what it makes, what it refuses, with which exit code.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use clap::{CommandFactory, Parser};
use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

use super::context::{read_agreement, read_card};
use super::{Answer, Cli};
use crate::config::TEMPLATE;
use crate::failure::{Exit, Failure};
use crate::systems::Kind;
use crate::systems::template::template;

const MEMBERS: [(&str, &str); 3] =
    [("230000", "11230000000120010Q"), ("220000", "11230000000123457Y"), ("210000", "112300000000002970")];

/// Commands that use a seal key get its passphrase unless the test names another.
fn run(arguments: &[&str]) -> Result<Answer, Failure> {
    let passphrase = passphrase_file();
    let seals = [&["init"][..], &["member", "card"], &["member", "reseal"], &["agreement", "approve"]];
    let is_given = arguments.contains(&"--passphrase-file");
    let asks = !is_given && seals.iter().any(|words| arguments.starts_with(words));
    let words = if asks { vec!["--passphrase-file", &passphrase] } else { Vec::new() };
    let whole = ["xietong", "--lang", "en"].iter().chain(arguments).chain(&words);
    Cli::try_parse_from(whole).expect("the test gives proper arguments").run().1
}

/// With the passphrase of all seal keys here; kept until the process ends.
fn passphrase_file() -> String {
    static FILE: LazyLock<NamedTempFile> = LazyLock::new(|| {
        let mut file = NamedTempFile::new().expect("a temporary file");
        file.write_all("correct horse\n".as_bytes()).expect("it can be written");
        file
    });
    FILE.path().to_str().expect("temporary files have plain names").to_owned()
}

fn answer(arguments: &[&str]) -> Answer {
    run(arguments).unwrap_or_else(|failure| panic!("{arguments:?}: {failure:?}"))
}

/// The code and exit code of a failure.
fn refusal(arguments: &[&str]) -> (String, Exit) {
    let failure = run(arguments).expect_err("the command has to fail");
    let json = serde_json::to_value(&failure).expect("a failure is JSON");
    (json["code"].as_str().expect("each failure has a code").to_owned(), failure.exit())
}

/// Three members, each with a home and a card file.
struct Offices(TempDir);

impl Offices {
    fn open() -> Self {
        let offices = Self(tempfile::tempdir().expect("a temporary folder"));
        for (code, uscc) in MEMBERS {
            let home = offices.path(code);
            let name = format!("{code} 机关事务管理局");
            answer(&["init", "--home", &home, "--code", code, "--name", &name, "--uscc", uscc]);
            let card = answer(&["member", "card", "--home", &home]).text;
            offices.write(&format!("{code}.member.toml"), &card);
        }
        offices
    }

    fn path(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        path.to_str().expect("temporary folders have plain names").to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).expect("the folder is ours");
        path
    }

    fn replace(&self, name: &str, from: &str, to: &str) -> String {
        let text = self.read(name);
        assert!(text.contains(from), "{name} does not contain {from}");
        self.write(name, &text.replacen(from, to, 1))
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("it was written before")
    }

    fn draw_up(&self, out: &str) -> String {
        let cards = MEMBERS.map(|(code, _)| self.path(&format!("{code}.member.toml")));
        let out = self.path(out);
        let mut arguments = vec!["agreement", "new", "--title", "协同", "--systems", "vehicles,energy"];
        cards.iter().for_each(|card| arguments.extend(["--member", card]));
        arguments.extend(["--until", "2041-12-31", "--out", &out]);
        answer(&arguments);
        out
    }

    fn approve(&self, file: &str, code: &str) -> Answer {
        answer(&["agreement", "approve", file, "--yes", "--home", &self.path(code)])
    }
}

#[test]
fn the_arguments_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_register_has_a_command_in_both_languages() {
    for kind in Kind::ALL {
        let file = answer(&[kind.noun(), "template", "--example"]).text;
        assert_eq!(file, template(kind, false, true));
        let named = |command: &&clap::Command| command.get_name() == kind.noun();
        let cli = Cli::command();
        let about = cli.get_subcommands().find(named).and_then(clap::Command::get_about).expect("its words");
        assert!(about.to_string().contains(" · "), "{about}: in both languages");
    }
}

#[test]
fn three_members_draw_up_approve_and_merge_an_agreement() {
    let offices = Offices::open();
    let drawn_up = offices.draw_up("a.toml");
    let copies = MEMBERS.map(|(code, _)| {
        let copy = offices.write(&format!("{code}.toml"), &offices.read("a.toml"));
        let answer = offices.approve(&copy, code);
        assert_eq!(answer.json["is_complete"], false);
        copy
    });
    let [first, second, third] = &copies;
    let merged = answer(&["agreement", "merge", first, second, third]);
    assert_eq!(merged.json["is_complete"], true);
    let complete = offices.write("complete.toml", &merged.text);
    let me = read_card(Path::new(&offices.path("230000.member.toml"))).expect("it is a card");
    let joined = read_agreement(Path::new(&complete)).expect("it is an agreement");
    assert_eq!(joined.check_complete(&me), Ok(()));
    assert_eq!(joined.epochs.standing().newest(), Some(joined.manifest().id()));
    let shown = answer(&["agreement", "show", &drawn_up]).text;
    assert!(shown.contains("Not yet approved by: 210000, 220000, 230000."), "{shown}");
    assert!(shown.contains("never a leader's"), "{shown}");
}

#[test]
fn a_second_approval_leaves_the_file() {
    let offices = Offices::open();
    let file = offices.draw_up("a.toml");
    offices.approve(&file, "230000");
    let before = offices.read("a.toml");
    let again = offices.approve(&file, "230000").text;
    assert_eq!((again.contains("before"), offices.read("a.toml")), (true, before));
}

#[test]
fn a_proposal_names_its_cards_beside_itself() {
    let offices = Offices::open();
    let example = include_str!("../../../config/agreement.example.toml");
    let proposal = offices.write("proposal.toml", example);
    let drawn_up = answer(&["agreement", "new", "--from", &proposal, "--json"]);
    let file = offices.write("b.toml", drawn_up.json["paper"].as_str().expect("the file is in the answer"));
    assert_eq!(read_agreement(Path::new(&file)).expect("it is an agreement").cards.len(), 3);
}

#[test]
fn a_card_is_the_same_until_the_configuration_says_something_else() {
    let offices = Offices::open();
    let home = offices.path("230000");
    let card = || answer(&["member", "card", "--home", &home]);
    let first = card();
    assert!(first.note.as_ref().is_some_and(|note| note.contains("announce")), "{first:?}");
    assert_eq!(first.text, offices.read("230000.member.toml"));
    assert_eq!(offices.read("230000/card.toml"), first.text);
    offices.replace("230000/config.toml", "announce = []", "announce = [\"/ip4/10.0.0.1/tcp/4101\"]");
    let second = card();
    assert!(second.text.contains("number = 2"), "{}", second.text);
    assert_eq!((card().text, card().note), (second.text, None));
}

#[test]
fn a_card_is_shown_with_its_fingerprint_in_five_groups_of_four() {
    let offices = Offices::open();
    let file = offices.path("230000.member.toml");
    let shown = answer(&["member", "show", &file]);
    let fingerprint = shown.json["fingerprint"].as_str().expect("it is text").to_owned();
    let groups: Vec<_> =
        fingerprint.split(' ').map(|group| group.parse::<u16>().map(|_| group.len())).collect();
    assert_eq!(groups, vec![Ok(4); 5]);
    assert!(shown.text.contains(&fingerprint));
}

#[test]
fn the_default_configuration_is_the_file_in_config() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config/node.toml");
    let text = fs::read_to_string(file).expect("it is part of the source");
    assert_eq!(answer(&["config", "default"]).text, text);
    assert_eq!(TEMPLATE, text);
}

#[test]
fn a_new_node_has_the_default_configuration_with_its_identity() {
    let offices = Offices::open();
    let home = offices.path("230000");
    let checked: Value = answer(&["config", "check", "--home", &home]).json;
    assert_eq!(
        (checked["code"].as_str(), checked["sync"]["heads_interval_s"].as_u64()),
        (Some("230000"), Some(5))
    );
    let text = offices.read("230000/config.toml");
    let differing = text.lines().zip(TEMPLATE.lines()).filter(|(own, default)| own != default);
    assert_eq!((differing.count(), text.lines().count()), (3, TEMPLATE.lines().count()));
}

#[test]
fn init_overwrites_nothing() {
    let offices = Offices::open();
    let home = offices.path("230000");
    let files = ["230000/config.toml", "230000/keys/seal.key", "230000/card.toml"];
    let before = files.map(|file| offices.read(file));
    let again = ["init", "--home", &home, "--code", "230000", "--name", "x", "--uscc", "11230000000120010Q"];
    assert_eq!(refusal(&again), ("HomeOccupied".into(), Exit::Refused));
    fs::remove_file(offices.path("230000/config.toml")).expect("ours");
    assert_eq!(refusal(&again), ("HomeOccupied".into(), Exit::Refused));
    assert_eq!(files[1..].iter().map(|file| offices.read(file)).collect::<Vec<_>>(), before[1..]);
}

#[test]
fn init_with_a_bad_identity_makes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = folder.path().join("home");
    let home = home.to_str().expect("temporary folders have plain names");
    let bad = ["init", "--home", home, "--code", "23 0000", "--name", "x", "--uscc", "11230000000120010Q"];
    assert_eq!(refusal(&bad), ("BadValue".into(), Exit::Refused));
    assert!(!Path::new(home).exists());
    let long = format!("{home}/{}", "h".repeat(100));
    let long = ["init", "--home", &long, "--code", "230000", "--name", "x", "--uscc", "11230000000120010Q"];
    assert_eq!(refusal(&long), ("SocketPathTooLong".into(), Exit::Refused));
    assert!(!Path::new(home).exists());
}

#[test]
fn each_refusal_has_its_code_and_exit_code() {
    let offices = Offices::open();
    let (home, nowhere) = (offices.path("230000"), offices.path("nowhere"));
    let file = offices.draw_up("a.toml");
    let other = offices.draw_up("b.toml");
    let altered = offices
        .write("altered.toml", &offices.read("a.toml").replacen("title = \"协同\"", "title = \"协作\"", 1));
    let foreign = offices.path("stranger");
    answer(&["init", "--home", &foreign, "--code", "150000", "--name", "x", "--uscc", "11230000000120010Q"]);
    let impostor = offices.path("impostor");
    answer(&["init", "--home", &impostor, "--code", "230000", "--name", "x", "--uscc", "11230000000120010Q"]);
    let card = offices.path("230000.member.toml");
    let table: [(&[&str], &str, Exit); 12] = [
        (&["config", "check", "--home", &nowhere], "NoConfig", Exit::Refused),
        (&["member", "show", &nowhere], "File", Exit::Refused),
        (&["member", "show", &home], "File", Exit::Machine),
        (&["member", "show", &file], "PaperForm", Exit::Refused),
        (&["agreement", "show", &altered], "CopyDiffers", Exit::Refused),
        (&["agreement", "approve", &altered, "--yes", "--home", &home], "CopyDiffers", Exit::Refused),
        (&["agreement", "approve", &file, "--yes", "--home", &foreign], "SealNotNamed", Exit::Refused),
        (&["agreement", "approve", &file, "--yes", "--home", &impostor], "SealNotNamed", Exit::Refused),
        (&["agreement", "merge", &file, &other], "OtherAgreement", Exit::Refused),
        (
            &[
                "agreement",
                "new",
                "--title",
                "x",
                "--member",
                &card,
                "--systems",
                "assets",
                "--until",
                "2041-12-31",
            ],
            "MemberCount",
            Exit::Refused,
        ),
        (
            &[
                "agreement",
                "new",
                "--title",
                "x",
                "--member",
                &card,
                "--systems",
                "institutions",
                "--until",
                "2041-12-31",
            ],
            "StaysAtHome",
            Exit::Refused,
        ),
        (&["agreement", "new", "--from", &nowhere], "File", Exit::Refused),
    ];
    for (arguments, code, exit) in table {
        assert_eq!(refusal(arguments), (code.to_owned(), exit), "{arguments:?}");
    }
}

#[test]
fn damage_at_home_is_refused_by_name() {
    let offices = Offices::open();
    let home = offices.path("230000");
    let card = ["member", "card", "--home", &home];
    offices.write("230000/keys/seal.key", "00");
    assert_eq!(refusal(&card), ("SealDamaged".into(), Exit::Refused));
    offices.write("230000/keys/entry.key", "00");
    assert_eq!(refusal(&card), ("KeyForm".into(), Exit::Refused));
    offices.replace("230000/config.toml", "[socket]", "[sockets]");
    assert_eq!(refusal(&card), ("UnknownKey".into(), Exit::Refused));
    offices.replace("230000/card.toml", "number = 1", "number = 7");
    assert_eq!(refusal(&card), ("CopyDiffers".into(), Exit::Refused));
}

#[test]
fn a_seal_on_a_medium_signs_without_a_home_of_its_own() {
    let offices = Offices::open();
    let (home, medium) = (offices.path("230000"), offices.path("medium.key"));
    fs::rename(offices.path("230000/keys/seal.key"), &medium).expect("ours");
    let file = offices.draw_up("a.toml");
    let nowhere = offices.path("nowhere");
    let approve = |home: &str| refusal(&["agreement", "approve", &file, "--yes", "--home", home]);
    assert_eq!(approve(&home), ("KeyMissing".into(), Exit::Refused));
    answer(&["agreement", "approve", &file, "--yes", "--home", &nowhere, "--seal", &medium]);
    let agreement = read_agreement(Path::new(&file)).expect("it was written");
    assert_eq!(agreement.missing().len(), 2);

    answer(&["member", "card", "--home", &home]);
    offices.replace("230000/config.toml", "telephone = \"\"", "telephone = \"0451-1\"");
    assert_eq!(refusal(&["member", "card", "--home", &home]), ("KeyMissing".into(), Exit::Refused));
    answer(&["member", "card", "--home", &home, "--seal", &medium]);
    let card = read_card(Path::new(&offices.path("230000/card.toml"))).expect("it was written");
    assert_eq!(card.fields.number.0, 2);
}

#[test]
fn a_wrong_short_or_missing_passphrase_signs_nothing() {
    let offices = Offices::open();
    let home = offices.path("230000");
    let file = offices.draw_up("a.toml");
    let before = offices.read("a.toml");
    let wrong = offices.write("wrong.txt", "battery staple");
    let short = offices.write("short.txt", "1234567");
    let nowhere = offices.path("nowhere");
    for (words, code) in [(&wrong, "WrongPassphrase"), (&short, "PassphraseShort"), (&nowhere, "File")] {
        let approve = ["agreement", "approve", &file, "--yes", "--home", &home, "--passphrase-file", words];
        assert_eq!(refusal(&approve), (code.to_owned(), Exit::Refused));
    }
    assert_eq!(offices.read("a.toml"), before);

    let relock = ["member", "passphrase", "--home", &home, "--new-passphrase-file", &wrong];
    let right = passphrase_file();
    answer(&[&relock[..], &["--passphrase-file", &right]].concat());
    assert_eq!(
        refusal(&["agreement", "approve", &file, "--yes", "--home", &home]),
        ("WrongPassphrase".into(), Exit::Refused)
    );
    answer(&["agreement", "approve", &file, "--yes", "--home", &home, "--passphrase-file", &wrong]);
}

#[test]
fn a_lost_seal_is_replaced_and_one_that_opens_is_not() {
    let offices = Offices::open();
    let home = offices.path("230000");
    let card = || read_card(Path::new(&offices.path("230000/card.toml"))).expect("a card").fields;
    let reseal = ["member", "reseal", "--yes", "--home", &home];
    let before = card();
    assert_eq!(refusal(&reseal), ("SealNotLost".into(), Exit::Refused));
    assert_eq!(card(), before);

    let new = offices.write("new.txt", "battery staple");
    let forgotten = [&reseal[..], &["--passphrase-file", &new]].concat();
    answer(&forgotten);
    let after = card();
    assert_eq!((after.number.0, after.entry_key), (2, before.entry_key));
    assert_eq!(after.transport_keys, before.transport_keys);
    assert_ne!(after.seal_key, before.seal_key);
    assert!(Path::new(&offices.path("230000/keys/seal.lost-1.key")).exists(), "it may be remembered");

    // As if it had been cut short between the new seal and the new card.
    fs::rename(offices.path("230000/cards/0001.member.toml"), offices.path("230000/card.toml"))
        .expect("ours");
    answer(&forgotten);
    assert_eq!(card().seal_key, after.seal_key);
    fs::remove_file(offices.path("230000/card.toml")).expect("ours");
    assert_eq!(refusal(&reseal), ("CardMissing".into(), Exit::Refused));
}

#[test]
fn keys_change_in_two_steps_and_a_step_cut_short_goes_on() {
    let offices = Offices::open();
    let home = offices.path("230000");
    let card = || read_card(Path::new(&offices.path("230000/card.toml"))).expect("a card").fields;
    let rotate = ["member", "card", "rotate", "--home", &home];
    let before = card();
    let (entry, next) = ("230000/keys/entry.key", "230000/keys/entry.next.key");
    let old_key = offices.read(entry);
    answer(&rotate);
    let first = card();
    assert_eq!((first.number.0, first.transport_keys.len()), (2, 2));
    assert_eq!(first.transport_keys[0], before.transport_keys[0], "the old one still opens connections");
    assert_ne!(first.entry_key, before.entry_key);

    // As if it had been cut short between the new card and the new key.
    fs::rename(offices.path(entry), offices.path(next)).expect("ours");
    fs::write(offices.path(entry), &old_key).expect("ours");
    fs::set_permissions(offices.path(entry), fs::Permissions::from_mode(0o600)).expect("ours");
    assert_eq!(refusal(&["run", "--home", &home]), ("KeyNotOnCard".into(), Exit::Refused));
    answer(&rotate);
    assert_eq!(card(), first);
    assert_ne!(offices.read(entry), old_key);

    answer(&rotate);
    let second = card();
    assert_eq!((second.number.0, second.entry_key), (3, first.entry_key));
    assert_eq!(second.transport_keys, first.transport_keys[1..]);
    answer(&["member", "card", "--home", &home]);
    assert_eq!(card(), second, "it says what the keys say");
    let earlier = ["0001", "0002"].map(|number| offices.path(&format!("230000/cards/{number}.member.toml")));
    assert!(earlier.iter().all(|path| Path::new(path).exists()), "what they signed is checked with them");
    assert!(!Path::new(&offices.path("230000/keys/transport.next.key")).exists());
}
