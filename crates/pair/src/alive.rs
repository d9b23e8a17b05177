//! A peer whose machine is gone is noticed.

use socket2::{SockRef, TcpKeepalive};
use std::os::fd::AsFd;
use std::time::Duration;
use tracing::debug;

/// As sockets of Go's are by default, and noticed after 30 s: a stalled reader, or a peer that has not begun yet, sends nothing
/// that would be missed.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(15))
    .with_interval(Duration::from_secs(5))
    .with_retries(3);

/// From now on the connection ends, with `ETIMEDOUT`, once its peer has not been there for 30 s.
pub fn keep_alive(socket: &impl AsFd) {
    if let Err(error) = SockRef::from(socket).set_tcp_keepalive(&KEEPALIVE) {
        debug!(%error, "a peer that vanishes will not be noticed");
    }
}

/// From now on nothing is said on the connection that its user does not say.
pub fn let_be(socket: &impl AsFd) {
    if let Err(error) = SockRef::from(socket).set_keepalive(false) {
        debug!(%error, "a silent connection is kept alive");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_kept_alive_and_let_be_again() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        keep_alive(&socket);
        assert!(SockRef::from(&socket).keepalive().unwrap());
        let_be(&socket);
        assert!(!SockRef::from(&socket).keepalive().unwrap());
    }
}
