//! The machine of a node: decide → append → fold → disclose, as one pure function of inputs, clocks and rows.
//! The only place that knows both replication and systems. It never reads a clock or a disk, and what it says
//! comes out of its [`Output`] only after the writes in it were committed.

mod agreements;
mod disclosing;
mod doors;
mod explain;
pub mod health;
mod status;
mod validity;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use xietong_proto::card::Card;
use xietong_proto::entry::{Entry, Record};
use xietong_proto::header::Header;
use xietong_proto::id::*;
use xietong_proto::purge::Purge;
use xietong_proto::stream::{Audience, Stream};

use crate::calendar;
use crate::replica::agreement::{Agreement, NotInForce};
use crate::replica::bundle::{Contents, NoBundle, Played};
use crate::replica::epochs::{Said, Unsaid};
use crate::replica::io::{Boot, NetEvent, Now, Output, Writes};
use crate::replica::logs::Past;
use crate::replica::purge::NotPurged;
use crate::replica::room::Shortage;
use crate::replica::{Authored, Me, Replica, Settings, Turn};
use crate::systems::doors::{Command as TokenCommand, Deed, Refusal as TokenRefusal};
use crate::systems::rows::{Overlay, Rows};
use crate::systems::rules::Rules;
use crate::systems::{self, Origin};

pub use agreements::Papers;
pub use explain::{Explanation, Held, Hold, Rule, Verdict};
pub use status::{CutDigest, CutPosition, Status, Waiting};

/// Who waits for an answer; the shell numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What can happen to a node.
#[derive(Debug)]
pub enum Input {
    /// On the network.
    Net(NetEvent),
    /// An operator or platform asks for something. If it is done, the deed is recorded in the same commit.
    Ask { ticket: Ticket, command: Command, deed: Option<Deed> },
    /// The work that [`Machine::work`] asked for, with what it needs.
    Work(Done),
    /// The shell has looked at the disk.
    Room { free_bytes: u64 },
    /// Time has passed.
    Tick,
}

/// What an operator or platform can ask for.
#[derive(Debug)]
pub enum Command {
    /// Something about records.
    Data(systems::Command),
    /// Put an agreement into force here.
    Join(Box<Agreement>),
    /// Take over a proposal, or opinions: this member's own, or others' that came by hand (P37).
    Say { agreement: AgreementId, said: Box<Said> },
    /// All papers of an agreement: to draw up its next version, or to sign away from this machine.
    Papers { agreement: AgreementId },
    /// Give up what a member said that is parted from this one (P50).
    GiveUp { agreement: AgreementId, author: MemberCode },
    /// Take a member, or all, off the network, or bring it back.
    Pause { member: Option<MemberCode>, paused: bool },
    /// Do not wait for a member that stays away, or wait for it again (P28).
    Excuse { member: MemberCode, excused: bool },
    /// How things stand.
    Status,
    /// What each agreement shows, as one number to compare.
    Digests,
    /// Make or revoke a token.
    Token(TokenCommand),
    /// Record what was refused before it came here, or what is no business of the machine.
    Record(Deed),
    /// Why a member can or cannot see a record, by register key or listing number.
    Explain { peer: MemberCode, record: String },
    /// What a bundle for a member holds (P49), under the agreement whose id begins so.
    Pack { member: MemberCode, agreement: String, from_start: bool },
    /// Take in a part of a bundle: who wrote it, its hello, frames that follow, and whether they are the last.
    Play { from: PeerId, hello: Vec<u8>, frames: Vec<Vec<u8>>, is_last: bool },
    /// Who has signed that it holds an entry.
    Holders { agreement: AgreementId, author: MemberCode, system: System, position: Position },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Done, with what was done.
    Data(systems::Report),
    /// The agreement is in force here.
    Joined { agreement: AgreementId, is_new: bool },
    /// It was taken over; this is the manifest in force now.
    Said { newest: ManifestId },
    /// Manifests with what was said of them, cards, and how far streams are held.
    Papers(Box<Papers>),
    /// A member's records are given up, now or before; the card under which that is signed.
    GivenUp { purge: Box<Purge>, card: Box<Card>, is_new: bool },
    /// The roster has changed.
    Paused,
    /// Whom the node waits for has changed.
    Excused,
    /// How things stand.
    Status(Box<Status>),
    /// It stands in the doors' stream.
    Recorded,
    /// One for each agreement.
    Digests(Vec<CutDigest>),
    /// Why, agreement by agreement; none if there is no such record here.
    Explained(Option<Box<Explanation>>),
    /// Members, by their newest receipts.
    Holders(Vec<MemberCode>),
    /// What goes into a bundle.
    Packed(Box<Contents>),
    /// What came of a bundle.
    Played(Played),
    /// Not done, and why.
    Refused(Refusal),
}

/// Why a command is not done (不予办理).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Refusal {
    /// The rows are being rebuilt from the log: passes later.
    Rebuilding { entries_left: u64 },
    /// The disk is nearly full: what is here can be read, nothing is written.
    DiskFull { shortage: Shortage },
    /// The agreement does not name this member.
    NotNamed { member: MemberCode },
    /// The agreement names another card, or none, for this node's transport key.
    NotThisNode,
    /// No agreement here names this member.
    UnknownMember { member: MemberCode },
    /// No token is made or revoked.
    Token { refusal: TokenRefusal },
    /// A proposal or an opinion is not taken over.
    Unsaid { reason: Unsaid },
    /// A member's records are not given up.
    NotPurged { reason: NotPurged },
    /// There is no such bundle, or one is not taken in.
    Bundle { reason: NoBundle },
    /// The system refuses.
    Data { refusal: systems::Refusal },
}

/// Work that can be done whenever nothing else is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Fold stored entries of a stream from a position on.
    Fold { stream: Stream, from: Position },
    /// Compare some of what is disclosed with what should be.
    Disclose,
    /// Let go of what was not confirmed in time or is not wanted any more.
    Requests,
}

/// Work with what it needs.
#[derive(Debug)]
pub enum Done {
    /// Entries read from the log; at least one.
    Fold { stream: Stream, entries: Vec<Entry> },
    /// Nothing but the rows.
    Disclose,
    /// Nothing but the rows.
    Requests,
}

/// A node without its shells.
#[derive(Clone, Debug)]
pub struct Machine {
    replica: Replica,
    /// By which this office works.
    rules: Arc<Rules>,
    /// Our own streams that are still to be compared in full with what they should show, and from which key on (P30).
    comparing: BTreeMap<Stream, String>,
    /// When to look again at the requests that are ours to answer.
    requests: Look,
    /// The day for which disclosure was last compared: guards look at dates.
    today: Date,
    /// Agreements under which our clock is too far from the others' (P29).
    doubted: BTreeSet<AgreementId>,
    /// Of which end the operation log was told, as days before it.
    warned: BTreeMap<AgreementId, Option<u64>>,
}

/// Work that comes again when something was said, or at a time.
#[derive(Clone, Copy, Debug)]
struct Look {
    is_stale: bool,
    /// On the monotonic clock.
    due_ms: Option<u64>,
}

struct Step<'a> {
    turn: Turn<'a>,
    rows: Overlay<'a>,
    folded: BTreeMap<Stream, Position>,
    answers: Vec<(Ticket, Answer)>,
    /// For the doors' stream, where they go together.
    doors: Vec<Record>,
}

impl Machine {
    /// Goes on from what the store holds. Everything disclosed is compared again from the start.
    pub fn start(
        me: Me,
        settings: Settings,
        rules: Arc<Rules>,
        boot: Boot,
        now: Now,
        past: &dyn Past,
    ) -> Result<(Self, Output<(Ticket, Answer)>), NotInForce> {
        let mut turn = Turn::new(now, past);
        let replica = Replica::start(me, settings, boot, &mut turn)?;
        let mut machine = Self {
            replica,
            rules,
            comparing: BTreeMap::new(),
            requests: Look { is_stale: true, due_ms: None },
            today: calendar::date(now.wall),
            doubted: BTreeSet::new(),
            warned: BTreeMap::new(),
        };
        machine.compare_all();
        machine.warn_of_ends(&mut turn);
        let writes = Writes { appends: turn.appends, ..Writes::default() };
        Ok((machine, Output::new(writes, turn.actions, Vec::new())))
    }

    /// Takes what has happened, in order, and says what to write and what to do.
    pub fn handle(
        &mut self,
        inputs: Vec<Input>,
        now: Now,
        rows: &dyn Rows,
        past: &dyn Past,
    ) -> Output<(Ticket, Answer)> {
        let mut step = Step {
            turn: Turn::new(now, past),
            rows: Overlay::new(rows),
            folded: BTreeMap::new(),
            answers: Vec::new(),
            doors: Vec::new(),
        };
        self.keep_date(now);
        for input in inputs {
            self.take(&mut step, input);
        }
        self.write_doors(&mut step);
        self.replica.settle(&mut step.turn);
        self.warn_of_ends(&mut step.turn);
        self.fold_again(&mut step);
        self.keep_up(now);
        let writes =
            Writes { appends: step.turn.appends, rows: step.rows.into_changes(), folded: step.folded };
        Output::new(writes, step.turn.actions, step.answers)
    }

    /// What can be done now that nothing else is waiting.
    pub fn work(&self) -> Option<Work> {
        let me = self.replica.me().code();
        if let Some((stream, from)) = self.replica.logs().unfolded(me) {
            return Some(Work::Fold { stream, from });
        }
        // What is in the log is shown even on a full disk; nothing new is said.
        self.check_room().ok()?;
        let compares = (!self.comparing.is_empty()).then_some(Work::Disclose);
        compares.or(self.requests.is_stale.then_some(Work::Requests))
    }

    /// When the machine wants to be woken, on the monotonic clock.
    pub fn due_ms(&self) -> Option<u64> {
        self.replica.due_ms().into_iter().chain(self.requests.due_ms).min()
    }

    /// Where every stream stands, for shells and tests.
    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    fn take(&mut self, step: &mut Step, input: Input) {
        match input {
            Input::Net(event) => self.replica.event(&mut step.turn, event),
            Input::Ask { ticket, command, deed } => {
                let answer = self.ask(step, command).unwrap_or_else(Answer::Refused);
                if let Some(deed) = deed.filter(|_| !matches!(answer, Answer::Refused(_))) {
                    step.doors.push(deed.record());
                }
                step.answers.push((ticket, answer));
            }
            Input::Work(Done::Fold { stream, entries }) => self.fold(step, stream, &entries),
            Input::Work(Done::Disclose) => self.compare_some(step),
            Input::Work(Done::Requests) => self.look_at_requests(step),
            Input::Room { free_bytes } => self.replica.set_free(free_bytes),
            Input::Tick => {}
        }
    }

    fn ask(&mut self, step: &mut Step, command: Command) -> Result<Answer, Refusal> {
        match command {
            Command::Data(command) => self.decide(step, command).map(Answer::Data),
            Command::Join(agreement) => self.join(step, *agreement),
            Command::Say { agreement, said } => self.say(step, agreement, *said),
            Command::Papers { agreement } => self.papers(agreement),
            Command::GiveUp { agreement, author } => self.give_up(step, agreement, author),
            Command::Pause { member, paused } => self.pause(step, member, paused),
            Command::Excuse { member, excused } => self.excuse(step, member, excused),
            Command::Token(command) => self.decide_token(step, command),
            Command::Record(deed) => self.record_alone(step, &deed),
            Command::Status => Ok(Answer::Status(Box::new(self.status(step.turn.now)))),
            Command::Digests => Ok(Answer::Digests(self.digests(&step.rows))),
            Command::Explain { peer, record } => {
                Ok(Answer::Explained(self.explain(&step.rows, step.turn.now, peer, &record).map(Box::new)))
            }
            Command::Pack { member, agreement, from_start } => {
                let packed = self.replica.pack(&step.turn, member, &agreement, from_start);
                Ok(Answer::Packed(Box::new(packed.map_err(|reason| Refusal::Bundle { reason })?)))
            }
            Command::Play { from, hello, frames, is_last } => {
                self.check_room()?;
                let played = self.replica.play(&mut step.turn, from, (&hello, &frames), is_last);
                played.map(Answer::Played).map_err(|reason| Refusal::Bundle { reason })
            }
            Command::Holders { agreement, author, system, position } => {
                let signed = self.replica.receipted(&self.stream(agreement, author, system));
                let holds = signed.into_iter().filter(|(_, held)| *held >= position);
                Ok(Answer::Holders(holds.map(|(member, _)| member).collect()))
            }
        }
    }

    /// Decides a command on rows that are folded to all own heads, appends what it decides, and discloses
    /// what that changes.
    fn decide(&mut self, step: &mut Step, command: systems::Command) -> Result<systems::Report, Refusal> {
        self.check_room()?;
        self.check_folded()?;
        let now = step.turn.now;
        let decision = systems::decide(&step.rows, now.wall, &self.circle(now), command)
            .map_err(|refusal| Refusal::Data { refusal })?;
        let (me, system) = (self.replica.me().code(), decision.kind.system());
        for (agreement, record) in decision.said.iter().cloned() {
            self.author(step, self.replica.own_stream(agreement, system), vec![record]);
        }
        for (stream, records) in decision.at_home(me) {
            self.author(step, stream, records);
        }
        let everybody = self.replica.agreements().map(|held| held.stream(me, system));
        let alone = decision.told.iter().map(|(agreement, peer)| Stream::pair(*agreement, me, *peer, system));
        for stream in everybody.chain(alone).collect::<Vec<_>>() {
            if self.is_open(&stream, now) {
                self.disclose(step, stream, systems::Which::Keys(&decision.keys));
            }
        }
        Ok(decision.report)
    }

    fn pause(
        &mut self,
        step: &mut Step,
        member: Option<MemberCode>,
        paused: bool,
    ) -> Result<Answer, Refusal> {
        member.map_or(Ok(()), |member| self.check_known(member))?;
        self.replica.pause(&mut step.turn, member, paused);
        Ok(Answer::Paused)
    }

    fn excuse(&mut self, step: &mut Step, member: MemberCode, excused: bool) -> Result<Answer, Refusal> {
        self.check_known(member)?;
        self.replica.excuse(&mut step.turn, member, excused);
        Ok(Answer::Excused)
    }

    fn check_known(&self, member: MemberCode) -> Result<(), Refusal> {
        let is_known = self.replica.agreements().any(|held| held.manifest().member(member).is_some());
        if is_known { Ok(()) } else { Err(Refusal::UnknownMember { member }) }
    }

    /// Appends records to a stream of our own and folds them in the same step.
    fn author(&mut self, step: &mut Step, stream: Stream, records: Vec<Record>) {
        for Authored { header, records } in self.replica.author(&mut step.turn, stream, records) {
            self.apply(step, &header, records.into_iter());
        }
    }

    fn fold(&mut self, step: &mut Step, stream: Stream, entries: &[Entry]) {
        let mut is_of_things = false;
        for entry in entries {
            let header = entry.header();
            let is_next =
                header.stream == stream && header.position == self.replica.logs().folded(&stream).next();
            if is_next {
                let records: Vec<Record> = entry.records().collect();
                is_of_things |= records.iter().any(|record| systems::handover::SAID.has(record));
                self.apply(step, header, records.into_iter());
            }
        }
        // What this member said itself, and has only now learnt of, may not be what it should say; and under one agreement it
        // may change what is shown under another: a thing that is another's is shown nowhere, whoever says so.
        let is_own = stream.author == self.replica.me().code() && stream.audience != Audience::Local;
        if is_own || is_of_things {
            self.compare_all();
        }
    }

    /// What was folded of entries that do not count any more is taken back; the rest is folded again (P36).
    fn fold_again(&mut self, step: &mut Step) {
        let rewound = self.replica.take_rewound();
        if !rewound.is_empty() {
            // What is shown may rest on what others do not say any more.
            self.compare_all();
        }
        for stream in rewound {
            systems::forget(&mut step.rows, &stream);
            step.folded.insert(stream, self.replica.mark_folded(stream, Position(0)));
        }
    }

    fn apply(&mut self, step: &mut Step, header: &Header, records: impl Iterator<Item = Record>) {
        let Header { stream, position, epoch, time, .. } = *header;
        let members = self.replica.members_by(header);
        for (index, record) in (0..).zip(records) {
            self.requests.is_stale |= systems::requests::is_ours(&record);
            let origin = Origin { stream, position, index, epoch, time, members };
            systems::apply(&mut step.rows, &origin, &record);
        }
        step.folded.insert(stream, self.replica.mark_folded(stream, position));
    }

    fn check_room(&self) -> Result<(), Refusal> {
        self.replica.short_for_own().map_or(Ok(()), |shortage| Err(Refusal::DiskFull { shortage }))
    }

    fn check_folded(&self) -> Result<(), Refusal> {
        let (logs, me) = (self.replica.logs(), self.replica.me().code());
        let own = logs.heads().filter(|(stream, _)| stream.author == me);
        let entries_left = own.map(|(stream, head)| head.position.0 - logs.folded(stream).0).sum();
        if entries_left > 0 { Err(Refusal::Rebuilding { entries_left }) } else { Ok(()) }
    }
}
