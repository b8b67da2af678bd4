//! One node in two agreements with different members: nothing of one reaches who is only in the other, whatever
//! that one tries with its own key.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use memchr::memmem;
use tokio::sync::mpsc;
use xietong::cli::demo::data::{HEILONGJIANG, JILIN, LIAONING};
use xietong::cli::demo::province::Transport;
use xietong::net::{self, NetConfig, Network};
use xietong::papers::agreement::AgreementFile;
use xietong::replica::io::{Keyring, LinkId, NetEvent, Roster};
use xietong::systems::Kind;
use xietong_proto::card::Card;
use xietong_proto::id::*;
use xietong_proto::stream::{Head, Stream};
use xietong_proto::sync::{Frame, Heads, Hello, Line, Range, Trace, Want};

use crate::nodes::{Nodes, wait_until};

const BOTH: usize = 0;
const ONLY_ONE: usize = 1;
const ONLY_OTHER: usize = 2;
const ONE: &str = "one.toml";
const OTHER: &str = "other.toml";
const OTHER_TITLE: &str = "Only between two of them";
/// What is about to come, comes within this.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn not_one_byte_of_an_agreement_reaches_who_is_only_in_another() {
    let mut nodes = two_agreements();
    let secrets = secrets(&nodes);
    assert_clean(&nodes.provinces[ONLY_ONE].home, &secrets);
    nodes.provinces[ONLY_ONE].kill();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut intruder = Intruder::with_the_key_of(&nodes, ONLY_ONE).await;
        let (one, other) = (agreement(&nodes, ONE), agreement(&nodes, OTHER));
        let hidden = Stream::shared(other, nodes.provinces[BOTH].code(), System::ASSETS);
        assert!(intruder.ask(vec![hello(other)]).await.is_empty(), "closed without a byte");
        let head = Head { position: Position(1), id: EntryId([7; 32]) };
        let attempts = [
            vec![Frame::Want(Want { stream: hidden, from: Position(1), bytes_max: 1 << 20 })],
            vec![Frame::Heads(Heads::All(vec![Line::new(hidden, head)]))],
            vec![Frame::Heads(Heads::Changed(vec![Line::new(hidden, head)]))],
            vec![Frame::Trace(Trace { stream: hidden, from: Position(1), to: head })],
            vec![hello(other)],
        ];
        for attempt in attempts {
            let shown = format!("{attempt:?}");
            let heard = intruder.ask([vec![hello(one)], attempt].concat()).await;
            assert!(!heard.is_empty(), "{shown}: a member is answered about its own agreement");
            for (name, secret) in &secrets {
                let found = heard.iter().any(|bytes| memmem::find(bytes, secret).is_some());
                assert!(!found, "{shown}: {name} came");
            }
        }
    });
}

/// The first node is in both agreements and shares its assets only with the third.
fn two_agreements() -> Nodes {
    let mut nodes = Nodes::make(Transport::Tcp, &[HEILONGJIANG, JILIN, LIAONING], &[]);
    nodes.agree_on(ONE, "One", &[BOTH, ONLY_ONE], "vehicles");
    nodes.agree_on(OTHER, OTHER_TITLE, &[BOTH, ONLY_OTHER], "assets");
    for (place, papers) in [(BOTH, &[ONE, OTHER][..]), (ONLY_ONE, &[ONE]), (ONLY_OTHER, &[OTHER])] {
        nodes.provinces[place].start().expect("it starts");
        for paper in papers {
            nodes.provinces[place].give(&["agreement", "join", paper]).expect("it joins");
        }
    }
    for place in [BOTH, ONLY_ONE, ONLY_OTHER] {
        for kind in [Kind::Institutions, Kind::Vehicles, Kind::Assets] {
            nodes.import(place, kind);
        }
    }
    for (place, title) in [(ONLY_ONE, "One"), (ONLY_OTHER, OTHER_TITLE)] {
        let is_equal = || shown(&nodes, BOTH, title) == shown(&nodes, place, title);
        wait_until("both members show the same", || is_equal() && streams(&nodes, title).len() == 2);
    }
    nodes
}

/// What a node's agreement of a title shows.
fn shown(nodes: &Nodes, place: usize, title: &str) -> serde_json::Value {
    let digests = nodes.digest(place);
    let digests = digests.as_array().expect("a list").iter();
    digests.into_iter().find(|digest| digest["title"] == title).cloned().unwrap_or_default()
}

/// The heads of an agreement's streams, as the node has them that is in both.
fn streams(nodes: &Nodes, title: &str) -> Vec<EntryId> {
    let status = nodes.provinces[BOTH].status().expect("it answers").status;
    let held = status.agreements.into_iter().find(|held| held.title == title).expect("it is in both");
    held.streams.iter().map(|stream| stream.head).collect()
}

/// What only the members of the other agreement may ever see.
fn secrets(nodes: &Nodes) -> Vec<(&'static str, Vec<u8>)> {
    let stranger = card(&paper(nodes, OTHER), nodes.provinces[ONLY_OTHER].code());
    let mut secrets = vec![
        ("the agreement's id", agreement(nodes, OTHER).0.to_vec()),
        ("its title", OTHER_TITLE.as_bytes().to_vec()),
        ("a member's code", stranger.fields.code.bytes().to_vec()),
        ("a member's name", stranger.fields.name.as_bytes().to_vec()),
        ("a member's seal", stranger.fields.seal_key.to_bytes().to_vec()),
        ("a member's entry key", stranger.fields.entry_key.to_bytes().to_vec()),
        ("a member's node", stranger.fields.transport_keys[0].0.to_vec()),
    ];
    secrets.extend(streams(nodes, OTHER_TITLE).iter().map(|head| ("an entry's id", head.0.to_vec())));
    secrets
}

fn assert_clean(home: &Path, secrets: &[(&str, Vec<u8>)]) {
    let mut places = vec![home.to_owned()];
    let mut bytes_read = 0;
    while let Some(place) = places.pop() {
        if place.is_dir() {
            let inside = fs::read_dir(&place).expect("a readable folder");
            places.extend(inside.map(|entry| entry.expect("a readable place").path()));
        } else if place.extension().is_none_or(|kind| kind != "sock") {
            let bytes = fs::read(&place).expect("a readable file");
            bytes_read += bytes.len();
            for (name, secret) in secrets {
                assert!(memmem::find(&bytes, secret).is_none(), "{}: {name}", place.display());
            }
        }
    }
    assert!(bytes_read > 10_000, "there is something to search: {bytes_read} bytes");
}

fn paper(nodes: &Nodes, name: &str) -> AgreementFile {
    let text = fs::read_to_string(nodes.folder.path().join(name)).expect("a paper");
    AgreementFile::read(&text).expect("an agreement")
}

fn card(paper: &AgreementFile, of: MemberCode) -> Card {
    paper.cards.iter().find(|card| card.fields.code == of).expect("it is a member").clone()
}

fn agreement(nodes: &Nodes, name: &str) -> AgreementId {
    paper(nodes, name).epochs.id()
}

fn hello(agreement: AgreementId) -> Frame {
    let (manifest, time) = (ManifestId(agreement.0), xietong::clock::wall());
    Frame::Hello(Hello {
        agreement,
        manifest,
        instance: 1,
        time,
        addresses: Vec::new(),
        begun: time,
        answers: None,
    })
}

/// A program that has a member's transport key and keeps no rules.
struct Intruder {
    network: Network,
    events: mpsc::Receiver<NetEvent>,
    peer: PeerId,
    fence: Want,
    links: u64,
}

impl Intruder {
    async fn with_the_key_of(nodes: &Nodes, place: usize) -> Self {
        let key = fs::read_to_string(nodes.provinces[place].home.join("keys/transport.key")).expect("a key");
        let mut transport_key = [0; 32];
        hex::decode_to_slice(key.trim_end(), &mut transport_key).expect("a key");
        let config = NetConfig { transport_key, listen: Vec::new() };
        let (network, mut events) = net::start(config).await.expect("a network");
        let (one, target) = (paper(nodes, ONE), &nodes.provinces[BOTH]);
        let mut keyring = Keyring::default();
        one.cards.iter().for_each(|card| keyring.learn(one.epochs.id(), card));
        network.set_keyring(Arc::new(keyring));
        let peer = card(&one, target.code()).fields.transport_keys[0];
        let peers = BTreeMap::from([(peer, vec![target.address.clone()])]);
        network.set_roster(Arc::new(Roster { peers }));
        while !matches!(next(&mut events).await, NetEvent::Connected { .. }) {}
        let stream = Stream::shared(one.epochs.id(), target.code(), System(99));
        let fence = Want { stream, from: Position(1), bytes_max: 1 };
        Self { network, events, peer, fence, links: 0 }
    }

    /// Says these frames on a link of its own. What comes back until the link ends, or until all was answered.
    async fn ask(&mut self, frames: Vec<Frame>) -> Vec<Vec<u8>> {
        self.links += 2;
        let link = LinkId(self.links);
        self.network.open(link, self.peer, AgreementId::ZERO);
        let asked: Vec<Stream> = frames.iter().filter_map(wanted).collect();
        let mut heard = Vec::new();
        loop {
            match next(&mut self.events).await {
                NetEvent::Opened { link: opened } if opened == link => {
                    let all = frames.iter().cloned().chain([Frame::Want(self.fence)]);
                    all.for_each(|frame| self.network.send(link, frame));
                }
                NetEvent::Frame { link: on, frame: Frame::Range(Range { stream, entries, .. }) }
                    if on == link =>
                {
                    // An empty answer says nothing but what was asked.
                    assert!(entries.is_empty());
                    if stream == self.fence.stream {
                        self.network.close(link);
                        return heard;
                    }
                    assert!(asked.contains(&stream), "an answer to nothing: {stream:?}");
                }
                NetEvent::Frame { link: on, frame } if on == link => heard.push(frame.encode()),
                NetEvent::Entries { link: on, entries, .. } if on == link => {
                    heard.extend(entries.iter().map(|entry| entry.bytes().to_vec()));
                }
                NetEvent::Refused { link: on, reject } if on == link => panic!("unreadable: {reject:?}"),
                NetEvent::Closed { link: on } if on == link => return heard,
                _ => {}
            }
        }
    }
}

fn wanted(frame: &Frame) -> Option<Stream> {
    match frame {
        Frame::Want(want) => Some(want.stream),
        _ => None,
    }
}

async fn next(events: &mut mpsc::Receiver<NetEvent>) -> NetEvent {
    tokio::time::timeout(PATIENCE, events.recv()).await.expect("in time").expect("the network runs")
}
