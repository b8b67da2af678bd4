//! iroh-docs on the work that `scripts/bench` gives a node: records of 200 bytes into a document, the document to
//! an empty peer, then single records. Two endpoints of one process on loopback, both with files on disk. Prints
//! one figure a line.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use iroh::endpoint::{Endpoint, presets};
use iroh::protocol::Router;
use iroh_blobs::BlobsProtocol;
use iroh_blobs::store::fs::FsStore;
use iroh_docs::AuthorId;
use iroh_docs::api::Doc;
use iroh_docs::api::protocol::{AddrInfoOptions, ShareMode};
use iroh_docs::engine::LiveEvent;
use iroh_docs::protocol::Docs;
use iroh_gossip::net::Gossip;
use n0_future::time::timeout;
use n0_future::{BufferedStreamExt, Stream, StreamExt, stream};

const RECORD_BYTES: usize = 200;
/// Records that are being set at the same time.
const AT_ONCE: usize = 64;
/// Single records sent one after the other.
const SINGLES: u64 = 200;
/// How long nothing may happen while something is expected.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (records, folder) = (arguments.next(), arguments.next());
    let records: u64 = records.context("how many records")?.parse()?;
    let folder = PathBuf::from(folder.context("a folder")?);
    let (author, reader) =
        (Node::start(folder.join("author")).await?, Node::start(folder.join("reader")).await?);
    let (name, document) = (author.docs.author_create().await?, author.docs.create().await?);

    let begun = Instant::now();
    publish(&document, name, records).await?;
    tell("publish", "publish", records as f64 / begun.elapsed().as_secs_f64());

    let ticket = document.share(ShareMode::Read, AddrInfoOptions::Addresses).await?;
    let begun = Instant::now();
    let (copy, events) = reader.docs.import_and_subscribe(ticket).await?;
    let mut events = Box::pin(events);
    for _ in 0..records {
        content(&mut events).await?;
    }
    tell("catch_up", "catch-up", records as f64 / begun.elapsed().as_secs_f64());

    let mut waits = Vec::new();
    for number in records..records + SINGLES {
        let begun = Instant::now();
        document.set_bytes(name, key(number), record(number)).await?;
        content(&mut events).await?;
        waits.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    waits.sort_by(f64::total_cmp);
    tell("live", "one record, at both, p50", waits[waits.len() / 2]);
    copy.close().await?;
    for node in [author, reader] {
        node.router.shutdown().await?;
    }
    Ok(())
}

struct Node {
    docs: Docs,
    router: Router,
}

impl Node {
    /// Listens on loopback, asks nobody for addresses and uses no relay.
    async fn start(folder: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let here = Endpoint::builder(presets::Minimal).clear_ip_transports().bind_addr("127.0.0.1:0")?;
        let endpoint = here.bind().await?;
        let blobs = FsStore::load(folder.join("blobs")).await?;
        let gossip = Gossip::builder().spawn(endpoint.clone());
        let docs = Docs::persistent(folder).spawn(endpoint.clone(), (*blobs).clone(), gossip.clone()).await?;
        let router = Router::builder(endpoint)
            .accept(iroh_blobs::ALPN, BlobsProtocol::new(&blobs, None))
            .accept(iroh_gossip::ALPN, gossip)
            .accept(iroh_docs::ALPN, docs.clone())
            .spawn();
        Ok(Self { docs, router })
    }
}

async fn publish(document: &Doc, author: AuthorId, records: u64) -> Result<()> {
    let set = |number| document.set_bytes(author, key(number), record(number));
    let mut done = stream::iter(0..records).map(set).buffered_unordered(AT_ONCE);
    while let Some(set) = done.next().await {
        set?;
    }
    Ok(())
}

/// Waits until one more record is there, its content too.
async fn content(events: &mut (impl Stream<Item = Result<LiveEvent>> + Unpin)) -> Result<()> {
    loop {
        let event = timeout(PATIENCE, events.next()).await?.context("no more comes")??;
        if matches!(event, LiveEvent::ContentReady { .. }) {
            return Ok(());
        }
    }
}

fn key(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

fn record(number: u64) -> Vec<u8> {
    let mut bytes = vec![4; RECORD_BYTES];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes
}

fn tell(work: &str, figure: &str, value: f64) {
    println!("{{\"work\":\"{work}\",\"figure\":\"{figure}\",\"value\":{value}}}");
}
