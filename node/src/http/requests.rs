//! Requests for listed things, trips and accounts: what is asked goes to the machine, what is looked up is read from
//! the rows.

use axum::extract::{Query, State};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use xietong_proto::id::Millis;

use super::Desk;
use super::answer::Problem;
use super::door::Asked;
use crate::calendar::rfc3339;
use crate::machine::Refusal;
use crate::systems::requests::query::{self, RequestView, Taken};
use crate::systems::requests::{About, Act, Ask, Block, Command};
use crate::systems::trips::net::{self, Net};
use crate::systems::trips::search::{self, Found, Wish};
use crate::systems::trips::{self, Tariff};
use crate::systems::{self, Report};

/// `GET /v1/requests/one`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct One {
    /// Such as `220000-VR-000001`.
    pub id: About,
}

/// `POST /v1/requests/act`: the step stands beside the id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Which request.
    pub id: About,
    /// How it goes on.
    #[serde(flatten)]
    pub act: Act,
}

/// `GET /v1/requests/calendar`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct While {
    /// A listing number.
    pub id: String,
    /// From this moment on.
    #[serde(with = "rfc3339")]
    pub from: Millis,
    /// Before this one.
    #[serde(with = "rfc3339")]
    pub until: Millis,
}

/// `GET /v1/requests`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Since {
    /// Only those that ask for a time from then on.
    #[serde(default, with = "rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub since: Option<Millis>,
}

/// `GET /v1/requests/net`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Month {
    /// Such as `2026-12`.
    pub month: String,
}

async fn say(desk: &Desk, asked: &Asked, command: Command) -> Result<Json<Report>, Problem> {
    desk.data(asked, systems::Command::Request(command)).await.map(Json)
}

fn refused(refusal: impl Into<systems::requests::Refusal>) -> Problem {
    Refusal::Data { refusal: systems::Refusal::Request { refusal: refusal.into() } }.into()
}

pub(super) async fn ask(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Json(ask): Json<Ask>,
) -> Result<Json<Report>, Problem> {
    say(&desk, &asked.about(&ask.listing), Command::Ask(Box::new(ask))).await
}

pub(super) async fn act(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Json(Action { id, act }): Json<Action>,
) -> Result<Json<Report>, Problem> {
    say(&desk, &asked.about(id), Command::Act { about: id, act }).await
}

pub(super) async fn block(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Json(block): Json<Block>,
) -> Result<Json<Report>, Problem> {
    say(&desk, &asked.about(&block.id), Command::Block(block)).await
}

pub(super) async fn set_tariff(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Json(tariff): Json<Tariff>,
) -> Result<Json<Report>, Problem> {
    say(&desk, &asked.about(&tariff.vehicle_type), Command::Tariff(tariff)).await
}

pub(super) async fn list(
    State(desk): State<Desk>,
    Query(Since { since }): Query<Since>,
) -> Result<Json<Vec<RequestView>>, Problem> {
    let (me, since) = (desk.me(), since.unwrap_or_default());
    desk.look(move |rows| query::list(rows, me, since)).await.map(Json).ok_or(Problem::Stopping)
}

pub(super) async fn show(
    State(desk): State<Desk>,
    Query(One { id }): Query<One>,
) -> Result<Json<RequestView>, Problem> {
    let me = desk.me();
    let shown = desk.look(move |rows| query::show(rows, me, &id)).await.ok_or(Problem::Stopping)?;
    shown.map(Json).ok_or(Problem::NotFound { id: id.to_string() })
}

pub(super) async fn find(
    State(desk): State<Desk>,
    Query(wish): Query<Wish>,
) -> Result<Json<Vec<Found>>, Problem> {
    let me = desk.me();
    let found = desk.look(move |rows| search::search(rows, me, &wish)).await.ok_or(Problem::Stopping)?;
    found.map(Json).map_err(refused)
}

pub(super) async fn calendar(
    State(desk): State<Desk>,
    Query(While { id, from, until }): Query<While>,
) -> Result<Json<Vec<Taken>>, Problem> {
    let me = desk.me();
    let taken = desk.look(move |rows| query::calendar(rows, me, &id, (from, until))).await;
    taken.ok_or(Problem::Stopping)?.map(Json).map_err(refused)
}

pub(super) async fn tariffs(State(desk): State<Desk>) -> Result<Json<Vec<Tariff>>, Problem> {
    desk.look(trips::tariffs).await.map(Json).ok_or(Problem::Stopping)
}

pub(super) async fn month(
    State(desk): State<Desk>,
    Query(Month { month }): Query<Month>,
) -> Result<Json<Vec<Net>>, Problem> {
    let me = desk.me();
    desk.look(move |rows| net::of_month(rows, me, &month)).await.map(Json).ok_or(Problem::Stopping)
}
