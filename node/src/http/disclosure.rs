//! Requests about what leaves: why a member can or cannot see a record, what would leave under an agreement, and
//! what has left. Changes nothing.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use xietong_proto::entry::Entry;
use xietong_proto::id::*;
use xietong_proto::stream::{Audience, Stream};

use super::Desk;
use super::answer::Problem;
use super::door::Asked;
use super::node::unexpected;
use crate::machine::{Answer, Command, Explanation};
use crate::papers::agreement::AgreementFile;
use crate::replica::status::AgreementStatus;
use crate::systems::Kind;
use crate::systems::disclosure::{self, Preview, Said};

/// `GET /v1/explain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explain {
    /// Who wants to see it.
    pub peer: MemberCode,
    /// Its register key or listing number.
    pub record: String,
}

/// What would leave under an agreement: answer to `POST /v1/disclosure/preview`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Previewed {
    /// What people call it.
    pub title: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Whether this member is in it: else nothing would leave.
    pub is_member: bool,
    /// Who would see it.
    pub to: Vec<MemberCode>,
    /// One for each system in scope that this program knows.
    pub systems: Vec<Preview>,
}

/// What has left in one system under one agreement: one of `GET /v1/disclosure/log`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// Under which.
    pub agreement: AgreementId,
    /// What people call it.
    pub title: String,
    /// In which system.
    pub system: System,
    /// Its members, who may hold it.
    pub to: Vec<MemberCode>,
    /// Entries said.
    pub entries: Position,
    /// When the first and the last were said.
    pub since: Millis,
    /// See `since`.
    pub last: Millis,
    /// Records that it shows now.
    pub shown: u64,
    /// How far each member has signed that it holds it.
    pub receipted: BTreeMap<MemberCode, Position>,
    /// Whether it went to one member alone: of that no receipts are signed.
    pub alone: bool,
}

/// `GET /v1/disclosure/entries`: what the entries of one own stream said, from a position on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Read {
    /// Under which agreement.
    pub agreement: AgreementId,
    /// In which system.
    pub system: System,
    /// What this member alone was told; else what all were.
    #[serde(default)]
    pub peer: Option<MemberCode>,
    /// The first position wanted.
    pub from: Position,
}

/// What some entries said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spoken {
    /// In order.
    pub lines: Vec<Line>,
    /// The position to go on from, if there is more.
    pub next: Option<Position>,
}

/// What one record said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its entry.
    pub position: Position,
    /// When.
    pub time: Millis,
    /// Under which epoch.
    pub epoch: Epoch,
    /// What; none if this program cannot read it.
    #[serde(flatten)]
    pub said: Option<Said>,
}

/// Bytes of entries read for one answer.
const READ_BYTES: usize = 256 * 1024;

pub(super) async fn explain(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Query(Explain { peer, record }): Query<Explain>,
) -> Result<Json<Explanation>, Problem> {
    let command = Command::Explain { peer, record: record.clone() };
    match desk.ask(&asked, command).await.ok_or(Problem::Stopping)? {
        Answer::Explained(Some(explanation)) => Ok(Json(*explanation)),
        Answer::Explained(None) => Err(Problem::NotFound { id: record }),
        other => Err(unexpected(other)),
    }
}

/// The body is the text of an agreement file, approved or not.
pub(super) async fn preview(State(desk): State<Desk>, text: String) -> Result<Json<Previewed>, Problem> {
    let file = AgreementFile::read(&text).map_err(|refusal| Problem::Paper { refusal })?;
    let (fields, me, today) = (&file.manifest().fields, desk.me(), desk.today());
    let kinds: Vec<Kind> = fields.scope.iter().filter_map(|scope| Kind::of(scope.system)).collect();
    let previews = desk
        .look(move |rows| kinds.into_iter().map(|kind| disclosure::preview(rows, me, today, kind)).collect());
    let members = fields.members.iter().map(|member| member.code);
    Ok(Json(Previewed {
        title: fields.title.clone(),
        fingerprint: file.manifest().fingerprint(),
        is_member: file.manifest().member(me).is_some(),
        to: members.filter(|code| *code != me).collect(),
        systems: previews.await.ok_or(Problem::Stopping)?,
    }))
}

pub(super) async fn log(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
) -> Result<Json<Vec<Sent>>, Problem> {
    let mut sent = Vec::new();
    for held in desk.status(&asked).await?.agreements {
        for (system, entries) in own_streams(&held, desk.me()) {
            sent.push(sent_in(&desk, &held, system, entries).await?);
        }
        sent.extend(sent_aside(&desk, &held).await?);
    }
    sent.sort_by_key(|sent| (sent.title.clone(), sent.system, sent.alone, sent.to.clone()));
    Ok(Json(sent))
}

fn own_streams(held: &AgreementStatus, me: MemberCode) -> Vec<(System, Position)> {
    let own = held.streams.iter().filter(|stream| stream.author == me);
    own.map(|stream| (stream.system, stream.position)).collect()
}

/// What single members were told alone under an agreement.
async fn sent_aside(desk: &Desk, held: &AgreementStatus) -> Result<Vec<Sent>, Problem> {
    let (agreement, me) = (held.agreement, desk.me());
    let heads = desk.read(|stored| stored.heads()).await.ok_or(Problem::Stopping)?;
    let mut sent = Vec::new();
    for (stream, entries) in
        heads.into_iter().filter(|(stream, _)| (stream.agreement, stream.author) == (agreement, me))
    {
        let Audience::Pair(peer) = stream.audience else { continue };
        let system = stream.system;
        let shown = desk.look(move |rows| disclosure::count_aside(rows, agreement, system, me, peer)).await;
        sent.push(Sent {
            agreement,
            title: held.title.clone(),
            system,
            to: vec![peer],
            entries,
            since: time(desk, stream, Position(1)).await?,
            last: time(desk, stream, entries).await?,
            shown: shown.ok_or(Problem::Stopping)?,
            receipted: BTreeMap::new(),
            alone: true,
        });
    }
    Ok(sent)
}

/// When an entry was said.
async fn time(desk: &Desk, stream: Stream, position: Position) -> Result<Millis, Problem> {
    let read = desk.entries(stream, position, 1).await?;
    Ok(read.first().map(|entry| entry.header().time).unwrap_or_default())
}

async fn sent_in(
    desk: &Desk,
    held: &AgreementStatus,
    system: System,
    entries: Position,
) -> Result<Sent, Problem> {
    let (agreement, me) = (held.agreement, desk.me());
    let stream = Stream::shared(agreement, me, system);
    let shown = desk.look(move |rows| disclosure::count(rows, agreement, system, me)).await;
    let receipts = held.streams.iter().find(|held| (held.author, held.system) == (me, system));
    Ok(Sent {
        agreement,
        title: held.title.clone(),
        system,
        to: held.peers.iter().map(|peer| peer.member).collect(),
        entries,
        since: time(desk, stream, Position(1)).await?,
        last: time(desk, stream, entries).await?,
        shown: shown.ok_or(Problem::Stopping)?,
        alone: false,
        receipted: receipts.map(|held| held.held_by.clone()).unwrap_or_default(),
    })
}

pub(super) async fn entries(
    State(desk): State<Desk>,
    Query(Read { agreement, system, peer, from }): Query<Read>,
) -> Result<Json<Spoken>, Problem> {
    let me = desk.me();
    let shared = Stream::shared(agreement, me, system);
    let stream = peer.map_or(shared, |peer| Stream::pair(agreement, me, peer, system));
    let read = desk.entries(stream, from, READ_BYTES).await?;
    let next = read.last().map(|last| last.header().position.next());
    let lines = read.iter().flat_map(|entry| lines(me, entry)).collect();
    Ok(Json(Spoken { lines, next }))
}

fn lines(me: MemberCode, entry: &Entry) -> Vec<Line> {
    let header = entry.header();
    let (position, time, epoch) = (header.position, header.time, header.epoch);
    entry
        .records()
        .map(|record| Line { position, time, epoch, said: disclosure::said(me, &record) })
        .collect()
}
