//! The browser's client at `/client`: three files, embedded as they are.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;

/// Nothing but these files, and the WebSocket beside them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Routes of the page. Its links are relative, so that a sub-path in front of it does no harm.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let page = include_str!("../../webclient/client.html");
    let script = include_str!("../../webclient/client.js");
    let style = include_str!("../../webclient/client.css");
    Router::new()
        .route("/client", get(async || file("text/html; charset=utf-8", page)))
        .route("/client.js", get(async || file("text/javascript; charset=utf-8", script)))
        .route("/client.css", get(async || file("text/css; charset=utf-8", style)))
}

/// In place of the page where it has nobody to talk to: `why`, and what to do.
pub(crate) fn absent<S: Clone + Send + Sync + 'static>(why: &'static str) -> Router<S> {
    Router::new().route("/client", get(async move || (StatusCode::NOT_FOUND, format!("{why}\n"))))
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers: [(HeaderName, &str); 4] = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}
