//! Whether nodes can be dialled: tries addresses with a key made for it and thrown away, and asks a peer to do the
//! same (P47). The connections that stand are left alone.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError, SwarmEvent, dummy};
use libp2p::{Multiaddr, PeerId as Libp2pId, Stream, Swarm, SwarmBuilder, noise, tcp, yamux};
use xietong_proto::limits::{REACH_ADDRESSES_MAX, REACH_BYTES_MAX};
use xietong_proto::reach::{Dialled, Outcome};

/// Until an address counts as silent.
const DIAL_TIMEOUT: Duration = Duration::from_secs(6);
/// Until a peer's answer must have come: it dials all addresses at once.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(12);

/// Dials each address and looks whether it is the node with this key that answers.
pub async fn dial(id: Libp2pId, addresses: &[String]) -> Vec<Dialled> {
    let addresses = &addresses[..addresses.len().min(REACH_ADDRESSES_MAX)];
    let mut outcomes = vec![Outcome::Silent; addresses.len()];
    // Without a swarm nobody is reached.
    if let Ok(mut swarm) = swarm() {
        let mut places = HashMap::new();
        for (place, address) in addresses.iter().enumerate() {
            places.extend(begin(&mut swarm, id, address).map(|connection| (connection, place)));
        }
        // What has not been answered by then stays silent.
        let _ = tokio::time::timeout(DIAL_TIMEOUT, follow(&mut swarm, places, &mut outcomes)).await;
    }
    let dialled = addresses.iter().zip(outcomes);
    dialled.map(|(address, outcome)| Dialled { address: address.clone(), outcome }).collect()
}

/// Answers a peer: its addresses were dialled, and this is what became of it.
pub async fn answer(mut stream: Stream, id: Libp2pId, addresses: Vec<String>) -> io::Result<()> {
    let answer = Dialled::encode(&dial(id, &addresses).await);
    stream.write_all(&(answer.len() as u32).to_be_bytes()).await?;
    stream.write_all(&answer).await?;
    stream.close().await
}

/// Reads a peer's answer; none if it gives none that can be read.
pub async fn read(mut stream: Stream) -> Option<Vec<Dialled>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await.ok()?;
    let size = usize::try_from(u32::from_be_bytes(length)).ok().filter(|size| *size <= REACH_BYTES_MAX)?;
    let mut answer = Vec::new();
    let read = stream.take(size as u64).read_to_end(&mut answer).await.ok()?;
    if read == size { Dialled::decode(&answer).ok() } else { None }
}

fn begin(swarm: &mut Swarm<dummy::Behaviour>, id: Libp2pId, address: &str) -> Option<ConnectionId> {
    let address: Multiaddr = address.parse().ok()?;
    let dial = DialOpts::peer_id(id).condition(PeerCondition::Always).addresses(vec![address]).build();
    let connection = dial.connection_id();
    swarm.dial(dial).ok().map(|()| connection)
}

async fn follow(
    swarm: &mut Swarm<dummy::Behaviour>,
    mut places: HashMap<ConnectionId, usize>,
    outcomes: &mut [Outcome],
) {
    while !places.is_empty() {
        let (connection, outcome) = match swarm.select_next_some().await {
            SwarmEvent::ConnectionEstablished { connection_id, .. } => (connection_id, Outcome::Reached),
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                let is_other = matches!(error, DialError::WrongPeerId { .. });
                (connection_id, if is_other { Outcome::Stranger } else { Outcome::Silent })
            }
            _ => continue,
        };
        if let Some(place) = places.remove(&connection) {
            outcomes[place] = outcome;
        }
    }
}

fn swarm() -> Result<Swarm<dummy::Behaviour>, Box<dyn std::error::Error + Send + Sync>> {
    let swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)?
        .with_quic()
        .with_dns()?
        .with_behaviour(|_| dummy::Behaviour)?
        .build();
    Ok(swarm)
}
