//! An agreement is changed between running nodes: versions and opinions travel by themselves, a member that was
//! removed hears nothing more, and one that slept through it all finds its way back.

use std::fs;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use xietong::cli::demo::data::{HEILONGJIANG, JILIN, LIAONING};
use xietong::cli::demo::province::{PASSPHRASE, Transport};
use xietong::http::client::{Client, ClientFailure};
use xietong::http::epochs::{Papers, Said};
use xietong::keys;
use xietong::keys::seal::Passphrase;
use xietong::papers::card::CardFile;
use xietong::papers::exact::Stated;
use xietong::replica::status::{AgreementState, AgreementStatus};
use xietong::systems::Kind;
use xietong_proto::id::*;
use xietong_proto::manifest::{Manifest, ManifestFields};
use xietong_proto::opinion::{Opinion, OpinionFields, Stance};
use xietong_proto::receipt::Holdings;

use crate::nodes::{Nodes, wait_until};

const ALL: [usize; 3] = [0, 1, 2];

#[test]
fn a_version_that_enough_approve_is_in_force_with_all_and_who_it_removes_hears_nothing_more() {
    let mut nodes = Nodes::make(Transport::Quic, &[HEILONGJIANG, JILIN, LIAONING], &[]);
    nodes.agree();
    ALL.into_iter().for_each(|place| nodes.start_and_join(place));
    [Kind::Institutions, Kind::Vehicles].into_iter().for_each(|kind| drop(nodes.import(2, kind)));
    nodes.await_equal(&ALL);

    // Another title: two of three are enough, and the third hears of it.
    let renamed = successor(&nodes, |_, fields| fields.title = "Renamed".to_owned());
    say(&nodes, 0, Some(&renamed), &renamed).expect("it is taken over");
    wait_until("the proposal is there", || status(&nodes, 1).manifests.len() == 2);
    assert_eq!(status(&nodes, 1).epoch, Epoch(1));
    say(&nodes, 1, None, &renamed).expect("it is taken over");
    wait_until("it is in force", || ALL.iter().all(|place| status(&nodes, *place).epoch == Epoch(2)));
    let again = say(&nodes, 0, None, &successor(&nodes, |_, _| {}));
    assert!(matches!(again, Err(ClientFailure::Problem(_))), "nobody has proposed it");

    // The third is removed: its stream ends where it stands, and later records do not reach it.
    let leaver = nodes.provinces[2].code();
    let removal = successor(&nodes, |papers, fields| {
        fields.members.retain(|member| member.code != leaver);
        fields.cuts = held(&nodes, papers, leaver);
    });
    say(&nodes, 0, Some(&removal), &removal).expect("it is taken over");
    wait_until("the proposal is there", || status(&nodes, 1).manifests.len() == 3);
    say(&nodes, 1, None, &removal).expect("it is taken over");
    wait_until("it has left", || status(&nodes, 2).state == AgreementState::Left);
    let before = nodes.digest(2);
    [Kind::Institutions, Kind::Vehicles].into_iter().for_each(|kind| drop(nodes.import(0, kind)));
    nodes.await_equal(&[0, 1]);
    assert_ne!(nodes.digest(0), before);
    assert_eq!(nodes.digest(2), before, "it keeps what it had, and no more comes");
    wait_until("no link stays", || status(&nodes, 2).peers.iter().all(|peer| !peer.is_linked));

    // Also after a start.
    nodes.provinces[0].kill();
    nodes.provinces[0].start().expect("it starts again");
    assert_eq!(status(&nodes, 0).epoch, Epoch(3));
    nodes.await_equal(&[0, 1]);
}

#[test]
fn who_slept_through_three_versions_while_all_others_changed_their_keys_finds_its_way_back() {
    const SLEEPER: usize = 1;
    for transport in [Transport::Quic, Transport::Tcp] {
        let mut nodes = Nodes::make(transport, &[HEILONGJIANG, JILIN, LIAONING], &[]);
        nodes.agree();
        ALL.into_iter().for_each(|place| nodes.start_and_join(place));
        [Kind::Institutions, Kind::Vehicles].into_iter().for_each(|kind| drop(nodes.import(2, kind)));
        nodes.await_equal(&ALL);
        nodes.provinces[SLEEPER].kill();

        for place in [0, 2] {
            rotate(&mut nodes, place);
            let renamed = successor(&nodes, |_, fields| fields.title = format!("Renamed {place}"));
            bring_into_force(&nodes, &renamed);
        }
        let code = nodes.provinces[2].code();
        let card = fs::read_to_string(nodes.provinces[2].home.join("card.toml")).expect("a card");
        let card = CardFile::read(&card).expect("a card").0;
        let restart = successor(&nodes, |papers, fields| {
            let named = fields.members.iter_mut().find(|member| member.code == code).expect("a member");
            (named.card, fields.restarts) = (card.id(), [code].into());
            fields.cuts = held(&nodes, papers, code);
        });
        bring_into_force(&nodes, &restart);
        [Kind::Institutions, Kind::Vehicles].into_iter().for_each(|kind| drop(nodes.import(0, kind)));

        nodes.provinces[SLEEPER].start().expect("it starts again");
        wait_until("it goes by the newest version", || status(&nodes, SLEEPER).epoch == Epoch(4));
        nodes.await_equal(&ALL);
    }
}

#[test]
fn who_slept_through_an_admission_and_new_keys_of_another_is_equal_again_when_it_wakes() {
    const SLEEPER: usize = 1;
    const NEWCOMER: usize = 2;
    let registers = [Kind::Institutions, Kind::Vehicles];
    let mut nodes = Nodes::make(Transport::Quic, &[HEILONGJIANG, JILIN, LIAONING], &[]);
    nodes.agree_on("agreement.toml", "Test", &[0, SLEEPER], "assets,vehicles");
    [0, SLEEPER].into_iter().for_each(|place| nodes.start_and_join(place));
    registers.into_iter().for_each(|kind| drop(nodes.import(SLEEPER, kind)));
    nodes.await_equal(&[0, SLEEPER]);

    // It has approved the newcomer, and sees neither that it came nor whom the other is now.
    nodes.propose_to_admit(0, &[SLEEPER], NEWCOMER);
    nodes.provinces[SLEEPER].kill();
    nodes.provinces[NEWCOMER].start().expect("it starts");
    nodes.admit(0, NEWCOMER);
    wait_until("it is in force", || status(&nodes, 0).epoch == Epoch(2));
    rotate(&mut nodes, 0);
    for place in [0, NEWCOMER] {
        registers.into_iter().for_each(|kind| drop(nodes.import(place, kind)));
    }

    nodes.provinces[SLEEPER].start().expect("it starts again");
    wait_until("it goes by the newest version", || status(&nodes, SLEEPER).epoch == Epoch(2));
    let authors = |place: usize| {
        let authors = status(&nodes, place).streams.into_iter().map(|stream| stream.author);
        authors.collect::<std::collections::BTreeSet<_>>().len()
    };
    wait_until("it has heard of all", || ALL.iter().all(|place| authors(*place) == ALL.len()));
    nodes.await_equal(&ALL);
}

/// New keys in two steps, with a restart after each.
fn rotate(nodes: &mut Nodes, place: usize) {
    for _ in 0..2 {
        nodes.provinces[place].give(&["member", "card", "rotate"]).expect("a card");
        nodes.provinces[place].kill();
        nodes.provinces[place].start().expect("it starts again");
        let linked = |nodes: &Nodes| status(nodes, place).peers.iter().any(|peer| peer.is_linked);
        wait_until("it is known under its new card", || linked(nodes));
    }
}

/// The first and the third, two of three, approve.
fn bring_into_force(nodes: &Nodes, next: &Manifest) {
    say(nodes, 0, Some(next), next).expect("it is taken over");
    let is_there = || status(nodes, 2).manifests.iter().any(|known| known.manifest == next.id());
    wait_until("the proposal is there", is_there);
    say(nodes, 2, None, next).expect("it is taken over");
    wait_until("it is in force", || {
        [0, 2].iter().all(|place| status(nodes, *place).epoch == next.fields.epoch)
    });
}

/// How far the first node holds a member's streams.
fn held(nodes: &Nodes, papers: &Papers, author: MemberCode) -> Holdings {
    let agreement = status(nodes, 0).agreement;
    let of_author = papers.held.iter().filter(|held| held.author == author);
    of_author.map(|held| held.end(agreement)).collect()
}

fn status(nodes: &Nodes, place: usize) -> AgreementStatus {
    let status = nodes.provinces[place].status().expect("it answers").status;
    status.agreements.into_iter().next().expect("it has joined one")
}

/// What follows the version in force, as the first node knows it.
fn successor(nodes: &Nodes, change: impl FnOnce(&Papers, &mut ManifestFields)) -> Manifest {
    let path = format!("agreements/{}/papers", status(nodes, 0).agreement);
    let papers: Papers = ask(nodes, 0, &path, None::<&Value>).expect("the papers");
    let newest = papers.exact.signings.last().expect("at least the first");
    let newest = Manifest::open(&hex::decode(&newest.manifest).expect("hex")).expect("a manifest");
    let mut fields = newest.fields.clone();
    (fields.epoch, fields.predecessor) = (newest.fields.epoch.next(), Some(newest.id()));
    change(&papers, &mut fields);
    Manifest::new(fields).expect("the change is in form")
}

/// A member approves a version, which its node may not know yet.
fn say(nodes: &Nodes, place: usize, new: Option<&Manifest>, of: &Manifest) -> Result<Value, ClientFailure> {
    let province = &nodes.provinces[place];
    let passphrase = Passphrase::new(PASSPHRASE.to_owned()).expect("long enough");
    let seal = keys::seal(&keys::seal_path(&province.home.join("keys")), &passphrase).expect("a seal");
    let (stance, manifest, member) = (Stance::Approves, of.id(), province.code());
    let fields = OpinionFields { stance, manifest, member, time: Millis(0), reason: String::new() };
    let opinion = Opinion::sign(&fields, &seal).expect("in form");
    let opinions = vec![Stated::of(&opinion)];
    let manifest = new.map(|manifest| hex::encode(manifest.bytes()));
    let path = format!("agreements/{}/say", status(nodes, place).agreement);
    ask(nodes, place, &path, Some(&Said { manifest, cards: Vec::new(), opinions }))
}

fn ask<T: DeserializeOwned>(
    nodes: &Nodes,
    place: usize,
    path: &str,
    body: Option<&impl Serialize>,
) -> Result<T, ClientFailure> {
    let client = Client::new(&nodes.provinces[place].home.join("run/xietong.sock"))?;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        match body {
            Some(body) => client.post(path, body).await,
            None => client.get(path, &()).await,
        }
    })
}
