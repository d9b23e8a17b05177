//! Byte streams with a gate and counters.
//!
//! Whatever framing, encryption or HTTP lies above: bytes pass here last on their way to the kernel and first
//! on their way from it. A closed gate makes "the consumer reads nothing" exact, and the counters see all.

mod counters;
mod exchange;
mod gate;
mod handshake;
mod line;
#[cfg(test)]
mod loopback;
mod messages;
mod service;
mod socket;
mod stream;
mod tcp;
mod tls;
mod websocket;
mod wire;

pub use self::socket::SocketHandle;
pub use counters::Counters;
pub use gate::Gate;
pub use handshake::{HandshakeError, WebSocketUpgrade, connect, connect_messages, upgrade};
pub use line::read_line;
pub use messages::{Messages, Sent};
pub use service::connect_service;
pub use stream::Stream;
pub use tls::{OwnCertificate, TlsClient, TlsError, TlsServer, TlsSetupError, host};
pub use websocket::Received;
pub use wire::Wire;
