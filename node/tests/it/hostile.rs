//! A member's transport key in the wrong hands, over real libp2p: whoever has it sends what no honest node sends, and
//! sends it again and again. Each offence has its name in status, operation log and metrics, honest members go on
//! exchanging, and the memory of the node that is attacked stays bounded.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{Multiaddr, StreamProtocol, SwarmBuilder, identity, noise, ping, tcp, yamux};
use libp2p_stream::Control;
use serde_json::Value;
use tokio::runtime::Runtime;
use xietong::cli::context::read_agreement;
use xietong::cli::demo::data::{HEILONGJIANG, JILIN, LIAONING};
use xietong::cli::demo::province::{Province, Transport};
use xietong::systems::Kind;
use xietong_proto::crypto::SecretKey;
use xietong_proto::entry::{Authority, Draft, Record, SignedEntry};
use xietong_proto::id::*;
use xietong_proto::stream::Stream;
use xietong_proto::sync::{Frame, Hello, PROTOCOL, Push};

use crate::nodes::{Nodes, wait_until};

const HONEST: usize = 0;
const ATTACKED: usize = 1;
const ROGUE: usize = 2;
/// What an attack may add to the memory of the node, all attacks together.
const MIB_MAX: u64 = 128;
const PROTOCOL_NAME: StreamProtocol = StreamProtocol::new(PROTOCOL);

/// One connection of whoever has the key.
struct Rogue {
    runtime: Runtime,
    control: Control,
    victim: libp2p::PeerId,
}

/// Enough to be taken for a peer.
#[derive(NetworkBehaviour)]
struct Behaviour {
    streams: libp2p_stream::Behaviour,
    ping: ping::Behaviour,
}

/// What the rogue knows of the agreement.
struct Known {
    agreement: AgreementId,
    manifest: ManifestId,
    author: MemberCode,
    entry_key: SecretKey,
}

fn key_of(province: &Province, name: &str) -> [u8; 32] {
    let digits = fs::read_to_string(province.home.join("keys").join(name)).expect("a key");
    let mut key = [0; 32];
    hex::decode_to_slice(digits.trim(), &mut key).expect("a key is digits");
    key
}

fn identity_of(province: &Province) -> identity::Keypair {
    identity::Keypair::ed25519_from_bytes(key_of(province, "transport.key")).expect("a transport key")
}

impl Rogue {
    fn connect(key: identity::Keypair, victim: &Province) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let peer = identity_of(victim).public().to_peer_id();
        let address: Multiaddr = victim.address.parse().expect("an address");
        let control = runtime.block_on(async {
            let mut swarm = SwarmBuilder::with_existing_identity(key)
                .with_tokio()
                .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
                .expect("a transport")
                .with_behaviour(|_| Behaviour {
                    streams: libp2p_stream::Behaviour::new(),
                    ping: ping::Behaviour::default(),
                })
                .expect("a behaviour")
                .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(60)))
                .build();
            let control = swarm.behaviour().streams.new_control();
            swarm.dial(address.with_p2p(peer).expect("one peer")).expect("it dials");
            tokio::spawn(async move {
                loop {
                    swarm.select_next_some().await;
                }
            });
            control
        });
        Self { runtime, control, victim: peer }
    }

    /// Opens a stream; none if the node takes none of us now.
    async fn open(control: &Control, victim: libp2p::PeerId) -> Option<libp2p::Stream> {
        for _ in 0..20 {
            let mut control = control.clone();
            let opened =
                tokio::time::timeout(Duration::from_secs(1), control.open_stream(victim, PROTOCOL_NAME));
            if let Ok(Ok(stream)) = opened.await {
                return Some(stream);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        None
    }

    /// Sends these bytes on one new stream and reads until the node ends it, but not for long.
    fn send(&self, bytes: &[u8]) {
        let (control, victim) = (self.control.clone(), self.victim);
        self.runtime.block_on(async {
            let Some(mut stream) = Self::open(&control, victim).await else { return };
            // The node may end it at any byte.
            let _ = stream.write_all(bytes).await;
            let _ = stream.flush().await;
            let mut heard = Vec::new();
            let _ = tokio::time::timeout(Duration::from_millis(500), stream.read_to_end(&mut heard)).await;
        });
    }

    /// Opens so many streams at once and leaves them open with a frame begun.
    fn hold(&self, streams: usize, begun: &[u8]) -> Vec<libp2p::Stream> {
        let (control, victim) = (self.control.clone(), self.victim);
        self.runtime.block_on(async {
            let mut held = Vec::new();
            for _ in 0..streams {
                let Some(mut stream) = Self::open(&control, victim).await else { break };
                let write = async {
                    stream.write_all(begun).await?;
                    stream.flush().await
                };
                if tokio::time::timeout(Duration::from_secs(10), write).await.is_ok_and(|sent| sent.is_ok()) {
                    held.push(stream);
                }
            }
            held
        })
    }
}

fn framed(frame: &[u8]) -> Vec<u8> {
    [&(frame.len() as u32).to_be_bytes()[..], frame].concat()
}

impl Known {
    fn of(nodes: &Nodes) -> Self {
        let file = read_agreement(&nodes.folder.path().join("agreement.toml")).expect("an agreement");
        let manifest = file.manifest().id();
        let entry_key = SecretKey::from_bytes(&key_of(&nodes.provinces[ROGUE], "entry.key"));
        let agreement = manifest.into();
        Self { agreement, manifest, author: nodes.provinces[ROGUE].code(), entry_key }
    }

    fn hello(&self, agreement: AgreementId) -> Vec<u8> {
        let (manifest, time) = (self.manifest, xietong::clock::wall());
        let hello = Hello {
            agreement,
            manifest,
            instance: 7,
            time,
            addresses: Vec::new(),
            begun: time,
            answers: None,
        };
        framed(&Frame::Hello(hello).encode())
    }

    /// A first entry that the rogue signs, which differs by `seed`.
    fn entry(&self, seed: u8) -> SignedEntry {
        let stream = Stream::shared(self.agreement, self.author, System::VEHICLES);
        let under = Authority { epoch: Epoch(1), manifest: self.manifest, card: CardNumber(1) };
        let record = Record { kind: RecordKind(0x0311), version: 1, body: vec![seed] };
        let time = xietong::clock::wall();
        Draft::new(stream, stream.origin(), under, time, &[seed; 32], &[record]).sign(&self.entry_key)
    }

    fn push(&self, bytes: &[u8]) -> Vec<u8> {
        let (head, payload) = bytes.split_at(xietong_proto::entry::ENTRY_HEAD_BYTES);
        framed(&Frame::Push(Push { head: head.to_vec(), payload: payload.to_vec() }).encode())
    }
}

/// A frame that breaks a rule, and the rule.
fn offences(known: &Known) -> Vec<(&'static str, Vec<u8>)> {
    let hello = known.hello(known.agreement);
    let after_hello = |bytes: Vec<u8>| [hello.clone(), bytes].concat();
    let mut forged = known.entry(1).bytes().to_vec();
    *forged.last_mut().expect("an entry has bytes") ^= 1;
    let mut unsigned = known.entry(2).bytes().to_vec();
    unsigned[xietong_proto::header::HEADER_BYTES] ^= 1;
    vec![
        ("P1", framed(&[0xff; 100])),
        ("P3", u32::MAX.to_be_bytes().to_vec()),
        ("P14", after_hello(hello.clone())),
        ("P1", after_hello(framed(&[0x42; 5_000]))),
        ("P7", after_hello(known.push(&forged))),
        ("P8", after_hello(known.push(&unsigned))),
        ("P3", after_hello((u32::MAX / 2).to_be_bytes().to_vec())),
    ]
}

fn resident_mib(province: &Province) -> u64 {
    let process = province.process_id().expect("it runs");
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).expect("a number") / 1024
}

/// What monitoring is told.
fn metrics(province: &Province) -> String {
    let mut stream = UnixStream::connect(province.home.join("run/xietong.sock")).expect("it listens");
    let asked = stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n");
    let mut told = String::new();
    asked.and_then(|()| stream.read_to_string(&mut told)).expect("it answers");
    told
}

fn rejects(nodes: &Nodes, rule: &str) -> u64 {
    let status = nodes.provinces[ATTACKED].status().expect("it answers").status;
    let rogue = nodes.provinces[ROGUE].code();
    let peers = status.agreements.iter().flat_map(|held| &held.peers);
    peers.filter(|peer| peer.member == rogue).filter_map(|peer| peer.rejects.get(rule)).sum()
}

/// The honest members agree on everything, and something new passes between them.
fn goes_on(nodes: &Nodes, round: usize) {
    let text = format!("counted again {round}");
    let number = format!("230000-V-{round:06}");
    nodes.provinces[HONEST].give(&["vehicle", "withdraw", &number, "--reason", &text]).expect("withdrawn");
    nodes.await_equal(&[HONEST, ATTACKED]);
}

fn besieged() -> (Nodes, Known) {
    let mut nodes = Nodes::make(Transport::Tcp, &[HEILONGJIANG, JILIN, LIAONING], &[]);
    let config = nodes.provinces[ATTACKED].home.join("config.toml");
    let text = fs::read_to_string(&config).expect("a configuration");
    fs::write(&config, text.replace("shut_out_s = 600", "shut_out_s = 1")).expect("written");
    nodes.agree();
    nodes.start_and_join(HONEST);
    nodes.start_and_join(ATTACKED);
    for kind in [Kind::Institutions, Kind::Vehicles] {
        nodes.import(HONEST, kind);
    }
    nodes.await_equal(&[HONEST, ATTACKED]);
    let known = Known::of(&nodes);
    (nodes, known)
}

#[test]
fn each_offence_is_named_while_honest_members_go_on_and_memory_stays_bounded() {
    let (nodes, known) = besieged();
    let before = resident_mib(&nodes.provinces[ATTACKED]);
    for (rule, bytes) in offences(&known) {
        let count = rejects(&nodes, rule);
        wait_until(&format!("an offence against {rule} is counted"), || {
            let key = identity_of(&nodes.provinces[ROGUE]);
            Rogue::connect(key, &nodes.provinces[ATTACKED]).send(&bytes);
            rejects(&nodes, rule) > count
        });
    }
    goes_on(&nodes, 1);
    let log = fs::read_to_string(nodes.provinces[ATTACKED].home.join("operation.log")).expect("a log");
    let metrics = metrics(&nodes.provinces[ATTACKED]);
    for rule in ["P1", "P3", "P7", "P8", "P14"] {
        let named = format!("rule=\"{rule}\"");
        assert!(log.contains(&named), "{rule} is not in the operation log");
        let of_rogue = format!("member=\"{}\"", nodes.provinces[ROGUE].member.code);
        let counts = |line: &str| {
            line.starts_with("xietong_rejects_total") && line.contains(&named) && line.contains(&of_rogue)
        };
        assert!(metrics.lines().any(counts), "{rule} is not in the metrics: {metrics}");
    }
    let after = resident_mib(&nodes.provinces[ATTACKED]);
    println!("hostile: memory {before} MiB before the offences, {after} MiB after");
    assert!(after < before + MIB_MAX, "{before} MiB, then {after} MiB");
}

#[test]
fn floods_of_streams_and_connections_leave_a_node_serving_in_bounded_memory() {
    let (nodes, known) = besieged();
    let before = resident_mib(&nodes.provinces[ATTACKED]);
    let come = || Rogue::connect(identity_of(&nodes.provinces[ROGUE]), &nodes.provinces[ATTACKED]);
    let count = rejects(&nodes, "P3");
    let many = come();
    let opened = many.hold(100, &[0, 0]).len();
    wait_until("too many streams are an offence", || rejects(&nodes, "P3") > count);
    drop(many);
    // Frames of the largest size that is allowed, almost whole, on as many streams as are taken.
    let size = xietong_proto::limits::FRAME_BYTES_MAX;
    let begun = [&(size as u32).to_be_bytes()[..], &vec![0; size - 1]].concat();
    let (mut rogue, mut held) = (come(), Vec::new());
    wait_until("the rogue is let in again", || {
        rogue = come();
        held = rogue.hold(10, &begun);
        !held.is_empty()
    });
    let during = resident_mib(&nodes.provinces[ATTACKED]);
    goes_on(&nodes, 1);
    // Strangers, and connections on which nothing ever comes.
    let address = nodes.provinces[ATTACKED].address.split('/').nth(4).expect("a port").to_owned();
    let silent: Vec<_> = (0..200)
        .filter_map(|_| TcpStream::connect(format!("127.0.0.1:{address}")).ok())
        .map(|mut stream| {
            // It may be closed at once.
            let _ = stream.write_all(b"GET / HTTP/1.1\r\n");
            stream
        })
        .collect();
    for _ in 0..20 {
        let stranger = identity::Keypair::generate_ed25519();
        drop(Rogue::connect(stranger, &nodes.provinces[ATTACKED]));
    }
    goes_on(&nodes, 2);
    let after = resident_mib(&nodes.provinces[ATTACKED]);
    println!(
        "hostile: memory {before} MiB before, {during} MiB after {opened} streams and with {} large frames held, {after} MiB after {} silent connections",
        held.len(),
        silent.len()
    );
    assert!(during.max(after) < before + MIB_MAX, "{before} MiB, then {during} MiB, {after} MiB");
    drop((held, rogue, known));
}

#[test]
fn a_fork_and_a_replay_are_named_and_change_nothing_for_others() {
    let (nodes, known) = besieged();
    let (first, second) = (known.entry(1), known.entry(2));
    let hello = known.hello(known.agreement);
    let send = |entry: &SignedEntry| {
        let rogue = Rogue::connect(identity_of(&nodes.provinces[ROGUE]), &nodes.provinces[ATTACKED]);
        rogue.send(&[hello.clone(), known.push(entry.bytes())].concat());
    };
    let held = || -> Option<(Position, Option<Position>)> {
        let status = nodes.provinces[ATTACKED].status().expect("it answers").status;
        let mut streams = status.agreements.into_iter().flat_map(|held| held.streams);
        let stream = streams.find(|stream| stream.author == known.author)?;
        Some((stream.position, stream.forked_at))
    };
    wait_until("the first entry is taken", || {
        send(&first);
        held() == Some((Position(1), None))
    });
    let offences = || ["P1", "P3", "P8", "P14"].map(|rule| rejects(&nodes, rule));
    let before = offences();
    (0..3).for_each(|_| send(&first));
    assert_eq!(held(), Some((Position(1), None)), "said again it changes nothing");
    wait_until("the fork is named", || {
        send(&second);
        held().is_some_and(|(_, forked_at)| forked_at == Some(Position(1)))
    });
    assert_eq!(offences(), before);
    goes_on(&nodes, 1);
    let told: Value = nodes.provinces[ATTACKED].give(&["health"]).expect("it is well: the fork is another's");
    assert!(told.to_string().contains("\"Forked\""), "{told}");
}
