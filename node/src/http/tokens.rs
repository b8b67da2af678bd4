//! Requests about the doors themselves: tokens, and who did what.

use axum::extract::{Query, State};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use xietong_proto::id::Position;

use super::Desk;
use super::answer::Problem;
use super::door::Asked;
use super::node::unexpected;
use crate::machine::{Answer, Command};
use crate::systems::doors::{self, SYSTEM, Token, Told};

/// `POST /v1/tokens/revoke`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revocation {
    /// Of the token.
    pub name: String,
}

/// `GET /v1/deeds`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeedsQuery {
    /// From which position of the doors' stream on; none: the newest.
    pub from: Option<u64>,
}

/// Some of what was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deeds {
    /// In the order in which it was done.
    pub deeds: Vec<Told>,
    /// From where to go on; none at the end.
    pub next: Option<u64>,
    /// The newest position.
    pub last: u64,
}

/// Entries looked at for the newest deeds.
const NEWEST: u64 = 100;

pub(super) async fn tokens(State(desk): State<Desk>) -> Result<Json<Vec<Token>>, Problem> {
    desk.look(doors::tokens).await.map(Json).ok_or(Problem::Stopping)
}

/// The body has the hash of the token; its text never comes here before it is used.
pub(super) async fn make(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Json(token): Json<Token>,
) -> Result<Json<Token>, Problem> {
    let asked = asked.about(format!("{} {:?}", token.name, token.role));
    let token = Token { is_revoked: false, ..token };
    desk.change_tokens(&asked, doors::Command::Make(token.clone())).await?;
    Ok(Json(token))
}

pub(super) async fn revoke(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Json(revocation): Json<Revocation>,
) -> Result<Json<Revocation>, Problem> {
    let command = doors::Command::Revoke { name: revocation.name.clone() };
    desk.change_tokens(&asked.about(&revocation.name), command).await?;
    Ok(Json(revocation))
}

pub(super) async fn deeds(
    State(desk): State<Desk>,
    Query(query): Query<DeedsQuery>,
) -> Result<Json<Deeds>, Problem> {
    let last = desk.stored.last(SYSTEM).0;
    let from = query.from.unwrap_or_else(|| last.saturating_sub(NEWEST - 1)).max(1);
    let entries = tokio::task::spawn_blocking(move || desk.stored.local(SYSTEM, Position(from))).await;
    let entries = entries.ok().flatten().ok_or(Problem::Stopping)?;
    let next = entries.last().map_or(from, |entry| entry.header().position.0 + 1);
    let deeds = entries.iter().flat_map(doors::deeds).collect();
    Ok(Json(Deeds { deeds, next: Some(next).filter(|next| *next <= last), last }))
}

impl Desk {
    async fn change_tokens(&self, asked: &Asked, command: doors::Command) -> Result<(), Problem> {
        match self.ask(asked, Command::Token(command)).await.ok_or(Problem::Stopping)? {
            Answer::Recorded => Ok(()),
            other => Err(unexpected(other)),
        }
    }
}
