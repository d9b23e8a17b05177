//! HTTP on the one port: `WebSocket`s, the browser's client, and whether the server is well.

use crate::metrics::Metrics;
use crate::pages;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use scenario::WEBSOCKET_PATH;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use transport::{Messages, WebSocketUpgrade, Wire};
use units::ByteSize;

/// The most that a request's head may take.
const LARGEST_HEAD: usize = 16 << 10;

/// The upgrade that a request of this connection asked for.
type Upgraded = Arc<Mutex<Option<WebSocketUpgrade>>>;

/// What is served over HTTP.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    /// How long a request's head may take.
    pub(crate) patience: Duration,
    /// The largest message of a WebSocket.
    pub(crate) message_max: ByteSize,
    /// The browser's client has somebody to talk to.
    pub(crate) pages: bool,
}

/// Answers the requests of one connection; gives the WebSocket that it becomes, if it does.
pub(crate) async fn serve(wire: Wire, site: Site, metrics: Arc<Metrics>) -> io::Result<Option<Messages>> {
    let Site { patience, message_max, pages } = site;
    let upgraded = Upgraded::default();
    let pages = if pages { pages::routes() } else { Router::new() };
    let router = pages
        .route(WEBSOCKET_PATH, any(websocket))
        .route("/healthz", get(async || "ok\n"))
        .route("/metrics", get(async move || metrics.answer()))
        .with_state(Arc::clone(&upgraded));
    let mut connection = http1::Builder::new();
    connection.timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(LARGEST_HEAD);
    connection
        .serve_connection(TokioIo::new(wire), TowerToHyperService::new(router))
        .with_upgrades()
        .await
        .map_err(io::Error::other)?;
    let asked = upgraded.lock().unwrap_or_else(PoisonError::into_inner).take();
    match asked {
        Some(upgrade) => upgrade.messages(message_max).await.map(Some),
        None => Ok(None),
    }
}

async fn websocket(State(upgraded): State<Upgraded>, mut request: Request) -> Response<Body> {
    if is_foreign(request.headers()) {
        return (StatusCode::FORBIDDEN, "another site's page may not open a WebSocket here\n")
            .into_response();
    }
    let (response, asked) = transport::upgrade(&mut request);
    *upgraded.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    response
}

/// A browser says which site's page asks. Programs say nothing, and no page can speak for a proxy.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let site = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, site)| site);
    let own = [text(HOST), text(HeaderName::from_static("x-forwarded-host"))];
    site.is_none_or(|site| !own.into_iter().flatten().any(|own| own.eq_ignore_ascii_case(site)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_page_of_another_site_is_foreign() {
        let own = [("host", "a.example:8080"), ("origin", "http://a.example:8080")];
        assert!(!is_foreign(&headers(&own)));
        assert!(!is_foreign(&headers(&own[..1])), "a program");
        assert!(is_foreign(&headers(&[own[0], ("origin", "http://b.example")])));
        assert!(is_foreign(&headers(&[own[0], ("origin", "null")])));
        let behind =
            [("host", "10.0.0.1"), ("x-forwarded-host", "a.example"), ("origin", "https://a.example")];
        assert!(!is_foreign(&headers(&behind)));
    }
}
