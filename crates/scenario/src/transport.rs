//! How a stream is carried, and how that is written as a URL.

use crate::target::TargetError;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use trace::Direction;
use units::ByteSize;

/// What carries a stream's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP alone.
    Tcp,
    /// Binary messages of a WebSocket that this request asks for.
    WebSocket(HttpRequest),
    /// Bodies of HTTP: a request's upwards, a response's downwards; or an exchange with somebody else's service.
    Http(HttpStream),
}

/// A stream in the bodies of HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpStream {
    /// What is asked for.
    pub request: HttpRequest,
    /// Downloads come as events (`text/event-stream`).
    pub events: bool,
    /// The length that uploads announce; none: they come in chunks, and announce nothing.
    pub length: Option<ByteSize>,
    /// HTTP/2 is spoken: agreed on by TLS, or known beforehand.
    #[serde(default)]
    pub http2: bool,
}

/// What is asked for over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// Path and query, such as `/ws`.
    pub path: String,
    /// The `Host` header, where it is not the address that is dialled.
    pub host: Option<String>,
    /// Further headers, by name; each name and value is fit for HTTP.
    pub headers: Vec<(String, String)>,
}

/// How the client's connections are encrypted, and whom the client trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// A file of certificates (PEM) that are trusted instead of the system's.
    pub ca: Option<PathBuf>,
    /// The server's certificate is not checked.
    pub insecure: bool,
    /// The name that is asked for and looked for in the certificate, where it is not the host that is dialled.
    pub sni: Option<String>,
}

/// A full TLS record's payload, and the most that frames it: header, TLS 1.2's explicit nonce, content type, tag.
const RECORD: u64 = 16 << 10;
const RECORD_FRAMING: u64 = 29;

/// The longest header of a WebSocket frame (RFC 6455, section 5.2).
const WEBSOCKET_HEADER: u64 = 14;

/// The longest header of a chunk as we make them, and the ends of its lines (RFC 9112, section 7.1).
const CHUNK_HEADER: u64 = 12;

/// What our ends of HTTP/2 take of one stream before somebody reads it.
pub const HTTP2_STREAM_WINDOW: ByteSize = ByteSize::mib(1);
/// The same of a connection.
pub const HTTP2_CONNECTION_WINDOW: ByteSize = ByteSize::mib(4);

/// The usual largest frame of HTTP/2 (RFC 9113, section 6.5.2).
const FRAME: u64 = 16 << 10;

/// A proxy may cut chunks anew, by its own buffers; the usual ones have this size or more.
const PROXIED_CHUNK: u64 = 4 << 10;

/// `data: `, and the empty line after an event, beside its base64, which is filled up to four bytes.
const EVENT_FRAME: u64 = 8 + 3;

/// What an event carries that fills a frame of HTTP/2: larger messages are cut.
const EVENT_IN_A_FRAME: u64 = (FRAME - 8) / 4 * 3;

/// Where our servers answer requests for a `WebSocket`.
pub const WEBSOCKET_PATH: &str = "/ws";

/// Where our servers take uploads, and send downloads, over HTTP.
pub const HTTP_PATH: &str = "/http";

impl Transport {
    /// A WebSocket at `path`.
    pub fn websocket(path: &str) -> Self {
        Self::WebSocket(HttpRequest::to(path))
    }

    /// Bodies of HTTP at `path`.
    pub fn http(path: &str) -> Self {
        Self::Http(HttpStream { request: HttpRequest::to(path), events: false, length: None, http2: false })
    }

    /// At most this many bytes frame `payload` bytes in messages of this size that run this way. Over HTTP a proxy cuts chunks
    /// as it likes: then the bound is that of chunks of 4 KiB.
    pub fn framing(&self, payload: u64, message: ByteSize, direction: Direction) -> u64 {
        let message = message.as_u64().max(1);
        // One message may be cut at each end.
        let messages = payload / message + 2;
        let chunks = |bytes: u64| match self {
            // Frames have a header of 9 bytes.
            Self::Http(HttpStream { http2: true, .. }) => (bytes / FRAME + messages) * 9,
            _ => (bytes / message.min(PROXIED_CHUNK) + 2) * CHUNK_HEADER,
        };
        match self {
            Self::Tcp => 0,
            Self::WebSocket(_) => messages * WEBSOCKET_HEADER,
            Self::Http(HttpStream { events: true, .. }) if direction == Direction::Download => {
                // Base64 makes four bytes of three. An event that is not whole is text at no end but payload: before it is
                // written, and while it is given out.
                let events = if self.is_http2() { messages + payload / EVENT_IN_A_FRAME } else { messages };
                let text = (payload * 4).div_ceil(3) + events * EVENT_FRAME;
                text - payload + chunks(text)
            }
            Self::Http(_) => chunks(payload),
        }
    }

    /// The most bytes that a stream upwards can carry, where it announces that.
    pub fn announced(&self) -> Option<ByteSize> {
        match self {
            Self::Http(HttpStream { length, .. }) => *length,
            Self::Tcp | Self::WebSocket(_) => None,
        }
    }

    /// HTTP/2 is spoken.
    pub fn is_http2(&self) -> bool {
        matches!(self, Self::Http(HttpStream { http2: true, .. }))
    }

    /// It may stop a producer by windows of its own, which have this name.
    pub fn windows(&self) -> Option<String> {
        self.is_http2().then(|| format!("HTTP/2's stream window ({HTTP2_STREAM_WINDOW} at our ends)"))
    }

    /// What begins with a stream, in a sentence.
    pub fn begins(&self) -> &'static str {
        match self {
            Self::Tcp => "a stream",
            Self::WebSocket(_) => "a WebSocket",
            Self::Http(_) => "a stream over HTTP",
        }
    }

    /// The request that begins a stream, where there is one.
    pub fn request_mut(&mut self) -> Option<&mut HttpRequest> {
        match self {
            Self::Tcp => None,
            Self::WebSocket(request) | Self::Http(HttpStream { request, .. }) => Some(request),
        }
    }
}

impl Tls {
    /// At most this many bytes frame `bytes` that are written in messages of this size: each record is full, or the last of a
    /// message. What ends TLS in between may make smaller records of its own.
    pub fn framing(bytes: u64, message: ByteSize) -> u64 {
        (bytes / RECORD + bytes / message.as_u64().max(1) + 4) * RECORD_FRAMING
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::WebSocket(_) => "websocket",
            Self::Http(HttpStream { events: true, .. }) => "sse",
            Self::Http(HttpStream { http2: true, .. }) => "http/2",
            Self::Http(_) => "http",
        })
    }
}

impl HttpRequest {
    /// For `path`, at the host that is dialled.
    pub fn to(path: &str) -> Self {
        Self { path: path.to_owned(), host: None, headers: Vec::new() }
    }

    /// The same, for a `path` that somebody wrote.
    pub fn to_written(path: &str) -> Result<Self, TargetError> {
        let fits = path.starts_with('/') && path.parse::<PathAndQuery>().is_ok();
        if fits { Ok(Self::to(path)) } else { Err(TargetError::Path(path.to_owned())) }
    }

    /// Adds a header, written `NAME: VALUE`; `Host` replaces the one that would be sent.
    pub fn add_header(&mut self, line: &str) -> Result<(), TargetError> {
        let error = || TargetError::Header(line.to_owned());
        let (name, value) = line.split_once(':').ok_or_else(error)?;
        let name: HeaderName = name.trim().parse().map_err(|_| error())?;
        let value = value.trim();
        HeaderValue::from_str(value).map_err(|_| error())?;
        self.set_header(&name, value.to_owned());
        Ok(())
    }

    /// Adds a header whose value is fit for HTTP.
    pub(crate) fn set_header(&mut self, name: &HeaderName, value: String) {
        if name == http::header::HOST {
            self.host = Some(value);
        } else {
            self.headers.push((name.to_string(), value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_with_a_slash_and_fits_a_request() {
        assert_eq!(HttpRequest::to_written("/a/ws?x=1").unwrap().path, "/a/ws?x=1");
        for path in ["", "ws", "http://a/ws", "/a b", "/a\r\nHost: b", "//\u{7f}"] {
            assert_eq!(HttpRequest::to_written(path), Err(TargetError::Path(path.to_owned())), "{path}");
        }
    }

    #[test]
    fn a_host_header_replaces_and_others_add() {
        let mut request = HttpRequest::to("/");
        request.add_header("Host: other.example").unwrap();
        request.add_header("X-Test:  1 ").unwrap();
        assert_eq!(request.host.as_deref(), Some("other.example"));
        assert_eq!(request.headers, [("x-test".to_owned(), "1".to_owned())]);
        assert!(request.add_header("no colon").is_err());
        assert!(request.add_header("a: b\nc").is_err());
    }
}
