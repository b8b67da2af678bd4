//! Chain first (P48): strangers that are let in for a moment, and the streams on which nodes present themselves. What is
//! presented is judged elsewhere; here it is only kept short.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::{PeerId as Libp2pId, Stream, StreamProtocol};
use libp2p_stream::Control;
use xietong_proto::id::PeerId;
use xietong_proto::limits::CHAIN_BYTES_MAX;
use xietong_proto::presentation::{self, Presentation};
use xietong_proto::reject::Reject;

use super::address::peer_text;
use super::link::Links;
use crate::replica::io::NetEvent;

/// The protocol.
pub const PROTOCOL: StreamProtocol = StreamProtocol::new(presentation::PROTOCOL);
/// For so long a stranger may stay. Longer than the pause between two presentations, in case the first is cut short.
const STAY: Duration = Duration::from_secs(30);
/// So many may be in at once; others have to come again.
const GUESTS_MAX: usize = 8;
/// Until what is presented must have come.
const PRESENT_TIMEOUT: Duration = Duration::from_secs(10);

/// Strangers that are let in, and until when.
#[derive(Default)]
pub struct Guests(HashMap<Libp2pId, Instant>);

impl Guests {
    /// Lets one in, if there is room; says whether it did.
    pub fn invite(&mut self, id: Libp2pId, now: Instant) -> bool {
        let has_room = self.0.len() < GUESTS_MAX && !self.0.contains_key(&id);
        if has_room {
            self.0.insert(id, now + STAY);
        }
        has_room
    }

    /// Whether one is let in.
    pub fn has(&self, id: &Libp2pId) -> bool {
        self.0.contains_key(id)
    }

    /// Takes out those who are members by now, or whose time is over.
    pub fn take_gone(&mut self, now: Instant, is_member: impl Fn(&Libp2pId) -> bool) -> Vec<Libp2pId> {
        let is_gone = |id: &Libp2pId, until: &Instant| *until <= now || is_member(id);
        let gone = self.0.iter().filter(|(id, until)| is_gone(id, until)).map(|(id, _)| *id);
        let gone: Vec<Libp2pId> = gone.collect();
        self.0.retain(|id, _| !gone.contains(id));
        gone
    }
}

/// Presents an agreement to a connected peer; nothing is answered.
pub async fn present(mut control: Control, id: Libp2pId, shown: Box<Presentation>) {
    let present = async {
        match control.open_stream(id, PROTOCOL).await {
            Ok(stream) => write(stream, &shown).await,
            Err(error) => Err(io::Error::other(error)),
        }
    };
    match tokio::time::timeout(PRESENT_TIMEOUT, present).await {
        Ok(Ok(())) => tracing::info!(peer = %id, "presented an agreement: the peer may not know this node"),
        Ok(Err(error)) => tracing::debug!(peer = %id, %error, "could not present an agreement"),
        Err(_) => tracing::debug!(peer = %id, "could not present an agreement in time"),
    }
}

/// Hands over what a peer presents.
pub async fn hear(links: Arc<Links>, peer: PeerId, stream: Stream) {
    match tokio::time::timeout(PRESENT_TIMEOUT, read(stream)).await {
        Ok(Ok(shown)) => links.tell(NetEvent::Presented { peer, shown: Box::new(shown) }).await,
        Ok(Err(reject)) => tracing::warn!(peer = peer_text(peer), ?reject, "refused what a peer presents"),
        Err(_) => tracing::debug!(peer = peer_text(peer), "a peer did not present anything in time"),
    }
}

async fn write(mut stream: Stream, shown: &Presentation) -> io::Result<()> {
    stream.write_all(&shown.encode()).await?;
    stream.close().await
}

async fn read(stream: Stream) -> Result<Presentation, Reject> {
    let mut bytes = Vec::new();
    // One more than is allowed, so that what is too much is seen as such.
    let read = stream.take(CHAIN_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).await;
    read.map_err(|_| Reject::Malformed)?;
    Presentation::decode(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_strangers_are_in_at_once_and_none_stays() {
        let (now, mut guests) = (Instant::now(), Guests::default());
        let ids: Vec<Libp2pId> = (0..=GUESTS_MAX).map(|_| Libp2pId::random()).collect();
        let invited = ids.iter().filter(|id| guests.invite(**id, now)).count();
        assert_eq!(invited, GUESTS_MAX);
        assert!(!guests.invite(ids[0], now), "it is in");
        assert_eq!(guests.take_gone(now, |id| *id == ids[0]), [ids[0]], "a member comes in by another door");
        assert!(guests.invite(ids[GUESTS_MAX], now), "there is room again");
        assert_eq!(guests.take_gone(now + STAY, |_| false).len(), GUESTS_MAX);
        assert!(!guests.has(&ids[1]));
    }
}
