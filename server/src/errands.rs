//! Requests at `/http`: those of checks, and the uploads and downloads of anybody.

use crate::answer::{NO_ROOM, NOT_SERVED, TOKEN_MISSING};
use crate::handed::Handed;
use crate::http::is_foreign;
use crate::mailbox::{MailError, Mailboxes};
use crate::metrics::Metrics;
use crate::passing::Passing;
use crate::registry::Registry;
use crate::runs::Runs;
use crate::session::{Session, Shared};
use crate::strangers::Guests;
use crate::transfers;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use scenario::Token;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::time::timeout;
use tracing::info;
use transport::SocketHandle;
use wire::{Errand, Opening, OpeningError, Purpose, Reply, RunId};

/// The most that the body of one request about control messages holds.
const MOST_SAID: usize = 256 << 10;

/// What the requests of one connection are answered from.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub(crate) shared: Shared,
    pub(crate) registry: Registry,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) guests: Option<Arc<Guests>>,
    pub(crate) metrics: Arc<Metrics>,
    /// Whoever comes is served; else only the run that was begun in this process.
    pub(crate) public: bool,
    /// What must be shown.
    pub(crate) token: Option<Token>,
    pub(crate) peer: SocketAddr,
    pub(crate) socket: SocketHandle,
    pub(crate) runs: Runs,
    pub(crate) handed: Handed,
    pub(crate) passing: Passing,
}

/// Answers a request at `/http`.
pub(crate) async fn answer(State(desk): State<Desk>, request: Request) -> Response {
    if is_foreign(&request) {
        return (StatusCode::FORBIDDEN, "another site's page may not do this\n").into_response();
    }
    let errand = match errand(request.headers()) {
        None if desk.public && !desk.is_shown(request.headers()) => return unauthorized(),
        None if desk.public => return transfers::serve(&desk, request).await,
        None => return (StatusCode::NOT_FOUND, "nothing is served here but one check\n").into_response(),
        Some(Err(reason)) => return (StatusCode::BAD_REQUEST, format!("{reason}\n")).into_response(),
        Some(Ok(errand)) => errand,
    };
    match errand {
        Errand::Carry(opening) => desk.carry(opening, request).await,
        _ if request.method() != Method::POST => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        Errand::Ask(opening) => fresh(desk.ask(opening).encode()),
        Errand::Say { token, first } => desk.say(token, first, request.into_body()).await,
        Errand::Hear { token, received } => told(desk.mailboxes.hear(token, received).await),
    }
}

fn errand(headers: &HeaderMap) -> Option<Result<Errand, OpeningError>> {
    let name = headers.get(Errand::NAME)?;
    let about = headers.get(Errand::ABOUT).map(HeaderValue::as_bytes).unwrap_or_default();
    Some(Errand::parse(name.as_bytes(), about))
}

/// What the second stream of a connection is told; a balancer that multiplexes may have another connection for it.
const ONE_STREAM: &str = "a connection carries one stream of a check, and this one does already
";

/// Whether what is `wanted` was shown.
pub(crate) fn is_shown(wanted: Option<&Token>, shown: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| shown.is_some_and(|shown| wanted.is(shown)))
}

/// What is answered where it was not (RFC 6750 §3).
pub(crate) fn unauthorized() -> Response {
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], "this server asks for its token\n")
        .into_response()
}

impl Desk {
    /// Whether a request shows the server's token (RFC 6750 §2.1), if it has one.
    pub(crate) fn is_shown(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        is_shown(self.token.as_ref(), shown)
    }

    /// Says who is here, and begins a run where that is asked for.
    fn ask(&self, Opening { run, purpose, token }: Opening) -> Reply {
        let instance = self.shared.instance;
        match purpose {
            Purpose::Stream(_) if self.registry.has(run) => Reply::accepted(instance),
            Purpose::Stream(_) => Reply::refused(instance, NOT_SERVED),
            Purpose::Control if !self.public => Reply::refused(instance, "this server serves one check only"),
            Purpose::Control if !is_shown(self.token.as_ref(), token.as_deref()) => {
                Reply::refused(instance, TOKEN_MISSING)
            }
            Purpose::Control => match self.registry.register(run, self.shared.limits.runs) {
                Some(place) => {
                    info!(peer = %self.peer, "run begins");
                    let (session, link) = Session::new(self.shared.clone(), place);
                    let (token, run) = self.mailboxes.begin(session, link);
                    self.runs.begin(run);
                    Reply { token: Some(token), ..Reply::accepted(instance) }
                }
                None => Reply::refused(instance, NO_ROOM),
            },
        }
    }

    /// Hands the request over to the run that it is for; the response comes when that says so.
    async fn carry(&self, opening: Opening, request: Request) -> Response {
        if !matches!(*request.method(), Method::GET | Method::POST) {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        let (carried, response) = transport::accept(request);
        if !self.handed.carried(opening, carried) {
            return (StatusCode::SERVICE_UNAVAILABLE, ONE_STREAM).into_response();
        }
        match response.await {
            Ok(response) => response.map(Body::new),
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }

    async fn say(&self, token: RunId, first: u64, body: Body) -> Response {
        let body = async {
            let read = timeout(self.shared.limits.opening, to_bytes(body, MOST_SAID)).await;
            read.map_err(|_| MailError::Late)?.map_err(|_| MailError::TooLong)
        };
        told(self.mailboxes.say(token, first, body).await.map(|()| Vec::new()))
    }
}

fn told(told: Result<Vec<u8>, MailError>) -> Response {
    match told {
        Ok(lines) => fresh(lines),
        Err(MailError::Gone) => StatusCode::GONE.into_response(),
        Err(MailError::Malformed) => StatusCode::BAD_REQUEST.into_response(),
        Err(MailError::TooLong) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(MailError::Late) => StatusCode::REQUEST_TIMEOUT.into_response(),
        Err(MailError::Busy) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// An answer of which no copy may be kept.
fn fresh(body: Vec<u8>) -> Response {
    ([(CACHE_CONTROL, "no-store")], body).into_response()
}
