//! Who is let in, and what is recorded of what was refused. Over the socket comes who may open it; over TCP who
//! shows a token, which is compared by its hash in constant time. Decides by the table in [`super::route`] alone.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;
use xietong_proto::crypto::hash;
use xietong_proto::id::Millis;

use super::Desk;
use super::answer::{Code, Problem, TurnedAway};
use super::bucket::Buckets;
use super::right::Route;
use super::serve::Origin;
use crate::clock;
use crate::machine::{Answer, Command};
use crate::systems::doors::{self, By, Deed, Role, Token, TokenHash};

/// A visitor who was let in.
#[derive(Clone, Debug)]
pub struct Visitor {
    by: By,
    /// None over the socket, where everything is allowed.
    role: Option<Role>,
}

/// What a visitor asks.
#[derive(Clone, Debug)]
pub struct Asked {
    by: By,
    route: &'static Route,
    request: u64,
    subject: String,
}

/// What the doors keep in mind between requests.
pub struct Doors {
    requests: AtomicU64,
    tokens: Buckets,
    failures: Buckets,
    answered: Mutex<Answered>,
}

/// Answers by name of the route and status; requests that were turned away before they came to one stand under none.
pub type Answered = BTreeMap<(Option<&'static str>, u16), u64>;

/// Tokens that do not hold and are looked at in a minute, from everybody together.
const FAILURES_PER_MINUTE: u32 = 10;

impl Doors {
    /// So many requests a minute with one token.
    pub fn new(requests_per_minute: u32) -> Self {
        Self {
            requests: AtomicU64::new(0),
            tokens: Buckets::new(requests_per_minute),
            failures: Buckets::new(FAILURES_PER_MINUTE),
            answered: Mutex::default(),
        }
    }

    /// How often which route answered with which status.
    pub fn answered(&self) -> Answered {
        self.answered.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    fn count(&self, route: Option<&'static str>, response: &Response) {
        let mut answered = self.answered.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *answered.entry((route, response.status().as_u16())).or_default() += 1;
    }
}

impl Asked {
    /// The same about something that the path does not name.
    pub fn about(&self, subject: impl ToString) -> Self {
        Self {
            subject: format!("{} {}", self.subject, subject.to_string()).trim().to_owned(),
            ..self.clone()
        }
    }

    /// What is recorded if it is done; reading leaves no record.
    pub fn deed(&self) -> Option<Deed> {
        self.route.right.is_to_act().then(|| self.told(None))
    }

    fn told(&self, refused: Option<String>) -> Deed {
        let Self { by, route, request, subject } = self.clone();
        Deed { by, act: route.name.to_owned(), subject, request, refused }
    }
}

impl Desk {
    /// Records that something was not done.
    pub async fn record_refusal(&self, asked: &Asked, code: String) {
        self.record(asked.told(Some(code))).await;
    }

    async fn record(&self, deed: Deed) {
        tracing::info!(by = ?deed.by, act = deed.act, refused = deed.refused, "turned away at a door");
        // A node that stops does nothing more that would have to be recorded.
        if let Some(Answer::Refused(refusal)) = self.put(Command::Record(deed), None).await {
            tracing::warn!(?refusal, "a refusal is not recorded");
        }
    }
}

/// The outer door: finds out who it is, and lets nobody else in.
pub async fn admit(
    State(desk): State<Desk>,
    Extension(origin): Extension<Origin>,
    mut request: Request,
    next: Next,
) -> Response {
    let shown = request.headers().get(AUTHORIZATION);
    let shown = shown.and_then(|value| Some(value.to_str().ok()?.strip_prefix("Bearer ")?.to_owned()));
    match desk.visitor(origin, shown).await {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Err(reason) => {
            let response = Problem::TurnedAway { reason: reason.clone() }.into_response();
            desk.doors.count(None, &response);
            if let Origin::Address(address) = origin
                && !matches!(reason, TurnedAway::TooMany { .. })
            {
                let (address, code) = (address.ip().to_string(), super::answer::code(&reason));
                let (act, subject) = (UNKNOWN.to_owned(), subject_of(&request));
                let by = By::Stranger { address };
                desk.record(Deed { by, act, subject, request: 0, refused: Some(code) }).await;
            }
            response
        }
    }
}

/// The inner door, one for each route: asks the table, and records what was not done.
pub async fn pass(
    State((desk, route)): State<(Desk, &'static Route)>,
    Extension(Visitor { by, role }): Extension<Visitor>,
    mut request: Request,
    next: Next,
) -> Response {
    let number = desk.doors.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let asked = Asked { by, route, request: number, subject: subject_of(&request) };
    let response = match role.filter(|role| !role.has(route.right)) {
        Some(role) => Problem::TurnedAway { reason: TurnedAway::NotAllowed { role } }.into_response(),
        None => {
            request.extensions_mut().insert(asked.clone());
            next.run(request).await
        }
    };
    desk.doors.count(Some(route.name), &response);
    let is_refused = response.status().is_client_error() || response.status().is_server_error();
    if is_refused && (route.right.is_to_act() || role.is_some_and(|role| !role.has(route.right))) {
        // The framework's own refusals, of a body that cannot be read, have a status only.
        let code = response.extensions().get::<Code>().map(|Code(code)| code.clone());
        desk.record_refusal(&asked, code.unwrap_or_else(|| response.status().as_u16().to_string())).await;
    }
    response
}

impl Desk {
    async fn visitor(&self, origin: Origin, shown: Option<String>) -> Result<Visitor, TurnedAway> {
        if let Origin::User { uid } = origin {
            return Ok(Visitor { by: By::User { uid }, role: None });
        }
        match self.holder(shown.as_deref()).await {
            Ok(Token { name, role, .. }) => {
                self.doors.tokens.take(&name, Instant::now()).map_err(too_many)?;
                Ok(Visitor { by: By::Token { name }, role: Some(role) })
            }
            Err(reason) => {
                self.doors.failures.take("", Instant::now()).map_err(too_many)?;
                Err(reason)
            }
        }
    }

    async fn holder(&self, shown: Option<&str>) -> Result<Token, TurnedAway> {
        let shown = shown.ok_or(TurnedAway::TokenMissing)?;
        let name = name_of(shown).ok_or(TurnedAway::TokenUnknown)?.to_owned();
        let known = self.look(move |rows| doors::token(rows, &name)).await.flatten();
        judge(known, &hash_of(shown), clock::wall())
    }
}

/// Whether a token holds; who has not its secret learns nothing but that.
fn judge(known: Option<Token>, shown: &TokenHash, now: Millis) -> Result<Token, TurnedAway> {
    let kept = known.as_ref().map_or([0; 32], |token| token.hash.0);
    let is_same = bool::from(kept.ct_eq(&shown.0));
    match known.filter(|_| is_same) {
        None => Err(TurnedAway::TokenUnknown),
        Some(token) if token.is_revoked => Err(TurnedAway::TokenRevoked),
        Some(token) if token.until <= now => Err(TurnedAway::TokenOver { until: token.until }),
        Some(token) => Ok(token),
    }
}

/// A token as it is given away: its name, and a secret that nobody can guess.
pub fn token_text(name: &str, secret: [u8; 32]) -> String {
    format!("{MARK}.{name}.{}", hex::encode(secret))
}

/// What is kept of a token's text.
pub fn hash_of(token: &str) -> TokenHash {
    TokenHash(hash(&[b"xietong/token/1\0", token.as_bytes()]))
}

fn name_of(token: &str) -> Option<&str> {
    token.strip_prefix(MARK)?.strip_prefix('.')?.split('.').next()
}

fn too_many(retry_after_s: u64) -> TurnedAway {
    TurnedAway::TooMany { retry_after_s }
}

fn subject_of(request: &Request) -> String {
    request.uri().path_and_query().map(ToString::to_string).unwrap_or_default()
}

/// So that whoever finds one knows what it is.
const MARK: &str = "xietong";
/// What a stranger wanted.
const UNKNOWN: &str = "enter";

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000);

    fn token(until: u64, is_revoked: bool) -> Token {
        let (name, hash) = ("oa".to_owned(), hash_of(&token_text("oa", [7; 32])));
        Token { name, role: Role::Observer, until: Millis(until), hash, is_revoked }
    }

    #[test]
    fn a_token_is_judged_by_its_secret_first() {
        let (right, wrong) = (token_text("oa", [7; 32]), token_text("oa", [8; 32]));
        let judged = |known, shown: &str| judge(known, &hash_of(shown), NOW).map(|token| token.name);
        assert_eq!(judged(Some(token(2_000, false)), &right), Ok("oa".to_owned()));
        let until = Millis(1_000);
        let table = [
            (None, &right, TurnedAway::TokenUnknown),
            (Some(token(2_000, false)), &wrong, TurnedAway::TokenUnknown),
            (Some(token(1_000, true)), &wrong, TurnedAway::TokenUnknown),
            (Some(token(1_000, false)), &right, TurnedAway::TokenOver { until }),
            (Some(token(1_000, true)), &right, TurnedAway::TokenRevoked),
        ];
        for (known, shown, reason) in table {
            assert_eq!(judged(known.clone(), shown), Err(reason), "{known:?}");
        }
    }

    #[test]
    fn a_token_carries_its_name_and_nothing_else_does() {
        assert_eq!(name_of(&token_text("oa-2", [7; 32])), Some("oa-2"));
        assert_eq!([name_of(""), name_of("xietong"), name_of("other.oa.00")], [None; 3]);
    }
}
