//! A bundle's bytes (P49): frames of a link in a file that only one node can read, and of which it knows who wrote
//! them. Says what a file is not, is not for, or where it ends too early; never what its frames mean.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use snow::{Builder, TransportState};
use xietong_proto::crypto::{PublicKey, SecretKey};
use xietong_proto::id::PeerId;
use xietong_proto::limits::FRAME_BYTES_MAX;
use xietong_proto::reject::Reject;
use zeroize::Zeroizing;

/// Why a file is not read, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum BundleFault {
    /// Something else.
    NoBundle,
    /// Only another node can read it.
    NotForThisNode {
        /// The transport key for which it was made.
        to: PeerId,
    },
    /// Not what was written, from the message on that begins here.
    Altered {
        /// In bytes.
        at: u64,
    },
    /// The end is missing.
    CutShort {
        /// How many bytes are there.
        at: u64,
    },
}

/// A node's transport key, to make bundles and to read them. Shows nothing of itself.
#[derive(Clone)]
pub struct Bundler(Arc<Zeroizing<[u8; 32]>>);

/// Makes one.
pub struct Packer(TransportState);

/// Reads one as it comes.
pub struct Unpacker {
    bundler: Bundler,
    stage: Stage,
    /// Read and not opened yet.
    locked: Vec<u8>,
    open: Opened,
    /// Bytes opened so far.
    at: u64,
}

/// What was opened and not taken yet: frames, each after its length.
#[derive(Default)]
pub struct Opened(Vec<u8>);

enum Stage {
    Head,
    Body { noise: Box<TransportState>, from: PeerId },
    Ended { from: PeerId },
}

const NOISE: &str = "Noise_X_25519_ChaChaPoly_SHA256";
const MAGIC: &[u8; 17] = b"xietong/1/bundle\0";
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// What stands in plain: what it is, and for which node.
const LABEL_BYTES: usize = MAGIC.len() + KEY_BYTES;
/// A key of its own, the sender's for X25519, and the sender's transport key.
const HANDSHAKE_BYTES: usize = KEY_BYTES + (KEY_BYTES + TAG_BYTES) + (KEY_BYTES + TAG_BYTES);
/// Of one message, as Noise has it.
const MESSAGE_BYTES_MAX: usize = u16::MAX as usize;

impl Bundler {
    /// With the secret half of a transport key.
    pub fn new(transport: [u8; 32]) -> Self {
        Self(Arc::new(Zeroizing::new(transport)))
    }

    /// Begins a bundle for a node: what makes it, and its first bytes. None if that is no key.
    pub fn pack(&self, to: PeerId) -> Option<(Packer, Vec<u8>)> {
        let (key, secret, label) = (PublicKey::from_bytes(&to.0).ok()?, self.secret(), label(to));
        let builder = builder(&secret, &label).and_then(|builder| {
            let key = key.x25519();
            builder.remote_public_key(&key)?.build_initiator()
        });
        let mut noise = builder.expect(IN_RANGE);
        let mut handshake = vec![0; HANDSHAKE_BYTES];
        noise.write_message(&self.peer(), &mut handshake).expect(IN_RANGE);
        let packer = Packer(noise.into_transport_mode().expect("X has one message"));
        Some((packer, [label, handshake].concat()))
    }

    /// Begins to read one.
    pub fn unpack(&self) -> Unpacker {
        let (locked, open) = (Vec::new(), Opened::default());
        Unpacker { bundler: self.clone(), stage: Stage::Head, locked, open, at: 0 }
    }

    fn peer(&self) -> [u8; 32] {
        SecretKey::from_bytes(&self.0).public().to_bytes()
    }

    fn secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(SecretKey::from_bytes(&self.0).x25519())
    }
}

impl Packer {
    /// One frame.
    pub fn frame(&mut self, frame: &[u8]) -> Vec<u8> {
        let length = u32::try_from(frame.len()).expect("a frame is within its limit").to_be_bytes();
        let content = [&length, frame].concat();
        content.chunks(MESSAGE_BYTES_MAX - TAG_BYTES).flat_map(|part| self.message(part)).collect()
    }

    /// What tells that nothing is missing.
    pub fn end(mut self) -> Vec<u8> {
        self.message(&[])
    }

    fn message(&mut self, part: &[u8]) -> Vec<u8> {
        let mut message = vec![0; part.len() + TAG_BYTES];
        self.0.write_message(part, &mut message).expect(IN_RANGE);
        let length = u16::try_from(message.len()).expect(IN_RANGE).to_be_bytes();
        [&length[..], &message].concat()
    }
}

impl Unpacker {
    /// Takes the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), BundleFault> {
        self.locked.extend_from_slice(bytes);
        let mut used = 0;
        while let Some(bytes) = self.step(used)? {
            used += bytes;
            self.at += bytes as u64;
        }
        self.locked.drain(..used);
        Ok(())
    }

    /// Who wrote it, once that is known.
    pub fn from(&self) -> Option<PeerId> {
        match &self.stage {
            Stage::Head => None,
            Stage::Body { from, .. } | Stage::Ended { from } => Some(*from),
        }
    }

    /// The next frame that has come whole.
    pub fn frame(&mut self) -> Result<Option<Vec<u8>>, BundleFault> {
        self.open.frame().map_err(|_| self.altered())
    }

    /// Whether the file may end here, all frames taken.
    pub fn end(&self) -> Result<(), BundleFault> {
        let has_ended = matches!(self.stage, Stage::Ended { .. }) && self.open.0.is_empty();
        let at = self.at + self.locked.len() as u64;
        if has_ended { Ok(()) } else { Err(BundleFault::CutShort { at }) }
    }

    /// Opens what comes next, and says how many bytes that took; none if it has not come whole.
    fn step(&mut self, used: usize) -> Result<Option<usize>, BundleFault> {
        let (altered, bytes) = (self.altered(), &self.locked[used..]);
        match &mut self.stage {
            Stage::Head => {
                let is_ours = bytes.iter().zip(MAGIC).all(|(byte, ours)| byte == ours);
                if !is_ours {
                    return Err(BundleFault::NoBundle);
                }
                let Some(head) = bytes.get(..LABEL_BYTES + HANDSHAKE_BYTES) else { return Ok(None) };
                self.stage = self.bundler.open(head)?;
                Ok(Some(head.len()))
            }
            Stage::Body { noise, from } => {
                let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(None) };
                let length = usize::from(u16::from_be_bytes(*length));
                let Some(message) = rest.get(..length) else { return Ok(None) };
                let mut part = vec![0; length];
                let opened = noise.read_message(message, &mut part).map_err(|_| altered)?;
                self.open.add(&part[..opened]);
                if opened == 0 {
                    self.stage = Stage::Ended { from: *from };
                }
                Ok(Some(size_of::<u16>() + length))
            }
            Stage::Ended { .. } if bytes.is_empty() => Ok(None),
            Stage::Ended { .. } => Err(altered),
        }
    }

    fn altered(&self) -> BundleFault {
        BundleFault::Altered { at: self.at }
    }
}

impl Opened {
    /// Takes what was opened next.
    pub fn add(&mut self, part: &[u8]) {
        self.0.extend_from_slice(part);
    }

    /// The next frame that has come whole; refused if none can be so long.
    pub fn frame(&mut self) -> Result<Option<Vec<u8>>, Reject> {
        let Some((length, rest)) = self.0.split_first_chunk() else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        if length > FRAME_BYTES_MAX {
            return Err(Reject::TooLarge { size: length as u64, size_max: FRAME_BYTES_MAX as u64 });
        }
        let Some(frame) = rest.get(..length).map(<[u8]>::to_vec) else { return Ok(None) };
        self.0.drain(..size_of::<u32>() + length);
        Ok(Some(frame))
    }
}

impl Bundler {
    /// Label and handshake: for whom it is, and who wrote it.
    fn open(&self, head: &[u8]) -> Result<Stage, BundleFault> {
        let (label, handshake) = head.split_at(LABEL_BYTES);
        if label[MAGIC.len()..] != self.peer() {
            let to = PeerId::from_slice(&label[MAGIC.len()..]).expect("it has 32 bytes");
            return Err(BundleFault::NotForThisNode { to });
        }
        let secret = self.secret();
        let open = || {
            let mut noise = builder(&secret, label)?.build_responder()?;
            let mut from = [0; KEY_BYTES];
            noise.read_message(handshake, &mut from)?;
            Ok((noise.into_transport_mode()?, from))
        };
        let altered = BundleFault::Altered { at: 0 };
        let (noise, from) = open().map_err(|_: snow::Error| altered.clone())?;
        // Who wrote it holds the secret half of the key that it names.
        let named = PublicKey::from_bytes(&from).map(|key| key.x25519());
        let is_same = named.is_ok_and(|named| noise.get_remote_static() == Some(&named));
        let body = Stage::Body { noise: Box::new(noise), from: PeerId(from) };
        is_same.then_some(body).ok_or(altered)
    }
}

fn builder<'a>(secret: &'a [u8; 32], label: &'a [u8]) -> Result<Builder<'a>, snow::Error> {
    let pattern = NOISE.parse().expect("a pattern that the library has");
    Builder::new(pattern).local_private_key(secret)?.prologue(label)
}

fn label(to: PeerId) -> Vec<u8> {
    [&MAGIC[..], &to.0].concat()
}

const IN_RANGE: &str = "keys and lengths are those of Noise";

#[cfg(test)]
mod tests {
    use super::*;

    fn bundler(seed: u8) -> Bundler {
        Bundler::new([seed; 32])
    }

    fn peer(seed: u8) -> PeerId {
        PeerId(bundler(seed).peer())
    }

    fn bundle(frames: &[Vec<u8>]) -> Vec<u8> {
        let (mut packer, mut bytes) = bundler(1).pack(peer(2)).expect("a key");
        frames.iter().for_each(|frame| bytes.extend(packer.frame(frame)));
        [bytes, packer.end()].concat()
    }

    fn read(seed: u8, bytes: &[u8], piece_bytes: usize) -> (Vec<Vec<u8>>, Result<(), BundleFault>) {
        let (mut unpacker, mut frames) = (bundler(seed).unpack(), Vec::new());
        let mut read = || {
            for piece in bytes.chunks(piece_bytes) {
                unpacker.feed(piece)?;
                while let Some(frame) = unpacker.frame()? {
                    frames.push(frame);
                }
            }
            assert!(unpacker.end().is_err() || unpacker.from() == Some(peer(1)));
            unpacker.end()
        };
        let end = read();
        (frames, end)
    }

    #[test]
    fn a_bundle_is_read_by_its_node_alone_however_it_comes() {
        let frames = [vec![], vec![7; 100], vec![8; 200_000]];
        let bytes = bundle(&frames);
        for piece_bytes in [1, 1_000, bytes.len()] {
            assert_eq!(read(2, &bytes, piece_bytes), (frames.to_vec(), Ok(())));
        }
        let to = peer(2);
        assert_eq!(read(3, &bytes, 1_000), (vec![], Err(BundleFault::NotForThisNode { to })));
        assert!(!bytes.windows(32).any(|bytes| bytes == peer(1).0), "it does not tell who wrote it");
        assert!(bundler(1).pack(PeerId([2; 32])).is_none(), "nobody can have that key");
    }

    /// For whoever writes another implementation: secrets of 32 times 1 and 3, and what one says to the other.
    #[test]
    fn a_bundle_that_was_written_once_is_read_for_ever() {
        let mut unpacker = bundler(1).unpack();
        unpacker.feed(include_bytes!("../../../fuzz/corpus/bundle/c989f1d2be81")).expect("it is whole");
        assert_eq!(unpacker.from(), Some(peer(3)));
        assert_eq!([unpacker.frame(), unpacker.frame()], [Ok(Some(vec![7; 40])), Ok(Some(vec![]))]);
        assert_eq!((unpacker.frame(), unpacker.end()), (Ok(None), Ok(())));
    }

    #[test]
    fn what_is_cut_altered_or_no_bundle_is_named_and_what_stood_before_it_is_read() {
        let frames = [vec![7; 10], vec![8; 10], vec![9; 10]];
        let bytes = bundle(&frames);
        let begins = bytes.len() - 18 - 32;
        for length in 1..bytes.len() {
            let (read, end) = read(2, &bytes[..length], 50);
            assert_eq!(end, Err(BundleFault::CutShort { at: length as u64 }));
            assert!(frames.starts_with(&read));
        }
        for at in LABEL_BYTES..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            let (read, end) = read(2, &altered, 50);
            // A length that was altered may ask for more than there is.
            assert!(matches!(end, Err(BundleFault::Altered { .. } | BundleFault::CutShort { .. })), "{at}");
            assert!(frames.starts_with(&read) && (at < begins || read.len() >= 2), "{at}");
        }
        let altered = |with: &[u8]| [&bytes[..], with].concat();
        assert_eq!(read(2, &altered(&[0]), 50).1, Err(BundleFault::Altered { at: bytes.len() as u64 }));
        for bytes in [&b"PK"[..], b"xietong/2/bundle\0", &bytes[1..]] {
            assert_eq!(read(2, bytes, 50), (vec![], Err(BundleFault::NoBundle)));
        }
    }
}
