//! What a client may ask of a server.

use scenario::LIMITS;
use socket::Buffers;
use std::time::Duration;
use units::{ByteSize, Span};
use wire::{FRAME_HEADER, Plan};

/// The bounds of one server.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Connections whose opening is awaited, and control connections, in all.
    pub connections: usize,
    /// Those of them that may come from one address.
    pub connections_per_address: usize,
    /// Streams of one run at a time.
    pub streams: usize,
    /// Runs at a time.
    pub runs: usize,
    /// The largest message.
    pub message: ByteSize,
    /// The most bytes of one stream.
    pub bytes: ByteSize,
    /// The longest that one stream may take.
    pub duration: Duration,
    /// How long a connection may take to say what it is.
    pub opening: Duration,
    /// How long running streams are waited for at shutdown.
    pub drain: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 512,
            connections_per_address: usize::MAX,
            streams: 512,
            runs: 64,
            message: LIMITS.message_max,
            bytes: LIMITS.stream_max,
            duration: Duration::from_hours(4),
            opening: Duration::from_secs(5),
            drain: Duration::from_secs(5),
        }
    }
}

impl ServerLimits {
    /// With room for at least so many connections, all of which may be streams of one run.
    #[must_use]
    pub fn for_connections(self, connections: usize) -> Self {
        Self {
            connections: self.connections.max(connections),
            streams: self.streams.max(connections),
            ..self
        }
    }

    /// Why `plan` is not granted; `None` when it is.
    pub(crate) fn objection(&self, plan: &Plan) -> Option<String> {
        let smallest = ByteSize::bytes(FRAME_HEADER as u64);
        let messages = [plan.message, plan.trickle.message];
        if messages.iter().any(|message| !(smallest..=self.message).contains(message)) {
            return Some(format!("messages must have {smallest} to {}", self.message));
        }
        if plan.bytes_max > self.bytes {
            return Some(format!("a stream may carry at most {}", self.bytes));
        }
        if plan.total_max.0 > self.duration || plan.stall_max.0 > self.duration {
            return Some(format!("a stream may take at most {} s", self.duration.as_secs()));
        }
        if plan.trickle.messages > 10_000 || plan.trickle.spacing.0 > self.duration {
            return Some("a trickle has at most 10000 messages".to_owned());
        }
        let (shortest, longest) = LIMITS.sample;
        if !(shortest..=longest).contains(&plan.sample.0) {
            return Some(format!("samples may be taken every {} to {}", Span(shortest), Span(longest)));
        }
        let (_, largest) = LIMITS.buffers;
        if matches!(plan.buffers, Buffers::Fixed(size) if size > largest) {
            return Some(format!("socket buffers may have {largest} at most"));
        }
        None
    }
}
