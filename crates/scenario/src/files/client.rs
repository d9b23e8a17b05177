//! The client's file.

use super::network::{Host, Port, Protocol};
use super::number::{Count, PHASE_MAX_MS, Size, Time};
use super::value::Scalar;
use super::{File, FileError, strict};
use crate::bounds::LIMITS;
use crate::request_rate::RequestRate;
use schemars::JsonSchema;
use serde::Deserialize;
use socket::Buffers;
use units::{ByteSize, Span};

/// How a paired client runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientFile {
    /// What it speaks.
    pub protocol: Protocol,
    /// The server's name or address, an IPv6 address without brackets.
    pub server_addr: String,
    /// The server's port, not 0.
    pub server_port: u16,
    /// Bytes a request.
    pub payload_size: ByteSize,
    /// How fast requests follow each other.
    pub requests_per_second: RequestRate,
    /// How many requests it makes.
    pub requests_total: u64,
    /// Its socket buffers.
    pub buffers: Buffers,
    /// Reaches every random choice; none: another one each time.
    pub seed: Option<u64>,
    /// `TCP_USER_TIMEOUT` on its socket; none: the kernel's.
    pub user_timeout: Option<Span>,
}

/// A client's file: go-backpressure's keys, which have the values that it is shipped with by default, and keys of our own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClientFile")]
pub(super) struct ClientKeys {
    /// What the client speaks: `tcp` for raw bytes, `websocket` for messages over `/ws`. By default `websocket`.
    protocol: Option<Scalar<Protocol>>,
    /// The server's name or address, without scheme and port. By default `localhost`.
    server_addr: Option<Scalar<Host>>,
    /// The server's port, 1 to 65535. By default 8080.
    server_port: Option<Scalar<Port<1>>>,
    /// Size of a request's payload, 1 B to 16 MiB: bytes, or with a unit such as `64KiB`. By default 1000.
    payload_size: Option<Scalar<Size<1, { LIMITS.message_max.as_u64() }, true>>>,
    /// Requests a second, 0.001 to 1000000000; 0: each follows the one before at once. By default 1.
    requests_per_second: Option<Scalar<RequestRate>>,
    /// How many requests are made, 0 to 1000000000000. By default 5.
    requests_total: Option<Scalar<Count<0, { LIMITS.requests_max }>>>,
    /// Size of the socket's buffers, 1 KiB to 1023 MiB, such as `64KiB`; or `auto`, the default: the kernel grows them.
    buffers: Option<Scalar<Buffers>>,
    /// Makes payloads and every other random choice the same again, 0 to 18446744073709551615. By default another one each
    /// time.
    seed: Option<Scalar<Count<0, { u64::MAX }>>>,
    /// How long bytes may stay unacknowledged, or the server's window closed, before the kernel ends the connection
    /// (`TCP_USER_TIMEOUT`), 10 ms to 1 h, such as `30s`. By default as the kernel has it.
    user_timeout: Option<Scalar<Time<10, PHASE_MAX_MS, false>>>,
}

const SERVER_ADDR: &str = "localhost";
const SERVER_PORT: u16 = 8080;
const PAYLOAD_SIZE: ByteSize = ByteSize::bytes(1000);
const REQUESTS_TOTAL: u64 = 5;

impl ClientFile {
    /// Reads the YAML `text` of a client's file; `name` stands before an error.
    pub fn parse(text: &str, name: &str) -> Result<Self, FileError> {
        super::parse(text, name)
    }
}

impl File for ClientFile {
    const WHAT: &'static str = "the keys of a client's file, such as `server_port: 8080`";
    const EXCLUSIVE: strict::Exclusive = &[];
    type Keys = ClientKeys;

    fn of(keys: ClientKeys) -> Self {
        Self {
            protocol: keys.protocol.map_or(Protocol::WebSocket, |Scalar(protocol)| protocol),
            server_addr: keys.server_addr.map_or_else(|| SERVER_ADDR.to_owned(), |Scalar(Host(host))| host),
            server_port: keys.server_port.map_or(SERVER_PORT, |Scalar(Port(port))| port),
            payload_size: keys.payload_size.map_or(PAYLOAD_SIZE, |Scalar(Size(size))| size),
            requests_per_second: keys.requests_per_second.map_or(RequestRate::ONE, |Scalar(rate)| rate),
            requests_total: keys.requests_total.map_or(REQUESTS_TOTAL, |Scalar(Count(total))| total),
            buffers: keys.buffers.map_or(Buffers::Auto, |Scalar(buffers)| buffers),
            seed: keys.seed.map(|Scalar(Count(seed))| seed),
            user_timeout: keys.user_timeout.map(|Scalar(Time(timeout))| timeout),
        }
    }
}
