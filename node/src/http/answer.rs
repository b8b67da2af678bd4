//! The one table from answers to statuses: what was refused is 409 (or 503 while it may pass soon), what could
//! not be read is 400, what is not there is 404, a node that stops is 503. The body is always JSON.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::machine::Refusal;
use crate::papers::PaperRefusal;
use crate::replica::agreement::NotInForce;
use crate::systems::query::ListRefusal;

/// Why a request is not answered with what it asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "problem")]
pub enum Problem {
    /// The machine refuses.
    Refused { refusal: Refusal },
    /// A card or agreement file is refused.
    Paper { refusal: PaperRefusal },
    /// An agreement that is not in force.
    NotInForce { reason: NotInForce },
    /// The list has not the columns asked for.
    List { refusal: ListRefusal },
    /// A query or body that does not have the form asked for.
    Unreadable { detail: String },
    /// Larger than the configuration allows.
    TooLarge { bytes_max: u64 },
    /// Nothing here has this name.
    NotFound { id: String },
    /// The node stops.
    Stopping,
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Problem::Refused { refusal: Refusal::Rebuilding { .. } } | Problem::Stopping => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Problem::Refused { .. } | Problem::Paper { .. } | Problem::NotInForce { .. } => {
                StatusCode::CONFLICT
            }
            Problem::Unreadable { .. } | Problem::List { .. } => StatusCode::BAD_REQUEST,
            Problem::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Problem::NotFound { .. } => StatusCode::NOT_FOUND,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status(), Json(self)).into_response()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Problem::Refused { refusal }
    }
}
