//! Bundles over HTTP (P49): out as bytes while the log is read, in piece by piece. Whatever came whole before a bundle
//! breaks off has been taken in.

use std::io;
use std::sync::Arc;

use axum::body::{Body, BodyDataStream};
use axum::extract::State;
use axum::{Extension, Json};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use xietong_proto::entry::Entry;
use xietong_proto::id::{MemberCode, Position};
use xietong_proto::limits::RANGE_BYTES_MAX;
use xietong_proto::stream::Stream;
use xietong_proto::sync::Frame;

use super::answer::Problem;
use super::door::Asked;
use super::node::{spelled, unexpected};
use super::{Desk, Stored};
use crate::keys::bundle::{BundleFault, Packer, Unpacker};
use crate::machine::{Answer, Command, Refusal};
use crate::replica::bundle::{Contents, NoBundle, Played, Span};
use crate::replica::carry;
use crate::replica::io::Message;

/// `POST /v1/bundles/export`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Export {
    /// For whom.
    pub member: MemberCode,
    /// With what the agreement's id begins; empty if the two share one.
    #[serde(default)]
    pub agreement: String,
    /// Everything, and not only what the member is not known to hold.
    #[serde(default)]
    pub from_start: bool,
}

/// Bytes of frames that the machine takes in at once: checking their signatures takes it some ten milliseconds.
const PART_BYTES: usize = 512 * 1024;

pub(super) async fn pack(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Json(export): Json<Export>,
) -> Result<Body, Problem> {
    let asked = asked.about(spelled(&export));
    let Export { member, agreement, from_start } = export;
    let command = Command::Pack { member, agreement, from_start };
    let mut contents = match desk.ask(&asked, command).await.ok_or(Problem::Stopping)? {
        Answer::Packed(contents) => *contents,
        other => return Err(unexpected(other)),
    };
    let nobody = || Refusal::Bundle { reason: NoBundle::NothingShared { member } };
    let (packer, head) = desk.bundler.pack(contents.to).ok_or_else(nobody)?;
    // Taken from the end, each generation of a stream after the one before it (P38).
    contents.spans.reverse();
    let pieces = Pieces { stored: Arc::clone(&desk.stored), packer: Some(packer), head, contents };
    Ok(Body::from_stream(stream::try_unfold(pieces, |mut pieces| async {
        let next = tokio::task::spawn_blocking(move || {
            let piece = pieces.next()?;
            io::Result::Ok(piece.map(|piece| (piece, pieces)))
        });
        next.await.map_err(io::Error::other)?
    })))
}

/// A bundle as it is written: what is done of its contents is no longer among them.
struct Pieces {
    stored: Arc<dyn Stored>,
    /// None once the end is written.
    packer: Option<Packer>,
    head: Vec<u8>,
    contents: Contents,
}

impl Pieces {
    /// Some of the bytes that follow; none after the last.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(mut packer) = self.packer.take() else { return Ok(None) };
        let mut piece = std::mem::take(&mut self.head);
        let mut put = |frames: &[Frame]| {
            frames.iter().for_each(|frame| piece.extend(packer.frame(&frame.encode())));
        };
        let papers = std::mem::take(&mut self.contents.papers);
        for paper in papers {
            put(&self.filled(paper, Position(u64::MAX))?);
        }
        if let Some(span) = self.contents.spans.pop() {
            put(&self.range(span)?);
            self.packer = Some(packer);
        } else {
            put(std::slice::from_ref(&self.contents.heads));
            piece.extend(packer.end());
        }
        Ok(Some(piece))
    }

    /// As much of a span as one answer holds (P25); the rest comes next.
    fn range(&mut self, span: Span) -> io::Result<Vec<Frame>> {
        let Span { stream, from, until } = span;
        let bytes_max = RANGE_BYTES_MAX as u32;
        let frames = self.filled(Message::Range { stream, from, bytes_max }, until)?;
        let done = frames.iter().filter_map(|frame| match frame {
            Frame::Range(range) => Some(range.until),
            _ => None,
        });
        // The log was rewound while it was read (P36): what is left counts no more.
        let done = done.max().filter(|done| *done >= from).unwrap_or(until);
        if done < until {
            self.contents.spans.push(Span { from: done.next(), ..span });
        }
        Ok(frames)
    }

    fn filled(&self, message: Message, until: Position) -> io::Result<Vec<Frame>> {
        carry::fill(message, |stream: Stream, from, bytes_max| {
            let entries = self.stored.entries(stream, from, bytes_max);
            let entries = entries.ok_or_else(|| io::Error::other("the data log cannot be read"))?;
            let wanted = entries.iter().filter(|entry| entry.header().position <= until);
            Ok(wanted.flat_map(Entry::bytes).copied().collect())
        })
    }
}

pub(super) async fn unpack(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    body: Body,
) -> Result<Json<Played>, Problem> {
    let mut pieces = body.into_data_stream();
    let mut intake = Intake { unpacker: desk.bundler.unpack(), desk, asked, hello: None, frames: Vec::new() };
    let mut played = None;
    let taken = intake.take(&mut pieces, &mut played).await;
    // Whoever sends hears the answer when all is sent.
    while pieces.next().await.is_some() {}
    match taken {
        Ok(()) => played.map(Json).ok_or(Problem::Bundle { admitted: 0, reason: BundleFault::NoBundle }),
        Err(Stop::Fault(reason)) => {
            let admitted = played.map_or(0, |played| played.admitted);
            Err(Problem::Bundle { admitted, reason })
        }
        Err(Stop::Problem(problem)) => Err(problem),
    }
}

/// A bundle on its way in.
struct Intake {
    desk: Desk,
    asked: Asked,
    unpacker: Unpacker,
    hello: Option<Vec<u8>>,
    /// Read and not played yet.
    frames: Vec<Vec<u8>>,
}

enum Stop {
    Fault(BundleFault),
    Problem(Problem),
}

impl From<BundleFault> for Stop {
    fn from(fault: BundleFault) -> Self {
        Self::Fault(fault)
    }
}

impl Intake {
    /// Plays what comes; where it breaks off, what came whole before is played first.
    async fn take(&mut self, pieces: &mut BodyDataStream, played: &mut Option<Played>) -> Result<(), Stop> {
        while let Some(piece) = pieces.next().await {
            let detail = |error: axum::Error| Problem::Unreadable { detail: error.to_string() };
            let piece = piece.map_err(detail).map_err(Stop::Problem)?;
            let opened = self.unpacker.feed(&piece);
            let drained = self.drain();
            if self.frames.iter().map(Vec::len).sum::<usize>() >= PART_BYTES {
                self.play(played, false).await?;
            }
            if let Err(fault) = opened.and(drained) {
                self.play(played, false).await?;
                return Err(fault.into());
            }
        }
        let end = self.unpacker.end();
        self.play(played, end.is_ok()).await?;
        Ok(end?)
    }

    fn drain(&mut self) -> Result<(), BundleFault> {
        while let Some(frame) = self.unpacker.frame()? {
            match self.hello {
                None => self.hello = Some(frame),
                Some(_) => self.frames.push(frame),
            }
        }
        Ok(())
    }

    /// The deed is recorded once, with the last part.
    async fn play(&mut self, played: &mut Option<Played>, is_last: bool) -> Result<(), Stop> {
        let (Some(from), Some(hello)) = (self.unpacker.from(), self.hello.clone()) else { return Ok(()) };
        let frames = std::mem::take(&mut self.frames);
        let deed = self.asked.deed().filter(|_| is_last);
        let answer = self.desk.put(Command::Play { from, hello, frames, is_last }, deed).await;
        match answer.ok_or(Stop::Problem(Problem::Stopping))? {
            Answer::Played(part) => {
                let before = played.take();
                let count = |count: fn(&Played) -> u64| before.as_ref().map_or(0, count) + count(&part);
                let (admitted, others) = (count(|part| part.admitted), count(|part| part.others));
                *played = Some(Played { admitted, others, ..part });
                Ok(())
            }
            other => Err(Stop::Problem(unexpected(other))),
        }
    }
}
