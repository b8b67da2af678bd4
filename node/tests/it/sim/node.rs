//! One node of the world: a real machine on a memory store, with a clock that may be wrong and a shell that
//! does what real shells do.

use std::collections::BTreeMap;

use xietong::machine::{Answer, Command, Done, Input, Machine, Ticket, Work};
use xietong::replica::bundle::{Contents, Span};
use xietong::replica::carry;
use xietong::replica::io::{
    Keyring, LinkId, Message, NetAction, NetEvent, Now, Output, Release, Roster, SignedAppend,
};
use xietong::replica::{Me, Settings};
use xietong::store::Store;
use xietong::store::memory::Memory;
use xietong::systems::rules::Rules;
use xietong_proto::crypto::SecretKey;
use xietong_proto::id::*;
use xietong_proto::limits::RANGE_BYTES_MAX;
use xietong_proto::presentation::Presentation;
use xietong_proto::reject::Reject;
use xietong_proto::sync::{Frame, Want};

use super::Fault;
use super::network::Door;

/// 2026-01-05T00:00:00Z, so that dates of test data are in the past.
const START_MS: u64 = 1_767_571_200_000;

/// A node, running or not.
pub struct Node {
    pub me: Me,
    pub fault: Fault,
    pub store: Memory,
    pub machine: Option<Machine>,
    pub keyring: Keyring,
    pub roster: Roster,
    /// Strangers that it lets in, and until when.
    pub invited: BTreeMap<PeerId, u64>,
    pub acknowledged: Acknowledged,
    entry_key: SecretKey,
    settings: Settings,
    pub clock_offset_ms: i64,
    /// What it told its operator to have refused.
    pub reported: Vec<Reject>,
    /// With [`Fault::AcknowledgesBeforeSync`]: how the store was at the last sync.
    synced: Option<Memory>,
    /// Since its last commit.
    has_crashed: bool,
    commits: u64,
    tickets: u64,
}

/// What was acknowledged to an operator: register key → the newest acknowledged body, none = withdrawn.
pub type Acknowledged = BTreeMap<String, Option<Vec<u8>>>;

/// What a node wants done in the world.
pub enum Wish {
    Open { link: LinkId, to: PeerId },
    Send { link: LinkId, frame: Frame },
    Close { link: LinkId },
    ShutOut { peer: PeerId },
    Invite { peer: PeerId },
    Present { peer: PeerId, shown: Box<Presentation> },
}

impl Node {
    pub fn new(me: Me, entry_key: SecretKey, settings: Settings, clock_offset_ms: i64, fault: Fault) -> Self {
        Self {
            me,
            fault,
            store: Memory::default(),
            machine: None,
            keyring: Keyring::default(),
            roster: Roster::default(),
            invited: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            entry_key,
            settings,
            clock_offset_ms,
            reported: Vec::new(),
            synced: None,
            has_crashed: false,
            commits: 0,
            tickets: 0,
        }
    }

    /// The node's own clocks.
    pub fn now(&self, now_ms: u64) -> Now {
        let wall = (START_MS + now_ms).saturating_add_signed(self.clock_offset_ms);
        Now { wall: Millis(wall), mono_ms: now_ms }
    }

    /// How far it lets a peer in.
    pub fn door(&self, peer: PeerId, now_ms: u64) -> Door {
        let is_invited = self.invited.get(&peer).is_some_and(|until_ms| *until_ms > now_ms);
        match &self.machine {
            Some(_) if self.roster.peers.contains_key(&peer) => Door::Member,
            Some(_) if is_invited => Door::Guest,
            Some(_) | None => Door::Shut,
        }
    }

    /// From the next start on it speaks with other keys.
    pub fn take_keys(&mut self, me: Me, entry_key: SecretKey) {
        (self.me, self.entry_key) = (me, entry_key);
    }

    /// Starts the process on what the store holds.
    pub fn start(&mut self, now_ms: u64) -> Vec<Wish> {
        let now = self.now(now_ms);
        let (rules, boot) = (Rules::shipped().into(), self.store.boot());
        let started = Machine::start(self.me.clone(), self.settings.clone(), rules, boot, now, &self.store);
        let (machine, output) = started.expect("what the node wrote, it can read");
        self.machine = Some(machine);
        self.finish(output).0
    }

    /// The process dies; what was not synced is gone.
    pub fn crash(&mut self) {
        self.machine = None;
        self.has_crashed = true;
        self.roster = Roster::default();
        self.invited.clear();
        let store = std::mem::take(&mut self.store);
        self.store = self.synced.take().unwrap_or(store).crash();
    }

    /// The rows are lost in a crash; the log stays.
    pub fn lose_rows(&mut self) {
        self.store = std::mem::take(&mut self.store).crash_without_rows();
    }

    /// Whether the planted fault answers requests in the machine's place.
    pub fn serves_anything(&self) -> bool {
        self.fault == Fault::SkipsAudienceCheck
    }

    /// Whether the planted fault is that it forgets what it handed over: who owns what has to tell, and nothing else.
    pub fn forgets_outs(&self) -> bool {
        self.fault == Fault::LosesOuts
    }

    /// The planted fault: serves whatever is asked for.
    pub fn serve(&self, link: LinkId, want: Want) -> Vec<Wish> {
        let read = |stream, from, bytes_max| self.store.read(stream, from, bytes_max);
        let Want { stream, from, bytes_max } = want;
        let frames = carry::fill(Message::Range { stream, from, bytes_max }, read);
        frames.expect("memory does not fail").into_iter().map(|frame| Wish::Send { link, frame }).collect()
    }

    /// The frames of a bundle, its hello first.
    pub fn written(&self, contents: Contents) -> Vec<Frame> {
        let Contents { papers, spans, heads, .. } = contents;
        let bytes_max = RANGE_BYTES_MAX as u32;
        let range = |Span { stream, from, .. }: Span| Message::Range { stream, from, bytes_max };
        let read = |stream, from, bytes_max| self.store.read(stream, from, bytes_max);
        let messages = papers.into_iter().chain(spans.into_iter().map(range));
        let frames = messages.flat_map(|message| carry::fill(message, read).expect("memory does not fail"));
        frames.chain([heads]).collect()
    }

    /// Asks as an operator does and waits for the answer.
    pub fn ask(&mut self, now_ms: u64, command: Command) -> (Vec<Wish>, Option<Answer>) {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let (wishes, answers) = self.handle(now_ms, vec![Input::Ask { ticket, command, deed: None }]);
        let answer = answers.into_iter().find(|(to, _)| *to == ticket);
        (wishes, answer.map(|(_, answer)| answer))
    }

    /// The shell has looked at the disk.
    pub fn room(&mut self, now_ms: u64, free_bytes: u64) -> Vec<Wish> {
        self.handle(now_ms, vec![Input::Room { free_bytes }]).0
    }

    /// Takes an event from the network.
    pub fn event(&mut self, now_ms: u64, event: NetEvent) -> Vec<Wish> {
        self.handle(now_ms, vec![Input::Net(event)]).0
    }

    /// Lets due things happen, then does a piece of the work that waits.
    pub fn idle(&mut self, now_ms: u64) -> Vec<Wish> {
        let mut wishes = self.handle(now_ms, vec![Input::Tick]).0;
        if let Some(work) = self.machine.as_ref().and_then(Machine::work) {
            let done = self.prepare(work);
            wishes.extend(self.handle(now_ms, vec![Input::Work(done)]).0);
        }
        wishes
    }

    /// Whether nothing waits to be folded or compared.
    pub fn is_settled(&self) -> bool {
        self.machine.as_ref().is_some_and(|machine| machine.work().is_none())
    }

    /// When the machine wants to be woken.
    pub fn due_ms(&self) -> Option<u64> {
        self.machine.as_ref()?.due_ms()
    }

    /// A frame's bytes as the shell hands them over.
    pub fn receive(&self, link: LinkId, bytes: &[u8]) -> NetEvent {
        carry::receive(&self.keyring, link, bytes)
    }

    fn prepare(&self, work: Work) -> Done {
        match work {
            Work::Disclose => Done::Disclose,
            Work::Requests => Done::Requests,
            Work::Fold { stream, from } => {
                let bytes = self.store.read(stream, from, 64 * 1024).expect("memory does not fail");
                Done::Fold { stream, entries: carry::entries(&bytes) }
            }
        }
    }

    fn handle(&mut self, now_ms: u64, inputs: Vec<Input>) -> (Vec<Wish>, Vec<(Ticket, Answer)>) {
        let now = self.now(now_ms);
        let Some(machine) = &mut self.machine else { return (Vec::new(), Vec::new()) };
        let output = machine.handle(inputs, now, self.store.rows(), &self.store);
        self.finish(output)
    }

    fn finish(&mut self, output: Output<(Ticket, Answer)>) -> (Vec<Wish>, Vec<(Ticket, Answer)>) {
        let has_crashed = &mut self.has_crashed;
        let (store, key, fault, me) = (&mut self.store, &self.entry_key, self.fault, self.me.code());
        let mut arrivals = self.commits as u8;
        if self.fault == Fault::AcknowledgesBeforeSync && self.commits.is_multiple_of(8) {
            self.synced = Some(store.clone());
        }
        self.commits += 1;
        let committed = output.commit(|writes| {
            let mut writes = writes.sign(key);
            if fault == Fault::FoldsByArrival {
                arrivals += 1;
                writes.rows.values_mut().flatten().for_each(|value| value.push(arrivals));
            }
            if fault == Fault::LosesHolds {
                writes.rows.retain(|key, _| key[0] != b'B');
            }
            if fault == Fault::LosesOuts && std::mem::take(has_crashed) {
                let outs = store.rows().scan(b"X", &[]).filter(|(key, _)| key[35..43] == me.bytes()[..]);
                writes.rows.extend(outs.map(|(key, _)| (key, None)).collect::<Vec<_>>());
            }
            if fault == Fault::KeepsRowsOfForks && writes.appends.iter().any(is_rewind) {
                writes.rows.clear();
            }
            store.commit(writes)
        });
        // A disk that cannot be trusted must not speak: the process ends.
        let Ok(Release { actions, answers }) = committed else {
            self.crash();
            return (Vec::new(), Vec::new());
        };
        let wishes = actions.into_iter().flat_map(|action| self.act(action)).collect();
        (wishes, answers)
    }

    fn act(&mut self, action: NetAction) -> Vec<Wish> {
        match action {
            NetAction::Open { link, peer, .. } => vec![Wish::Open { link, to: peer }],
            NetAction::Close { link } => vec![Wish::Close { link }],
            NetAction::Send { message: Message::Frame(Frame::Fork(..)), .. }
                if self.fault == Fault::HidesForks =>
            {
                Vec::new()
            }
            NetAction::Send { message: Message::Frame(Frame::Signing(_)), .. }
                if self.fault == Fault::HidesSignings =>
            {
                Vec::new()
            }
            NetAction::Send { link, message } => {
                let read = |stream, from, bytes_max| self.store.read(stream, from, bytes_max);
                let frames = carry::fill(message, read).expect("memory does not fail");
                frames.into_iter().map(|frame| Wish::Send { link, frame }).collect()
            }
            NetAction::Roster(roster) => {
                self.roster = (*roster).clone();
                Vec::new()
            }
            NetAction::Keyring(keyring) => {
                self.keyring = (*keyring).clone();
                Vec::new()
            }
            NetAction::EndsSoon { .. } => Vec::new(),
            NetAction::Invite { peer, .. } => vec![Wish::Invite { peer }],
            NetAction::Present { peer, shown } => vec![Wish::Present { peer, shown }],
            NetAction::ShutOut { peer, .. } => vec![Wish::ShutOut { peer }],
            NetAction::Report { reject, .. } => {
                self.reported.push(reject);
                Vec::new()
            }
        }
    }
}

fn is_rewind(append: &SignedAppend) -> bool {
    matches!(append, SignedAppend::Rewind(..))
}
