//! What goes wrong over HTTP, as errors of a stream.

use crate::HandshakeError;
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use std::error::Error;
use std::{io, iter};

/// What hyper and bodies give.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// An answer that is none to what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A proxy answered, or somebody else's server.
    #[error("it answered {status}{}", leads_to(.location.as_deref()))]
    Status {
        /// With this status.
        status: StatusCode,
        /// Where it points to, in a form that can be shown.
        location: Option<String>,
    },
    /// A server of ours answered with this line, which says why.
    #[error("the server refused")]
    Line(Vec<u8>),
}

impl Refusal {
    pub(crate) fn status(status: StatusCode, headers: &HeaderMap) -> Self {
        Self::Status { status, location: location(headers) }
    }
}

/// Where an answer points to, cut to a length and a form that can be shown.
pub(crate) fn location(headers: &HeaderMap) -> Option<String> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    Some(trace::printable(location).chars().take(LONGEST_LOCATION).collect())
}

const LONGEST_LOCATION: usize = 200;

fn leads_to(location: Option<&str>) -> String {
    location.map(|location| format!(" and leads to {location}, where nobody was asked")).unwrap_or_default()
}

/// What is wrong with a peer that was asked something, from an error of hyper's.
pub(crate) fn foreign(error: io::Error) -> HandshakeError {
    match HandshakeError::from(error) {
        // Whoever speaks HTTP/1.1 to a client of HTTP/2 sends what are no frames.
        HandshakeError::Io(error)
            if error.raw_os_error().is_none()
                && matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::ConnectionReset) =>
        {
            HandshakeError::ForeignHttp(error.to_string())
        }
        other => other,
    }
}

/// Why a stream's request was not answered. Only what is no message of HTTP is an answer that is none: what is damaged beneath, or
/// reset by frames, was no answer.
pub(crate) fn unanswered(error: BoxError) -> HandshakeError {
    let first: Option<&(dyn Error + 'static)> = Some(error.as_ref());
    let is_parse = iter::successors(first, |&error| error.source())
        .any(|error| error.downcast_ref().is_some_and(hyper::Error::is_parse));
    let error = into_io(error);
    if is_parse { HandshakeError::ForeignHttp(error.to_string()) } else { error.into() }
}

/// The kernel's error where there is one beneath. A request that a connection took no more is `ConnectionAborted`, a message
/// that is cut off `UnexpectedEof`, what HTTP/2 ended by frames of its own `ConnectionReset`, and whatever else is wrong with
/// what came `InvalidData`.
pub(crate) fn into_io(error: BoxError) -> io::Error {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error.as_ref());
    while let Some(found) = cause {
        if let Some(io) = found.downcast_ref::<io::Error>() {
            if let Some(code) = io.raw_os_error() {
                return io::Error::from_raw_os_error(code);
            }
            if io.get_ref().is_none() {
                return io.kind().into();
            }
            if io.kind() == io::ErrorKind::UnexpectedEof {
                return io::Error::new(io.kind(), io.to_string());
            }
        }
        if found.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message) {
            return io::ErrorKind::UnexpectedEof.into();
        }
        cause = found.source();
    }
    if was_closed(error.as_ref()) {
        return io::Error::new(io::ErrorKind::ConnectionAborted, error);
    }
    match ended_by_frames(error.as_ref()) {
        Some(how) => io::Error::new(io::ErrorKind::ConnectionReset, how),
        None => io::Error::new(io::ErrorKind::InvalidData, error),
    }
}

/// What HTTP/2 says beneath hyper: `RST_STREAM` or `GOAWAY`, from either side (RFC 9113 §5.4).
fn ended_by_frames(error: &(dyn Error + 'static)) -> Option<String> {
    let mut of_hyper = error.downcast_ref::<hyper::Error>()?;
    loop {
        let cause = of_hyper.source()?;
        match cause.downcast_ref::<hyper::Error>() {
            Some(inner) => of_hyper = inner,
            // What hyper finds wrong with HTTP/1.1 by itself has no cause, or one of the standard library's.
            None if of_hyper.is_parse() || cause.is::<io::Error>() => return None,
            None => return Some(cause.to_string()),
        }
    }
}

/// RFC 9112 §8: a body that ends before its length or its last chunk is incomplete, and so is one that only the connection's end
/// would end where TLS did not say so. How the connection ended is no matter then.
pub(crate) fn cut_off(error: io::Error) -> io::Error {
    if error.kind() != io::ErrorKind::UnexpectedEof {
        return error;
    }
    let what = "the body was cut off before its end";
    match error.get_ref() {
        Some(how) => io::Error::new(io::ErrorKind::ConnectionAborted, format!("{what}: {how}")),
        None => io::Error::new(io::ErrorKind::ConnectionAborted, what),
    }
}

/// The connection was closed before it took the request; what came instead of an answer would be told beneath.
fn was_closed(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<hyper::Error>().is_some_and(|error| {
        (error.is_canceled() || error.is_closed())
            && !error.source().is_some_and(<dyn Error>::is::<hyper::Error>)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_beneath_is_no_answer() {
        let damaged = io::Error::new(io::ErrorKind::InvalidData, "a record does not decrypt");
        let HandshakeError::Io(error) = unanswered(damaged.into()) else { panic!("an answer") };
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
