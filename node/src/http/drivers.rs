//! Requests about drivers: who may take up a duty, and taking them up. What a driver is asked for stays here.

use axum::extract::{Query, State};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use xietong_proto::id::Millis;

use super::Desk;
use super::answer::Problem;
use super::door::Asked;
use super::node::spelled;
use crate::calendar;
use crate::systems;
use crate::systems::drivers::duty::Duty;
use crate::systems::drivers::{Candidate, Command, candidates, duties};

/// `GET /v1/drivers/free`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// The first moment.
    #[serde(with = "calendar::rfc3339")]
    pub from: Millis,
    /// The first moment after.
    #[serde(with = "calendar::rfc3339")]
    pub until: Millis,
    /// Minutes at the wheel.
    pub wheel_min: i64,
    /// As the code of the type.
    pub vehicle_type: Option<String>,
}

/// `GET /v1/drivers/duties`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Whose {
    /// The driver's number.
    pub driver_no: String,
}

pub(super) async fn free(
    State(desk): State<Desk>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<Candidate>>, Problem> {
    let rules = desk.rules.clone();
    let Wanted { from, until, wheel_min, vehicle_type } = wanted;
    let duty = Duty { from, until, wheel_min, reason: String::new() };
    let looked =
        desk.look(move |rows| candidates(rows, &rules.vehicles.driving, vehicle_type.as_deref(), &duty));
    looked.await.map(Json).ok_or(Problem::Stopping)
}

pub(super) async fn taken_up(
    State(desk): State<Desk>,
    Query(whose): Query<Whose>,
) -> Result<Json<Vec<Duty>>, Problem> {
    desk.look(move |rows| duties(rows, &whose.driver_no)).await.map(Json).ok_or(Problem::Stopping)
}

/// Answers with all that the driver is taken up with then.
pub(super) async fn duty(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Json(command): Json<Command>,
) -> Result<Json<Vec<Duty>>, Problem> {
    let (Command::Assign { driver_no, .. } | Command::Release { driver_no, .. }) = &command;
    let driver_no = driver_no.clone();
    let asked = asked.about(spelled(&command));
    desk.data(&asked, systems::Command::Driver(command)).await?;
    desk.look(move |rows| duties(rows, &driver_no)).await.map(Json).ok_or(Problem::Stopping)
}
