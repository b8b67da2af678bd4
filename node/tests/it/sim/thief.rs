//! A stolen entry key: whoever has it signs in the name of its member, before and after the others have ended what that key
//! says. What it signs behind the end counts with nobody (P38).

use rand::seq::IndexedRandom;
use xietong::replica::agreement::Agreement;
use xietong::replica::logs::Past;
use xietong_proto::crypto::SecretKey;
use xietong_proto::entry::{Authority, Draft, Record};
use xietong_proto::id::*;
use xietong_proto::stream::{Head, Stream};
use xietong_proto::sync::{Frame, Range};

use super::invariants::{self, Violation};
use super::network::Place;
use super::world::World;

/// Who has the key, and over whose links forged entries go out.
const THIEF: Place = 0;

/// The key, and what was signed with it.
pub struct Stolen {
    /// Whose it was.
    pub victim: Place,
    key: SecretKey,
    card: CardNumber,
    forged: Vec<(Stream, Head)>,
}

impl World {
    /// Whose key was stolen.
    pub(super) fn victim(&self) -> Option<Place> {
        self.council.as_ref()?.stolen.as_ref().map(|stolen| stolen.victim)
    }

    /// In a world with somebody who would use it, the first entry key that is put away falls into its hands.
    pub(super) fn lose_key(&mut self, place: Place) {
        let keys = &self.keys[place];
        let (key, card) = (keys.entry(), keys.card().fields.number);
        let council = self.council.as_mut().filter(|council| council.has_double_signer && place != THIEF);
        if let Some(council) = council {
            council.stolen.get_or_insert(Stolen { victim: place, key, card, forged: Vec::new() });
        }
    }

    /// The next entry in a stream of the member whose key it was.
    pub(super) fn misuse(&mut self) {
        let Some(victim) = self.victim() else { return };
        let held = self.held(THIEF).choose(&mut self.rng).cloned();
        if let Some(held) = held {
            let stream = held.stream(self.keys[victim].code(), System::VEHICLES);
            self.forge(&held, stream, None);
        }
    }

    /// After all that the key says has been ended: behind the end, and in what has begun since.
    pub(super) fn misuse_for_the_last_time(&mut self, id: AgreementId) -> Result<(), Violation> {
        let held = self.held(THIEF).into_iter().find(|held| held.id() == id);
        let (Some(victim), Some(held)) = (self.victim(), held) else { return Ok(()) };
        let stream = held.stream(self.keys[victim].code(), System::VEHICLES);
        self.forge(&held, stream, None);
        if let Some((before, cut)) = held.epochs().stream_before(&stream) {
            self.forge(&held, before, Some(cut));
        }
        self.pass(6_000)?;
        let stolen = self.council.as_ref().and_then(|council| council.stolen.as_ref());
        let forged = stolen.map(|stolen| stolen.forged.clone()).unwrap_or_default();
        forged.iter().filter(|(stream, _)| stream.agreement == id).try_for_each(|(stream, head)| {
            let ended = held.epochs().cut(stream).is_none_or(|cut| head.position > cut.position);
            let holds = |node: &&super::node::Node| node.store.id_at(*stream, head.position) == Some(head.id);
            match invariants::honest(self).find(holds).filter(|_| ended) {
                Some(node) => {
                    let (holder, stream, at) = (node.me.code(), *stream, head.position);
                    Err(Violation::Stolen { holder, stream, at })
                }
                None => Ok(()),
            }
        })
    }

    fn forge(&mut self, held: &Agreement, stream: Stream, behind: Option<Head>) {
        let Some(machine) = &self.nodes[THIEF].machine else { return };
        let head = behind.unwrap_or_else(|| machine.replica().logs().head(&stream));
        let newest = held.manifest();
        let stolen = self.council.as_mut().and_then(|council| council.stolen.as_mut());
        let stolen = stolen.expect("there is one");
        let under = Authority { epoch: newest.fields.epoch, manifest: newest.id(), card: stolen.card };
        let body = stolen.forged.len().to_be_bytes().to_vec();
        let record = Record { kind: RecordKind(0x0311), version: 1, body };
        let entry = Draft::new(stream, head, under, Millis(0), &[7; 32], &[record]).sign(&stolen.key);
        let (position, entries) = (entry.head().position, entry.bytes().to_vec());
        stolen.forged.push((stream, entry.head()));
        self.tally.stolen += 1;
        let bytes = Frame::Range(Range { stream, from: position, until: position, entries }).encode();
        for (link, to) in self.network.links_of(THIEF) {
            self.note(&format!("a forged entry goes to {to}"));
            self.network.send_bytes(&mut self.rng, self.now_ms, THIEF, link, bytes.clone());
        }
    }
}
