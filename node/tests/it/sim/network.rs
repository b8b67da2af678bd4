//! A network of frames: it delays, loses, duplicates, reorders and partitions, all by the seed.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use xietong::replica::io::LinkId;
use xietong_proto::sync::Frame;

/// Between two times that somebody wants in where it is not let in.
const KNOCK_PAUSE_MS: u64 = 5_000;

/// A node of the world, by place.
pub type Place = usize;

/// Something that reaches a node at a time.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// A connection stands.
    Connected { from: Place },
    /// Somebody who stands on no roster wants in.
    Knock { from: Place },
    /// It was let in for a moment.
    Guest { from: Place },
    /// What it presents.
    Presented { from: Place, bytes: Vec<u8> },
    /// It is gone.
    Disconnected { from: Place },
    /// The link that the node asked for stands.
    Opened { link: LinkId, from: Place },
    /// The other end opened a link.
    Accepted { link: LinkId, from: Place },
    /// Bytes of one frame.
    Bytes { link: LinkId, from: Place, bytes: Vec<u8> },
    /// The link ended.
    Closed { link: LinkId },
}

/// How far a place lets another in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Not at all.
    Shut,
    /// For a moment, to present itself.
    Guest,
    /// As a peer of its roster, which it wants to reach.
    Member,
}

/// Two ends of a link.
#[derive(Clone, Copy, Debug)]
pub struct Pipe {
    /// Who opened it, and under which number.
    pub opener: (Place, LinkId),
    /// Who accepted it, and under which number.
    pub acceptor: (Place, LinkId),
}

impl Pipe {
    /// The other end of `(place, link)`.
    pub fn other(&self, end: (Place, LinkId)) -> (Place, LinkId) {
        if self.opener == end { self.acceptor } else { self.opener }
    }

    fn touches(&self, a: Place, b: Place) -> bool {
        let ends = [self.opener.0, self.acceptor.0];
        ends == [a, b] || ends == [b, a]
    }
}

/// How rough the network is, in thousandths.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Frames that never arrive.
    pub loses: u32,
    /// Frames that arrive twice.
    pub repeats: u32,
    /// The longest delay in milliseconds.
    pub delay_ms_max: u64,
}

/// Everything under way.
pub struct Network {
    pub weather: Weather,
    connected: BTreeMap<(Place, Place), [Door; 2]>,
    /// When somebody may knock again where it is not let in.
    knocks_at_ms: BTreeMap<(Place, Place), u64>,
    apart: BTreeSet<(Place, Place)>,
    pipes: BTreeMap<(Place, LinkId), Pipe>,
    under_way: BTreeMap<(u64, u64), (Place, Arrival)>,
    /// When the last frame on a link arrives: what follows on it does not overtake it.
    last_ms: BTreeMap<(Place, LinkId), u64>,
    sent: u64,
    accepted: u64,
    pub lost: u64,
}

impl Network {
    /// Nothing connected, nothing under way.
    pub fn new(weather: Weather) -> Self {
        Self {
            weather,
            connected: BTreeMap::new(),
            knocks_at_ms: BTreeMap::new(),
            apart: BTreeSet::new(),
            pipes: BTreeMap::new(),
            under_way: BTreeMap::new(),
            last_ms: BTreeMap::new(),
            sent: 0,
            accepted: 0,
            lost: 0,
        }
    }

    /// Connects every pair that can reach each other and of which each lets the other in, separates the others, and
    /// lets who is not let in knock now and then.
    pub fn connect(
        &mut self,
        rng: &mut ChaCha8Rng,
        now_ms: u64,
        places: usize,
        door: impl Fn(Place, Place) -> Door,
    ) {
        for a in 0..places {
            for b in a + 1..places {
                let doors = [door(a, b), door(b, a)];
                let is_apart = self.apart.contains(&(a, b)) || !doors.contains(&Door::Member);
                let can = !is_apart && !doors.contains(&Door::Shut);
                match self.connected.get(&(a, b)) {
                    Some(before) if !can || *before != doors => self.disconnect(rng, now_ms, a, b),
                    Some(_) => {}
                    None if can => {
                        self.connected.insert((a, b), doors);
                        self.let_in(rng, now_ms, [a, b], doors[0]);
                        self.let_in(rng, now_ms, [b, a], doors[1]);
                    }
                    None if !is_apart && doors[0] == Door::Shut => self.knock(rng, now_ms, [a, b]),
                    None if !is_apart => self.knock(rng, now_ms, [b, a]),
                    None => {}
                }
            }
        }
    }

    fn let_in(&mut self, rng: &mut ChaCha8Rng, now_ms: u64, [at, from]: [Place; 2], door: Door) {
        let arrival =
            if door == Door::Member { Arrival::Connected { from } } else { Arrival::Guest { from } };
        self.arrive(rng, now_ms, at, arrival);
    }

    fn knock(&mut self, rng: &mut ChaCha8Rng, now_ms: u64, [at, from]: [Place; 2]) {
        let due_ms = self.knocks_at_ms.entry((at, from)).or_default();
        if *due_ms <= now_ms {
            *due_ms = now_ms + KNOCK_PAUSE_MS;
            self.arrive(rng, now_ms, at, Arrival::Knock { from });
        }
    }

    /// Somebody presents itself to whom it is connected.
    pub fn present(&mut self, rng: &mut ChaCha8Rng, now_ms: u64, from: Place, to: Place, bytes: Vec<u8>) {
        if self.is_connected(from, to) {
            self.arrive(rng, now_ms, to, Arrival::Presented { from, bytes });
        }
    }

    /// Keeps two places apart, or lets them meet again.
    pub fn part(&mut self, a: Place, b: Place, apart: bool) {
        let pair = (a.min(b), a.max(b));
        if apart {
            self.apart.insert(pair)
        } else {
            self.apart.remove(&pair)
        };
    }

    /// Lets everybody meet again, under a quiet sky.
    pub fn heal(&mut self) {
        self.apart.clear();
        self.weather = Weather { loses: 0, repeats: 0, delay_ms_max: 20 };
    }

    /// A node asks for a link.
    pub fn open(&mut self, rng: &mut ChaCha8Rng, now_ms: u64, from: Place, link: LinkId, to: Place) {
        // Of a guest nothing else is heard.
        let doors = self.connected.get(&(from.min(to), from.max(to)));
        if doors != Some(&[Door::Member; 2]) {
            return self.arrive(rng, now_ms, from, Arrival::Closed { link });
        }
        self.accepted += 1;
        let other = LinkId(self.accepted * 2 + 1);
        let pipe = Pipe { opener: (from, link), acceptor: (to, other) };
        self.pipes.insert(pipe.opener, pipe);
        self.pipes.insert(pipe.acceptor, pipe);
        self.arrive(rng, now_ms, to, Arrival::Accepted { link: other, from });
        self.arrive(rng, now_ms, from, Arrival::Opened { link, from: to });
    }

    /// Sends a frame down a link. What a sender may drop (heads, requests, ranges, pushes) may be lost here.
    pub fn send(&mut self, rng: &mut ChaCha8Rng, now_ms: u64, from: Place, link: LinkId, frame: &Frame) {
        let Some((to, link)) = self.pipes.get(&(from, link)).map(|pipe| pipe.other((from, link))) else {
            return;
        };
        let may_lose = !matches!(frame, Frame::Hello(_) | Frame::Cards(_) | Frame::Signing(_));
        if may_lose && rng.random_ratio(self.weather.loses, 1000) {
            self.lost += 1;
            return;
        }
        let copies = if may_lose && rng.random_ratio(self.weather.repeats, 1000) { 2 } else { 1 };
        for _ in 0..copies {
            self.arrive(rng, now_ms, to, Arrival::Bytes { link, from, bytes: frame.encode() });
        }
    }

    /// Sends any bytes down a link.
    pub fn send_bytes(
        &mut self,
        rng: &mut ChaCha8Rng,
        now_ms: u64,
        from: Place,
        link: LinkId,
        bytes: Vec<u8>,
    ) {
        if let Some((to, link)) = self.pipes.get(&(from, link)).map(|pipe| pipe.other((from, link))) {
            self.arrive(rng, now_ms, to, Arrival::Bytes { link, from, bytes });
        }
    }

    /// Ends a link at both ends.
    pub fn close(&mut self, rng: &mut ChaCha8Rng, now_ms: u64, from: Place, link: LinkId) {
        let Some(pipe) = self.pipes.remove(&(from, link)) else { return };
        let (to, other) = pipe.other((from, link));
        self.pipes.remove(&(to, other));
        self.arrive(rng, now_ms, to, Arrival::Closed { link: other });
    }

    /// All standing links of a node, and who is at the other ends.
    pub fn links_of(&self, place: Place) -> Vec<(LinkId, Place)> {
        let of_place = self.pipes.iter().filter(|((from, _), _)| *from == place);
        of_place.map(|((_, link), pipe)| (*link, pipe.other((place, *link)).0)).collect()
    }

    /// Who is at the other end of a link.
    pub fn other_end(&self, from: Place, link: LinkId) -> Option<Place> {
        Some(self.pipes.get(&(from, link))?.other((from, link)).0)
    }

    /// A node died: its connections end, and what was on the way to it is gone.
    pub fn drop_node(&mut self, rng: &mut ChaCha8Rng, now_ms: u64, place: Place, places: usize) {
        for other in (0..places).filter(|other| *other != place) {
            let pair = (place.min(other), place.max(other));
            if self.connected.contains_key(&pair) {
                self.disconnect(rng, now_ms, place, other);
            }
        }
        self.under_way.retain(|_, (to, _)| *to != place);
    }

    /// The next arrival not after `until_ms`.
    pub fn next(&mut self, until_ms: u64) -> Option<(u64, Place, Arrival)> {
        let entry = self.under_way.first_entry()?;
        if entry.key().0 > until_ms {
            return None;
        }
        let ((at_ms, _), (place, arrival)) = entry.remove_entry();
        Some((at_ms, place, arrival))
    }

    /// When the next arrival is due.
    pub fn due_ms(&self) -> Option<u64> {
        self.under_way.first_key_value().map(|((at_ms, _), _)| *at_ms)
    }

    /// Whether a connection stands.
    pub fn is_connected(&self, a: Place, b: Place) -> bool {
        self.connected.contains_key(&(a.min(b), a.max(b)))
    }

    fn disconnect(&mut self, rng: &mut ChaCha8Rng, now_ms: u64, a: Place, b: Place) {
        self.connected.remove(&(a.min(b), a.max(b)));
        self.pipes.retain(|_, pipe| !pipe.touches(a, b));
        let between = |to: Place, arrival: &Arrival| match arrival {
            Arrival::Bytes { from, .. }
            | Arrival::Opened { from, .. }
            | Arrival::Accepted { from, .. }
            | Arrival::Guest { from }
            | Arrival::Presented { from, .. }
            | Arrival::Connected { from } => [to, *from] == [a, b] || [to, *from] == [b, a],
            Arrival::Closed { .. } | Arrival::Disconnected { .. } | Arrival::Knock { .. } => false,
        };
        self.under_way.retain(|_, (to, arrival)| !between(*to, arrival));
        self.arrive(rng, now_ms, a, Arrival::Disconnected { from: b });
        self.arrive(rng, now_ms, b, Arrival::Disconnected { from: a });
    }

    /// Frames overtake each other on different links only, as on real streams.
    fn arrive(&mut self, rng: &mut ChaCha8Rng, now_ms: u64, to: Place, arrival: Arrival) {
        self.sent += 1;
        let at_ms = match &arrival {
            Arrival::Bytes { link, .. } => {
                let at_ms = now_ms + 2 + rng.random_range(0..=self.weather.delay_ms_max);
                let last_ms = self.last_ms.entry((to, *link)).or_default();
                *last_ms = at_ms.max(*last_ms);
                *last_ms
            }
            Arrival::Presented { .. } => now_ms + 2 + self.weather.delay_ms_max,
            Arrival::Closed { .. }
            | Arrival::Disconnected { .. }
            | Arrival::Connected { .. }
            | Arrival::Knock { .. }
            | Arrival::Guest { .. }
            | Arrival::Opened { .. }
            | Arrival::Accepted { .. } => now_ms + 1,
        };
        self.under_way.insert((at_ms, self.sent), (to, arrival));
    }
}
