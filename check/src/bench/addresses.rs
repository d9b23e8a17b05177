//! Addresses of this machine, as they are dialled and as they are told people.

use std::net::{Ipv4Addr, SocketAddr};

/// An address, written as such, of this machine's at which `bound` listens; a name may lead anywhere.
pub(super) fn leads_to(via: &str, bound: SocketAddr) -> bool {
    let via: Option<SocketAddr> = via.replace("localhost:", "127.0.0.1:").parse().ok();
    let reaches =
        |via: SocketAddr| via.ip() == bound.ip() || (bound.ip().is_unspecified() && via.ip().is_loopback());
    via.is_some_and(|via| via.port() == bound.port() && reaches(via))
}

/// Where this machine reaches what listens on `bound`.
pub(super) fn dialled(bound: SocketAddr) -> SocketAddr {
    if bound.ip().is_unspecified() { (Ipv4Addr::LOCALHOST, bound.port()).into() } else { bound }
}

/// As it is asked for: `:9000` for all addresses.
pub(super) fn listened(bound: SocketAddr) -> String {
    if bound.ip().is_unspecified() { format!(":{}", bound.port()) } else { bound.to_string() }
}
