//! URLs of checks: what they name.

use crate::transport::{HTTP_PATH, Transport, WEBSOCKET_PATH};
use http::Uri;
use http::uri::Authority;

/// What `url` names where a server of ours is.
pub fn parse_target(url: &str) -> Result<Target, TargetError> {
    let mut target = parse_service(url)?;
    let usual = match target.transport {
        Transport::Tcp => "/",
        Transport::WebSocket(_) => WEBSOCKET_PATH,
        Transport::Http(_) => HTTP_PATH,
    };
    if let Some(request) = target.transport.request_mut()
        && request.path == "/"
    {
        usual.clone_into(&mut request.path);
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
    let port = port(authority, scheme.port)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let transport = match scheme.transport {
        Some(at) => at(path),
        None if path == "/" => Transport::Tcp,
        None => return Err(malformed("a connection without HTTP has no path")),
    };
    Ok(Target { transport, tls: scheme.tls, address: format!("{}:{port}", authority.host()) })
}

/// The port, or the usual one where none is written.
fn port(authority: &Authority, usual: Option<u16>) -> Result<u16, TargetError> {
    let written = authority.as_str().strip_prefix(authority.host()).and_then(|rest| rest.strip_prefix(':'));
    match written.filter(|written| !written.is_empty()) {
        Some(written) => parse_port(written),
        None => usual.ok_or_else(|| TargetError::Malformed("it has no port; use HOST:PORT".to_owned())),
    }
}

/// A port that can be dialled.
pub fn parse_port(written: &str) -> Result<u16, TargetError> {
    match written.parse() {
        Ok(0) => Err(TargetError::Malformed("nobody can be dialled at port 0".to_owned())),
        Ok(port) => Ok(port),
        Err(_) => Err(TargetError::Malformed(format!("`{written}` is no port: ports are 1 to 65535"))),
    }
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
    Scheme { name: "ws", port: Some(80), tls: false, transport: Some(Transport::websocket) },
    Scheme { name: "wss", port: Some(443), tls: true, transport: Some(Transport::websocket) },
    Scheme { name: "http", port: Some(80), tls: false, transport: Some(Transport::http) },
    Scheme { name: "https", port: Some(443), tls: true, transport: Some(Transport::http) },
];

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
    /// A path is not fit for HTTP.
    #[error("`{0}` is no path; it begins with `/`, such as `/ws`")]
    Path(String),
    /// A header is not fit for HTTP.
    #[error("`{0}` is no header; write NAME: VALUE")]
    Header(String),
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
            ("http://h", target(Transport::http("/http"), false, "h:80")),
            ("https://h:1/sub", target(Transport::http("/sub"), true, "h:1")),
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
        let feed = target(Transport::http("/feed?from=1"), true, "h:443");
        assert_eq!(parse_service("https://h/feed?from=1").unwrap(), feed);
    }

    #[test]
    fn a_port_that_is_none_is_told_with_those_that_are() {
        for url in ["tcp://h:99999", "ws://[::1]:65536/ws", "https://h:70000"] {
            let error = parse_target(url).unwrap_err().to_string();
            assert!(error.ends_with("is no port: ports are 1 to 65535"), "{url}: {error}");
        }
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for url in [
            "h:1",
            "tcp://h",
            "tls://h",
            "tcp://h:0",
            "tcp://h:",
            "tcp://h:1/path",
            "tls://h:1/path",
            "ws://",
            "ws://u:p@h/",
        ] {
            assert!(parse_target(url).is_err(), "{url}");
        }
    }
}
