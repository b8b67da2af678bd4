//! Requests about the node itself: how it stands, agreements, peers, and stopping.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use xietong_proto::id::{AgreementId, MemberCode};

use super::answer::Problem;
use super::{Desk, Surroundings};
use crate::machine::{Answer, Command, CutDigest, Status};
use crate::papers::agreement::AgreementFile;
use crate::replica::agreement::Agreement;

/// The routes below `/v1`.
pub fn routes() -> Router<Desk> {
    Router::new()
        .route("/status", get(status))
        .route("/agreements", post(join))
        .route("/digests", get(digests))
        .route("/pause", post(pause))
        .route("/excuse", post(excuse))
        .route("/stop", post(stop))
}

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
}

async fn status(State(desk): State<Desk>) -> Result<Json<NodeStatus>, Problem> {
    match desk.ask(Command::Status).await.ok_or(Problem::Stopping)? {
        Answer::Status(status) => {
            let surroundings = (desk.surroundings)();
            Ok(Json(NodeStatus { status: *status, surroundings }))
        }
        other => Err(unexpected(other)),
    }
}

async fn digests(State(desk): State<Desk>) -> Result<Json<Vec<CutDigest>>, Problem> {
    match desk.ask(Command::Digests).await.ok_or(Problem::Stopping)? {
        Answer::Digests(digests) => Ok(Json(digests)),
        other => Err(unexpected(other)),
    }
}

/// The body is the text of a complete agreement file.
async fn join(State(desk): State<Desk>, text: String) -> Result<Json<Joined>, Problem> {
    let paper = |refusal| Problem::Paper { refusal };
    let joined = AgreementFile::read(&text).and_then(|file| file.complete(&desk.card)).map_err(paper)?;
    let agreement = Agreement::new(joined.manifest, joined.approvals, joined.cards)
        .map_err(|reason| Problem::NotInForce { reason })?;
    match desk.ask(Command::Join(Box::new(agreement))).await.ok_or(Problem::Stopping)? {
        Answer::Joined { agreement } => Ok(Json(Joined { agreement })),
        other => Err(unexpected(other)),
    }
}

async fn pause(State(desk): State<Desk>, Json(pause): Json<Pause>) -> Result<Json<Pause>, Problem> {
    let command = Command::Pause { member: pause.member, paused: pause.paused };
    match desk.ask(command).await.ok_or(Problem::Stopping)? {
        Answer::Paused => Ok(Json(pause)),
        other => Err(unexpected(other)),
    }
}

async fn excuse(State(desk): State<Desk>, Json(excuse): Json<Excuse>) -> Result<Json<Excuse>, Problem> {
    let command = Command::Excuse { member: excuse.member, excused: excuse.excused };
    match desk.ask(command).await.ok_or(Problem::Stopping)? {
        Answer::Excused => Ok(Json(excuse)),
        other => Err(unexpected(other)),
    }
}

async fn stop(State(desk): State<Desk>) -> Json<()> {
    let stop = desk.stop.lock().ok().and_then(|mut stop| stop.take());
    if let Some(stop) = stop {
        // Nobody listens any more if the node is stopping already.
        let _ = stop.send(());
    }
    Json(())
}

/// A refusal; the machine never gives an answer to another question.
pub(super) fn unexpected(answer: Answer) -> Problem {
    match answer {
        Answer::Refused(refusal) => refusal.into(),
        Answer::Data(_)
        | Answer::Joined { .. }
        | Answer::Paused
        | Answer::Excused
        | Answer::Status(_)
        | Answer::Digests(_)
        | Answer::Holders(_) => {
            unreachable!("each command has one kind of answer")
        }
    }
}
