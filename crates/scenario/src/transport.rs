//! How a stream is carried, and how that is written as a URL.

use http::{HeaderName, HeaderValue, Uri};
use serde::{Deserialize, Serialize};
use std::fmt;
use units::ByteSize;

/// What carries a stream's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP alone.
    Tcp,
    /// Binary messages of a WebSocket that this request asks for.
    WebSocket(HttpRequest),
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

/// The longest header of a WebSocket frame (RFC 6455, section 5.2).
const WEBSOCKET_HEADER: u64 = 14;

/// Where our servers answer requests for a `WebSocket`.
pub const WEBSOCKET_PATH: &str = "/ws";

/// Why a URL or a header cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It has no scheme.
    #[error("it needs a scheme: tcp://HOST:PORT or ws://HOST:PORT/PATH")]
    NoScheme,
    /// It has one that is not known.
    #[error("the scheme `{0}` is not known; use tcp or ws")]
    Scheme(String),
    /// It is no URL.
    #[error("{0}")]
    Malformed(String),
    /// A header is not fit for HTTP.
    #[error("`{0}` is no header; write NAME: VALUE")]
    Header(String),
}

impl Transport {
    /// A WebSocket at `path`.
    pub fn websocket(path: &str) -> Self {
        Self::WebSocket(HttpRequest { path: path.to_owned(), host: None, headers: Vec::new() })
    }

    /// At most this many bytes frame `payload` bytes in messages of this size.
    pub fn framing(&self, payload: u64, message: ByteSize) -> u64 {
        match self {
            Self::Tcp => 0,
            // One message may be cut at each end.
            Self::WebSocket(_) => (payload / message.as_u64().max(1) + 2) * WEBSOCKET_HEADER,
        }
    }

    /// The request that begins a stream, where there is one.
    pub fn request_mut(&mut self) -> Option<&mut HttpRequest> {
        match self {
            Self::Tcp => None,
            Self::WebSocket(request) => Some(request),
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::WebSocket(_) => "websocket",
        })
    }
}

impl HttpRequest {
    /// Adds a header, written `NAME: VALUE`; `Host` replaces the one that would be sent.
    pub fn add_header(&mut self, line: &str) -> Result<(), TargetError> {
        let error = || TargetError::Header(line.to_owned());
        let (name, value) = line.split_once(':').ok_or_else(error)?;
        let name: HeaderName = name.trim().parse().map_err(|_| error())?;
        let value = value.trim();
        HeaderValue::from_str(value).map_err(|_| error())?;
        if name == http::header::HOST {
            self.host = Some(value.to_owned());
        } else {
            self.headers.push((name.to_string(), value.to_owned()));
        }
        Ok(())
    }
}

/// What a URL names: the transport, and the `HOST:PORT` to dial.
pub fn parse_target(url: &str) -> Result<(Transport, String), TargetError> {
    let (scheme, rest) = url.split_once("://").ok_or(TargetError::NoScheme)?;
    let malformed = |why: &str| TargetError::Malformed(why.to_owned());
    let port = match scheme {
        "tcp" => None,
        "ws" => Some(80),
        _ => return Err(TargetError::Scheme(scheme.to_owned())),
    };
    if rest.is_empty() {
        return Err(malformed("it has no host and no port; use HOST:PORT"));
    }
    // A port alone means this machine.
    let whole = if rest.starts_with(':') { format!("{scheme}://127.0.0.1{rest}") } else { url.to_owned() };
    let uri: Uri = whole.parse().map_err(|error: http::uri::InvalidUri| malformed(&error.to_string()))?;
    let authority = uri.authority().ok_or_else(|| malformed("it has no host"))?;
    if authority.as_str().contains('@') {
        return Err(malformed("a name and password in a URL are not supported"));
    }
    let port = authority.port_u16().or(port).ok_or_else(|| malformed("it has no port; use HOST:PORT"))?;
    if port == 0 {
        return Err(malformed("nobody can be dialled at port 0"));
    }
    let address = format!("{}:{port}", authority.host());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    match scheme {
        "tcp" if path != "/" => Err(malformed("a TCP connection has no path")),
        "tcp" => Ok((Transport::Tcp, address)),
        _ => Ok((Transport::websocket(if path == "/" { WEBSOCKET_PATH } else { path }), address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_transport_and_address() {
        assert_eq!(parse_target("tcp://h:1/").unwrap(), (Transport::Tcp, "h:1".to_owned()));
        assert_eq!(parse_target("tcp://:9000").unwrap(), (Transport::Tcp, "127.0.0.1:9000".to_owned()));
        assert_eq!(parse_target("ws://h").unwrap(), (Transport::websocket("/ws"), "h:80".to_owned()));
        let (transport, address) = parse_target("ws://[::1]:8080/sub/ws?a=b").unwrap();
        assert_eq!((transport, address), (Transport::websocket("/sub/ws?a=b"), "[::1]:8080".to_owned()));
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for url in ["h:1", "gopher://h:1", "tcp://h", "tcp://h:0", "tcp://h:1/path", "ws://", "ws://u:p@h/"] {
            assert!(parse_target(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_host_header_replaces_and_others_add() {
        let mut request = HttpRequest { path: "/".to_owned(), host: None, headers: Vec::new() };
        request.add_header("Host: other.example").unwrap();
        request.add_header("X-Test:  1 ").unwrap();
        assert_eq!(request.host.as_deref(), Some("other.example"));
        assert_eq!(request.headers, [("x-test".to_owned(), "1".to_owned())]);
        assert!(request.add_header("no colon").is_err());
        assert!(request.add_header("a: b\nc").is_err());
    }
}
