//! Byte streams with a gate and counters.
//!
//! Whatever framing, encryption or HTTP lies above: bytes pass here last on their way to the kernel and first
//! on their way from it. A closed gate makes "the consumer reads nothing" exact, and the counters see all.

mod carrier;
mod close;
mod counters;
mod gate;
mod handshake_error;
mod http;
mod line;
#[cfg(test)]
mod loopback;
mod messages;
mod opening;
mod service;
mod socket;
mod stream;
mod tcp;
mod tls;
mod websocket;
mod wire;

pub use self::socket::SocketHandle;
pub use self::wire::Wire;
pub use close::Close;
pub use counters::Counters;
pub use gate::Gate;
pub use handshake_error::HandshakeError;
pub use http::{
    Apart, CONNECTION_WINDOW, Carried, Connection, Exchanges, PIECE, Refusal, ResponseBody, STREAM_WINDOW,
    Tasks, accept,
};
pub use line::read_line;
pub use messages::{Messages, Sent};
pub use opening::{Answer, Place, open};
pub use service::connect_service;
pub use stream::Stream;
pub use tls::{OwnCertificate, Remedies, TlsClient, TlsError, TlsServer, TlsSetupError, host};
pub use websocket::{Received, WebSocketUpgrade, connect_messages, upgrade};
