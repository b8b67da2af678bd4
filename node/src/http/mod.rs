//! The node's HTTP interface on a unix socket: who may open the socket may operate the node. Carries codes and
//! data, never prose: words are the client's business. Commands go to the machine and come back once they are
//! durable; questions are answered from the rows.

pub mod answer;
pub mod client;
pub mod data;
pub mod node;

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use answer::Problem;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::map_response;
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot};

use xietong_proto::card::Card;

use crate::machine::{Answer, Command};
use crate::systems::rows::Rows;

/// A question for the machine, and where the answer goes once it is durable.
#[derive(Debug)]
pub struct Ask {
    /// What is asked.
    pub command: Command,
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
    /// To the machine.
    pub asks: mpsc::Sender<Ask>,
    /// Looks at the rows of one commit.
    pub rows: Arc<dyn RowView>,
    /// What the shells know that the machine does not.
    pub surroundings: Arc<dyn Fn() -> Surroundings + Send + Sync>,
    /// Asks the node to stop; taken by the first who does.
    pub stop: Arc<Mutex<Option<oneshot::Sender<()>>>>,
    /// Bounds of an import.
    pub import: crate::config::Import,
    /// Where files lie while they are taken in.
    pub spool: Arc<Path>,
}

/// A view on the rows of one commit.
pub trait RowView: Send + Sync {
    /// Lets `look` see the rows; commits wait until it has.
    fn look(&self, look: &mut dyn FnMut(&dyn Rows));
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
    /// Puts a command before the machine and waits until what it did is durable. None if the node stops.
    async fn ask(&self, command: Command) -> Option<Answer> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(Ask { command, reply }).await.ok()?;
        answer.await.ok()
    }

    /// Looks at the rows away from the tasks that carry requests.
    async fn look<T: Send + 'static>(&self, look: impl FnOnce(&dyn Rows) -> T + Send + 'static) -> Option<T> {
        let rows = Arc::clone(&self.rows);
        let looked = tokio::task::spawn_blocking(move || {
            let (mut look, mut seen) = (Some(look), None);
            rows.look(&mut |rows| seen = look.take().map(|look| look(rows)));
            seen
        });
        looked.await.ok().flatten()
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

/// Serves until `done` resolves; requests under way are finished.
pub async fn serve(
    listener: UnixListener,
    desk: Desk,
    done: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .nest("/v1", node::routes().merge(data::routes()))
        .fallback(|uri: Uri| async move { Problem::NotFound { id: uri.path().to_owned() } })
        .method_not_allowed_fallback(|method: Method, uri: Uri| async move {
            let detail = format!("{method} {}", uri.path());
            (StatusCode::METHOD_NOT_ALLOWED, Json(Problem::Unreadable { detail }))
        })
        .layer(map_response(answer::as_problem))
        .with_state(desk);
    axum::serve(listener, router).with_graceful_shutdown(done).await
}
