//! Why a check could not run at all.

use client::{OpenError, ServiceError};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use transport::TlsSetupError;
use units::ByteSize;

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
    /// TLS cannot be used.
    #[error("could not set TLS up")]
    Tls(#[from] TlsSetupError),
    /// A connection could not be opened.
    #[error("could not open a connection through the path")]
    Open(#[from] OpenError),
    /// A service that is not ours could not be asked.
    #[error("could not open a stream with the service")]
    Service(#[from] ServiceError),
    /// A service that is not ours sends nothing.
    #[error("{address} sent nothing within {} s; what does it wait for? --send says something first", patience.as_secs())]
    Mute {
        /// What was dialled.
        address: String,
        /// How long it was waited for.
        patience: Duration,
    },
    /// The stream was over before anything could be measured.
    #[error("{address} ended its stream after {bytes}, before anything could be measured: {detail}")]
    Short {
        /// What was dialled.
        address: String,
        /// What it had sent, or taken.
        bytes: ByteSize,
        /// How the connection ended.
        detail: String,
    },
    /// The process of a service cannot be looked at.
    #[error("could not look at process {process}")]
    Process {
        /// Its id.
        process: u32,
        /// Why not.
        source: io::Error,
    },
    /// The path leads to several servers, and data never met control.
    #[error(
        "the control connection reached one server and {tries} data connections reached others: \
         the path balances between several servers; check one at a time"
    )]
    Balanced {
        /// How often it was tried.
        tries: u32,
    },
    /// A path to the server in this process leads to another one.
    #[error("{via} reached another backpressure server than this check's own on {listen}")]
    Astray {
        /// What was dialled.
        via: String,
        /// Where the check's own server listens.
        listen: String,
    },
    /// The path is none.
    #[error(
        "{via} is where the check itself listens: nothing lies between; --via must be the middlebox's address"
    )]
    Straight {
        /// What was to be dialled.
        via: String,
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
    /// Nothing of a request that is a neighbour's stream arrived, though the measured one's did.
    #[error(
        "the path keeps some requests until it has all of them (request buffering): nothing of a neighbour's stream arrives"
    )]
    Kept,
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
