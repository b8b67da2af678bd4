//! Many members in one process: real machines on stores in memory, each linked to all others by a network that
//! carries one round of frames after the other. Counts what needs no clock: rounds, frames and bytes.

use std::collections::BTreeMap;
use std::io::Cursor;

use xietong::cli::demo::data::HEILONGJIANG;
use xietong::machine::{Answer, Command, Done, Input, Machine, Ticket, Work};
use xietong::replica::Settings;
use xietong::replica::carry;
use xietong::replica::io::{Keyring, LinkId, NetAction, NetEvent, Now, Output};
use xietong::replica::room::Quota;
use xietong::store::Store;
use xietong::store::memory::Memory;
use xietong::systems::registers::open_sheet;
use xietong::systems::rules::Rules;
use xietong::systems::sheet::HeaderMap;
use xietong::systems::{self, Kind};
use xietong_proto::crypto::SecretKey;
use xietong_proto::id::*;
use xietong_proto::limits::MEMBERS_MAX;
use xietong_proto::stream::Stream;
use xietong_proto::sync::Frame;

use super::figure::Figure;
use super::members::{Keys, agreement};

/// Members in one process, for which one new record is measured; the last is as many as an agreement may have.
const SIZES: [usize; 4] = [3, 10, 32, MEMBERS_MAX];
/// Entries that one of five has missed.
const MISSING: usize = 100;
const HEADS_INTERVAL_MS: u64 = 5_000;
const LINKS: &str = "a link between each two members; it would take one where there is none";
const HEADS: &str = "heads are compared before entries are asked for; it would take shorter heads";
/// 2026-06-01, so that all dates of the demo's files are as they should be.
const START_MS: u64 = 1_780_272_000_000;

pub fn figures() -> Vec<Figure> {
    let mut figures: Vec<Figure> = SIZES.into_iter().flat_map(one_record).collect();
    figures.extend(reconcile());
    figures
}

/// One new record at one member, until all hold it and nobody has anything more to say.
fn one_record(members: usize) -> Vec<Figure> {
    let mut mesh = Mesh::new(members);
    mesh.publish(1);
    let hops = mesh.rounds_until(|mesh| mesh.holding(1) == members);
    mesh.rest();
    let frames = mesh.frames as f64 / members as f64;
    let bytes = mesh.bytes.iter().sum::<u64>() as f64 / members as f64;
    let neighbours = members as f64 - 1.0;
    vec![
        Figure::new(format!("{members} members: hops of a new record"), hops as f64, "hops")
            .at_most(3.0, LINKS),
        Figure::new(format!("{members} members: frames a member"), frames, "frames")
            .limit("neighbours", neighbours),
        Figure::new(format!("{members} members: bytes in and out a member"), bytes, "bytes"),
    ]
}

/// One of five did not hear of some entries, and is heard again.
fn reconcile() -> Vec<Figure> {
    let mut mesh = Mesh::new(5);
    mesh.publish(1);
    mesh.rest();
    mesh.deaf = Some(4);
    for price in 2..=1 + MISSING as u32 {
        mesh.publish(price);
        mesh.rest();
    }
    let last = 1 + MISSING as u64;
    let missing = mesh.bytes_of(0, 2);
    mesh.deaf = None;
    mesh.count_anew();
    mesh.now_ms += HEADS_INTERVAL_MS;
    mesh.tick();
    let rounds = mesh.rounds_until(|mesh| mesh.position(4) == Position(last));
    let aim = 1.1 * missing as f64 + 4096.0;
    vec![
        Figure::new("reconcile 100 entries, 5 members: bytes", mesh.bytes[4] as f64, "bytes")
            .at_most(aim, HEADS)
            .limit("the missing entries", missing as f64),
        Figure::new("reconcile 100 entries, 5 members: round trips", rounds as f64 / 2.0, "")
            .at_most(4.0, HEADS),
    ]
}

struct Mesh {
    nodes: Vec<Node>,
    stream: Stream,
    /// For a member and one of its links: where the other end is, and what it calls the link.
    ends: BTreeMap<(usize, LinkId), (usize, LinkId)>,
    /// What arrives in the next round.
    under_way: Vec<(usize, NetEvent)>,
    /// Hears nothing.
    deaf: Option<usize>,
    now_ms: u64,
    frames: u64,
    /// Sent and received by each.
    bytes: Vec<u64>,
}

struct Node {
    machine: Machine,
    store: Memory,
    key: SecretKey,
    keyring: Keyring,
    peer: PeerId,
}

impl Mesh {
    /// All have joined, are linked and confirmed, and the first one's units are registered.
    fn new(members: usize) -> Self {
        let keys: Vec<Keys> = (0..members).map(Keys::new).collect();
        let agreement = agreement(&keys, 1, keys.len());
        let stream = Stream::shared(agreement.id(), keys[0].me().code(), System::VEHICLES);
        let mut mesh = Self {
            nodes: Vec::new(),
            stream,
            ends: BTreeMap::new(),
            under_way: Vec::new(),
            deaf: None,
            now_ms: 0,
            frames: 0,
            bytes: vec![0; members],
        };
        for keys in &keys {
            let (me, key, store) = (keys.me(), keys.entry(), Memory::default());
            let peer = me.peer;
            let rules = Rules::shipped().into();
            let started = Machine::start(me, settings(), rules, store.boot(), mesh.now(), &store);
            let (machine, output) = started.expect("an empty store");
            mesh.nodes.push(Node { machine, store, key, keyring: Keyring::default(), peer });
            mesh.finish(mesh.nodes.len() - 1, output);
        }
        for place in 0..members {
            mesh.ask(place, Command::Join(Box::new(agreement.clone())));
        }
        mesh.ask(0, import(Kind::Institutions, HEILONGJIANG.register(Kind::Institutions)));
        for (a, b) in (0..members).flat_map(|a| (0..members).map(move |b| (a, b))).filter(|(a, b)| a != b) {
            let connected = NetEvent::Connected { peer: mesh.nodes[b].peer, address: String::new() };
            mesh.under_way.push((a, connected));
        }
        mesh.rest();
        mesh.count_anew();
        mesh
    }

    fn count_anew(&mut self) {
        self.frames = 0;
        self.bytes.fill(0);
    }

    /// The first one says something new of its one vehicle.
    fn publish(&mut self, price: u32) {
        let text = std::str::from_utf8(HEILONGJIANG.register(Kind::Vehicles)).expect("UTF-8");
        let (headers, rows) = text.split_once('\n').expect("headers");
        let at = |name| headers.split(',').position(|header| header == name).expect("a column");
        let (price_at, shared_at) = (at("同类租赁价(元/日)"), at("纳入区域共享"));
        let row = rows.lines().next().expect("a vehicle");
        let mut cells: Vec<String> = row.split(',').map(str::to_owned).collect();
        (cells[price_at], cells[shared_at]) = (price.to_string(), "是".to_owned());
        self.ask(0, import(Kind::Vehicles, format!("{headers}\n{}\n", cells.join(",")).as_bytes()));
    }

    fn position(&self, place: usize) -> Position {
        self.nodes[place].machine.replica().logs().head(&self.stream).position
    }

    fn holding(&self, position: u64) -> usize {
        (0..self.nodes.len()).filter(|place| self.position(*place) >= Position(position)).count()
    }

    /// Bytes of the stream's entries from a position on.
    fn bytes_of(&self, place: usize, from: u64) -> usize {
        self.nodes[place].store.read(self.stream, Position(from), usize::MAX).expect("memory").len()
    }

    fn rounds_until(&mut self, is_so: impl Fn(&Self) -> bool) -> u64 {
        let mut rounds = 0;
        while !is_so(self) {
            assert!(!self.under_way.is_empty(), "it comes about");
            self.round();
            rounds += 1;
        }
        rounds
    }

    /// Until nobody has anything to say, without a timer's help.
    fn rest(&mut self) {
        while !self.under_way.is_empty() {
            self.round();
        }
    }

    fn round(&mut self) {
        self.now_ms += 1;
        for (place, event) in std::mem::take(&mut self.under_way) {
            self.handle(place, Input::Net(event));
        }
    }

    fn tick(&mut self) {
        (0..self.nodes.len()).for_each(|place| self.handle(place, Input::Tick));
    }

    fn ask(&mut self, place: usize, command: Command) {
        self.handle(place, Input::Ask { ticket: Ticket(0), command, deed: None });
    }

    /// One step, and whatever work follows from it.
    fn handle(&mut self, place: usize, input: Input) {
        let (now, mut input) = (self.now(), Some(input));
        while let Some(next) = input {
            let node = &mut self.nodes[place];
            let output = node.machine.handle(vec![next], now, node.store.rows(), &node.store);
            self.finish(place, output);
            let node = &self.nodes[place];
            input = node.machine.work().map(|work| Input::Work(node.prepare(work)));
        }
    }

    fn finish(&mut self, place: usize, output: Output<(Ticket, Answer)>) {
        let node = &mut self.nodes[place];
        let (store, key) = (&mut node.store, &node.key);
        let release = output.commit(|writes| store.commit(writes.sign(key))).expect("memory");
        let refused = release.answers.iter().find(|(_, answer)| matches!(answer, Answer::Refused(_)));
        assert_eq!(refused, None);
        release.actions.into_iter().for_each(|action| self.act(place, action));
    }

    fn act(&mut self, place: usize, action: NetAction) {
        match action {
            NetAction::Open { link, peer, agreement: _ } => {
                let other = self.nodes.iter().position(|node| node.peer == peer).expect("a member");
                // A machine's own links are even.
                let accepted = LinkId(link.0 * 1_000 + 2 * place as u64 + 1);
                self.ends.insert((place, link), (other, accepted));
                self.ends.insert((other, accepted), (place, link));
                let from = self.nodes[place].peer;
                self.under_way.push((other, NetEvent::Accepted { link: accepted, peer: from }));
                self.under_way.push((place, NetEvent::Opened { link }));
            }
            NetAction::Send { link, message } => {
                let node = &self.nodes[place];
                let read = |stream, from, bytes_max| node.store.read(stream, from, bytes_max);
                let frames = carry::fill(message, read).expect("memory");
                let Some(&(to, link)) = self.ends.get(&(place, link)) else { return };
                for bytes in frames.iter().map(Frame::encode) {
                    self.frames += 1;
                    [place, to].into_iter().for_each(|end| self.bytes[end] += bytes.len() as u64);
                    if self.deaf != Some(to) {
                        let event = carry::receive(&self.nodes[to].keyring, link, &bytes);
                        self.under_way.push((to, event));
                    }
                }
            }
            NetAction::Close { link } => {
                if let Some((to, link)) = self.ends.remove(&(place, link)) {
                    self.ends.remove(&(to, link));
                    self.under_way.push((to, NetEvent::Closed { link }));
                }
            }
            NetAction::Keyring(keyring) => self.nodes[place].keyring = (*keyring).clone(),
            NetAction::Roster(_) | NetAction::EndsSoon { .. } => {}
            // Everybody knows everybody here.
            NetAction::Invite { .. } | NetAction::Present { .. } => {}
            NetAction::ShutOut { peer, .. } | NetAction::Report { peer, .. } => {
                panic!("everybody here is honest: {peer:?}")
            }
        }
    }

    fn now(&self) -> Now {
        Now { wall: Millis(START_MS + self.now_ms), mono_ms: self.now_ms }
    }
}

impl Node {
    fn prepare(&self, work: Work) -> Done {
        match work {
            Work::Disclose => Done::Disclose,
            Work::Requests => Done::Requests,
            Work::Fold { stream, from } => {
                let bytes = self.store.read(stream, from, 1 << 20).expect("memory");
                Done::Fold { stream, entries: carry::entries(&bytes) }
            }
        }
    }
}

fn import(kind: Kind, file: &[u8]) -> Command {
    let today = jiff::civil::date(2026, 6, 1);
    let mut sheet =
        open_sheet(kind, Box::new(Cursor::new(file.to_vec())), &HeaderMap::default(), 1_000, today)
            .expect("our headers");
    let (lines, quarantined) = sheet.next_lines(1_000).expect("readable").expect("rows");
    assert!(quarantined.is_empty(), "{quarantined:?}");
    Command::Data(systems::Command::Import { lines, dry_run: false })
}

fn settings() -> Settings {
    Settings {
        heads_interval_ms: HEADS_INTERVAL_MS,
        want_timeout_ms: 4_000,
        want_bytes: 1 << 20,
        shut_out_ms: 20_000,
        quota: Quota { member_bytes: u64::MAX, member_day_bytes: u64::MAX, reserve_bytes: 0 },
        addresses: Vec::new(),
        address_overrides: BTreeMap::new(),
    }
}
