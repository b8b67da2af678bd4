//! Requests about the node itself: how it stands, agreements, peers, and stopping.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use xietong_proto::id::{AgreementId, MemberCode};

use super::answer::Problem;
use super::door::Asked;
use super::{Desk, Surroundings};
use crate::machine::health::{self, Health};
use crate::machine::{Answer, Command, CutDigest, Status};
use crate::papers::agreement::AgreementFile;
use crate::replica::agreement::Agreement;

/// How the node stands: `GET /v1/status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// What the machine says.
    pub status: Status,
    /// What the shells say.
    pub surroundings: Surroundings,
}

/// `POST /v1/pause`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// None: everybody.
    pub member: Option<MemberCode>,
    /// False: back on the network.
    pub paused: bool,
}

/// `POST /v1/excuse`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Excuse {
    /// Whom the node no longer waits for before it publishes.
    pub member: MemberCode,
    /// False: waits for it again.
    pub excused: bool,
}

/// Answer to `POST /v1/agreements`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Joined {
    /// In force here now.
    pub agreement: AgreementId,
    /// Whether it was not before.
    pub is_new: bool,
}

pub(super) async fn status(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
) -> Result<Json<NodeStatus>, Problem> {
    let status = desk.status(&asked).await?;
    Ok(Json(NodeStatus { status, surroundings: (desk.surroundings)() }))
}

/// 200 if nothing keeps the node from its work, else 503; the reasons stand in both.
pub(super) async fn health(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
) -> Result<(StatusCode, Json<Health>), Problem> {
    let health = health::health(&desk.status(&asked).await?);
    let status = if health.is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((status, Json(health)))
}

/// How far the data log goes: what lies before it can be copied beside the node.
pub(super) async fn cut(State(desk): State<Desk>) -> Json<serde_json::Value> {
    Json(desk.stored.cut())
}

pub(super) async fn digests(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
) -> Result<Json<Vec<CutDigest>>, Problem> {
    match desk.ask(&asked, Command::Digests).await.ok_or(Problem::Stopping)? {
        Answer::Digests(digests) => Ok(Json(digests)),
        other => Err(unexpected(other)),
    }
}

/// The body is the text of a complete agreement file; of an agreement that has been joined, whatever is new in it.
pub(super) async fn join(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    text: String,
) -> Result<Json<Joined>, Problem> {
    let paper = |refusal| Problem::Paper { refusal };
    let file = AgreementFile::read(&text).map_err(paper)?;
    file.check_complete(&desk.card).map_err(paper)?;
    let agreement =
        Agreement::new(file.epochs, file.cards).map_err(|reason| Problem::NotInForce { reason })?;
    let asked = asked.about(agreement.id());
    match desk.ask(&asked, Command::Join(Box::new(agreement))).await.ok_or(Problem::Stopping)? {
        Answer::Joined { agreement, is_new } => Ok(Json(Joined { agreement, is_new })),
        other => Err(unexpected(other)),
    }
}

pub(super) async fn pause(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Json(pause): Json<Pause>,
) -> Result<Json<Pause>, Problem> {
    let asked = asked.about(spelled(&pause));
    let command = Command::Pause { member: pause.member, paused: pause.paused };
    match desk.ask(&asked, command).await.ok_or(Problem::Stopping)? {
        Answer::Paused => Ok(Json(pause)),
        other => Err(unexpected(other)),
    }
}

pub(super) async fn excuse(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Json(excuse): Json<Excuse>,
) -> Result<Json<Excuse>, Problem> {
    let asked = asked.about(spelled(&excuse));
    let command = Command::Excuse { member: excuse.member, excused: excuse.excused };
    match desk.ask(&asked, command).await.ok_or(Problem::Stopping)? {
        Answer::Excused => Ok(Json(excuse)),
        other => Err(unexpected(other)),
    }
}

pub(super) async fn stop(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
) -> Result<Json<()>, Problem> {
    if let Some(deed) = asked.deed() {
        // On a full disk, too, a node can be stopped.
        desk.put(Command::Record(deed), None).await.ok_or(Problem::Stopping)?;
    }
    let stop = desk.stop.lock().ok().and_then(|mut stop| stop.take());
    if let Some(stop) = stop {
        // Nobody listens any more if the node is stopping already.
        let _ = stop.send(());
    }
    Ok(Json(()))
}

/// What was asked, as it came.
pub(super) fn spelled(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

impl Desk {
    /// What the machine says of itself.
    pub(super) async fn status(&self, asked: &Asked) -> Result<Status, Problem> {
        match self.ask(asked, Command::Status).await.ok_or(Problem::Stopping)? {
            Answer::Status(status) => Ok(*status),
            other => Err(unexpected(other)),
        }
    }
}

/// A refusal; the machine never gives an answer to another question.
pub(super) fn unexpected(answer: Answer) -> Problem {
    match answer {
        Answer::Refused(refusal) => refusal.into(),
        Answer::Data(_)
        | Answer::Joined { .. }
        | Answer::Said { .. }
        | Answer::Papers(_)
        | Answer::GivenUp { .. }
        | Answer::Paused
        | Answer::Excused
        | Answer::Recorded
        | Answer::Status(_)
        | Answer::Digests(_)
        | Answer::Explained(_)
        | Answer::Packed(_)
        | Answer::Played(_)
        | Answer::Holders(_) => {
            unreachable!("each command has one kind of answer")
        }
    }
}
