//! The swarm: who is connected, who is dialled when, and which connection counts.

use std::collections::HashMap;
use std::io;
use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use libp2p::allow_block_list::{self, AllowedPeers};
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError, NetworkBehaviour, SwarmEvent};
use libp2p::{
    Multiaddr, PeerId as Libp2pId, StreamProtocol, Swarm, SwarmBuilder, TransportError, identify, identity,
    memory_connection_limits, noise, ping, tcp, yamux,
};
use tokio::sync::{mpsc, oneshot};
use xietong_proto::id::PeerId;
use xietong_proto::presentation::Presentation;
use xietong_proto::reach::{self, Dialled};
use xietong_proto::sync::PROTOCOL;

use super::NetError;
use super::address::{from_libp2p, in_order, peer_text, to_libp2p};
use super::chain::{self, Guests};
use super::link::Links;
use crate::replica::io::{LinkId, NetEvent, Roster};

const STREAMS: StreamProtocol = StreamProtocol::new(PROTOCOL);
const REACH: StreamProtocol = StreamProtocol::new(reach::PROTOCOL);
/// Between two times that one peer is answered: dialling for others costs them nothing.
const ANSWER_PAUSE: Duration = Duration::from_secs(5);
/// A peer that says nothing for so long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(8);
const PING_INTERVAL: Duration = Duration::from_secs(3);
/// Links are what keeps a connection; without any it may rest for so long.
const IDLE_MAX: Duration = Duration::from_secs(24 * 3600);
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
const DIAL_PAUSE_MIN: Duration = Duration::from_millis(500);
const DIAL_PAUSE_MAX: Duration = Duration::from_secs(30);
/// How often the roster is looked through for whom to dial.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// A younger connection beside a new one that the other end dialled may be because both did at once.
const AT_ONCE: Duration = Duration::from_secs(3);
/// How long an orderly end waits for the others to be told of it.
const PARTING_MAX: Duration = Duration::from_secs(1);
/// Agreements that a peer may present on one connection, each some times.
const PRESENTED_MAX: u32 = 64;
const HALF_OPEN_MAX: u32 = 64;
const CONNECTIONS_MAX: u32 = 512;
/// Two when both dialled at once, and as many again when a process died and its successor does the same.
const PEER_CONNECTIONS_MAX: u32 = 4;
const MEMORY_SHARE_MAX: f64 = 0.9;

/// What members are told of this program, so that whoever looks after the agreement sees who has to upgrade.
const PROGRAM: &str = concat!("xietong/", env!("CARGO_PKG_VERSION"));
/// Of what others say of theirs.
const PROGRAM_CHARS_MAX: usize = 40;

/// What the loop asks of the swarm.
pub enum Command {
    /// Let in and dial these, and no others.
    Roster(Arc<Roster>),
    /// Open a link.
    Open { link: LinkId, peer: PeerId },
    /// Let somebody in for a moment, and dial it.
    Invite { peer: PeerId, address: Option<String> },
    /// Present an agreement.
    Present { peer: PeerId, shown: Box<Presentation> },
    /// Ask a peer to dial this node; no answer if it does not.
    AskDialled { peer: PeerId, answer: oneshot::Sender<Option<Vec<Dialled>>> },
    /// End.
    Shutdown(oneshot::Sender<()>),
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    allowed: allow_block_list::Behaviour<AllowedPeers>,
    limits: connection_limits::Behaviour,
    memory: memory_connection_limits::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    streams: libp2p_stream::Behaviour,
}

/// The swarm and what is known of the roster's peers.
pub struct Shell {
    swarm: Swarm<Behaviour>,
    links: Arc<Links>,
    events: mpsc::Sender<NetEvent>,
    commands: mpsc::UnboundedReceiver<Command>,
    roster: HashMap<Libp2pId, Candidate>,
    guests: Guests,
    connections: HashMap<ConnectionId, Known>,
}

/// A connection that stands.
struct Known {
    peer: Libp2pId,
    since: Instant,
    /// Whether this end dialled.
    is_dialer: bool,
    /// How often the other end has presented something on it.
    presented: u32,
}

/// Somebody who may connect.
struct Candidate {
    peer: PeerId,
    addresses: Vec<Multiaddr>,
    dial_at: Instant,
    pause: Duration,
    /// When its question about reach was answered last.
    answered_at: Option<Instant>,
}

impl Shell {
    /// A swarm that listens nowhere yet.
    pub fn new(
        key: identity::Keypair,
        links: Arc<Links>,
        events: mpsc::Sender<NetEvent>,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Result<Self, NetError> {
        let swarm = swarm(key).map_err(NetError::Setup)?;
        let (roster, connections, guests) = (HashMap::new(), HashMap::new(), Guests::default());
        Ok(Self { swarm, links, events, commands, roster, guests, connections })
    }

    /// Listens and waits for the addresses in effect.
    pub async fn listen(&mut self, addresses: &[String]) -> Result<Vec<String>, NetError> {
        let mut waiting = HashMap::new();
        for address in addresses {
            let parsed: Multiaddr =
                address.parse().map_err(|_| NetError::Address { address: address.clone() })?;
            let failed = |source| NetError::Listen { address: address.clone(), source: cause(source) };
            waiting.insert(self.swarm.listen_on(parsed).map_err(failed)?, address.clone());
        }
        let mut listens = Vec::new();
        while !waiting.is_empty() {
            match self.swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { listener_id, address } => {
                    waiting.remove(&listener_id);
                    listens.push(address.to_string());
                }
                SwarmEvent::ListenerClosed { listener_id, reason: Err(source), .. } => {
                    let address = waiting.remove(&listener_id).unwrap_or_default();
                    return Err(NetError::Listen { address, source });
                }
                _ => {}
            }
        }
        Ok(listens)
    }

    /// Runs until it is told to end.
    pub async fn run(mut self) {
        let mut control = self.swarm.behaviour().streams.new_control();
        let mut incoming = control.accept(STREAMS).expect("the protocol is registered here and nowhere else");
        let mut questions = control.accept(REACH).expect("the protocol is registered here and nowhere else");
        let mut shown =
            control.accept(chain::PROTOCOL).expect("the protocol is registered here and nowhere else");
        let mut look = tokio::time::interval(LOOK_INTERVAL);
        loop {
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Roster(roster)) => self.set_roster(&roster),
                    Some(Command::Open { link, peer }) => self.open(link, peer),
                    Some(Command::Invite { peer, address }) => self.invite(peer, address),
                    Some(Command::Present { peer, shown }) => self.present(peer, shown),
                    Some(Command::AskDialled { peer, answer }) => self.ask_dialled(peer, answer),
                    Some(Command::Shutdown(done)) => {
                        self.part().await;
                        // Whoever asked may have stopped waiting.
                        let _ = done.send(());
                        return;
                    }
                    None => return,
                },
                Some((id, stream)) = incoming.next() => self.accept(id, stream),
                Some((id, stream)) = questions.next() => self.answer(id, stream),
                Some((id, stream)) = shown.next() => self.take_shown(id, stream),
                event = self.swarm.select_next_some() => self.take(event).await,
                _ = look.tick() => {
                    self.part_with_guests();
                    self.dial_due();
                }
            }
        }
    }

    fn set_roster(&mut self, roster: &Roster) {
        let named: HashMap<Libp2pId, (PeerId, Vec<Multiaddr>)> = roster
            .peers
            .iter()
            .filter_map(|(peer, addresses)| Some((to_libp2p(*peer)?, (*peer, in_order(addresses)))))
            .collect();
        let gone: Vec<Libp2pId> = self.roster.keys().filter(|id| !named.contains_key(id)).copied().collect();
        for id in gone {
            self.roster.remove(&id);
            self.swarm.behaviour_mut().allowed.disallow_peer(id);
            // It may not be connected.
            let _ = self.swarm.disconnect_peer_id(id);
        }
        for (id, (peer, addresses)) in named {
            self.swarm.behaviour_mut().allowed.allow_peer(id);
            let known = self.roster.get(&id).is_some_and(|known| known.addresses == addresses);
            if !known {
                let (dial_at, pause) = (Instant::now(), DIAL_PAUSE_MIN);
                self.roster.insert(id, Candidate { peer, addresses, dial_at, pause, answered_at: None });
            }
        }
        self.part_with_guests();
        self.dial_due();
    }

    /// Dials whoever is due and not connected; it is enough that one of two can reach the other.
    fn dial_due(&mut self) {
        let (now, mut due) = (Instant::now(), Vec::new());
        for (id, candidate) in &mut self.roster {
            let is_due = candidate.dial_at <= now && !candidate.addresses.is_empty();
            if !is_due || self.swarm.is_connected(id) {
                continue;
            }
            candidate.dial_at = now + candidate.pause;
            candidate.pause = (candidate.pause * 2).min(DIAL_PAUSE_MAX);
            due.push((*id, candidate.addresses.clone()));
        }
        due.into_iter().for_each(|(id, addresses)| self.dial(id, addresses));
    }

    fn dial(&mut self, id: Libp2pId, addresses: Vec<Multiaddr>) {
        let one_by_one = NonZeroU8::MIN;
        let dial = DialOpts::peer_id(id)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .addresses(addresses)
            .override_dial_concurrency_factor(one_by_one)
            .build();
        if let Err(error) = self.swarm.dial(dial) {
            tracing::debug!(peer = %id, %error, "not dialled");
        }
    }

    fn open(&mut self, link: LinkId, peer: PeerId) {
        let (links, mut control) = (Arc::clone(&self.links), self.swarm.behaviour().streams.new_control());
        let id = to_libp2p(peer).filter(|id| self.swarm.is_connected(id));
        tokio::spawn(async move {
            let Some(id) = id else { return links.tell(NetEvent::Closed { link }).await };
            match tokio::time::timeout(OPEN_TIMEOUT, control.open_stream(id, STREAMS)).await {
                Ok(Ok(stream)) => links.run(link, peer, stream, true).await,
                Ok(Err(_)) | Err(_) => links.tell(NetEvent::Closed { link }).await,
            }
        });
    }

    fn accept(&self, id: Libp2pId, stream: libp2p::Stream) {
        let Some(candidate) = self.roster.get(&id) else { return };
        tokio::spawn(Arc::clone(&self.links).accept(candidate.peer, stream));
    }

    fn invite(&mut self, peer: PeerId, address: Option<String>) {
        let Some(id) = to_libp2p(peer).filter(|id| !self.roster.contains_key(id)) else { return };
        if !self.guests.invite(id, Instant::now()) {
            return;
        }
        self.swarm.behaviour_mut().allowed.allow_peer(id);
        if let Some(address) = address.and_then(|address| address.parse().ok()) {
            self.dial(id, vec![address]);
        }
    }

    /// Sends those away whose time is over. Who is a member by now comes in as one.
    fn part_with_guests(&mut self) {
        for id in self.guests.take_gone(Instant::now(), |id| self.roster.contains_key(id)) {
            if !self.roster.contains_key(&id) {
                self.swarm.behaviour_mut().allowed.disallow_peer(id);
            }
            // It may not be connected.
            let _ = self.swarm.disconnect_peer_id(id);
        }
    }

    fn present(&self, peer: PeerId, shown: Box<Presentation>) {
        let Some(id) = to_libp2p(peer).filter(|id| self.swarm.is_connected(id)) else { return };
        tokio::spawn(chain::present(self.swarm.behaviour().streams.new_control(), id, shown));
    }

    /// Hands over what somebody presents: so often on one connection, and not more.
    fn take_shown(&mut self, id: Libp2pId, stream: libp2p::Stream) {
        let (links, peer) = (Arc::clone(&self.links), from_libp2p(&id));
        let connection = self.connections.values_mut().find(|known| known.peer == id);
        let (Some(peer), Some(known)) = (peer, connection) else { return };
        known.presented += 1;
        if known.presented > PRESENTED_MAX {
            return;
        }
        tokio::spawn(chain::hear(links, peer, stream));
    }

    fn ask_dialled(&self, peer: PeerId, answer: oneshot::Sender<Option<Vec<Dialled>>>) {
        let id = to_libp2p(peer).filter(|id| self.swarm.is_connected(id));
        let mut control = self.swarm.behaviour().streams.new_control();
        tokio::spawn(async move {
            let ask = async {
                let stream = control.open_stream(id?, REACH).await.ok()?;
                super::reach::read(stream).await
            };
            let told = tokio::time::timeout(super::reach::ANSWER_TIMEOUT, ask).await.ok().flatten();
            // Whoever asked may have gone.
            let _ = answer.send(told);
        });
    }

    /// Dials a peer that asks for it, not more often than now and then (P47).
    fn answer(&mut self, id: Libp2pId, stream: libp2p::Stream) {
        let Some(candidate) = self.roster.get_mut(&id) else { return };
        if candidate.answered_at.is_some_and(|answered_at| answered_at.elapsed() < ANSWER_PAUSE) {
            return;
        }
        candidate.answered_at = Some(Instant::now());
        let addresses = candidate.addresses.iter().map(Multiaddr::to_string).collect();
        tokio::spawn(async move {
            if let Err(error) = super::reach::answer(stream, id, addresses).await {
                tracing::debug!(peer = %id, %error, "the answer about reach did not arrive");
            }
        });
    }

    async fn take(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished {
                peer_id, connection_id, endpoint, num_established, ..
            } => {
                let address = endpoint.get_remote_address().to_string();
                let new = Known {
                    peer: peer_id,
                    since: Instant::now(),
                    is_dialer: endpoint.is_dialer(),
                    presented: 0,
                };
                let replaces = self.drop_stale(&new);
                self.connections.insert(connection_id, new);
                if num_established.get() == 1 || replaces {
                    self.connected(peer_id, address).await;
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, .. } => {
                self.connections.remove(&connection_id);
                if num_established == 0 {
                    self.disconnected(peer_id).await;
                }
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, peer_id: Some(id), .. } => {
                let address = send_back_addr.to_string();
                if let Some(peer) = from_libp2p(&id).filter(|_| !self.roster.contains_key(&id)) {
                    self.tell(NetEvent::Stranger { peer, address }).await;
                }
            }
            SwarmEvent::OutgoingConnectionError {
                error: DialError::WrongPeerId { obtained, address },
                ..
            } => {
                tracing::debug!(%address, peer = %obtained, "another node answers");
                let unknown = from_libp2p(&obtained).filter(|_| !self.roster.contains_key(&obtained));
                if let Some(peer) = unknown.filter(|_| obtained != *self.swarm.local_peer_id()) {
                    self.tell(NetEvent::Unexpected { peer, address: address.to_string() }).await;
                }
            }
            SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => {
                tracing::debug!(peer = ?peer_id, %error, "dialling failed");
            }
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received {
                peer_id,
                info,
                ..
            })) => {
                if let Some(peer) = from_libp2p(&peer_id) {
                    let program = info.agent_version.chars().filter(char::is_ascii_graphic);
                    let program = program.take(PROGRAM_CHARS_MAX).collect();
                    self.tell(NetEvent::Runs { peer, program }).await;
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event { peer, result: Err(error), .. })) => {
                tracing::info!(%peer, %error, "the peer does not answer");
                // It may be gone already.
                let _ = self.swarm.disconnect_peer_id(peer);
            }
            _ => {}
        }
    }

    /// Closes connections to a peer beside which a new one means that its process was another: who is connected
    /// does not dial, and both ends dialling at once explains a young one of the other direction alone.
    fn drop_stale(&mut self, new: &Known) -> bool {
        let is_stale = |known: &Known| {
            let is_twin = known.is_dialer != new.is_dialer && known.since.elapsed() <= AT_ONCE;
            known.peer == new.peer && !is_twin
        };
        let stale = self.connections.iter().filter(|(_, known)| is_stale(known));
        let stale: Vec<ConnectionId> = stale.map(|(connection, _)| *connection).collect();
        for connection in &stale {
            self.swarm.close_connection(*connection);
        }
        !stale.is_empty()
    }

    /// Ends all connections so that the others hear of it, and need not find out by silence.
    async fn part(&mut self) {
        for peer in self.swarm.connected_peers().copied().collect::<Vec<_>>() {
            // It may have gone at this moment.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let ended = async {
            while self.swarm.connected_peers().next().is_some() {
                self.swarm.select_next_some().await;
            }
        };
        // Whoever does not answer finds out by itself.
        let _ = tokio::time::timeout(PARTING_MAX, ended).await;
    }

    async fn connected(&mut self, id: Libp2pId, address: String) {
        let Some(candidate) = self.roster.get_mut(&id) else {
            if let Some(peer) = from_libp2p(&id).filter(|_| self.guests.has(&id)) {
                self.tell(NetEvent::Guest { peer }).await;
            }
            return;
        };
        candidate.pause = DIAL_PAUSE_MIN;
        let peer = candidate.peer;
        tracing::info!(peer = peer_text(peer), %address, "connected");
        self.tell(NetEvent::Connected { peer, address }).await;
    }

    async fn disconnected(&mut self, id: Libp2pId) {
        if let Some(candidate) = self.roster.get_mut(&id) {
            candidate.dial_at = Instant::now() + candidate.pause;
        }
        if let Some(peer) = from_libp2p(&id) {
            tracing::info!(peer = peer_text(peer), "disconnected");
            self.tell(NetEvent::Disconnected { peer }).await;
        }
    }

    async fn tell(&mut self, event: NetEvent) {
        // The loop has ended: nobody is there to be told.
        let _ = self.events.send(event).await;
    }
}

/// What the system said: libp2p's error has it as its source, and says nothing itself.
fn cause(error: TransportError<io::Error>) -> io::Error {
    match error {
        TransportError::Other(source) => source,
        TransportError::MultiaddrNotSupported(_) => io::Error::new(io::ErrorKind::Unsupported, error),
    }
}

fn swarm(key: identity::Keypair) -> Result<Swarm<Behaviour>, Box<dyn std::error::Error + Send + Sync>> {
    let limits = ConnectionLimits::default()
        .with_max_pending_incoming(Some(HALF_OPEN_MAX))
        .with_max_established(Some(CONNECTIONS_MAX))
        .with_max_established_per_peer(Some(PEER_CONNECTIONS_MAX));
    let swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)?
        .with_quic_config(|mut config| {
            config.max_idle_timeout = SILENCE_MAX.as_millis() as u32;
            config.keep_alive_interval = PING_INTERVAL;
            config
        })
        .with_dns()?
        .with_behaviour(|key| {
            let identify = identify::Config::new("/xietong/1".to_owned(), key.public())
                .with_agent_version(PROGRAM.to_owned())
                // Addresses stand on the card; a stranger learns none.
                .with_hide_listen_addrs(true);
            let ping = ping::Config::new().with_interval(PING_INTERVAL).with_timeout(SILENCE_MAX);
            Behaviour {
                allowed: allow_block_list::Behaviour::default(),
                limits: connection_limits::Behaviour::new(limits),
                memory: memory_connection_limits::Behaviour::with_max_percentage(MEMORY_SHARE_MAX),
                identify: identify::Behaviour::new(identify),
                ping: ping::Behaviour::new(ping),
                streams: libp2p_stream::Behaviour::new(),
            }
        })?
        .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE_MAX))
        .build();
    Ok(swarm)
}
