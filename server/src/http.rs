//! HTTP on the one port: `WebSocket`s, the browser's client, and whether the server is well.

use crate::errands::{self, Desk};
use crate::head_time::HeadTimer;
use crate::pages;
use crate::passing::Rest;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderName, StatusCode};
use axum::middleware::map_request_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use scenario::{HTTP_PATH, WEBSOCKET_PATH};
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use transport::{CONNECTION_WINDOW, Connection, Messages, PIECE, STREAM_WINDOW, Stream, Tasks, Wire};
use units::ByteSize;
use wire::Opening;

/// The most that a request's head may take, and what is read of a body at once.
const LARGEST_HEAD: usize = 64 << 10;

/// A connection on which nothing passes for this long is closed, unless it waits for a plan. Proxies that keep connections for
/// the next request should close them first (nginx does after 60 s), or one of theirs meets a closed one.
const IDLE: Duration = Duration::from_secs(75);

/// Requests of one connection of HTTP/2 that are answered at the same time.
const REQUESTS_AT_ONCE: u32 = 16;

/// Time between two looks at that.
const LOOK: Duration = Duration::from_secs(5);

/// What is served over HTTP.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    /// HTTP/2 is spoken.
    pub(crate) http2: bool,
    /// How long a request's head may take.
    pub(crate) patience: Duration,
    /// The largest message of a WebSocket.
    pub(crate) message_max: ByteSize,
    /// The browser's client has somebody to talk to; or why not, and what to do.
    pub(crate) pages: Result<(), &'static str>,
}

/// What a connection became by its requests.
#[derive(Debug)]
pub(crate) enum Became {
    /// It is over, or was closed.
    Nothing,
    /// A WebSocket.
    Messages {
        /// Its messages.
        messages: Box<Messages>,
        /// Its request showed what the server wants to be shown.
        shown: bool,
    },
    /// A stream, in the body of a request or its response.
    Stream(Opening, Box<Stream>),
}

/// Answers the requests of one connection, until it is over or becomes something else.
pub(crate) async fn serve(wire: Wire, site: Site, desk: Desk) -> io::Result<Became> {
    let Site { http2, patience, message_max, pages } = site;
    let (handed, passing) = (desk.handed.clone(), desk.passing.clone());
    let socket = wire.handle();
    let pages = pages.map_or_else(pages::absent, |()| pages::routes());
    let router = pages
        .route(WEBSOCKET_PATH, any(websocket))
        .route(HTTP_PATH, any(errands::answer))
        .route("/healthz", get(async || "ok\n"))
        .route("/metrics", get(metrics))
        .layer(map_request_with_state(desk.clone(), noted))
        .with_state(desk);
    let mut connection = if http2 { speak_2(wire, router) } else { speak_1(wire, router, patience) };
    let mut rest = Rest::begin(Instant::now());
    let carried = loop {
        let step = poll_fn(|context| {
            let polled = connection.poll(context);
            // From here on the stream brings the connection on.
            match handed.take_carried() {
                Some(carried) => Poll::Ready(Ok(Some(carried))),
                None => polled.map_ok(|()| None),
            }
        });
        tokio::select! {
            served = step => break served.map_err(io::Error::other)?,
            () = passing.overdue() => return Ok(Became::Nothing),
            () = sleep(LOOK) => {}
        }
        // Pings of HTTP/2 pass as well, and do nothing for anybody.
        let bytes = if http2 { 0 } else { socket.counters().read() + socket.counters().written() };
        if rest.lasts(bytes + passing.noted(), handed.is_busy(), Instant::now()) >= IDLE {
            return Ok(Became::Nothing);
        }
    };
    if let Some((opening, carried)) = carried {
        return Ok(Became::Stream(opening, Box::new(carried.into_stream(connection, socket))));
    }
    match handed.take_upgrade() {
        Some((upgrade, shown)) => {
            let messages = Box::new(upgrade.messages(message_max).await?);
            Ok(Became::Messages { messages, shown })
        }
        None => Ok(Became::Nothing),
    }
}

fn speak_1(wire: Wire, router: Router, patience: Duration) -> Connection {
    let mut builder = http1::Builder::new();
    builder.timer(HeadTimer::of(wire.handle())).header_read_timeout(patience).max_buf_size(LARGEST_HEAD);
    let served = builder.serve_connection(TokioIo::new(wire), TowerToHyperService::new(router));
    Connection::new(served.with_upgrades())
}

fn speak_2(wire: Wire, router: Router) -> Connection {
    let tasks = Tasks::default();
    let mut builder = http2::Builder::new(tasks.clone());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(REQUESTS_AT_ONCE)
        .max_send_buf_size(PIECE)
        .max_header_list_size(16 << 10);
    let served = builder.serve_connection(TokioIo::new(wire), TowerToHyperService::new(router));
    tasks.run_within(served, http2::Connection::graceful_shutdown)
}

async fn noted(State(desk): State<Desk>, request: Request) -> Request {
    desk.passing.note();
    request
}

async fn metrics(State(desk): State<Desk>, request: Request) -> Response {
    if desk.is_shown(request.headers()) {
        desk.metrics.answer().into_response()
    } else {
        errands::unauthorized()
    }
}

async fn websocket(State(desk): State<Desk>, mut request: Request) -> Response<Body> {
    if is_foreign(&request) {
        return (StatusCode::FORBIDDEN, "another site's page may not open a WebSocket here\n")
            .into_response();
    }
    let shown = desk.is_shown(request.headers());
    let (response, asked) = transport::upgrade(&mut request);
    if let Some(asked) = asked {
        // A check's opening shows the token by itself.
        desk.handed.upgrade(asked, shown);
    }
    response
}

/// A browser says which site's page asks. Programs say nothing, and no page can speak for a proxy.
pub(crate) fn is_foreign<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    // What a page merely shows, such as an image, is asked for without an origin.
    let fetched = text(HeaderName::from_static("sec-fetch-site"));
    if matches!(fetched, Some("cross-site" | "same-site")) {
        return true;
    }
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let site = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, site)| site);
    // RFC 9113 §8.3.1: HTTP/2 has a pseudo-header in the place of `Host`.
    let authority = request.uri().authority().map(Authority::as_str);
    let own = [text(HOST), authority, text(HeaderName::from_static("x-forwarded-host"))];
    site.is_none_or(|site| !own.into_iter().flatten().any(|own| own.eq_ignore_ascii_case(site)))
}

#[cfg(test)]
mod tests;
