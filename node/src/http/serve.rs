//! Takes connections and carries requests: so many at once, with so much time for the head of a request. Decides
//! nothing about who may do what; it says where a connection comes from, and the doors do the rest.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;

/// Connections that are served at once on one listener; others wait their turn.
pub const CONNECTIONS_MAX: usize = 256;
/// Until the whole head of a request has come, also of a next one on the same connection.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// After a connection could not be taken, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where connections come in.
pub enum Listener {
    /// For users of this machine.
    Socket(UnixListener),
    /// For whoever has a token.
    Tcp(TcpListener),
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A process of this user opened the socket.
    User { uid: u32 },
    /// Over TCP.
    Address(SocketAddr),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Listener {
    async fn accept(&self) -> io::Result<(Box<dyn Stream>, Origin)> {
        match self {
            Self::Socket(listener) => {
                let (stream, _) = listener.accept().await?;
                let uid = stream.peer_cred()?.uid();
                Ok((Box::new(stream), Origin::User { uid }))
            }
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok((Box::new(stream), Origin::Address(address)))
            }
        }
    }
}

/// Serves until `done` resolves; requests under way are finished.
pub async fn serve(listener: Listener, router: Router, done: impl Future<Output = ()>) {
    let (places, requests) = (Arc::new(Semaphore::new(CONNECTIONS_MAX)), GracefulShutdown::new());
    let mut done = pin!(done);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place.expect("nobody closes it"), listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut done => break,
            next = next => next,
        };
        let Ok((stream, origin)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone().layer(Extension(origin)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let connection = requests.watch(connection);
        tokio::spawn(async move {
            // Whoever asked may go away at any time.
            let _ = connection.await;
            drop(place);
        });
    }
    requests.shutdown().await;
}
