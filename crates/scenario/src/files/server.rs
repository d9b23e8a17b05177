//! The server's file.

use super::certificate::{Certificate, CertificateFiles, CertificateKeys};
use super::end::{self, PairEnd, keys_of_an_end};
use super::network::{Listen, Port, Protocol};
use super::number::Size;
use super::path;
use super::phases::{PhaseKeys, Phases};
use super::sections;
use super::value::Scalar;
use super::{File, FileError, FileMistake, strict};
use crate::bounds::LIMITS;
use schemars::JsonSchema;
use serde::Deserialize;
use std::net::SocketAddr;
use trace::Direction;
use units::ByteSize;

/// How a paired server runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerFile {
    /// What it speaks; none: whatever its peer speaks.
    pub protocol: Option<Protocol>,
    /// Where it listens.
    pub listen: Listen,
    /// The largest WebSocket message that it takes.
    pub message_max: ByteSize,
    /// The certificate with which it answers TLS, if it does.
    pub tls: Option<CertificateFiles>,
    /// How it reads, or what it sends.
    pub end: PairEnd,
}

keys_of_an_end! {
    /// A server's file: go-backpressure's `protocol`, `port`, `bufsize` and `delay`, and keys of our own.
    #[schemars(rename = "ServerFile")]
    ServerKeys {
        /// What the server speaks: `tcp` for raw bytes, `websocket` for messages over `/ws`. By default both.
        protocol: Option<Scalar<Protocol>>,
        /// The port on which it listens, on all addresses: 0 to 65535, where 0 is a free one. By default 8080.
        port: Option<Scalar<Port<0>>>,
        /// Address and port on which it listens, such as `127.0.0.1:8080`; instead of `port`.
        listen: Option<Scalar<SocketAddr>>,
        /// The largest WebSocket message that is taken, 128 B to 1 GiB. By default 16MiB.
        message_max: Option<Scalar<MessageSize>>,
        /// The certificate with which TLS is answered, such as `{cert: server.pem, key: server.key}`. By default TLS is not.
        #[schemars(with = "Option<CertificateKeys>")]
        tls: Option<Certificate>,
    }
}

type MessageSize = Size<{ LIMITS.message_min.as_u64() }, { LIMITS.taken_message_max.as_u64() }, false>;

const PORT: u16 = 8080;
const MESSAGE_MAX: ByteSize = ByteSize::mib(16);

impl ServerFile {
    /// Reads the YAML `text` of a server's file; `name` stands before an error.
    pub fn parse(text: &str, name: &str) -> Result<Self, FileError> {
        super::parse(text, name)
    }
}

impl File for ServerFile {
    const WHAT: &'static str = "the keys of a server's file, such as `port: 8080`";
    const EXCLUSIVE: strict::Exclusive = {
        let [one, two, three] = end::EXCLUSIVE;
        &[("port", "listen"), one, two, three]
    };
    type Keys = ServerKeys;

    fn of(mut keys: ServerKeys) -> Result<Self, FileMistake> {
        let port = keys.port.map_or(PORT, |Scalar(Port(port))| port);
        Ok(Self {
            end: keys.end().resolved(Direction::Download)?,
            protocol: keys.protocol.map(|Scalar(protocol)| protocol),
            listen: keys.listen.map_or(Listen::Everywhere(port), |Scalar(address)| Listen::At(address)),
            message_max: keys.message_max.map_or(MESSAGE_MAX, |Scalar(Size(size))| size),
            tls: keys.tls.map(|Certificate(files)| files),
        })
    }
}
