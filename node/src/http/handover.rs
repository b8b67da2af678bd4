//! Requests about handovers: how they stand is read from the rows; a step goes to the machine.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::Desk;
use super::answer::Problem;
use super::door::Asked;
use super::node::spelled;
use crate::systems::handover::{self, Handover, Step};
use crate::systems::{Command, Kind};

/// `POST /v1/{kind}/handover`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandOver {
    /// The thing by its owner's listing number, or the own register key.
    pub id: String,
    /// What to do.
    #[serde(flatten)]
    pub step: Step,
}

pub(super) async fn list(
    State(desk): State<Desk>,
    Path(kind): Path<Kind>,
) -> Result<Json<Vec<Handover>>, Problem> {
    listed(&desk, kind).await
}

/// Answers with all handovers as they stand then.
pub(super) async fn hand_over(
    State(desk): State<Desk>,
    Extension(asked): Extension<Asked>,
    Path(kind): Path<Kind>,
    Json(wanted): Json<HandOver>,
) -> Result<Json<Vec<Handover>>, Problem> {
    let asked = asked.about(spelled(&wanted));
    let HandOver { id, step } = wanted;
    desk.data(&asked, Command::HandOver { kind, id, step }).await?;
    listed(&desk, kind).await
}

async fn listed(desk: &Desk, kind: Kind) -> Result<Json<Vec<Handover>>, Problem> {
    let rules = desk.rules.clone();
    let listed = desk.look(move |rows| handover::list(rows, kind, &rules.vehicles.registration)).await;
    listed.map(Json).ok_or(Problem::Stopping)
}
