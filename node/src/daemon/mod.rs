//! The one loop that knows two shells: what came in goes to the machine, what the machine writes goes to the
//! store, and only then does anything go out. Runs on a thread of its own, since a commit waits for the disk.

pub mod start;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::{mpsc, oneshot};
use tracing::{info, warn};
use xietong_proto::crypto::SecretKey;

use crate::clock::Clock;
use crate::http::Ask;
use crate::machine::{Answer, Command, Done, Input, Machine, Ticket, Work};
use crate::net::{Network, peer_text};
use crate::replica::carry;
use crate::replica::io::{NetAction, NetEvent, Output, Release};
use crate::store::Store;

/// Inputs taken into one step: one sync pays for all of them.
const INPUTS_MAX: usize = 64;
/// Bytes that the inputs of one step may come to before no more are added: with a frame or a chunk of rows on
/// top it stays far below what one group of the log holds.
const STEP_BYTES_MAX: usize = 24 * 1024 * 1024;
/// What a question may make the machine write: a chunk of rows as long as their columns allow.
const ASK_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of entries folded in one step.
const FOLD_BYTES: usize = 128 * 1024;

/// The loop and all it holds.
pub struct Daemon<S> {
    /// Decides.
    pub machine: Machine,
    /// Keeps.
    pub store: S,
    /// Signs our entries.
    pub entry_key: Arc<SecretKey>,
    /// Tells the time.
    pub clock: Clock,
    /// Speaks.
    pub network: Network,
    /// What happens on the network.
    pub events: mpsc::Receiver<NetEvent>,
    /// What operators ask.
    pub asks: mpsc::Receiver<Ask>,
    /// Resolves, or is dropped, when the node shall stop.
    pub stop: oneshot::Receiver<()>,
    /// Bytes that are free on the disk.
    pub free: Box<dyn Fn() -> u64 + Send>,
    /// When that was looked at last, on the monotonic clock.
    pub looked_ms: Option<u64>,
    /// What the steps took.
    pub loop_time: Histogram,
    /// Who waits for which answer.
    pub waiting: BTreeMap<Ticket, oneshot::Sender<Answer>>,
    /// Tickets given out.
    pub tickets: u64,
}

impl<S: Store> Daemon<S> {
    /// Runs until it is told to stop; then gives the store back, so that it can be closed in order.
    ///
    /// # Errors
    /// A failed write or read: a disk that cannot be trusted must not speak.
    pub async fn run(mut self, first: Output<(Ticket, Answer)>) -> Result<S, S::Error> {
        self.finish(first)?;
        while let Some(mut inputs) = self.next().await? {
            let (now, begun) = (self.clock.now(), Instant::now());
            if self.looked_ms.is_none_or(|looked_ms| looked_ms + LOOK_MS <= now.mono_ms) {
                self.looked_ms = Some(now.mono_ms);
                inputs.insert(0, Input::Room { free_bytes: (self.free)() });
            }
            let output = self.machine.handle(inputs, now, self.store.rows(), &self.store);
            self.finish(output)?;
            self.loop_time.observe(begun.elapsed().as_secs_f64());
        }
        info!("stopping");
        self.network.shutdown().await;
        Ok(self.store)
    }

    /// At least one input, none to stop. Work is done when nothing else is ready.
    async fn next(&mut self) -> Result<Option<Vec<Input>>, S::Error> {
        let work = self.machine.work();
        if work.is_some() || self.store.is_unchecked() {
            let ready = self.ready(Vec::new());
            if self.stop.try_recv() != Err(oneshot::error::TryRecvError::Empty) {
                return Ok(None);
            }
            return Ok(Some(match work {
                _ if !ready.is_empty() => ready,
                Some(work) => vec![Input::Work(self.prepare(work)?)],
                None => {
                    self.store.check_some()?;
                    vec![Input::Tick]
                }
            }));
        }
        let sleep = self.until_due();
        let first = tokio::select! {
            biased;
            _ = &mut self.stop => return Ok(None),
            Some(ask) = self.asks.recv() => self.take(ask),
            Some(event) = self.events.recv() => Input::Net(event),
            () = tokio::time::sleep(sleep) => Input::Tick,
        };
        Ok(Some(self.ready(vec![first])))
    }

    /// Adds whatever else is ready, so that one sync pays for all; not more than one group of the log holds.
    fn ready(&mut self, mut inputs: Vec<Input>) -> Vec<Input> {
        let mut bytes: usize = inputs.iter().map(bytes_of).sum();
        while inputs.len() < INPUTS_MAX && bytes < STEP_BYTES_MAX {
            if let Ok(ask) = self.asks.try_recv() {
                let input = self.take(ask);
                inputs.push(input);
            } else if let Ok(event) = self.events.try_recv() {
                inputs.push(Input::Net(event));
            } else {
                break;
            }
            bytes += inputs.last().map_or(0, bytes_of);
        }
        inputs
    }

    fn take(&mut self, ask: Ask) -> Input {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.insert(ticket, ask.reply);
        Input::Ask { ticket, command: ask.command, deed: ask.deed }
    }

    fn until_due(&self) -> Duration {
        let now_ms = self.clock.now().mono_ms;
        let due_ms = self.machine.due_ms().unwrap_or(now_ms + IDLE_MS);
        Duration::from_millis(due_ms.saturating_sub(now_ms).min(IDLE_MS))
    }

    fn prepare(&self, work: Work) -> Result<Done, S::Error> {
        match work {
            Work::Disclose => Ok(Done::Disclose),
            Work::Requests => Ok(Done::Requests),
            Work::Fold { stream, from } => {
                let bytes = self.store.read(stream, from, FOLD_BYTES)?;
                Ok(Done::Fold { stream, entries: carry::entries(&bytes) })
            }
        }
    }

    fn finish(&mut self, output: Output<(Ticket, Answer)>) -> Result<(), S::Error> {
        let (store, key) = (&mut self.store, &self.entry_key);
        let Release { actions, answers } = output.commit(|writes| store.commit(writes.sign(key)))?;
        for action in actions {
            self.act(action)?;
        }
        for (ticket, answer) in answers {
            if let Some(reply) = self.waiting.remove(&ticket) {
                // Whoever asked may have gone; what was done stays done.
                let _ = reply.send(answer);
            }
        }
        Ok(())
    }

    fn act(&mut self, action: NetAction) -> Result<(), S::Error> {
        match action {
            NetAction::Send { link, message } => {
                let read = |stream, from, bytes_max| self.store.read(stream, from, bytes_max);
                for frame in carry::fill(message, read)? {
                    self.network.send(link, frame);
                }
            }
            NetAction::Open { link, peer, agreement } => self.network.open(link, peer, agreement),
            NetAction::Close { link } => self.network.close(link),
            NetAction::Roster(roster) => self.network.set_roster(Arc::clone(&roster)),
            NetAction::Invite { peer, address } => self.network.invite(peer, address),
            NetAction::Present { peer, shown } => self.network.present(peer, shown),
            NetAction::Keyring(keyring) => self.network.set_keyring(Arc::clone(&keyring)),
            NetAction::ShutOut { peer, for_ms } => {
                warn!(
                    peer = peer_text(peer),
                    seconds = for_ms / 1_000,
                    "a peer offended too often and is not let in"
                );
            }
            NetAction::EndsSoon { agreement, days_left } => {
                warn!(%agreement, days_left, "an agreement ends soon: nothing is published after it");
            }
            NetAction::Report { peer, reject } => {
                warn!(peer = peer_text(peer), rule = reject.rule(), ?reject, "refused what a peer sent");
            }
        }
        Ok(())
    }
}

/// Between two looks at the disk: what can be written in that time fits into an eighth of the reserve.
const LOOK_MS: u64 = 1_000;
/// How long the loop sleeps at most, so that a new day is noticed.
const IDLE_MS: u64 = 30_000;

/// What an input may make the machine write.
fn bytes_of(input: &Input) -> usize {
    match input {
        Input::Net(NetEvent::Entries { entries, .. }) => {
            entries.iter().map(|entry| entry.bytes().len()).sum()
        }
        Input::Ask { command: Command::Data(_), .. } => ASK_BYTES,
        Input::Ask { command: Command::Play { frames, .. }, .. } => frames.iter().map(Vec::len).sum(),
        Input::Net(_) | Input::Ask { .. } | Input::Work(_) | Input::Room { .. } | Input::Tick => 0,
    }
}
