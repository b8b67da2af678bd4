//! Twenty real nodes in this process, each connected to all others, publish at once while what they push to
//! each other is dropped on the way: they converge all the same. And what is published afterwards reaches
//! everybody by pushes alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use xietong::clock::Clock;
use xietong::daemon::Daemon;
use xietong::http::Ask;
use xietong::http::metrics::loop_time;
use xietong::machine::{Answer, Command, Machine};
use xietong::net::{self, NetConfig};
use xietong::replica::Settings;
use xietong::replica::io::NetEvent;
use xietong::replica::room::Quota;
use xietong::store::memory::Memory;
use xietong::systems::rules::Rules;
use xietong_proto::id::*;
use xietong_proto::sync::{Frame, Heads};

use crate::sim::members::{Keys, agreement};
use crate::sim::workload::Fleet;

const NODES: usize = 20;
/// Pushes of which the storm takes this many in a thousand.
const STORM: u32 = 300;
/// What one node may hold in its buffers, with some for its other needs.
const MIB_MAX: u64 = 64;
/// A slow machine may need minutes; what takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(240);
/// Longer than any test: heads are compared only when a link opens.
const NEVER_MS: u64 = 3_600_000;

/// Heads by author, for each node.
type Held = BTreeMap<MemberCode, Position>;

struct Crowd {
    runtime: Runtime,
    asks: Vec<mpsc::Sender<Ask>>,
    stops: Vec<oneshot::Sender<()>>,
    fleets: Vec<Fleet>,
    rng: ChaCha8Rng,
    /// Pushes that are dropped of a thousand.
    drops: Arc<AtomicU32>,
}

impl Crowd {
    /// All of them, in one agreement, confirmed for it.
    fn gather(heads_interval_ms: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let members: Vec<Keys> = (0..NODES).map(Keys::new).collect();
        let held = agreement(&members, 1, members.len());
        let mut crowd = Self {
            runtime,
            asks: Vec::new(),
            stops: Vec::new(),
            fleets: (0..NODES).map(|place| Fleet::new(place % 10)).collect(),
            rng: ChaCha8Rng::seed_from_u64(1),
            drops: Arc::new(AtomicU32::new(0)),
        };
        let nets: Vec<_> = members.iter().map(|keys| crowd.listen(keys)).collect();
        let addresses = members
            .iter()
            .zip(&nets)
            .map(|(keys, (network, _))| (keys.me().code(), network.listens().to_vec()));
        let addresses: BTreeMap<_, _> = addresses.collect();
        for (keys, (network, events)) in members.iter().zip(nets) {
            let settings = Settings {
                heads_interval_ms,
                want_timeout_ms: 2_000,
                want_bytes: 1 << 20,
                shut_out_ms: 60_000,
                quota: Quota { member_bytes: u64::MAX, member_day_bytes: u64::MAX, reserve_bytes: 0 },
                addresses: Vec::new(),
                address_overrides: addresses.clone(),
            };
            crowd.start(keys, settings, network, events);
        }
        for place in 0..NODES {
            crowd.ask(place, Command::Join(Box::new(held.clone())));
        }
        crowd.wait("all are confirmed", |crowd| {
            (0..NODES).all(|place| {
                crowd.status(place).agreements[0].unconfirmed.is_none() && crowd.links(place) == NODES - 1
            })
        });
        crowd
    }

    fn listen(&self, keys: &Keys) -> (net::Network, mpsc::Receiver<NetEvent>) {
        let listen = vec!["/ip4/127.0.0.1/tcp/0".to_owned()];
        let config = NetConfig { transport_key: keys.transport, listen };
        self.runtime.block_on(net::start(config)).expect("the network starts")
    }

    fn start(
        &mut self,
        keys: &Keys,
        settings: Settings,
        network: net::Network,
        mut events: mpsc::Receiver<NetEvent>,
    ) {
        let (store, clock) = (Memory::default(), Clock::start());
        let rules = Rules::shipped().into();
        let (machine, first) = Machine::start(keys.me(), settings, rules, store.boot(), clock.now(), &store)
            .expect("a new node starts");
        let (forward, received) = mpsc::channel(256);
        let (drops, mut rng) = (Arc::clone(&self.drops), ChaCha8Rng::seed_from_u64(self.asks.len() as u64));
        self.runtime.spawn(async move {
            while let Some(event) = events.recv().await {
                let is_dropped = is_push(&event) && rng.random_ratio(drops.load(Ordering::Relaxed), 1_000);
                if !is_dropped && forward.send(event).await.is_err() {
                    return;
                }
            }
        });
        let (ask, asks) = mpsc::channel(64);
        let (stop, stopped) = oneshot::channel();
        let daemon = Daemon {
            free: Box::new(|| u64::MAX),
            looked_ms: None,
            machine,
            store,
            entry_key: Arc::new(keys.entry()),
            clock,
            network,
            events: received,
            asks,
            stop: stopped,
            loop_time: loop_time(),
            waiting: BTreeMap::new(),
            tickets: 0,
        };
        // A commit waits for the disk, so each loop has a thread of its own.
        let handle = self.runtime.handle().clone();
        std::thread::spawn(move || handle.block_on(daemon.run(first)).expect("memory does not fail"));
        self.asks.push(ask);
        self.stops.push(stop);
    }

    fn ask(&self, place: usize, command: Command) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.asks[place].blocking_send(Ask { command, deed: None, reply }).expect("the node runs");
        answer.blocking_recv().expect("the node answers")
    }

    fn status(&self, place: usize) -> xietong::machine::Status {
        match self.ask(place, Command::Status) {
            Answer::Status(status) => *status,
            other => panic!("{other:?}"),
        }
    }

    fn links(&self, place: usize) -> usize {
        self.status(place).agreements[0].peers.iter().filter(|peer| peer.is_linked).count()
    }

    /// How far a node holds everybody's stream.
    fn held(&self, place: usize) -> Held {
        let streams = self.status(place).agreements.remove(0).streams;
        streams.into_iter().map(|stream| (stream.author, stream.position)).collect()
    }

    /// A node publishes one or two entries, if what it imports changes anything that it shares.
    fn publish(&mut self, place: usize) {
        for command in self.fleets[place].changes(&mut self.rng) {
            let answer = self.ask(place, Command::Data(command));
            self.fleets[place].learn(Some(answer), &mut BTreeMap::new());
        }
    }

    fn wait(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        assert!(self.waits(PATIENCE, is_so), "not in {PATIENCE:?}: {what}");
    }

    fn waits(&self, patience: Duration, is_so: impl Fn(&Self) -> bool) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if is_so(self) {
                return true;
            }
            // Asking twenty nodes how they stand is work for them too.
            std::thread::sleep(Duration::from_millis(500));
        }
        false
    }

    fn storm(&mut self, rounds: usize) {
        self.drops.store(STORM, Ordering::Relaxed);
        for _ in 0..rounds {
            (0..NODES).for_each(|place| self.publish(place));
        }
        self.drops.store(0, Ordering::Relaxed);
    }

    /// Publishes until a hundred entries more are held by their authors; which of them everybody holds in the end.
    fn hundred_after(&mut self, patience: Duration) -> usize {
        let own = |crowd: &Self| -> Held {
            (0..NODES)
                .flat_map(|place| {
                    let me = crowd.status(place).member;
                    crowd.held(place).into_iter().filter(move |(author, _)| *author == me)
                })
                .collect()
        };
        let before = own(self);
        let added = |now: &Held| {
            now.iter().map(|(author, to)| to.0 - before.get(author).map_or(0, |from| from.0)).sum::<u64>()
        };
        for round in 0.. {
            assert!(round < 100, "nodes publish nothing");
            (0..NODES).for_each(|place| self.publish(place));
            if added(&own(self)) >= 100 {
                break;
            }
        }
        let written = own(self);
        let lowest = |crowd: &Self| -> Held {
            let mut lowest = written.clone();
            for place in 0..NODES {
                let held = crowd.held(place);
                lowest
                    .iter_mut()
                    .for_each(|(author, to)| *to = (*to).min(held.get(author).copied().unwrap_or_default()));
            }
            lowest
        };
        self.waits(patience, |crowd| lowest(crowd) == written);
        let everywhere = lowest(self);
        let reached = everywhere
            .iter()
            .map(|(author, to)| to.0.saturating_sub(before.get(author).map_or(0, |from| from.0)));
        (reached.sum::<u64>() * 100 / added(&written)) as usize
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        // Whoever has ended is not there to be told.
        for stop in self.stops.drain(..) {
            let _ = stop.send(());
        }
    }
}

/// What is said without having been asked for. Bulk is a range of more than one entry, which is asked for.
fn is_push(event: &NetEvent) -> bool {
    match event {
        NetEvent::Announced { .. } | NetEvent::Frame { frame: Frame::Heads(Heads::Changed(_)), .. } => true,
        NetEvent::Entries { entries, .. } => entries.len() == 1,
        _ => false,
    }
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}

#[test]
fn twenty_nodes_converge_after_a_storm_in_which_pushes_are_lost() {
    let begun = Instant::now();
    let mut crowd = Crowd::gather(1_000);
    let gathered = begun.elapsed();
    crowd.storm(40);
    let stormed = begun.elapsed() - gathered;
    crowd.wait("all hold the same", |crowd| {
        let first = crowd.held(0);
        first.len() == NODES && (1..NODES).all(|place| crowd.held(place) == first)
    });
    let entries: u64 = crowd.held(0).values().map(|position| position.0).sum();
    let (all, peak) = (begun.elapsed(), peak_mib());
    assert!(peak < MIB_MAX * NODES as u64, "{peak} MiB");
    println!(
        "storm: {NODES} nodes, {entries} entries, gathered in {:.1} s, storm of {:.1} s, equal {:.1} s after it, peak {peak} MiB",
        gathered.as_secs_f64(),
        stormed.as_secs_f64(),
        (all - gathered - stormed).as_secs_f64()
    );
}

#[test]
fn what_is_published_after_a_storm_reaches_all_by_pushes_alone() {
    let mut crowd = Crowd::gather(NEVER_MS);
    crowd.storm(3);
    let percent = crowd.hundred_after(Duration::from_secs(60));
    println!("after the storm: {percent} of 100 entries reached all {NODES} nodes by pushes alone");
    assert!(percent >= 99, "{percent}");
    // Without pushes nothing gets through, so that it was the pushes that carried it.
    crowd.drops.store(1_000, Ordering::Relaxed);
    let percent = crowd.hundred_after(Duration::from_secs(3));
    assert!(percent < 99, "{percent}");
}
