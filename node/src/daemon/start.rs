//! Opens the shells in order, runs the loop, and closes them in reverse: store, machine, network, socket.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use rustix::fs::statvfs;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use xietong_proto::card::Card;
use xietong_proto::entry::Entry;
use xietong_proto::id::{MemberCode, PeerId, Position, System};
use xietong_proto::reach::Dialled;
use xietong_proto::stream::Stream;

use super::Daemon;
use crate::clock::Clock;
use crate::config::Config;
use crate::home::Home;
use crate::http::door::Doors;
use crate::http::metrics::loop_time;
use crate::http::serve::{Listener, serve};
use crate::http::{self, ASKS_MAX, Desk, SocketFailure, Stored, Surroundings};
use crate::keys::bundle::Bundler;
use crate::keys::{self, NodeKeys};
use crate::machine::Machine;
use crate::net::{self, NetConfig, NetError};
use crate::replica::agreement::NotInForce;
use crate::replica::{EntryKey, Me, carry};
use crate::store::disk::{Disk, Opened, Reader};
use crate::store::error::StoreError;
use crate::systems::rows::Rows;
use crate::systems::rules::Rules;

/// Why a node does not start, or stops other than in order.
#[derive(Debug, thiserror::Error)]
pub enum NodeFailure {
    /// The data log or the rows.
    #[error("the store cannot be used")]
    Store(#[from] StoreError),
    /// An agreement that was joined does not hold any more.
    #[error("an agreement in the log cannot be read: {0:?}")]
    Agreement(NotInForce),
    /// Nobody can be reached.
    #[error("the network cannot be used")]
    Net(#[from] NetError),
    /// Operators could not ask anything.
    #[error("the socket cannot be used")]
    Socket(#[from] SocketFailure),
    /// Nobody could come with a token.
    #[error("cannot listen on {address}")]
    Tcp {
        /// As configured.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The group that should be allowed to operate.
    #[error("there is no group {group}")]
    NoSuchGroup {
        /// As configured.
        group: String,
    },
    /// Signals, threads, randomness.
    #[error("the system does not give what a node needs")]
    System(#[source] std::io::Error),
}

/// What a node starts from.
pub struct Start {
    /// Where it lives.
    pub home: Home,
    /// What its operator set.
    pub config: Config,
    /// By which its office works.
    pub rules: Rules,
    /// Its secrets.
    pub keys: NodeKeys,
    /// This member's newest card.
    pub card: Card,
}

/// Runs a node until it is told to stop, by its socket or a signal. `ready` hears where it listens.
pub fn run(start: Start, socket: PathBuf, ready: impl FnOnce(&[String])) -> Result<(), NodeFailure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(NodeFailure::System)?;
    // The loop runs on this thread: a commit waits for the disk and must hold up nobody else.
    runtime.block_on(live(start, socket, ready))
}

async fn live(start: Start, socket: PathBuf, ready: impl FnOnce(&[String])) -> Result<(), NodeFailure> {
    let Start { home, config, rules, keys, card } = start;
    let group = group_id(&config.socket.group)?;
    let Opened { store, boot, recovery } = Disk::open(home.path(), config.member())?;
    tell(&recovery);
    let reader = store.reader();
    let clock = Clock::start();
    let (peer, entry_key) = (keys.peer(), Arc::new(keys.entry));
    let signer = EntryKey(Arc::clone(&entry_key));
    let me = Me { card: card.clone(), peer, entry_key: signer, secret: keys.salt, instance: instance() };
    let rules = Arc::new(rules);
    let (machine, first) =
        Machine::start(me, config.replication(), Arc::clone(&rules), boot, clock.now(), &store)
            .map_err(NodeFailure::Agreement)?;
    let transport = keys.transport;
    let net = NetConfig { transport_key: transport, listen: config.network.listen.clone() };
    let (network, events) = net::start(net).await?;
    let listens = network.listens().to_vec();
    let (ask, asks) = mpsc::channel(ASKS_MAX);
    let (stop, stopped) = oneshot::channel();
    let loop_time = loop_time();
    let scout = Arc::new(Scouting(network.scout()));
    let desk = Desk {
        card: Arc::new(card),
        rules,
        asks: ask,
        stored: Arc::new(Read { me: config.member(), reader }),
        doors: Arc::new(Doors::new(config.tcp.requests_per_minute)),
        loop_time: loop_time.clone(),
        scout,
        surroundings: surroundings(&home, listens.clone()),
        stop: Arc::new(Mutex::new(Some(stop))),
        bundler: Bundler::new(transport),
        import: config.import.clone(),
        spool: home.run().into(),
    };
    stop_on_signals(&desk)?;
    let listeners = listeners(&socket, group, config.tcp.listen()).await?;
    let (done, end) = oneshot::channel::<()>();
    let (router, end) = (http::router(desk), async { drop(end.await) }.boxed().shared());
    let serving = listeners.into_iter().map(|listener| serve(listener, router.clone(), end.clone()));
    let serving = tokio::spawn(join_all(serving));
    ready(&listens);
    let disk = home.path().to_owned();
    let daemon = Daemon {
        free: Box::new(move || free_bytes(&disk)),
        looked_ms: None,
        machine,
        store,
        entry_key,
        clock,
        network,
        events,
        asks,
        stop: stopped,
        loop_time,
        waiting: BTreeMap::new(),
        tickets: 0,
    };
    let store = daemon.run(first).await?;
    // Requests under way get their answer, then nobody is heard any more.
    drop(done);
    let _ = tokio::time::timeout(std::time::Duration::from_secs(3), serving).await;
    // It may be gone already.
    let _ = std::fs::remove_file(&socket);
    Ok(store.close()?)
}

/// The doors: the socket, and a TCP address if there is one.
async fn listeners(
    socket: &Path,
    group: Option<u32>,
    tcp: Option<SocketAddr>,
) -> Result<Vec<Listener>, NodeFailure> {
    let mut listeners = vec![Listener::Socket(http::listen(socket, group)?)];
    if let Some(address) = tcp {
        let failed = |source| NodeFailure::Tcp { address, source };
        listeners.push(Listener::Tcp(TcpListener::bind(address).await.map_err(failed)?));
    }
    Ok(listeners)
}

/// What is stored, for the questions of operators.
struct Read {
    me: MemberCode,
    reader: Reader,
}

impl Stored for Read {
    fn look(&self, look: &mut dyn FnMut(&dyn Rows)) {
        self.reader.read(|rows| look(rows));
    }

    fn cut(&self) -> serde_json::Value {
        serde_json::to_value(self.reader.cut()).expect("names and numbers are plain data")
    }

    fn last(&self, system: System) -> Position {
        self.reader.last(&Stream::local(self.me, system))
    }

    fn local(&self, system: System, from: Position) -> Option<Vec<Entry>> {
        self.entries(Stream::local(self.me, system), from, READ_BYTES)
    }

    fn heads(&self) -> Vec<(Stream, Position)> {
        self.reader.heads()
    }

    fn entries(&self, stream: Stream, from: Position, bytes_max: usize) -> Option<Vec<Entry>> {
        let read = self.reader.entries(stream, from, bytes_max);
        let failed = |error: &StoreError| tracing::error!(?stream, %from, %error, "the log cannot be read");
        Some(carry::entries(&read.inspect_err(failed).ok()?))
    }
}

/// Of a stream, at once.
const READ_BYTES: usize = 1024 * 1024;

/// The network for the socket's questions.
struct Scouting(net::Scout);

impl http::Scout for Scouting {
    fn dial(&self, peer: PeerId, addresses: Vec<String>) -> BoxFuture<'static, Vec<Dialled>> {
        let scout = self.0.clone();
        Box::pin(async move { scout.dial(peer, &addresses).await })
    }

    fn dialled_by(&self, peer: PeerId) -> BoxFuture<'static, Option<Vec<Dialled>>> {
        let scout = self.0.clone();
        Box::pin(async move { scout.dialled_by(peer).await })
    }
}

fn stop_on_signals(desk: &Desk) -> Result<(), NodeFailure> {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut signals = signal(kind).map_err(NodeFailure::System)?;
        let stop = Arc::clone(&desk.stop);
        tokio::spawn(async move {
            signals.recv().await;
            let stop = stop.lock().ok().and_then(|mut stop| stop.take());
            // Without a receiver it is stopping already.
            let _ = stop.map(|stop| stop.send(()));
        });
    }
    Ok(())
}

fn surroundings(home: &Home, listens: Vec<String>) -> Arc<dyn Fn() -> Surroundings + Send + Sync> {
    let home = home.clone();
    Arc::new(move || Surroundings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        listens: listens.clone(),
        log_bytes: size_of(&home.log()),
        rows_bytes: size_of(&home.rows()),
        free_bytes: free_bytes(home.path()),
    })
}

/// What this user may still write on the disk of a folder; nothing if that cannot be told.
fn free_bytes(folder: &Path) -> u64 {
    statvfs(folder).map_or(0, |disk| disk.f_bavail * disk.f_frsize)
}

/// Bytes of all files below a folder.
fn size_of(folder: &Path) -> u64 {
    let inside = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    inside.map(size).sum()
}

fn tell(recovery: &crate::store::recovery::Recovery) {
    tracing::info!(rows = ?recovery.rows, "opened the home");
    for torn in &recovery.torn {
        tracing::warn!(?torn, "cut the torn end of a log; it is kept aside");
    }
    for damage in &recovery.damage {
        tracing::error!(?damage, "a log is damaged; what is missing is fetched from peers");
    }
    for (stream, entries) in &recovery.unlinked {
        tracing::warn!(?stream, entries, "entries behind a gap are not served");
    }
}

/// Random for each start, so that peers can tell two processes of one node apart.
fn instance() -> u64 {
    u64::from_be_bytes(keys::draw())
}

/// The number of a group, from the system's group file; none if none is configured.
fn group_id(group: &str) -> Result<Option<u32>, NodeFailure> {
    if group.is_empty() {
        return Ok(None);
    }
    let file = std::fs::read_to_string("/etc/group").map_err(NodeFailure::System)?;
    let line = file.lines().find(|line| line.split(':').next() == Some(group));
    let id = line.and_then(|line| line.split(':').nth(2)).and_then(|id| id.parse().ok());
    id.map(Some).ok_or_else(|| NodeFailure::NoSuchGroup { group: group.to_owned() })
}
