//! Peers that come for no check: clients of a pair, ours or go-backpressure's, which are read or sent to as a file says.

mod parameters;
mod reading;
mod sending;
mod upload;

use endpoint::Meter;
use pair::{Collection, Finished, Goodbye, Watching};
use parameters::Parameters;
use report::Lines;
use scenario::files::{PairEnd, Protocol};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trace::{Direction, Role};
use tracing::{debug, info, warn};
use transport::{Close, Messages, Received, SocketHandle, Wire};
use units::{ByteSize, Clock, Span};
pub(crate) use upload::Upload;

/// How peers are served that come for no check.
#[derive(Debug, Clone)]
pub struct Strangers {
    /// What they may speak; none: either.
    pub protocol: Option<Protocol>,
    /// How each of them is read, or what it is sent.
    pub end: PairEnd,
    /// Reaches every random choice.
    pub seed: u64,
    /// The largest WebSocket message that is taken.
    pub message_max: ByteSize,
    /// Where each read, or request, is told.
    pub lines: Lines,
    /// How their connections are watched.
    pub watching: Watching,
    /// Where what became of them is kept, if anywhere.
    pub collection: Option<Arc<Mutex<Collection>>>,
}

impl Strangers {
    /// The part that a server plays towards them.
    pub fn role_of(direction: Direction) -> Role {
        direction.server_role()
    }
}

/// Those of them who are here.
#[derive(Debug)]
pub(crate) struct Guests {
    strangers: Strangers,
    clock: Clock,
    leave: CancellationToken,
    here: TaskTracker,
    /// How many have come so far.
    come: AtomicU32,
}

/// How a session begins.
const PARAMETERS: &str = r#"{"payloadSize":1000,"requestsTotal":5}"#;

/// How long a peer is given to answer a goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long a peer may take to say that it comes for a check, where the server speaks first.
const SPEAKS_FIRST: Duration = Duration::from_millis(300);

/// How long a peer may take to its first byte where nothing says for how long it may stand still. A go-backpressure server waits for
/// ever, which gives its places away to whoever connects and is silent.
const BEGINS: Duration = Duration::from_mins(5);

impl Guests {
    /// Nobody yet; what passes is added up in `meter`.
    pub(crate) fn new(mut strangers: Strangers, clock: Clock, meter: Arc<Meter>) -> Self {
        strangers.watching.meter = Some((meter, strangers.end.direction));
        let (leave, here) = (CancellationToken::new(), TaskTracker::new());
        Self { strangers, clock, leave, here, come: AtomicU32::new(0) }
    }

    /// Whether peers are served that speak `protocol`.
    pub(crate) fn take(&self, protocol: Protocol) -> bool {
        self.strangers.protocol.is_none_or(|only| only == protocol)
    }

    /// How long a peer that says nothing is waited for, before it is taken to listen; none: it must speak.
    pub(crate) fn speak_after(&self) -> Option<Duration> {
        self.sends().then_some(SPEAKS_FIRST)
    }

    /// How long a peer may take to its first byte.
    pub(crate) fn begins_within(&self) -> Duration {
        let limits = self.strangers.end.limits;
        let shortest = [limits.idle, limits.duration].into_iter().flatten().map(|limit| limit.0).min();
        self.speak_after().or(shortest).unwrap_or(BEGINS)
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

    /// Reads bytes without any header, and never writes; or the other way about.
    pub(crate) async fn serve_bytes(&self, wire: Wire, peer: SocketAddr) {
        let _here = self.here.token();
        info!(%peer, "raw TCP begins");
        prepare(&wire.handle(), self.strangers.end.user_timeout);
        if self.sends() {
            self.send(pair::Carrier::bytes(wire), peer, "raw TCP").await;
        } else {
            self.read_bytes(wire, peer).await;
        }
    }

    /// Reads the messages of a session whose parameters came as its `first` message; or sends to a peer, whatever it says, or
    /// nothing.
    pub(crate) async fn serve_messages(
        &self,
        messages: Messages,
        first: Option<&Received>,
        peer: SocketAddr,
    ) {
        let _here = self.here.token();
        let parameters = match first {
            Some(Received::Close(_) | Received::End) => {
                debug!(%peer, "closed before it said anything");
                return say_goodbye(messages, Goodbye::Answer).await;
            }
            _ if !self.take(Protocol::WebSocket) => {
                Err("this server is told to speak raw TCP (`protocol: tcp`)".to_owned())
            }
            _ if self.sends() => {
                info!(%peer, "session begins");
                prepare(&messages.socket(), self.strangers.end.user_timeout);
                let heard = first.filter(|first| begins_a_session(first)).map_or(0, Received::length);
                return self.send(pair::Carrier::messages(messages, heard as u64), peer, "session").await;
            }
            Some(Received::Text(text)) => Parameters::parse(text).map_err(|error| {
                format!("the first message begins no session, as {PARAMETERS} would: {error}")
            }),
            Some(Received::Binary(_)) => {
                Err(format!("the first message begins no session, as the text {PARAMETERS} would"))
            }
            None => Err("there is no first message".to_owned()),
        };
        match parameters {
            Ok(parameters) => {
                prepare(&messages.socket(), self.strangers.end.user_timeout);
                self.read_messages(messages, parameters, peer).await;
            }
            Err(reason) => {
                info!(%peer, %reason, "stranger: closed");
                refuse(messages, &reason).await;
            }
        }
    }

    /// They are sent to, and not read.
    pub(crate) fn sends(&self) -> bool {
        self.strangers.end.direction == Direction::Download
    }

    /// The number of the next one, from 1.
    fn number(&self) -> u32 {
        self.come.fetch_add(1, Relaxed).saturating_add(1)
    }

    fn keep(&self, finished: Finished) {
        if let Some(collection) = &self.strangers.collection {
            collection.lock().unwrap_or_else(PoisonError::into_inner).add(finished);
        }
    }
}

/// Whether somebody is about to send who says this first: others may ask for what they are sent.
fn begins_a_session(first: &Received) -> bool {
    matches!(first, Received::Text(text) if Parameters::parse(text).is_ok())
}

/// Sets what a guest's socket needs.
fn prepare(socket: &SocketHandle, user_timeout: Option<Span>) {
    pair::keep_alive(socket);
    if let Some(Err(error)) = user_timeout.map(|timeout| socket::set_user_timeout(socket, timeout.0)) {
        warn!(%error, "could not set TCP_USER_TIMEOUT");
    }
}

/// Tells a peer why its messages are not taken.
pub(crate) async fn refuse(messages: Messages, reason: &str) {
    say_goodbye(messages, Goodbye::Say(Close::new(Close::POLICY_VIOLATION, shortened(reason)))).await;
}

/// Says goodbye, and waits for the answer for as long as a peer is given to it.
pub(crate) async fn say_goodbye(messages: Messages, goodbye: Goodbye) {
    if let Err(error) = pair::leave_messages(messages, &goodbye, FAREWELL).await {
        debug!(%error, "a session did not end in order");
    }
}

/// As much of `reason` as a Close frame holds (RFC 6455 §5.5).
fn shortened(reason: &str) -> &str {
    reason.get(..reason.floor_char_boundary(123)).unwrap_or_default()
}
