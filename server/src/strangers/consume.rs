//! Reads by a plan, and notices a peer that is gone while nothing is read.

use super::source::{Source, Taken};
use scenario::{Allowance, Reader};
use socket::TcpState;
use socket2::SockRef;
use std::fmt;
use std::io;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use transport::SocketHandle;
use units::{Clock, Timestamp};

/// How a peer's bytes came to an end.
#[derive(Debug)]
pub(super) enum Ending {
    /// It closed.
    Fin,
    /// It said goodbye, mostly with a code.
    Close(Option<u16>),
    /// Nothing was read, and it was seen to be gone.
    Gone(String),
    /// A read failed.
    Failed(io::Error),
    /// The server ends.
    ServerLeaves,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fin => f.write_str("the peer closed"),
            Self::Close(_) => f.write_str("the peer said goodbye"),
            Self::Gone(how) => write!(f, "the peer was gone while nothing was read: {how}"),
            Self::Failed(error) => write!(f, "{error}"),
            Self::ServerLeaves => f.write_str("the server ends"),
        }
    }
}

/// Time between two looks at a connection that is not read.
const LOOK: Duration = Duration::from_millis(200);

/// Reads from `source` until it ends, and tells the length of each read.
pub(super) async fn consume(
    source: &mut impl Source,
    mut reader: Reader,
    clock: Clock,
    mut told: impl FnMut(usize),
) -> Ending {
    let socket = source.socket();
    loop {
        let at_most = match reader.next(clock.now()) {
            Allowance::Read { at_most } => at_most,
            Allowance::Wait { until } => match rest(&socket, clock, Some(until)).await {
                Some(how) => return Ending::Gone(how),
                None => continue,
            },
            Allowance::Stalled { until } => match rest(&socket, clock, until).await {
                Some(how) => return Ending::Gone(how),
                None => continue,
            },
        };
        let patience = reader.phase_ends().map_or(Duration::MAX, |end| clock.until(end));
        match timeout(patience, source.read(at_most)).await {
            // The phase is over.
            Err(_) => {}
            Ok(Ok(Taken::Bytes(bytes))) => {
                reader.took(bytes, clock.now());
                told(bytes);
            }
            Ok(Ok(Taken::Close(code))) => return Ending::Close(code),
            Ok(Ok(Taken::End)) => return Ending::Fin,
            Ok(Err(error)) => return Ending::Failed(error),
        }
    }
}

/// Reads nothing until `until`, or for ever; how the peer went, if it did so.
async fn rest(socket: &SocketHandle, clock: Clock, until: Option<Timestamp>) -> Option<String> {
    loop {
        let left = until.map_or(LOOK, |until| clock.until(until));
        if left.is_zero() {
            return None;
        }
        sleep(left.min(LOOK)).await;
        if let Some(how) = gone(socket, until.is_none()) {
            return Some(how);
        }
    }
}

/// How the peer went, if it did so. One that sends no more is gone where what it sent is never going to be read.
fn gone(socket: &SocketHandle, never_read: bool) -> Option<String> {
    let state = match socket::tcp_info(socket) {
        Ok(info) => info.state,
        Err(error) => return Some(error.to_string()),
    };
    match state {
        TcpState::Closed => {
            let error = SockRef::from(socket).take_error().ok().flatten();
            Some(error.map_or_else(|| "the connection is closed".to_owned(), |error| error.to_string()))
        }
        TcpState::CloseWait | TcpState::LastAck | TcpState::Closing if never_read => {
            Some("it closed, and nothing is read any more".to_owned())
        }
        _ => None,
    }
}
