//! Why a check could not run at all.

use client::OpenError;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The server side could not listen.
    #[error("could not listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A connection could not be opened.
    #[error("could not open a connection through the path")]
    Open(#[from] OpenError),
    /// The path leads to several servers, and data never met control.
    #[error(
        "the control connection reached one server and {tries} data connections reached others: \
         the path balances between several servers; check one at a time"
    )]
    Balanced {
        /// How often it was tried.
        tries: u32,
    },
    /// The server does not grant what the scenario needs.
    #[error("the server refused the run: {0}")]
    Refused(String),
    /// The control connection fell silent before the measurement began.
    #[error("the server did not answer on the control connection within {} s", .0.as_secs())]
    ControlSilent(Duration),
    /// The control connection was lost before the measurement began.
    #[error("the control connection was lost")]
    ControlLost,
    /// A person stopped it.
    #[error("the check was interrupted")]
    Interrupted,
    /// This machine does not do what is needed.
    #[error("could not {doing}")]
    Local {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}
