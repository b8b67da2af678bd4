//! The node's HTTP interface: on a unix socket for those who may open it, and over TCP for those who have a token.
//! Carries codes and data, never prose: words are the client's business. Commands go to the machine and come back
//! once they are durable; questions are answered from the rows.

pub mod answer;
mod bucket;
pub mod bundle;
pub mod client;
pub mod data;
pub mod disclosure;
pub mod doctor;
pub mod door;
pub mod drivers;
pub mod epochs;
pub mod feed;
pub mod fleet;
pub mod handover;
pub mod metrics;
pub mod node;
pub mod requests;
pub mod right;
pub mod route;
pub mod serve;
pub mod tokens;

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use answer::Problem;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{from_fn_with_state, map_response};
use axum::{Json, Router};
use futures::future::BoxFuture;
use prometheus_client::metrics::histogram::Histogram;
use serde::Serialize;
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot};
use xietong_proto::card::Card;
use xietong_proto::entry::Entry;
use xietong_proto::id::{PeerId, Position, System};
use xietong_proto::reach::Dialled;
use xietong_proto::stream::Stream;

use crate::keys::bundle::Bundler;
use crate::machine::{Answer, Command};
use crate::systems::doors::Deed;
use crate::systems::rows::Rows;
use crate::systems::rules::Rules;
use door::{Asked, Doors};

/// A question for the machine, and where the answer goes once it is durable.
#[derive(Debug)]
pub struct Ask {
    /// What is asked.
    pub command: Command,
    /// What is recorded if it is done.
    pub deed: Option<Deed>,
    /// Gets the answer; dropped when the node stops first.
    pub reply: oneshot::Sender<Answer>,
}

/// Questions that may wait at once.
pub const ASKS_MAX: usize = 64;

/// What the interface stands on.
#[derive(Clone)]
pub struct Desk {
    /// This member's card.
    pub card: Arc<Card>,
    /// By which its office works.
    pub rules: Arc<Rules>,
    /// To the machine.
    pub asks: mpsc::Sender<Ask>,
    /// Looks at what is stored.
    pub stored: Arc<dyn Stored>,
    /// What the doors keep in mind.
    pub doors: Arc<Doors>,
    /// What the loop took for its steps.
    pub loop_time: Histogram,
    /// What the shells know that the machine does not.
    pub surroundings: Arc<dyn Fn() -> Surroundings + Send + Sync>,
    /// Looks who reaches whom.
    pub scout: Arc<dyn Scout>,
    /// Asks the node to stop; taken by the first who does.
    pub stop: Arc<Mutex<Option<oneshot::Sender<()>>>>,
    /// Makes and reads bundles for this node.
    pub bundler: Bundler,
    /// Bounds of an import.
    pub import: crate::config::Import,
    /// Where files lie while they are taken in.
    pub spool: Arc<Path>,
}

/// A view on what is stored, as of one commit.
pub trait Stored: Send + Sync {
    /// Lets `look` see the rows; commits wait until it has.
    fn look(&self, look: &mut dyn FnMut(&dyn Rows));

    /// How far the data log goes, for a backup.
    fn cut(&self) -> serde_json::Value;

    /// The newest position of a local stream of this member.
    fn last(&self, system: System) -> Position;

    /// Entries of a local stream of this member from a position on: some, if there are any; none where they cannot
    /// be read.
    fn local(&self, system: System, from: Position) -> Option<Vec<Entry>>;

    /// Where every stream stands.
    fn heads(&self) -> Vec<(Stream, Position)>;

    /// Entries of any stream from a position on: at least one if there is one, at most `bytes_max` bytes; none where
    /// they cannot be read.
    fn entries(&self, stream: Stream, from: Position, bytes_max: usize) -> Option<Vec<Entry>>;
}

/// Looks who reaches whom, beside the exchange.
pub trait Scout: Send + Sync {
    /// Dials each address of a peer.
    fn dial(&self, peer: PeerId, addresses: Vec<String>) -> BoxFuture<'static, Vec<Dialled>>;

    /// Asks a connected peer to dial this node; none if it does not answer.
    fn dialled_by(&self, peer: PeerId) -> BoxFuture<'static, Option<Vec<Dialled>>>;
}

/// What the shells know that the machine does not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, serde::Deserialize)]
pub struct Surroundings {
    /// Of the program.
    pub version: String,
    /// Where the node listens.
    pub listens: Vec<String>,
    /// Bytes of the data log.
    pub log_bytes: u64,
    /// Bytes of the rows.
    pub rows_bytes: u64,
    /// Bytes free on the disk that holds them.
    pub free_bytes: u64,
}

impl Desk {
    /// Puts a command before the machine and waits until what it did, and the deed, are durable. None if the node
    /// stops.
    async fn ask(&self, asked: &Asked, command: Command) -> Option<Answer> {
        self.put(command, asked.deed()).await
    }

    async fn put(&self, command: Command, deed: Option<Deed>) -> Option<Answer> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(Ask { command, deed, reply }).await.ok()?;
        answer.await.ok()
    }

    /// Looks at the rows away from the tasks that carry requests.
    async fn look<T: Send + 'static>(&self, look: impl FnOnce(&dyn Rows) -> T + Send + 'static) -> Option<T> {
        let looked = self.read(move |stored| {
            let (mut look, mut seen) = (Some(look), None);
            stored.look(&mut |rows| seen = look.take().map(|look| look(rows)));
            seen
        });
        looked.await.flatten()
    }

    /// Reads what is stored, away from the tasks that carry requests.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Stored) -> T + Send + 'static,
    ) -> Option<T> {
        let stored = Arc::clone(&self.stored);
        tokio::task::spawn_blocking(move || read(&*stored)).await.ok()
    }

    /// Reads entries away from the tasks that carry requests.
    async fn entries(&self, stream: Stream, from: Position, bytes_max: usize) -> Result<Vec<Entry>, Problem> {
        let read = self.read(move |stored| stored.entries(stream, from, bytes_max));
        read.await.ok_or(Problem::Stopping)?.ok_or(Problem::LogUnreadable)
    }
}

/// Why the socket cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {}", path.display())]
pub struct SocketFailure {
    /// Where.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Opens the socket for its owner and, if given, one group. A socket that a killed node left is replaced: the
/// caller holds the lock of the home, so nobody listens on it.
pub fn listen(path: &Path, group: Option<u32>) -> Result<UnixListener, SocketFailure> {
    let open = || -> io::Result<UnixListener> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Err(_) | Ok(()) => {}
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(if group.is_some() { 0o660 } else { 0o600 }))?;
        if group.is_some() {
            chown(path, None, group)?;
        }
        Ok(listener)
    };
    open().map_err(|source| SocketFailure { path: path.to_owned(), source })
}

/// All routes behind their doors.
pub fn router(desk: Desk) -> Router {
    let routes = route::ALL.iter().fold(Router::new(), |router, route| {
        let inner = from_fn_with_state((desk.clone(), route), door::pass);
        router.route(route.path, (route.serve)().route_layer(inner))
    });
    routes
        .fallback(|uri: Uri| async move { Problem::NotFound { id: uri.path().to_owned() } })
        .method_not_allowed_fallback(|method: Method, uri: Uri| async move {
            let detail = format!("{method} {}", uri.path());
            (StatusCode::METHOD_NOT_ALLOWED, Json(Problem::Unreadable { detail }))
        })
        .layer(map_response(answer::as_problem))
        .layer(from_fn_with_state(desk.clone(), door::admit))
        .with_state(desk)
}
