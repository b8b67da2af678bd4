//! A member whose node also sends what no honest node sends, over the links that it has: what it does by day is
//! right, so others have to tell one from the other.

use rand::RngExt;
use rand::seq::IndexedRandom;
use xietong::replica::io::LinkId;
use xietong::store::Store;
use xietong_proto::crypto::SecretKey;
use xietong_proto::entry::{Authority, Draft, Record};
use xietong_proto::id::*;
use xietong_proto::limits::FRAME_BYTES_MAX;
use xietong_proto::receipt::{Receipt, ReceiptFields, root};
use xietong_proto::stream::{Head, Stream};
use xietong_proto::sync::{Frame, Heads, Line, Range, Receipted, Want};

use super::network::Place;
use super::world::{World, agreements_of};

/// Frames that are kept to be said again.
const CAPTURED_MAX: usize = 30;

/// Who does mischief, and with what.
pub struct Rogue {
    pub place: Place,
    /// It takes requests and answers none.
    pub withholds: bool,
    captured: Vec<Vec<u8>>,
}

impl Rogue {
    pub fn new(place: Place) -> Self {
        Self { place, withholds: false, captured: Vec::new() }
    }

    /// Remembers what passed by.
    pub fn capture(&mut self, frame: &Frame) {
        if self.captured.len() < CAPTURED_MAX {
            self.captured.push(frame.encode());
        }
    }
}

impl World {
    /// One piece of mischief.
    pub(super) fn mischief(&mut self) {
        let Some(place) = self.rogue.as_ref().map(|rogue| rogue.place) else { return };
        let links = self.network.links_of(place);
        let Some((link, _)) = links.choose(&mut self.rng).copied() else { return };
        let named: Vec<AgreementId> = agreements_of(self, self.nodes[place].me.code()).into_iter().collect();
        let agreement = *named.choose(&mut self.rng).expect("everybody is in an agreement");
        let member = self.nodes[self.rng.random_range(0..self.nodes.len())].me.code();
        let stream = Stream::shared(agreement, member, System::VEHICLES);
        let what = self.rng.random_range(0..11);
        self.note(&format!("{place} does mischief {what} on {link:?}"));
        let bytes = match what {
            0 => self.replayed(),
            1 => self.false_heads(stream),
            2 => self.badly_signed(place, stream),
            3 => vec![0x2a; FRAME_BYTES_MAX + 1],
            4 => elsewhere(stream),
            5 => (0..self.rng.random_range(0..200)).map(|_| self.rng.random()).collect(),
            6 => by_nobody(agreement),
            7 => self.false_receipt(place, agreement, 0),
            8 => self.false_receipt(place, agreement, 1),
            9 => return self.range_without_end(place, link, stream),
            _ => {
                let rogue = self.rogue.as_mut().expect("there is one");
                rogue.withholds = !rogue.withholds;
                return;
            }
        };
        self.network.send_bytes(&mut self.rng, self.now_ms, place, link, bytes);
    }

    fn replayed(&mut self) -> Vec<u8> {
        let rogue = self.rogue.as_ref().expect("there is one");
        rogue.captured.choose(&mut self.rng).cloned().unwrap_or_default()
    }

    fn false_heads(&mut self, stream: Stream) -> Vec<u8> {
        let position = Position(self.rng.random_range(1..1_000));
        let line = Line { stream, position, prefix: self.rng.random() };
        Frame::Heads(Heads::Changed(vec![line])).encode()
    }

    fn badly_signed(&mut self, place: Place, stream: Stream) -> Vec<u8> {
        let mut entries = self.nodes[place].store.read(stream, Position(1), 1).expect("memory reads");
        let at = self.rng.random_range(0..250);
        if let Some(byte) = entries.get_mut(at) {
            *byte ^= 1;
        }
        Frame::Range(Range { stream, from: Position(1), until: Position(1), entries }).encode()
    }

    /// Over its own signature: another receipt of a number that it has used, or of the next one, for entries
    /// that nobody wrote.
    fn false_receipt(&mut self, place: Place, agreement: AgreementId, beyond: u64) -> Vec<u8> {
        let node = &self.nodes[place];
        let receipts = node.machine.iter().flat_map(|machine| machine.replica().newest_receipts());
        let mut own = receipts
            .filter(|(fields, _)| fields.member == node.me.code() && fields.agreement == agreement)
            .map(|(fields, lines)| (fields.clone(), lines.clone()));
        let Some((fields, mut lines)) = own.next() else { return Vec::new() };
        for head in lines.values_mut() {
            *head = Head { position: Position(head.position.0 + 1_000), id: EntryId(self.rng.random()) };
        }
        let fields = ReceiptFields { number: fields.number + beyond, root: root(&lines), ..fields };
        let receipt = Receipt::sign(&fields, &node.me.entry_key.0).bytes().to_vec();
        Frame::Receipted(Receipted { receipt, base: 0, lines }).encode()
    }

    /// What is true, again and again, and nobody asked.
    fn range_without_end(&mut self, place: Place, link: LinkId, stream: Stream) {
        let entries = self.nodes[place].store.read(stream, Position(1), 100_000).expect("memory reads");
        let bytes = Frame::Range(Range { stream, from: Position(1), until: Position(1), entries }).encode();
        for _ in 0..20 {
            self.network.send_bytes(&mut self.rng, self.now_ms, place, link, bytes.clone());
        }
    }
}

/// A request on a link that is about another agreement.
fn elsewhere(stream: Stream) -> Vec<u8> {
    let stream = Stream { agreement: AgreementId([0x77; 32]), ..stream };
    Frame::Want(Want { stream, from: Position(1), bytes_max: 1_000 }).encode()
}

/// An entry in a stream of somebody who is no member.
fn by_nobody(agreement: AgreementId) -> Vec<u8> {
    let stream = Stream::shared(agreement, "650000".parse().expect("a member code"), System::VEHICLES);
    let manifest = ManifestId(agreement.0);
    let under = Authority { epoch: Epoch(1), manifest, card: CardNumber(1) };
    let record = Record { kind: RecordKind(0x0311), version: 1, body: b"?".to_vec() };
    let draft = Draft::new(stream, stream.origin(), under, Millis(0), &[1; 32], &[record]);
    let entries = draft.sign(&SecretKey::from_bytes(&[9; 32])).bytes().to_vec();
    Frame::Range(Range { stream, from: Position(1), until: Position(1), entries }).encode()
}
