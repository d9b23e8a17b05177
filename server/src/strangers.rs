//! Peers that come for no check: clients of a pair, ours or go-backpressure's, whose bytes are read by the plan of a file.

mod consume;
mod parameters;
mod source;

use consume::{Ending, consume};
use parameters::{Parameters, Progress};
use report::Lines;
use scenario::Reader;
use scenario::files::{Protocol, Reads};
use socket2::{SockRef, TcpKeepalive};
use source::{Bytes, Whole};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};
use transport::{Messages, Received, SocketHandle, Wire};
use units::{ByteSize, Clock};

/// How peers are served that come for no check.
#[derive(Debug, Clone)]
pub struct Strangers {
    /// What they may speak; none: either.
    pub protocol: Option<Protocol>,
    /// How each of them is read.
    pub reads: Reads,
    /// The largest WebSocket message that is taken.
    pub message_max: ByteSize,
    /// Where each read is told.
    pub lines: Lines,
}

/// Those of them who are here.
#[derive(Debug)]
pub(crate) struct Guests {
    strangers: Strangers,
    clock: Clock,
    leave: CancellationToken,
    here: TaskTracker,
}

/// The server goes away (RFC 6455 §7.4.1).
const GOING_AWAY: u16 = 1001;
/// The first message is not what it must be.
const POLICY_VIOLATION: u16 = 1008;

/// How long a peer is given to answer a goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

/// A peer whose machine is gone is noticed after 30 s, for a stalled reader sends nothing that would be missed.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(15))
    .with_interval(Duration::from_secs(5))
    .with_retries(3);

impl Guests {
    pub(crate) fn new(strangers: Strangers, clock: Clock) -> Self {
        Self { strangers, clock, leave: CancellationToken::new(), here: TaskTracker::new() }
    }

    /// Whether peers are served that speak `protocol`.
    pub(crate) fn take(&self, protocol: Protocol) -> bool {
        self.strangers.protocol.is_none_or(|only| only == protocol)
    }

    /// The largest message that is taken.
    pub(crate) fn message_max(&self) -> ByteSize {
        self.strangers.message_max
    }

    /// Says goodbye to all of them.
    pub(crate) fn leave(&self) {
        self.leave.cancel();
    }

    /// Some are not gone yet.
    pub(crate) fn are_here(&self) -> bool {
        !self.here.is_empty()
    }

    /// Reads bytes without any header, and never writes.
    pub(crate) async fn serve_bytes(&self, wire: Wire, peer: SocketAddr) {
        let _here = self.here.token();
        info!(%peer, "raw TCP begins");
        keep_alive(&wire.handle());
        let reader = Reader::new(&self.strangers.reads.plan(), self.clock.now());
        let mut source = Bytes::new(wire);
        let lines = &self.strangers.lines;
        let mut all = 0;
        let told = |bytes: usize| {
            all += bytes as u64;
            lines.say(format!("read {bytes} bytes"));
        };
        let ending = tokio::select! {
            ending = consume(&mut source, reader, self.clock, told) => ending,
            () = self.leave.cancelled() => Ending::ServerLeaves,
        };
        info!(%peer, bytes = all, %ending, "raw TCP is over");
    }

    /// Reads the messages of a session whose parameters came as its `first` message.
    pub(crate) async fn serve_messages(&self, messages: Messages, first: &Received, peer: SocketAddr) {
        let _here = self.here.token();
        let parameters = match first {
            Received::Close(_) | Received::End => return debug!(%peer, "closed before it said anything"),
            _ if !self.take(Protocol::WebSocket) => Err("this server is told to speak raw TCP".to_owned()),
            Received::Text(text) => Parameters::parse(text),
            Received::Binary(_) => Err("it is binary".to_owned()),
        };
        match parameters {
            Ok(parameters) => self.read_messages(messages, parameters, peer).await,
            Err(reason) => {
                info!(%peer, %reason, "stranger: its first message begins no session: closed");
                say_goodbye(messages, POLICY_VIOLATION, "the first message begins no session").await;
            }
        }
    }

    async fn read_messages(&self, messages: Messages, parameters: Parameters, peer: SocketAddr) {
        info!(%peer, payload = parameters.payload_size, requests = parameters.requests_total, "session begins");
        keep_alive(&messages.socket());
        let reads = &self.strangers.reads;
        let reader = Reader::new(&reads.plan_of_messages(), self.clock.now());
        let at_once = match reads {
            Reads::Pausing { bufsize, .. } => usize::try_from(bufsize.as_u64()).ok(),
            Reads::Plan(_) => None,
        };
        let mut source = Whole::new(messages, at_once);
        let lines = &self.strangers.lines;
        let mut progress = Progress::of(parameters);
        let told = |bytes: usize| lines.say(progress.read(bytes));
        let ending = tokio::select! {
            ending = consume(&mut source, reader, self.clock, told) => ending,
            () = self.leave.cancelled() => Ending::ServerLeaves,
        };
        info!(%peer, bytes = progress.received(), %ending, "session is over");
        match &ending {
            Ending::Close(code) => {
                lines.say(parameters::goodbye(*code));
                let answered = timeout(FAREWELL, source.into_messages().flush()).await;
                debug!(%peer, ?answered, "goodbye was answered");
            }
            Ending::ServerLeaves => {
                say_goodbye(source.into_messages(), GOING_AWAY, "the server ends").await;
            }
            Ending::Fin | Ending::Gone(_) => {}
            Ending::Failed(error) => warn!(%peer, %error, "a session failed"),
        }
    }
}

fn keep_alive(socket: &SocketHandle) {
    if let Err(error) = SockRef::from(socket).set_tcp_keepalive(&KEEPALIVE) {
        debug!(%error, "a peer that vanishes will not be noticed");
    }
}

/// Closes, and reads what is still on its way, so that the kernel does not answer it with a reset that overtakes the goodbye.
async fn say_goodbye(mut messages: Messages, code: u16, reason: &str) {
    messages.socket().limit_reads(usize::MAX);
    let farewell = async {
        messages.close(code, reason).await?;
        while !matches!(messages.next().await?, Received::Close(_) | Received::End) {}
        Ok::<_, std::io::Error>(())
    };
    match timeout(FAREWELL, farewell).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "lost while it said goodbye"),
        Err(_) => debug!("a peer did not answer a goodbye in time"),
    }
}
