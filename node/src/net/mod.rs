//! The network's shell: libp2p on one side, events and actions on the other. It decides nothing about trust:
//! it lets in who stands on the roster, opens entries with the keyring it was given, and hands over what comes.
//! The only folder that names libp2p.

mod address;
mod chain;
mod link;
mod reach;
mod swarm;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use libp2p::{Multiaddr, identity};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use xietong_proto::id::{AgreementId, PeerId};
use xietong_proto::presentation::Presentation;
use xietong_proto::reach::Dialled;
use xietong_proto::sync::Frame;

use crate::replica::io::{Keyring, LinkId, NetEvent, Roster};
use link::Links;
use swarm::{Command, Shell};

pub use address::{Listener, dns_name, listener, peer_text};

/// What the shell needs to start.
pub struct NetConfig {
    /// The transport key's secret half.
    pub transport_key: [u8; 32],
    /// Multiaddresses to listen on; a port of 0 is chosen by the system.
    pub listen: Vec<String>,
}

/// Why the network cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The system offers no name resolution, or the like.
    #[error("the network cannot be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Not an address.
    #[error("{address} is no address to listen on")]
    Address {
        /// As configured.
        address: String,
    },
    /// Taken, not ours, or not allowed.
    #[error("cannot listen on {address}")]
    Listen {
        /// As configured.
        address: String,
        /// What the system said.
        source: io::Error,
    },
}

/// A running network.
pub struct Network {
    commands: mpsc::UnboundedSender<Command>,
    links: Arc<Links>,
    keyring: Arc<Mutex<Arc<Keyring>>>,
    listens: Vec<String>,
    task: JoinHandle<()>,
}

/// Looks whether nodes reach each other, beside the network that runs.
#[derive(Clone)]
pub struct Scout {
    commands: mpsc::UnboundedSender<Command>,
}

/// Events that may wait for the loop; when there are more, reading stops until it has caught up.
const EVENTS_MAX: usize = 256;
/// How long the addresses may take on which the node listens.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(10);

/// Starts to listen. Nobody is let in or dialled before there is a roster.
pub async fn start(config: NetConfig) -> Result<(Network, mpsc::Receiver<NetEvent>), NetError> {
    let mut secret = config.transport_key;
    let key =
        identity::Keypair::ed25519_from_bytes(&mut secret).map_err(|error| NetError::Setup(error.into()))?;
    let (events, received) = mpsc::channel(EVENTS_MAX);
    // Unbounded, but fed by the loop alone, a few per step; what is many – frames – goes through the links.
    let (commands, asked) = mpsc::unbounded_channel();
    let keyring = Arc::new(Mutex::new(Arc::new(Keyring::default())));
    let links = Arc::new(Links::new(events.clone(), Arc::clone(&keyring)));
    let mut shell = Shell::new(key, Arc::clone(&links), events, asked)?;
    let listens = tokio::time::timeout(LISTEN_TIMEOUT, shell.listen(&config.listen))
        .await
        .map_err(|late| NetError::Setup(late.into()))??;
    let task = tokio::spawn(shell.run());
    Ok((Network { commands, links, keyring, listens, task }, received))
}

impl Network {
    /// Where the node listens, with the ports in effect.
    pub fn listens(&self) -> &[String] {
        &self.listens
    }

    /// Lets in these peers and no others, and keeps dialling all of them.
    pub fn set_roster(&self, roster: Arc<Roster>) {
        self.command(Command::Roster(roster));
    }

    /// Opens entries with these keys from now on.
    pub fn set_keyring(&self, keyring: Arc<Keyring>) {
        *self.keyring.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = keyring;
    }

    /// Opens a link; `Opened` or `Closed` follows.
    pub fn open(&self, link: LinkId, peer: PeerId, _: AgreementId) {
        self.command(Command::Open { link, peer });
    }

    /// Lets somebody in for a moment who stands on no roster, and dials it where it answered (P48).
    pub fn invite(&self, peer: PeerId, address: Option<String>) {
        self.command(Command::Invite { peer, address });
    }

    /// Presents an agreement to a connected peer.
    pub fn present(&self, peer: PeerId, shown: Box<Presentation>) {
        self.command(Command::Present { peer, shown });
    }

    /// Sends a frame. A link whose other end does not keep up is closed: the comparison of heads repairs it.
    pub fn send(&self, link: LinkId, frame: Frame) {
        self.links.send(link, frame.encode());
    }

    /// Ends a link after what was sent on it.
    pub fn close(&self, link: LinkId) {
        self.links.close(link);
    }

    /// Bytes received from and sent to each peer since the start.
    pub fn traffic(&self) -> BTreeMap<PeerId, (u64, u64)> {
        self.links.traffic()
    }

    /// For whoever wants to know who reaches whom.
    pub fn scout(&self) -> Scout {
        Scout { commands: self.commands.clone() }
    }

    /// Ends all connections.
    pub async fn shutdown(self) {
        let (done, ended) = oneshot::channel();
        self.command(Command::Shutdown(done));
        // If the task has ended already, there is nothing to wait for.
        let _ = ended.await;
        self.task.abort();
    }

    fn command(&self, command: Command) {
        if self.commands.send(command).is_err() {
            tracing::error!("the network task has ended");
        }
    }
}

impl Scout {
    /// Dials each address of a peer, without touching the connection that stands.
    pub async fn dial(&self, peer: PeerId, addresses: &[String]) -> Vec<Dialled> {
        match address::to_libp2p(peer) {
            Some(id) => reach::dial(id, addresses).await,
            None => Vec::new(),
        }
    }

    /// Asks a connected peer to dial this node at the addresses it knows; none if it does not answer.
    pub async fn dialled_by(&self, peer: PeerId) -> Option<Vec<Dialled>> {
        let (answer, told) = oneshot::channel();
        self.commands.send(Command::AskDialled { peer, answer }).ok()?;
        told.await.ok().flatten()
    }
}

/// Whether a text is an address that a node can dial.
pub fn is_address(text: &str) -> bool {
    text.parse::<Multiaddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, UdpSocket};

    use super::*;
    use crate::text::{Lang, node_failure};

    /// Why no node listens there, in both languages.
    async fn refusal(address: &str) -> [String; 2] {
        let config = NetConfig { transport_key: [1; 32], listen: vec![address.to_owned()] };
        let Err(error) = start(config).await else { panic!("{address} is free") };
        let failure = error.into();
        [Lang::Zh, Lang::En].map(|lang| node_failure(lang, &failure))
    }

    #[tokio::test]
    async fn who_cannot_listen_says_why() {
        let udp = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
        let tcp = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = |address: io::Result<SocketAddr>| address.expect("it is bound").port();
        let (udp_port, tcp_port) = (port(udp.local_addr()), port(tcp.local_addr()));
        let table = [
            (format!("/ip4/127.0.0.1/udp/{udp_port}/quic-v1"), "Address already in use"),
            (format!("/ip4/127.0.0.1/tcp/{tcp_port}"), "Address already in use"),
            ("/ip4/127.0.0.1/udp/1/webtransport".to_owned(), "not supported"),
        ];
        for (address, cause) in table {
            for told in refusal(&address).await {
                assert!(told.contains(&address) && told.contains(cause), "{told}");
            }
        }
    }
}
