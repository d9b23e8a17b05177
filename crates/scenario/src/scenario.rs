//! The scenario of a check, and how a draft of options becomes one.

mod company;
mod usual;

use crate::bounds::{LIMITS, ScenarioError, size, time};
use crate::ramp::Ramp;
use crate::service::Service;
use crate::token::Token;
use crate::transport::{Tls, Transport};
use serde::{Deserialize, Serialize};
use socket::Buffers;
use std::net::SocketAddr;
use std::time::Duration;
use trace::{Direction, Verdict};
use units::{ByteRate, ByteSize, Ratio, Span};

/// What lies between client and server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topology {
    /// Both in this process, nothing between them.
    Loopback,
    /// Both in this process; the server listens on `listen`, the client dials `via`, or the server where that is none.
    Via {
        /// The middlebox's upstream.
        listen: SocketAddr,
        /// The middlebox, `HOST:PORT`.
        via: Option<String>,
    },
    /// The server runs elsewhere, at `HOST:PORT`.
    Target {
        /// Where it can be reached, through whatever lies between.
        address: String,
    },
    /// The other end is a service that is not ours.
    Service(Service),
}

/// Whether payloads are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Integrity {
    /// Every byte.
    Full,
    /// Frame headers only.
    Off,
}

/// What the figures must meet for the check to end with exit code 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expectations {
    /// The verdict of every direction.
    pub verdict: Verdict,
    /// At most this much absorbed in all.
    pub max_absorbed: Option<ByteSize>,
    /// At most this much absorbed by the path itself, what may have been taken out of its share with frame headers included.
    pub max_path: Option<ByteSize>,
    /// The last write at most this long after the stall began.
    pub max_onset: Option<Span>,
    /// The first write at most this long after the resume.
    pub max_release: Option<Span>,
    /// No trickle message held longer than this.
    pub max_trickle: Option<Span>,
    /// At least this rate in the baseline.
    pub min_baseline: Option<ByteRate>,
    /// The neighbours at most so many times slower in the stall than before.
    #[serde(default)]
    pub max_neighbour_slowdown: Option<Ratio>,
}

/// A check as it will be run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// What lies between client and server.
    pub topology: Topology,
    /// What carries the streams.
    #[serde(default = "tcp")]
    pub transport: Transport,
    /// How they are encrypted; none: not at all.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// What is shown to a server that does not serve everybody; it is not recorded.
    #[serde(skip)]
    pub token: Option<Token>,
    /// The directions to measure, one after the other.
    pub directions: Vec<Direction>,
    /// Bytes in the path at which the verdict is `absorbs`.
    pub limit: ByteSize,
    /// How long the producer must stay blocked.
    pub hold: Span,
    /// How long full speed lasts before the stall; 0: the consumer never reads at full speed before it.
    pub baseline: Span,
    /// Stall and hold together last at most this long.
    pub deadline: Span,
    /// Socket buffers of both ends.
    pub buffers: Buffers,
    /// Bytes carried at full speed before the baseline begins.
    pub warm_up: ByteSize,
    /// Size of a message, its header included.
    pub message: ByteSize,
    /// Pace of the producer; none: as fast as it can.
    pub rate: Option<ByteRate>,
    /// Time between two samples.
    pub sample: Span,
    /// Whether payloads are checked.
    pub integrity: Integrity,
    /// `TCP_USER_TIMEOUT` on the producer.
    pub user_timeout: Option<Span>,
    /// After the recovery the consumer reads at this share of the baseline's rate.
    #[serde(default)]
    pub slow: Option<Ratio>,
    /// Connections that are measured at once, each of them stalled.
    #[serde(default = "one")]
    pub connections: u32,
    /// How fast they are opened.
    #[serde(default = "hundred")]
    pub ramp: Ramp,
    /// Healthy connections that are measured beside the stalled one.
    #[serde(default)]
    pub neighbours: u32,
    /// Reaches every random choice.
    pub seed: u64,
    /// How often all of it is run.
    pub repeat: u32,
    /// What the figures must meet.
    pub expectations: Expectations,
}

/// What recordings were made over before they said so.
fn tcp() -> Transport {
    Transport::Tcp
}

fn one() -> u32 {
    1
}

fn hundred() -> Ramp {
    Ramp::HUNDRED
}

impl Scenario {
    /// At most this many bytes frame `payload` bytes that run this way.
    pub fn framing(&self, payload: u64, direction: Direction) -> u64 {
        let framing = self.transport.framing(payload, self.message, direction);
        let tls = self.tls.as_ref().map_or(0, |_| Tls::framing(payload + framing, self.message));
        framing + tls
    }

    /// What carries the streams, as it is told people.
    pub fn carriage(&self) -> String {
        let unchecked =
            if self.tls.as_ref().is_some_and(|tls| tls.insecure) { ", certificate unchecked" } else { "" };
        match (&self.transport, &self.tls) {
            (transport, None) => transport.to_string(),
            (Transport::Tcp, Some(_)) => format!("tls{unchecked}"),
            (transport, Some(_)) => format!("{transport} over tls{unchecked}"),
        }
    }

    /// Itself, once every value is within [`LIMITS`] and goes with the others.
    pub fn validated(self) -> Result<Self, ScenarioError> {
        size("--message", self.message, LIMITS.message_min, LIMITS.message_max)?;
        if let Buffers::Fixed(buffers) = self.buffers {
            size("--buffers", buffers, LIMITS.buffers.0, LIMITS.buffers.1)?;
        }
        size("--limit", self.limit, self.message, LIMITS.limit_max)?;
        size("--warm-up", self.warm_up, ByteSize::bytes(0), LIMITS.limit_max)?;
        if let Some(length) = self.transport.announced() {
            size("--http-length", length, LIMITS.http_length.0, LIMITS.http_length.1)?;
        }
        let second = Duration::from_secs(1);
        time("--hold", self.hold, second / 10, LIMITS.phase_max)?;
        time("--baseline", self.baseline, Duration::ZERO, LIMITS.phase_max)?;
        time("--deadline", self.deadline, second, LIMITS.phase_max)?;
        time("--sample", self.sample, LIMITS.sample.0, LIMITS.sample.1)?;
        if let Some(timeout) = self.user_timeout {
            time("--user-timeout", timeout, second / 100, LIMITS.phase_max)?;
        }
        if self.rate.is_some_and(|rate| rate.as_u64() == 0) {
            return Err(ScenarioError::Conflict("--rate must be above 0; leave it out for full speed"));
        }
        let pace = self.rate.and_then(|rate| rate.time_for(self.message));
        if let Some(pace) = pace.filter(|pace| *pace > LIMITS.pace_max) {
            return Err(ScenarioError::OutOfRange {
                option: "--rate",
                given: format!("one message of {} every {}", self.message, Span(pace)),
                range: format!("one every {} at least: choose a smaller --message", Span(LIMITS.pace_max)),
            });
        }
        if !(1..=LIMITS.repeat_max).contains(&self.repeat) {
            let range = format!("1 to {}", LIMITS.repeat_max);
            return Err(ScenarioError::OutOfRange {
                option: "--repeat",
                given: self.repeat.to_string(),
                range,
            });
        }
        if self.warm_up.as_u64() > 0 && self.baseline.0.is_zero() {
            return Err(ScenarioError::Conflict("--warm-up needs a --baseline longer than 0"));
        }
        self.validate_company()?;
        if self.deadline.0 < self.hold.0 + second {
            return Err(ScenarioError::Conflict(
                "--deadline covers stall and hold together, so it must be at least 1s longer than --hold",
            ));
        }
        if let Topology::Service(service) = &self.topology {
            service.validate(&self)?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_outside_its_bounds_names_the_option_and_the_range() {
        let error = Scenario { message: ByteSize::bytes(64), ..Scenario::usual() }.validated().unwrap_err();
        assert_eq!(error.to_string(), "--message is 64 B; it must be 128 B to 16 MiB");
    }

    #[test]
    fn a_limit_below_one_message_is_refused() {
        let draft = Scenario { limit: ByteSize::kib(1), ..Scenario::usual() };
        assert!(draft.validated().is_err());
    }

    #[test]
    fn a_pace_that_looks_like_pauses_is_refused() {
        let draft = Scenario { rate: Some(ByteRate::bytes_per_second(8000)), ..Scenario::usual() };
        let error = draft.validated().unwrap_err().to_string();
        assert!(error.contains("choose a smaller --message"), "{error}");
    }

    #[test]
    fn a_deadline_within_the_hold_is_refused() {
        let draft = Scenario { deadline: Span(Duration::from_secs(2)), ..Scenario::usual() };
        assert!(draft.validated().is_err());
    }

    #[test]
    fn a_scenario_comes_back_from_its_recording() {
        let scenario = Scenario::usual().validated().unwrap();
        let text = serde_json::to_string(&scenario).unwrap();
        assert_eq!(serde_json::from_str::<Scenario>(&text).unwrap(), scenario);
    }
}
