//! How a stream is carried, and how that is written as a URL.

use http::{HeaderName, HeaderValue, Uri};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use units::ByteSize;

/// What carries a stream's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP alone.
    Tcp,
    /// Binary messages of a WebSocket that this request asks for.
    WebSocket(HttpRequest),
    /// Bodies of HTTP: a request's upwards, a response's downwards.
    Http(HttpStream),
}

/// A stream in the bodies of HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpStream {
    /// What is asked for.
    pub request: HttpRequest,
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

/// What a URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What carries the streams.
    pub transport: Transport,
    /// TLS lies beneath it.
    pub tls: bool,
    /// The `HOST:PORT` to dial.
    pub address: String,
}

/// What begins a URL, and what it stands for.
struct Scheme {
    name: &'static str,
    /// The port where the URL has none.
    port: Option<u16>,
    tls: bool,
    /// The transport, by path and query; none: a connection without any.
    transport: Option<fn(&str) -> Transport>,
}

const SCHEMES: [Scheme; 6] = [
    Scheme { name: "tcp", port: None, tls: false, transport: None },
    Scheme { name: "tls", port: None, tls: true, transport: None },
    Scheme { name: "ws", port: Some(80), tls: false, transport: Some(websocket_at) },
    Scheme { name: "wss", port: Some(443), tls: true, transport: Some(websocket_at) },
    Scheme { name: "http", port: Some(80), tls: false, transport: Some(http_at) },
    Scheme { name: "https", port: Some(443), tls: true, transport: Some(http_at) },
];

/// A full TLS record's payload, and the most that frames it: header, TLS 1.2's explicit nonce, content type, tag.
const RECORD: u64 = 16 << 10;
const RECORD_FRAMING: u64 = 29;

/// The longest header of a WebSocket frame (RFC 6455, section 5.2).
const WEBSOCKET_HEADER: u64 = 14;

/// Where our servers answer requests for a `WebSocket`.
pub const WEBSOCKET_PATH: &str = "/ws";

/// Why a URL or a header cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It has no scheme.
    #[error("it needs a scheme, such as tcp://HOST:PORT or wss://HOST/PATH")]
    NoScheme,
    /// It has one that is not known.
    #[error("the scheme `{0}` is not known; use {known}", known = known_schemes())]
    Scheme(String),
    /// It is no URL.
    #[error("{0}")]
    Malformed(String),
    /// Its scheme carries no checks of ours.
    #[error("checks between two ends of ours are not carried by `{0}`; --one-sided has but one")]
    OneSided(Transport),
    /// A header is not fit for HTTP.
    #[error("`{0}` is no header; write NAME: VALUE")]
    Header(String),
}

impl Transport {
    /// A WebSocket at `path`.
    pub fn websocket(path: &str) -> Self {
        Self::WebSocket(HttpRequest::to(path))
    }

    /// At most this many bytes frame `payload` bytes in messages of this size.
    pub fn framing(&self, payload: u64, message: ByteSize) -> u64 {
        match self {
            // Of a service there is no path whose share could be too low.
            Self::Tcp | Self::Http(_) => 0,
            // One message may be cut at each end.
            Self::WebSocket(_) => (payload / message.as_u64().max(1) + 2) * WEBSOCKET_HEADER,
        }
    }

    /// The request that begins a stream, where there is one.
    pub fn request_mut(&mut self) -> Option<&mut HttpRequest> {
        match self {
            Self::Tcp => None,
            Self::WebSocket(request) => Some(request),
            Self::Http(http) => Some(&mut http.request),
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
            Self::Http(_) => "http",
        })
    }
}

impl HttpRequest {
    /// For this path and query.
    pub fn to(path: &str) -> Self {
        Self { path: path.to_owned(), host: None, headers: Vec::new() }
    }

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

/// What `url` names where a server of ours is.
pub fn parse_target(url: &str) -> Result<Target, TargetError> {
    let mut target = parse_service(url)?;
    match &mut target.transport {
        Transport::WebSocket(request) if request.path == "/" => WEBSOCKET_PATH.clone_into(&mut request.path),
        Transport::Tcp | Transport::WebSocket(_) => {}
        Transport::Http(_) => return Err(TargetError::OneSided(target.transport)),
    }
    Ok(target)
}

/// What `url` names where somebody else's service is: its path is asked for as written.
pub fn parse_service(url: &str) -> Result<Target, TargetError> {
    let (name, rest) = url.split_once("://").ok_or(TargetError::NoScheme)?;
    let malformed = |why: &str| TargetError::Malformed(why.to_owned());
    let known = SCHEMES.iter().find(|scheme| scheme.name == name);
    let scheme = known.ok_or_else(|| TargetError::Scheme(name.to_owned()))?;
    if rest.is_empty() {
        return Err(malformed("it has no host and no port; use HOST:PORT"));
    }
    // A port alone means this machine.
    let whole = if rest.starts_with(':') { format!("{name}://127.0.0.1{rest}") } else { url.to_owned() };
    let uri: Uri = whole.parse().map_err(|error: http::uri::InvalidUri| malformed(&error.to_string()))?;
    let authority = uri.authority().ok_or_else(|| malformed("it has no host"))?;
    if authority.as_str().contains('@') {
        return Err(malformed("a name and password in a URL are not supported"));
    }
    let port = authority.port_u16().or(scheme.port);
    let port = port.ok_or_else(|| malformed("it has no port; use HOST:PORT"))?;
    if port == 0 {
        return Err(malformed("nobody can be dialled at port 0"));
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let transport = match scheme.transport {
        Some(at) => at(path),
        None if path == "/" => Transport::Tcp,
        None => return Err(malformed("a connection without HTTP has no path")),
    };
    Ok(Target { transport, tls: scheme.tls, address: format!("{}:{port}", authority.host()) })
}

fn websocket_at(path: &str) -> Transport {
    Transport::websocket(path)
}

fn http_at(path: &str) -> Transport {
    Transport::Http(HttpStream { request: HttpRequest::to(path) })
}

fn known_schemes() -> String {
    let [others @ .., last] = SCHEMES.map(|scheme| scheme.name);
    format!("{} or {last}", others.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(transport: Transport, tls: bool, address: &str) -> Target {
        Target { transport, tls, address: address.to_owned() }
    }

    #[test]
    fn a_url_names_transport_and_address() {
        for (url, named) in [
            ("tcp://h:1/", target(Transport::Tcp, false, "h:1")),
            ("tcp://:9000", target(Transport::Tcp, false, "127.0.0.1:9000")),
            ("tls://h:1", target(Transport::Tcp, true, "h:1")),
            ("ws://h", target(Transport::websocket("/ws"), false, "h:80")),
            ("wss://h/", target(Transport::websocket("/ws"), true, "h:443")),
            ("ws://[::1]:8080/sub/ws?a=b", target(Transport::websocket("/sub/ws?a=b"), false, "[::1]:8080")),
        ] {
            assert_eq!(parse_target(url).unwrap(), named, "{url}");
        }
    }

    #[test]
    fn a_scheme_that_is_not_known_is_told_with_those_that_are() {
        let error = parse_target("gopher://h:1").unwrap_err().to_string();
        assert_eq!(error, "the scheme `gopher` is not known; use tcp, tls, ws, wss, http or https");
    }

    #[test]
    fn a_service_is_asked_for_the_path_as_written() {
        assert_eq!(parse_service("ws://h").unwrap(), target(Transport::websocket("/"), false, "h:80"));
        let feed = target(http_at("/feed?from=1"), true, "h:443");
        assert_eq!(parse_service("https://h/feed?from=1").unwrap(), feed);
        assert!(parse_target("http://h/").is_err());
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for url in [
            "h:1",
            "tcp://h",
            "tls://h",
            "tcp://h:0",
            "tcp://h:1/path",
            "tls://h:1/path",
            "ws://",
            "ws://u:p@h/",
        ] {
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
