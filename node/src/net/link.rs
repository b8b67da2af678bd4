//! Links: one task that writes and one that reads for each stream. Links are counted before one is taken, and
//! frames before they are held: the length is checked before a byte of the frame is read, and memory grows with
//! what arrives.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::Stream;
use tokio::sync::mpsc;
use xietong_proto::id::PeerId;
use xietong_proto::limits::FRAME_BYTES_MAX;
use xietong_proto::reject::Reject;

use crate::replica::carry;
use crate::replica::io::{Keyring, LinkId, NetEvent};

/// Frames that may wait to be written on one link.
const FRAMES_MAX: usize = 256;
/// Bytes of them: twice what an honest node has asked for at most (P24).
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of them on all links together: a full answer for each of 63 peers.
const WAITING_IN_ALL_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Links that a peer may have opened at once: one for each agreement, and some that are ending. Each may hold a frame.
const LINKS_MAX: usize = 16;
/// Until the first frame of a link that a peer opened must have come.
const FIRST_FRAME_TIMEOUT: Duration = Duration::from_secs(10);
/// Frames above this are opened away from the tasks that carry bytes.
const LARGE_FRAME_BYTES: usize = 16 * 1024;

/// All links that stand.
pub struct Links {
    open: Mutex<HashMap<LinkId, Outbox>>,
    /// Bytes that wait to be written on all of them.
    waiting: Arc<AtomicUsize>,
    /// How many links each peer has opened that are not closed yet.
    taken: Mutex<HashMap<PeerId, usize>>,
    traffic: Mutex<BTreeMap<PeerId, (u64, u64)>>,
    events: mpsc::Sender<NetEvent>,
    keyring: Arc<Mutex<Arc<Keyring>>>,
    accepted: AtomicU64,
}

/// What waits to be written on one link.
struct Outbox {
    frames: mpsc::Sender<Vec<u8>>,
    waiting: Arc<Waiting>,
}

impl Outbox {
    /// Says whether there was room.
    fn put(&self, frame: Vec<u8>) -> bool {
        self.waiting.add(frame.len()) && self.frames.try_send(frame).is_ok()
    }
}

/// Bytes that wait on one link, counted on it and in all; whatever is left of them goes with the link.
struct Waiting {
    here: AtomicUsize,
    in_all: Arc<AtomicUsize>,
}

impl Waiting {
    fn new(in_all: &Arc<AtomicUsize>) -> Self {
        Self { here: AtomicUsize::new(0), in_all: Arc::clone(in_all) }
    }

    /// Says whether so many may wait.
    fn add(&self, bytes: usize) -> bool {
        let here = self.here.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let in_all = self.in_all.fetch_add(bytes, Ordering::Relaxed) + bytes;
        here <= WAITING_BYTES_MAX && in_all <= WAITING_IN_ALL_BYTES_MAX
    }

    fn take(&self, bytes: usize) {
        self.here.fetch_sub(bytes, Ordering::Relaxed);
        self.in_all.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.in_all.fetch_sub(*self.here.get_mut(), Ordering::Relaxed);
    }
}

impl Links {
    /// No links yet.
    pub fn new(events: mpsc::Sender<NetEvent>, keyring: Arc<Mutex<Arc<Keyring>>>) -> Self {
        let (open, taken, traffic) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (waiting, accepted) = (Arc::default(), AtomicU64::new(0));
        Self { open, waiting, taken, traffic, events, keyring, accepted }
    }

    /// Carries a stream that a peer opened, unless it has too many open: that is an offence.
    pub async fn accept(self: Arc<Self>, peer: PeerId, stream: Stream) {
        // Odd, since the machine numbers its own with even ones.
        let link = LinkId(self.accepted.fetch_add(1, Ordering::Relaxed) * 2 + 1);
        let count = {
            let mut taken = lock(&self.taken);
            let count = taken.entry(peer).or_default();
            *count += 1;
            *count
        };
        if count > LINKS_MAX {
            drop(stream);
            let reject = Reject::TooLarge { size: count as u64, size_max: LINKS_MAX as u64 };
            self.tell(NetEvent::Accepted { link, peer }).await;
            self.tell(NetEvent::Refused { link, reject }).await;
            self.tell(NetEvent::Closed { link }).await;
        } else {
            Arc::clone(&self).run(link, peer, stream, false).await;
        }
        let mut taken = lock(&self.taken);
        if let Some(count) = taken.get_mut(&peer) {
            *count -= 1;
        }
        taken.retain(|_, count| *count > 0);
    }

    /// Hands a frame to the link's writer; closes the link if the writer is too far behind.
    pub fn send(&self, link: LinkId, frame: Vec<u8>) {
        let mut open = lock(&self.open);
        let is_full = open.get(&link).is_some_and(|outbox| !outbox.put(frame));
        if is_full {
            open.remove(&link);
        }
    }

    /// Lets the writer finish and end the stream.
    pub fn close(&self, link: LinkId) {
        lock(&self.open).remove(&link);
    }

    /// Bytes received and sent, by peer.
    pub fn traffic(&self) -> BTreeMap<PeerId, (u64, u64)> {
        lock(&self.traffic).clone()
    }

    /// Tells the loop.
    pub async fn tell(&self, event: NetEvent) {
        // The loop has ended: nobody is there to be told.
        let _ = self.events.send(event).await;
    }

    /// Carries a stream until either end closes it.
    pub async fn run(self: Arc<Self>, id: LinkId, peer: PeerId, stream: Stream, is_ours: bool) {
        let (frames, to_write) = mpsc::channel(FRAMES_MAX);
        let waiting = Arc::new(Waiting::new(&self.waiting));
        lock(&self.open).insert(id, Outbox { frames, waiting: Arc::clone(&waiting) });
        let (reader, writer) = stream.split();
        let began =
            if is_ours { NetEvent::Opened { link: id } } else { NetEvent::Accepted { link: id, peer } };
        self.tell(began).await;
        tokio::select! {
            () = self.write(peer, writer, (to_write, waiting)) => {}
            () = self.read(id, peer, reader, is_ours) => {}
        }
        self.close(id);
        self.tell(NetEvent::Closed { link: id }).await;
    }

    async fn write(
        &self,
        peer: PeerId,
        mut writer: impl AsyncWriteExt + Unpin,
        (mut frames, waiting): (mpsc::Receiver<Vec<u8>>, Arc<Waiting>),
    ) {
        while let Some(frame) = frames.recv().await {
            if write_frame(&mut writer, &frame).await.is_err() {
                return;
            }
            waiting.take(frame.len());
            self.count(peer, 0, frame.len());
        }
        // The other end may be gone; the link ends either way.
        let _ = writer.close().await;
    }

    async fn read(&self, link: LinkId, peer: PeerId, mut reader: impl AsyncReadExt + Unpin, is_ours: bool) {
        let mut is_first = !is_ours;
        loop {
            let read = if is_first {
                let read = tokio::time::timeout(FIRST_FRAME_TIMEOUT, read_frame(&mut reader));
                read.await.unwrap_or(Ok(None))
            } else {
                read_frame(&mut reader).await
            };
            is_first = false;
            let frame = match read {
                Ok(Some(frame)) => frame,
                Ok(None) => return,
                Err(reject) => return self.tell(NetEvent::Refused { link, reject }).await,
            };
            self.count(peer, frame.len(), 0);
            let event = self.open(link, frame).await;
            self.tell(event).await;
        }
    }

    async fn open(&self, link: LinkId, frame: Vec<u8>) -> NetEvent {
        let keyring = Arc::clone(&lock(&self.keyring));
        if frame.len() < LARGE_FRAME_BYTES {
            return carry::receive(&keyring, link, &frame);
        }
        let opened = tokio::task::spawn_blocking(move || carry::receive(&keyring, link, &frame));
        opened.await.unwrap_or(NetEvent::Closed { link })
    }

    fn count(&self, peer: PeerId, received: usize, sent: usize) {
        let mut traffic = lock(&self.traffic);
        let (in_all, out_all) = traffic.entry(peer).or_default();
        *in_all += received as u64;
        *out_all += sent as u64;
    }
}

async fn write_frame(writer: &mut (impl AsyncWriteExt + Unpin), frame: &[u8]) -> io::Result<()> {
    writer.write_all(&(frame.len() as u32).to_be_bytes()).await?;
    writer.write_all(frame).await?;
    writer.flush().await
}

/// One frame; none where the stream ends.
async fn read_frame(reader: &mut (impl AsyncReadExt + Unpin)) -> Result<Option<Vec<u8>>, Reject> {
    let mut length = [0; 4];
    if reader.read_exact(&mut length).await.is_err() {
        return Ok(None);
    }
    let size = u64::from(u32::from_be_bytes(length));
    if size > FRAME_BYTES_MAX as u64 {
        return Err(Reject::TooLarge { size, size_max: FRAME_BYTES_MAX as u64 });
    }
    let mut frame = Vec::new();
    let read = reader.take(size).read_to_end(&mut frame).await;
    Ok(read.is_ok_and(|read| read as u64 == size).then_some(frame))
}

/// What is behind these locks is whole after each change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_on_each_link_and_in_all_and_goes_with_its_link() {
        let in_all = Arc::default();
        let full = || {
            let waiting = Waiting::new(&in_all);
            assert!(waiting.add(WAITING_BYTES_MAX));
            waiting
        };
        let mut links: Vec<_> =
            (0..WAITING_IN_ALL_BYTES_MAX / WAITING_BYTES_MAX - 1).map(|_| full()).collect();
        let alone = Waiting::new(&in_all);
        assert!(!alone.add(WAITING_BYTES_MAX + 1), "too much for one link");
        drop(alone);
        links.push(full());
        assert!(!Waiting::new(&in_all).add(1), "too much in all");
        links[0].take(1);
        assert!(Waiting::new(&in_all).add(1), "one was written");
        links.clear();
        assert_eq!(in_all.load(Ordering::Relaxed), 0);
    }
}
