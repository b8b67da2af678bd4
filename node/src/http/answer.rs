//! The one table from answers to statuses: what was refused is 409 (or 503 while it may pass soon), what could
//! not be read is 400, what is not there is 404, a node that stops is 503. The body is always JSON.

use axum::body::to_bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use xietong_proto::id::Millis;

use crate::keys::bundle::BundleFault;
use crate::machine::Refusal;
use crate::papers::PaperRefusal;
use crate::replica::agreement::NotInForce;
use crate::systems::doors::Role;
use crate::systems::page::ListRefusal;

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
    /// The door stays shut.
    TurnedAway { reason: TurnedAway },
    /// A file is no bundle for this node, or not to its end: so many of its entries were taken in before.
    Bundle { admitted: u64, reason: BundleFault },
    /// The data log cannot be read; the operation log says more.
    LogUnreadable,
    /// Nothing here has this name.
    NotFound { id: String },
    /// The node stops.
    Stopping,
}

/// Why somebody is not let in, or not to do this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum TurnedAway {
    /// No token was shown.
    TokenMissing,
    /// No token is like the one shown.
    TokenUnknown,
    /// The token is over.
    TokenOver { until: Millis },
    /// The token was revoked.
    TokenRevoked,
    /// Too much in too short a time; of tokens that do not hold, from everybody together.
    TooMany { retry_after_s: u64 },
    /// The role has no right to that; none: it is done over the socket only.
    NotAllowed { role: Role },
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Problem::Refused { refusal: Refusal::Rebuilding { .. } | Refusal::DiskFull { .. } }
            | Problem::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Problem::Refused { .. }
            | Problem::Paper { .. }
            | Problem::NotInForce { .. }
            | Problem::Bundle { .. } => StatusCode::CONFLICT,
            Problem::Unreadable { .. } | Problem::List { .. } => StatusCode::BAD_REQUEST,
            Problem::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Problem::TurnedAway { reason } => match reason {
                TurnedAway::TokenMissing
                | TurnedAway::TokenUnknown
                | TurnedAway::TokenOver { .. }
                | TurnedAway::TokenRevoked => StatusCode::UNAUTHORIZED,
                TurnedAway::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
                TurnedAway::NotAllowed { .. } => StatusCode::FORBIDDEN,
            },
            Problem::NotFound { .. } => StatusCode::NOT_FOUND,
            Problem::LogUnreadable => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code) = (self.status(), code(&self));
        (status, Extension(Code(code)), Json(self)).into_response()
    }
}

/// The innermost code of a refusal, on its way to whoever records it.
#[derive(Clone, Debug)]
pub struct Code(pub String);

/// The name of a refusal: of the one that lies in all others.
pub fn code(refusal: &impl Serialize) -> String {
    let mut value = serde_json::to_value(refusal).unwrap_or_default();
    while let Some(inner) = ["refusal", "reason"].into_iter().find(|name| value[name].is_object()) {
        value = value[inner].take();
    }
    let named = value.get("code").or(value.get("problem")).and_then(Value::as_str);
    named.or(value.as_str()).unwrap_or("Refused").to_owned()
}

/// What the framework itself refuses – a path, query or body of the wrong form – as a problem with its status.
pub async fn as_problem(response: Response) -> Response {
    let is_json =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == b"application/json");
    if is_json || !response.status().is_client_error() {
        return response;
    }
    let status = response.status();
    let text = to_bytes(response.into_body(), TEXT_BYTES_MAX).await.unwrap_or_default();
    let detail = String::from_utf8_lossy(&text).trim().to_owned();
    (status, Json(Problem::Unreadable { detail })).into_response()
}

/// Of a framework's own words.
const TEXT_BYTES_MAX: usize = 64 * 1024;

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Problem::Refused { refusal }
    }
}
