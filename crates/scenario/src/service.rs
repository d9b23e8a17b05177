//! A service that is not ours, as a one-sided check meets it.

use crate::bounds::{LIMITS, ScenarioError, time};
use crate::scenario::{Integrity, Scenario};
use crate::transport::Transport;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use trace::Direction;
use units::{ByteSize, Span};

/// Where the service is, how it is spoken to, and which process it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// `HOST:PORT`, through whatever lies between.
    pub address: String,
    /// What is said before anything is read or written.
    pub first: Option<FirstMessage>,
    /// Its process on this machine, whose memory is watched.
    pub process: Option<u32>,
}

/// What a client says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FirstMessage {
    /// UTF-8.
    Text(String),
    /// Anything.
    Bytes(Vec<u8>),
}

impl FirstMessage {
    /// A text where the bytes are one.
    pub fn new(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|error| Self::Bytes(error.into_bytes()), Self::Text)
    }

    /// As it goes over TCP and HTTP.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// As it goes over WebSocket; only a text is its own.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
}

impl Service {
    /// What a one-sided check can do nothing with is refused.
    pub(crate) fn validate(&self, scenario: &Scenario) -> Result<(), ScenarioError> {
        let conflict = |sentence| Err(ScenarioError::Conflict(sentence));
        if scenario.rate.is_some() {
            return conflict("--rate paces a producer of ours; a one-sided check has none, or floods");
        }
        if scenario.integrity == Integrity::Off {
            return conflict("--integrity concerns payloads of ours; a one-sided check cannot check any");
        }
        if scenario.connections > 1 || scenario.neighbours > 0 || scenario.slow.is_some() {
            return conflict("--connections, --neighbours and --slow need a server of ours; leave them out");
        }
        let expectations = &scenario.expectations;
        if expectations.max_path.is_some() || expectations.max_trickle.is_some() {
            return conflict("--max-path and --max-trickle need both ends; a one-sided check has one");
        }
        if scenario.directions == [Direction::Download] {
            time("--baseline", scenario.baseline, LEAST_BASELINE, LIMITS.phase_max)?;
        } else {
            self.validate_upload(scenario)?;
        }
        match (&self.first, &scenario.transport) {
            (Some(first), _) if first.bytes().len() as u64 > LIMITS.file_max.as_u64() => {
                let given = ByteSize::bytes(first.bytes().len() as u64).to_string();
                let range = format!("at most {}", LIMITS.file_max);
                Err(ScenarioError::OutOfRange { option: "--send", given, range })
            }
            (Some(FirstMessage::Bytes(_)), Transport::WebSocket(_)) => {
                conflict("--send is no UTF-8; over WebSocket it goes out as a text message")
            }
            _ => Ok(()),
        }
    }

    fn validate_upload(&self, scenario: &Scenario) -> Result<(), ScenarioError> {
        let conflict = |sentence| Err(ScenarioError::Conflict(sentence));
        if scenario.warm_up.as_u64() > 0 || scenario.expectations.min_baseline.is_some() {
            return conflict("--warm-up and --min-baseline need a baseline; a one-sided upload has none");
        }
        if self.first.is_some() && matches!(scenario.transport, Transport::Http(_)) {
            return conflict("--send would be the body of the request, which a one-sided upload is itself");
        }
        Ok(())
    }
}

/// A live rate is not known after less.
const LEAST_BASELINE: Duration = Duration::from_millis(200);

/// The limit of a one-sided download where none is asked for: more than the kernels of both ends of one connection hold.
pub const SERVICE_LIMIT: ByteSize = ByteSize::mib(16);

/// How long a service may take to say anything.
pub const SERVICE_PATIENCE: Span = Span(Duration::from_secs(5));
