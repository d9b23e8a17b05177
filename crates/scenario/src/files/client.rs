//! The client's file.

use super::end::{self, PairEnd, keys_of_an_end};
use super::network::{Host, Port, Protocol};
use super::number::Count;
use super::path;
use super::phases::{PhaseKeys, Phases};
use super::request::{Headers, Path};
use super::sections::{self, ExpectKeys, PairExpectations, Section, TlsKeys};
use super::value::Scalar;
use super::{File, FileError, FileMistake, strict};
use crate::bounds::LIMITS;
use crate::ramp::Ramp;
use crate::transport::{HttpRequest, Tls, WEBSOCKET_PATH};
use schemars::JsonSchema;
use serde::Deserialize;
use trace::Direction;

/// How a paired client runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientFile {
    /// What it speaks.
    pub protocol: Protocol,
    /// What it asks for, where it speaks WebSocket.
    pub request: HttpRequest,
    /// The server's name or address, an IPv6 address without brackets.
    pub server_addr: String,
    /// The server's port, not 0.
    pub server_port: u16,
    /// How its connections are encrypted, if they are.
    pub tls: Option<Tls>,
    /// How many connections it opens.
    pub connections: u32,
    /// How fast it opens them; none: all at once.
    pub ramp: Option<Ramp>,
    /// A consumer says at once that it sends nothing (FIN), and reads on.
    pub half_close: bool,
    /// What it sends, or how it reads.
    pub end: PairEnd,
    /// What its figures must be.
    pub expect: PairExpectations,
}

keys_of_an_end! {
    /// A client's file: go-backpressure's keys, which have the values that it is shipped with by default, and keys of our own.
    #[schemars(rename = "ClientFile")]
    ClientKeys {
        /// What the client speaks: `tcp` for raw bytes, `websocket` for messages over `/ws`. By default `websocket`.
        protocol: Option<Scalar<Protocol>>,
        /// The server's name or address, without scheme and port. By default `localhost`.
        server_addr: Option<Scalar<Host>>,
        /// The server's port, 1 to 65535. By default 8080.
        server_port: Option<Scalar<Port<1>>>,
        /// Where the WebSocket is asked for, with a query or without, such as `/app/ws` behind a proxy. By default `/ws`, as
        /// go-backpressure has it.
        path: Option<Scalar<Path>>,
        /// Headers of the request for the WebSocket, by name, such as `{Host: app.example, Origin: "https://app.example"}`. By
        /// default `Host` has the server's address, and no others are added.
        headers: Option<Headers>,
        /// Encrypts the connections, such as `{ca: ca.pem}`, or `{}` to trust whom the system trusts. By default they are plain.
        tls: Option<Section<TlsKeys>>,
        /// How many connections are opened, 1 to 50000. By default 1.
        connections: Option<Scalar<Count<1, { LIMITS.connections_max as u64 }>>>,
        /// How fast they are opened, such as `100/s`. By default all at once.
        ramp: Option<Scalar<Ramp>>,
        /// With `direction: download` over `tcp`: `true` to close the client's own direction at once (FIN), and read on. By
        /// default `false`.
        half_close: Option<Scalar<bool>>,
        /// What the figures must be; the exit code is 1 where they are not. By default they may be anything.
        expect: Option<Section<ExpectKeys>>,
    }
}

const SERVER_ADDR: &str = "localhost";
const SERVER_PORT: u16 = 8080;

impl ClientFile {
    /// Reads the YAML `text` of a client's file; `name` stands before an error.
    pub fn parse(text: &str, name: &str) -> Result<Self, FileError> {
        super::parse(text, name)
    }
}

impl File for ClientFile {
    const WHAT: &'static str = "the keys of a client's file, such as `server_port: 8080`";
    const EXCLUSIVE: strict::Exclusive = &end::EXCLUSIVE;
    type Keys = ClientKeys;

    fn of(mut keys: ClientKeys) -> Result<Self, FileMistake> {
        let end = keys.end().resolved(Direction::Upload)?;
        let protocol = keys.protocol.map_or(Protocol::WebSocket, |Scalar(protocol)| protocol);
        let mut request = keys
            .path
            .as_ref()
            .map_or_else(|| HttpRequest::to(WEBSOCKET_PATH), |Scalar(Path(request))| request.clone());
        let of_requests = [("path", keys.path.is_some()), ("headers", keys.headers.is_some())];
        if let Some((key, _)) = of_requests.into_iter().find(|(_, given)| *given && protocol == Protocol::Tcp)
        {
            let message = "has no effect, for raw TCP has no requests".to_owned();
            return Err(FileMistake { key, message });
        }
        keys.headers.take().unwrap_or_default().add_to(&mut request);
        let half_close = keys.half_close.is_some_and(|Scalar(half_close)| half_close);
        if half_close && (end.direction, protocol) != (Direction::Download, Protocol::Tcp) {
            let message = "needs `direction: download` and `protocol: tcp`".to_owned();
            return Err(FileMistake { key: "half_close", message });
        }
        let of_producers = keys.expect.as_ref().and_then(|Section(expect)| expect.of_producers());
        if let Some(key) = of_producers.filter(|_| end.direction == Direction::Download) {
            let message =
                format!("has `{key}`, which only a producer's figures can meet, and this end reads");
            return Err(FileMistake { key: "expect", message });
        }
        Ok(Self {
            protocol,
            request,
            server_addr: keys.server_addr.map_or_else(|| SERVER_ADDR.to_owned(), |Scalar(Host(host))| host),
            server_port: keys.server_port.map_or(SERVER_PORT, |Scalar(Port(port))| port),
            tls: keys.tls.map(|Section(tls)| tls.resolved()),
            connections: keys
                .connections
                .map_or(1, |Scalar(Count(number))| u32::try_from(number).unwrap_or(u32::MAX)),
            ramp: keys.ramp.map(|Scalar(ramp)| ramp),
            half_close,
            end,
            expect: keys.expect.map(|Section(expect)| expect.resolved()).unwrap_or_default(),
        })
    }
}
