//! Protocols and addresses in files.

use super::value::FromText;
use crate::bounds::LIMITS;
use crate::ramp::Ramp;
use schemars::{Schema, json_schema};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// What a pair speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Bytes without any header.
    Tcp,
    /// Messages over `/ws`.
    WebSocket,
}

/// Where a server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// This port on every address of the machine; 0: a free one.
    Everywhere(u16),
    /// This address and port.
    At(SocketAddr),
}

impl FromText for Protocol {
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "tcp" => Some(Self::Tcp),
            "websocket" => Some(Self::WebSocket),
            _ => None,
        }
    }

    fn must_be() -> String {
        "`tcp` or `websocket`".to_owned()
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "enum": ["tcp", "websocket"] })
    }
}

impl FromText for trace::Direction {
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "upload" => Some(Self::Upload),
            "download" => Some(Self::Download),
            _ => None,
        }
    }

    fn must_be() -> String {
        "`upload` or `download`".to_owned()
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "enum": ["upload", "download"] })
    }
}

impl FromText for Ramp {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn must_be() -> String {
        let (least, most) = LIMITS.ramp;
        format!("{least} to {most} connections a second, such as `100/s`")
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "examples": ["100/s"] })
    }
}

/// A port from `LEAST` on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Port<const LEAST: u16>(pub(super) u16);

impl<const LEAST: u16> FromText for Port<LEAST> {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().filter(|port| *port >= LEAST).map(Self)
    }

    fn must_be() -> String {
        format!("a port, {LEAST} to {}", u16::MAX)
    }

    fn schema() -> Schema {
        json_schema!({ "type": ["integer", "string"], "minimum": LEAST, "maximum": u16::MAX })
    }
}

impl FromText for SocketAddr {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn must_be() -> String {
        "an address and a port, such as `127.0.0.1:8080` or `[::1]:8080`".to_owned()
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "examples": ["127.0.0.1:8080", "[::1]:8080"] })
    }
}

/// A host's name or address, without port; an IPv6 address has lost its brackets.
#[derive(Debug, Clone)]
pub(super) struct Host(pub(super) String);

impl FromText for Host {
    fn from_text(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(address) = bare {
            return is_ipv6(address).then(|| Self(address.to_owned()));
        }
        (is_name(text) || text.parse::<IpAddr>().is_ok() || is_ipv6(text)).then(|| Self(text.to_owned()))
    }

    fn must_be() -> String {
        "a host name or an address, without scheme and port".to_owned()
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "examples": ["localhost", "10.0.0.7", "::1"] })
    }
}

/// The longest name that DNS can ask for.
const NAME_MAX: usize = 253;

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len())
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'))
}

/// Whether `text` is an IPv6 address, with a zone or without.
fn is_ipv6(text: &str) -> bool {
    match text.split_once('%') {
        Some((address, zone)) => address.parse::<Ipv6Addr>().is_ok() && is_name(zone),
        None => text.parse::<Ipv6Addr>().is_ok(),
    }
}
