//! What a client may ask of a server.

use scenario::LIMITS;
use socket::Buffers;
use std::time::Duration;
use units::{ByteSize, Span};
use wire::{FRAME_HEADER, Plan};

/// The bounds of one server.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Connections at a time: each keeps its place until it ends, whether its opening is awaited or it is a stream, a
    /// control connection or a guest.
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
        // The control connection has a place too.
        let places = (plan.at_once as usize).saturating_add(1);
        let most = self.connections.min(self.streams.saturating_add(1));
        if places > most {
            return Some(format!(
                "it has places for {most} connections, and {} streams with their control connection need {places}; \
                 start it with --connections {places} or more",
                plan.at_once
            ));
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use trace::Direction;
    use wire::TrickleShape;

    fn plan(at_once: u32) -> Plan {
        let message = ByteSize::kib(64);
        Plan {
            direction: Direction::Upload,
            message,
            buffers: Buffers::Auto,
            rate: None,
            check_payloads: true,
            seed: 1,
            trickle: TrickleShape { messages: 40, spacing: Span(Duration::from_millis(20)), message },
            sample: Span(Duration::from_millis(1)),
            stall_max: Span(Duration::from_mins(1)),
            total_max: Span(Duration::from_mins(10)),
            bytes_max: ByteSize::mib(1),
            user_timeout: None,
            at_once,
            producer_to_consumer: 0,
        }
    }

    #[test]
    fn more_streams_at_once_than_there_are_places_beside_control_are_refused_beforehand() {
        let limits = ServerLimits::default();
        assert_eq!(limits.objection(&plan(511)), None);
        let objection = limits.objection(&plan(512)).unwrap();
        assert!(objection.ends_with("start it with --connections 513 or more"), "{objection}");
        let roomy = limits.for_connections(2_000);
        assert_eq!(roomy.objection(&plan(1_000)), None);
        let few = ServerLimits { streams: 100, ..roomy };
        assert!(few.objection(&plan(101)).is_some() && few.objection(&plan(100)).is_none());
    }
}
