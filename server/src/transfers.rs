//! Uploads and downloads of anybody who is no check, such as curl: `curl -T FILE URL`, `curl URL?bytes=10MiB`.

use crate::errands::Desk;
use crate::passing::{Deadline, Passing};
use crate::strangers::Upload;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, Method, StatusCode, Uri, Version};
use axum::response::{IntoResponse, Response};
use endpoint::{Flow, Meter};
use hyper::body::{Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::{Instant, timeout};
use trace::Direction;
use tracing::debug;
use units::ByteSize;

/// What a download holds that asks for no size.
const USUAL: ByteSize = ByteSize::mib(1);

/// One piece of a download. Whoever takes less than one in the time that a connection of HTTP/2 may rest is slower than is served.
static PIECE: [u8; 16 << 10] = [b'.'; 16 << 10];

/// Takes an upload and tells its length, or gives a download.
pub(crate) async fn serve(desk: &Desk, request: Request) -> Response {
    match *request.method() {
        Method::POST | Method::PUT => take(desk, request).await,
        Method::GET => match size(request.uri()) {
            Ok(size) if size <= desk.shared.limits.bytes => download(desk, size),
            Ok(_) => refuse(&format!("a download may have {} at most", desk.shared.limits.bytes)),
            Err(reason) => refuse(&reason),
        },
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

async fn take(desk: &Desk, request: Request) -> Response {
    let limits = &desk.shared.limits;
    // Others are on an HTTP/2 connection at the same time.
    let alone = request.version() != Version::HTTP_2;
    let body = request.into_body();
    let taken = async {
        match &desk.guests {
            Some(guests) if !guests.sends() => {
                // It reads by a plan, which may pause for longer than connections may rest.
                let _busy = desk.handed.busy();
                guests.serve_upload(Upload::new(body, &desk.socket, alone), desk.peer).await
            }
            _ => count(desk, body).await,
        }
    };
    match timeout(limits.duration, taken).await {
        Ok(Ok(bytes)) => format!("{bytes} bytes\n").into_response(),
        Ok(Err(error)) => {
            debug!(peer = %desk.peer, %error, "an upload failed");
            (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response()
        }
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

/// Reads at once what comes, of which no plan says how.
async fn count(desk: &Desk, mut body: Body) -> std::io::Result<u64> {
    let (mut bytes, most) = (0, desk.shared.limits.bytes);
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let passed = frame.map_err(std::io::Error::other)?.data_ref().map_or(0, Bytes::len) as u64;
        desk.shared.meter.add(Direction::Upload, Flow { bytes: passed, ..Flow::default() });
        desk.passing.note();
        bytes += passed;
        if bytes > most.as_u64() {
            return Err(std::io::Error::other(format!("an upload may have {most} at most")));
        }
    }
    Ok(bytes)
}

/// `?bytes=10MiB`.
fn size(uri: &Uri) -> Result<ByteSize, String> {
    let asked = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("bytes="));
    asked.map_or(Ok(USUAL), |text| text.parse().map_err(|error| format!("bytes: {error}")))
}

fn refuse(reason: &str) -> Response {
    (StatusCode::BAD_REQUEST, format!("{}\n", trace::printable(reason))).into_response()
}

fn download(desk: &Desk, size: ByteSize) -> Response {
    // Another site's page may ask for it as an image, and over plain HTTP the browser does not say so: it is the browser that
    // does not take it then.
    let headers = [
        (CONTENT_TYPE, "application/octet-stream"),
        (CACHE_CONTROL, "no-store, no-transform"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let body = Dots {
        left: size.as_u64(),
        meter: Arc::clone(&desk.shared.meter),
        passing: desk.passing.clone(),
        _deadline: desk.passing.ends_by(Instant::now() + desk.shared.limits.duration),
    };
    (headers, Body::new(body)).into_response()
}

/// A body of as many bytes, which are counted when hyper takes them.
struct Dots {
    left: u64,
    meter: Arc<Meter>,
    passing: Passing,
    _deadline: Deadline,
}

impl HttpBody for Dots {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = PIECE.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= length as u64;
        self.passing.note();
        self.meter.add(Direction::Download, Flow { bytes: length as u64, ..Flow::default() });
        let piece = PIECE.get(..length).unwrap_or_default();
        Poll::Ready((length > 0).then(|| Ok(Frame::data(Bytes::from_static(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_from_the_query() {
        let of = |text: &str| size(&text.parse().unwrap());
        assert_eq!(of("/http"), Ok(USUAL));
        assert_eq!(of("/http?bytes=10KiB"), Ok(ByteSize::kib(10)));
        assert_eq!(of("/http?x=1&bytes=7B"), Ok(ByteSize::bytes(7)));
        assert!(of("/http?bytes=lots").is_err());
    }
}
