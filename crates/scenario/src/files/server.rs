//! The server's file.

use super::certificate::{Certificate, CertificateFiles, CertificateKeys};
use super::network::{Listen, Port, Protocol};
use super::number::{PHASE_MAX_MS, Size, Time};
use super::phases::{PhaseKeys, Phases};
use super::value::Scalar;
use super::{File, FileError, strict};
use crate::bounds::LIMITS;
use crate::read_plan::ReadPlan;
use schemars::JsonSchema;
use serde::Deserialize;
use socket::Buffers;
use std::net::SocketAddr;
use std::time::Duration;
use units::{ByteSize, Span};

/// How a paired server runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerFile {
    /// What it speaks; none: whatever its peer speaks.
    pub protocol: Option<Protocol>,
    /// Where it listens.
    pub listen: Listen,
    /// Its socket buffers.
    pub buffers: Buffers,
    /// How it reads.
    pub reads: Reads,
    /// The largest WebSocket message that it takes.
    pub message_max: ByteSize,
    /// The certificate with which it answers TLS, if it does.
    pub tls: Option<CertificateFiles>,
}

/// How a paired server reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reads {
    /// As go-backpressure: a pause after each read, and over WebSocket a pause after each whole message, however long.
    Pausing {
        /// The most that one read of raw TCP takes.
        bufsize: ByteSize,
        /// The pause.
        delay: Span,
    },
    /// By a plan, which counts bytes whatever the protocol.
    Plan(ReadPlan),
}

impl Reads {
    /// The plan for whole messages: a pause after each of them, however long; a plan goes on counting bytes.
    pub fn plan_of_messages(&self) -> ReadPlan {
        match self {
            Self::Pausing { delay, .. } => ReadPlan::chunks(LIMITS.taken_message_max, *delay),
            Self::Plan(plan) => plan.clone(),
        }
    }

    /// The plan for bytes without messages.
    pub fn plan(&self) -> ReadPlan {
        match self {
            Self::Pausing { bufsize, delay } => ReadPlan::chunks(*bufsize, *delay),
            Self::Plan(plan) => plan.clone(),
        }
    }
}

/// A server's file: go-backpressure's `protocol`, `port`, `bufsize` and `delay`, and keys of our own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ServerFile")]
pub(super) struct ServerKeys {
    /// What the server speaks: `tcp` for raw bytes, `websocket` for messages over `/ws`. By default both.
    protocol: Option<Scalar<Protocol>>,
    /// The port on which it listens, on all addresses: 0 to 65535, where 0 is a free one. By default 8080.
    port: Option<Scalar<Port<0>>>,
    /// The most that one read of raw TCP takes, 1 B to 16 MiB: bytes, or with a unit such as `64KiB`. By default 64KiB. Does
    /// not set the socket's buffers.
    bufsize: Option<Scalar<Size<1, { LIMITS.read_max.as_u64() }, true>>>,
    /// The pause after each read, over WebSocket after each whole message, 0 to 1 h: milliseconds, or with a unit such as
    /// `250ms`. By default 0.
    delay: Option<Scalar<Time<0, PHASE_MAX_MS, true>>>,
    /// Address and port on which it listens, such as `127.0.0.1:8080`; instead of `port`.
    listen: Option<Scalar<SocketAddr>>,
    /// Size of the socket's buffers, 1 KiB to 1023 MiB, such as `64KiB`; or `auto`, the default: the kernel grows them.
    buffers: Option<Scalar<Buffers>>,
    /// A plan by which it reads, 1 to 1000 phases; instead of `bufsize` and `delay`.
    #[schemars(with = "Option<Vec<PhaseKeys>>", length(min = 1, max = 1000))]
    read: Option<Phases>,
    /// The largest WebSocket message that is taken, 128 B to 1 GiB. By default 16MiB.
    message_max:
        Option<Scalar<Size<{ LIMITS.message_min.as_u64() }, { LIMITS.taken_message_max.as_u64() }, false>>>,
    /// The certificate with which TLS is answered, such as `{cert: server.pem, key: server.key}`. By default TLS is not.
    #[schemars(with = "Option<CertificateKeys>")]
    tls: Option<Certificate>,
}

const PORT: u16 = 8080;
const BUFSIZE: ByteSize = ByteSize::kib(64);
const MESSAGE_MAX: ByteSize = ByteSize::mib(16);

impl ServerFile {
    /// Reads the YAML `text` of a server's file; `name` stands before an error.
    pub fn parse(text: &str, name: &str) -> Result<Self, FileError> {
        super::parse(text, name)
    }
}

impl File for ServerFile {
    const WHAT: &'static str = "the keys of a server's file, such as `port: 8080`";
    const EXCLUSIVE: strict::Exclusive = &[("port", "listen"), ("bufsize", "read"), ("delay", "read")];
    type Keys = ServerKeys;

    fn of(keys: ServerKeys) -> Self {
        let port = keys.port.map_or(PORT, |Scalar(Port(port))| port);
        let pausing = Reads::Pausing {
            bufsize: keys.bufsize.map_or(BUFSIZE, |Scalar(Size(size))| size),
            delay: keys.delay.map_or(Span(Duration::ZERO), |Scalar(Time(delay))| delay),
        };
        Self {
            protocol: keys.protocol.map(|Scalar(protocol)| protocol),
            listen: keys.listen.map_or(Listen::Everywhere(port), |Scalar(address)| Listen::At(address)),
            buffers: keys.buffers.map_or(Buffers::Auto, |Scalar(buffers)| buffers),
            reads: keys.read.map_or(pausing, |Phases(plan)| Reads::Plan(plan)),
            message_max: keys.message_max.map_or(MESSAGE_MAX, |Scalar(Size(size))| size),
            tls: keys.tls.map(|Certificate(files)| files),
        }
    }
}
