//! The change feed: what changed in the own registers and in what members show, stream by stream in order, from a
//! cursor on. A cursor says how far each stream was read, so it holds across restarts and on a restored node.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use xietong_proto::id::*;
use xietong_proto::stream::{Audience, Stream};

use super::answer::Problem;
use super::{Desk, Stored};
use crate::systems::Source;
use crate::systems::reading::Reading;
use crate::systems::records::read;

/// One line of the answer: changes, then where to go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// Something was said.
    Change(Box<Change>),
    /// A stream counts no further than here (a fork was settled): what was told of it behind is void.
    Rewound {
        /// Whose.
        owner: MemberCode,
        /// Of which system.
        system: System,
        /// Under which agreement.
        agreement: Option<AgreementId>,
        /// The last position that counts.
        counts: Position,
    },
    /// The last line.
    End {
        /// What `since` has to say to go on.
        cursor: String,
    },
}

/// Something was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// By whom.
    pub owner: MemberCode,
    /// In which system.
    pub system: System,
    /// Under which agreement; none in the own registers.
    pub agreement: Option<AgreementId>,
    /// The only other member that is told; none if all members are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<MemberCode>,
    /// Where it stands.
    #[serde(flatten)]
    pub source: Source,
    /// What.
    #[serde(flatten)]
    pub says: Reading,
}

/// `GET /v1/feed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedQuery {
    /// A cursor of an earlier answer; empty: from the beginning; `now`: only what comes.
    pub since: String,
    /// Seconds to wait for something to tell.
    pub wait_s: u64,
}

/// Bytes of entries told in one answer, about.
const ANSWER_BYTES: usize = 1024 * 1024;
/// Seconds that a request may wait.
const WAIT_S_MAX: u64 = 60;
/// Between two looks at what is new.
const PAUSE: Duration = Duration::from_millis(200);

/// How far each stream was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(BTreeMap<Place, Position>);

/// A stream as a cursor names it: author, system, the beginning of its agreement's id, zeros of a local one, and who
/// alone is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    agreement: [u8; 8],
    author: MemberCode,
    system: System,
    generation: u32,
    to: Option<MemberCode>,
}

impl Place {
    fn of(stream: &Stream) -> Self {
        let agreement = stream.agreement.0.first_chunk().copied().unwrap_or_default();
        let Stream { author, system, generation, .. } = *stream;
        let to = if let Audience::Pair(peer) = stream.audience { Some(peer) } else { None };
        Self { agreement, author, system, generation: generation.0, to }
    }
}

/// Such as `230000.3.1.0000000000000000:12,220000.3.1.a1b2c3d4e5f60718:7`.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (place, position)) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "," };
            let Place { agreement, author, system, generation, to } = place;
            let agreement = hex::encode(agreement);
            write!(f, "{separator}{author}.{}.{generation}.{agreement}", system.0)?;
            to.map_or(Ok(()), |to| write!(f, ".{to}"))?;
            write!(f, ":{position}")?;
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = BadForm;

    fn from_str(text: &str) -> Result<Self, BadForm> {
        let read = |part: &str| -> Option<(Place, Position)> {
            let (place, position) = part.split_once(':')?;
            let (author, system, generation, agreement, to) = match place.split('.').collect::<Vec<_>>()[..] {
                [author, system, generation, agreement] => (author, system, generation, agreement, None),
                [author, system, generation, agreement, to] => {
                    (author, system, generation, agreement, Some(to.parse().ok()?))
                }
                _ => return None,
            };
            let mut id = [0; 8];
            hex::decode_to_slice(agreement, &mut id).ok()?;
            let place = Place {
                agreement: id,
                author: author.parse().ok()?,
                system: System(system.parse().ok()?),
                generation: generation.parse().ok()?,
                to,
            };
            Some((place, Position(position.parse().ok()?)))
        };
        let parts = text.split(',').filter(|part| !part.is_empty());
        parts.map(|part| read(part).ok_or(BadForm)).collect::<Result<_, _>>().map(Self)
    }
}

pub(super) async fn feed(
    State(desk): State<Desk>,
    Query(query): Query<FeedQuery>,
) -> Result<Response, Problem> {
    let FeedQuery { since, wait_s } = query;
    let until = Instant::now() + Duration::from_secs(wait_s.min(WAIT_S_MAX));
    let mut cursor = match since.as_str() {
        "now" => desk.read(now).await.ok_or(Problem::Stopping)?,
        text => text.parse().map_err(|_| Problem::Unreadable { detail: text.to_owned() })?,
    };
    loop {
        let read = desk.read(move |stored| tell(stored, cursor)).await.ok_or(Problem::Stopping)?;
        let (lines, told) = read.ok_or(Problem::Stopping)?;
        cursor = told;
        if !lines.is_empty() || Instant::now() >= until {
            let end = Line::End { cursor: cursor.to_string() };
            return Ok(answer(lines.iter().chain([&end])));
        }
        sleep(PAUSE).await;
    }
}

fn answer<'a>(lines: impl Iterator<Item = &'a Line>) -> Response {
    let line =
        |line: &Line| serde_json::to_string(line).expect("lines are made of texts, numbers and lists") + "\n";
    let text: String = lines.map(line).collect();
    ([("content-type", "application/x-ndjson")], Body::from(text)).into_response()
}

/// Where everything stands now.
fn now(stored: &dyn Stored) -> Cursor {
    Cursor(stored.heads().iter().map(|(stream, head)| (Place::of(stream), *head)).collect())
}

/// What is new since a cursor, about as much as an answer may hold, and how far that goes. None if the log cannot
/// be read.
fn tell(stored: &dyn Stored, mut cursor: Cursor) -> Option<(Vec<Line>, Cursor)> {
    let (mut lines, mut bytes_left) = (Vec::new(), ANSWER_BYTES);
    for (stream, head) in stored.heads() {
        let (owner, system) = (stream.author, stream.system);
        let agreement = (stream.audience != Audience::Local).then_some(stream.agreement);
        let to = Place::of(&stream).to;
        let told = cursor.0.entry(Place::of(&stream)).or_insert(Position(0));
        if *told > head {
            *told = head;
            lines.push(Line::Rewound { owner, system, agreement, counts: head });
        }
        while *told < head && bytes_left > 0 {
            let entries = stored.entries(stream, told.next(), bytes_left)?;
            if entries.is_empty() {
                // Given up for good: nothing can be told of it any more.
                *told = told.next();
            }
            for entry in entries {
                let header = entry.header();
                for (index, record) in (0..).zip(entry.records()) {
                    let source =
                        Source { position: header.position, index, epoch: header.epoch, time: header.time };
                    let says = read(owner, &record);
                    lines.push(Line::Change(Box::new(Change { owner, system, agreement, to, source, says })));
                }
                bytes_left = bytes_left.saturating_sub(entry.bytes().len());
                *told = header.position;
            }
        }
    }
    Some((lines, cursor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_as_it_is_written() {
        let text = "230000.3.1.0000000000000000:12,220000.3.1.a1b2c3d4e5f60718:7,\
            220000.3.1.a1b2c3d4e5f60718.230000:2";
        let cursor: Cursor = text.parse().expect("it is one");
        assert_eq!(cursor.to_string(), text);
        assert_eq!("".parse(), Ok(Cursor::default()));
        for wrong in ["x", "230000.3.1.00:12", "230000.3.1.0000000000000000:x", "230000.3.0000000000000000:1"]
        {
            assert_eq!(wrong.parse::<Cursor>(), Err(BadForm), "{wrong}");
        }
    }
}
