//! What this machine can do at best: the rates and waits that bind a node.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use xietong::store::rows::Tree;
use xietong::systems::rows::Changes;
use xietong_proto::crypto::{SecretKey, Tag, hash};

use super::figure::Figure;

/// Rates a second, and the disk's patience.
pub struct Limits {
    /// Milliseconds until 4 KiB more are durable, the median.
    pub sync_ms: f64,
    /// Bytes written one MiB after the other, each synced.
    pub durable_bytes: f64,
    /// Hashes of 200 bytes.
    pub hashes: f64,
    pub signatures: f64,
    pub verifications: f64,
    /// Rows of 200 bytes into the library that keeps our rows.
    pub rows: f64,
    /// Bytes from one thread to another over loopback TCP.
    pub loopback_bytes: f64,
}

impl Limits {
    pub fn measure(folder: &Path) -> Self {
        let key = SecretKey::from_bytes(&[1; 32]);
        let (signature, public) = (key.sign(Tag::Entry, b"a header"), key.public());
        Self {
            sync_ms: sync_ms(folder),
            durable_bytes: durable_bytes(folder),
            hashes: rate(|| {
                black_box(hash(&[&[7; 200]]));
            }),
            signatures: rate(|| {
                black_box(key.sign(Tag::Entry, b"a header"));
            }),
            verifications: rate(|| assert!(public.verifies(Tag::Entry, b"a header", &signature))),
            rows: raw_rows(folder),
            loopback_bytes: loopback_bytes(),
        }
    }

    pub fn figures(&self) -> Vec<Figure> {
        vec![
            Figure::new("limit: durable append of 4 KiB, median", self.sync_ms, "ms"),
            Figure::new("limit: durable append, 1 MiB at a time", self.durable_bytes / MIB, "MiB/s"),
            Figure::new("limit: SHA-256 of 200 bytes, one core", self.hashes, "1/s"),
            Figure::new("limit: signatures, one core", self.signatures, "1/s"),
            Figure::new("limit: verified signatures, one core", self.verifications, "1/s"),
            Figure::new("limit: raw rows of 200 bytes", self.rows, "rows/s"),
            Figure::new("limit: loopback TCP", self.loopback_bytes / MIB, "MiB/s"),
        ]
    }
}

pub const MIB: f64 = 1024.0 * 1024.0;

/// How often something can be done in a second, by doing it for half of one.
fn rate(mut once: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut count = 0_u64;
    while begun.elapsed() < Duration::from_millis(500) {
        (0..64).for_each(|_| once());
        count += 64;
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

fn sync_ms(folder: &Path) -> f64 {
    let mut file = File::create(folder.join("sync")).expect("a file");
    let mut append = || {
        let begun = Instant::now();
        file.write_all(&[1; 4096]).and_then(|()| file.sync_data()).expect("a disk");
        begun.elapsed().as_secs_f64() * 1_000.0
    };
    percentile((0..200).map(|_| append()).collect(), 0.5)
}

/// The value that a share of all is not above.
pub fn percentile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share) as usize]
}

fn durable_bytes(folder: &Path) -> f64 {
    let mut file = File::create(folder.join("bulk")).expect("a file");
    let (mebibyte, begun) = (vec![5; 1 << 20], Instant::now());
    for _ in 0..128 {
        file.write_all(&mebibyte).and_then(|()| file.sync_data()).expect("a disk");
    }
    128.0 * MIB / begun.elapsed().as_secs_f64()
}

/// In batches of a thousand, in order of key, each an item of the library: neither clustered nor summed up.
fn raw_rows(folder: &Path) -> f64 {
    let tree = Tree::create(&folder.join("raw")).expect("a tree");
    let (begun, count) = (Instant::now(), 200_000_u64);
    for batch in 0..count / 1_000 {
        let keys = (0..1_000).map(|row| batch * 1_000 + row);
        let rows: Changes = keys.map(|key| (key.to_be_bytes().to_vec(), Some(vec![3; 200]))).collect();
        tree.write(&rows).expect("it writes");
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

fn loopback_bytes() -> f64 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let sender = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).expect("it listens");
        let block = vec![6; 256 * 1024];
        (0..2048).for_each(|_| stream.write_all(&block).expect("it reads"));
    });
    let (mut stream, _) = listener.accept().expect("it connects");
    let (mut block, mut bytes, begun) = (vec![0; 256 * 1024], 0, Instant::now());
    loop {
        match stream.read(&mut block).expect("it sends") {
            0 => break,
            read => bytes += read,
        }
    }
    sender.join().expect("it ends");
    bytes as f64 / begun.elapsed().as_secs_f64()
}
