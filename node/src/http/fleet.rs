//! Requests about a province's own vehicles as a fleet: who breaks which rule, and the fleet in figures. Read from
//! the rows; nothing of it leaves the socket.

use axum::Json;
use axum::extract::{Query, State};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Desk;
use super::answer::Problem;
use crate::systems::vehicles::finding::Finding;
use crate::systems::vehicles::indicators::{Indicators, indicators};
use crate::systems::vehicles::supervision::supervise;
use crate::systems::vehicles::usage::{Usage, usage};

/// What supervision comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Supervision {
    /// What is not as it should be.
    pub findings: Vec<Finding>,
    /// The whole fleet in figures.
    pub indicators: Indicators,
    /// What trips come to.
    pub usage: Usage,
}

/// `GET /v1/vehicles/supervision`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Which {
    /// Only of this rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What rests on trips from this day on; from the first day of this year if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
}

pub(super) async fn supervision(
    State(desk): State<Desk>,
    Query(Which { rule, since }): Query<Which>,
) -> Result<Json<Supervision>, Problem> {
    let (rules, me, today) = (desk.rules.clone(), desk.me(), desk.today());
    let since = since.unwrap_or_else(|| today.first_of_year());
    let looked = desk.look(move |rows| Supervision {
        findings: supervise(rows, me, &rules, since, today),
        indicators: indicators(rows, &rules.vehicles, today),
        usage: usage(rows, me, since, today),
    });
    let mut found = looked.await.ok_or(Problem::Stopping)?;
    found.findings.retain(|finding| rule.as_ref().is_none_or(|rule| finding.breach.rule() == rule));
    Ok(Json(found))
}
