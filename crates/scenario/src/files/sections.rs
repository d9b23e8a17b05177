//! Keys that stand below another key.

use super::FileMistake;
use super::network::Host;
use super::number::{Count, PHASE_MAX_MS, Size, Time};
use super::phases::{PhaseKeys, Phases};
use super::strict::{self, Exclusive};
use super::value::Scalar;
use crate::bounds::LIMITS;
use crate::read_plan::ReadPlan;
use crate::transport::Tls;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use units::{ByteRate, ByteSize, Span};

/// Keys that stand below another key.
pub(super) trait Keys: for<'de> Deserialize<'de> {
    /// What they are, as a sentence goes on after "expected".
    const WHAT: &'static str;
    /// Those that do not go together.
    const EXCLUSIVE: Exclusive = &[];
}

/// The keys `K` below another key, each mistake reported where it stands.
#[derive(Debug)]
pub(super) struct Section<K>(pub(super) K);

impl<'de, K: Keys> Deserialize<'de> for Section<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SectionVisitor(PhantomData)).map(Self)
    }
}

struct SectionVisitor<K>(PhantomData<K>);

impl<'de, K: Keys> Visitor<'de> for SectionVisitor<K> {
    type Value = K;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::WHAT)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<K, A::Error> {
        strict::keys(map, K::EXCLUSIVE)
    }
}

impl<K: JsonSchema> JsonSchema for Section<K> {
    fn schema_name() -> Cow<'static, str> {
        K::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        K::json_schema(generator)
    }
}

/// Connections that are read by a plan of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slow {
    /// How many, from the first.
    pub connections: u64,
    /// How each of them is read.
    pub plan: ReadPlan,
}

/// The first connections, which are read otherwise than the rest: one slow of many.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Slow")]
pub(super) struct SlowKeys {
    /// How many connections, from the first: 1 to 100000. By default 1.
    connections: Option<Scalar<Count<1, 100_000>>>,
    /// The plan by which each of them is read, 1 to 1000 phases.
    #[schemars(with = "Option<Vec<PhaseKeys>>", length(min = 1, max = 1000))]
    read: Option<Phases>,
}

impl Keys for SlowKeys {
    const WHAT: &'static str = "keys such as `{connections: 1, read: [{rate: 0}]}`";
}

impl SlowKeys {
    pub(super) fn resolved(self) -> Result<Slow, FileMistake> {
        let Some(Phases(plan)) = self.read else {
            return Err(FileMistake { key: "slow", message: "needs `read`, a list of phases".to_owned() });
        };
        Ok(Slow { connections: self.connections.map_or(1, |Scalar(Count(number))| number), plan })
    }
}

/// What ends a connection before its time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// How long it may stand still.
    pub idle: Option<Span>,
    /// The most bytes that it may carry.
    pub bytes: Option<ByteSize>,
    /// How long it may last.
    pub duration: Option<Span>,
}

/// What ends a connection before its time; by default nothing does.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Limits")]
pub(super) struct LimitKeys {
    /// How long a connection may stand still, 10 ms to 1 h: a consumer that gets and reads nothing, a producer's write of which
    /// not a byte gets on. By default for ever, as long as its peer is there; a server's for the first byte of raw TCP: 5 min.
    idle: Option<Scalar<Time<10, PHASE_MAX_MS, false>>>,
    /// The most bytes that a connection may carry, 1 B to 1 TiB, such as `1GiB`. By default any number.
    bytes: Option<Scalar<Size<1, { LIMITS.stream_max.as_u64() }, false>>>,
    /// How long a connection may last, 10 ms to 24 h, such as `10m`. By default for ever.
    duration: Option<Scalar<Time<10, { LIMITS.duration_max.as_secs() * 1000 }, false>>>,
}

impl Keys for LimitKeys {
    const WHAT: &'static str = "keys such as `{idle: 30s, bytes: 1GiB}`";
}

impl LimitKeys {
    pub(super) fn resolved(self) -> Limits {
        Limits {
            idle: self.idle.map(|Scalar(Time(idle))| idle),
            bytes: self.bytes.map(|Scalar(Size(bytes))| bytes),
            duration: self.duration.map(|Scalar(Time(duration))| duration),
        }
    }
}

/// How the client's connections are encrypted, and whom it trusts; `{}` where nothing is to be said of that.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Tls")]
pub(super) struct TlsKeys {
    /// A file of certificates (PEM) that are trusted instead of the system's, such as `ca.pem`. By default the system's are.
    ca: Option<Scalar<PathBuf>>,
    /// `true` to trust whoever answers: the server's certificate is not checked. By default `false`.
    insecure: Option<Scalar<bool>>,
    /// The name to ask for (SNI) and to look for in the certificate. By default that of `server_addr`.
    sni: Option<Scalar<Host>>,
}

impl Keys for TlsKeys {
    const WHAT: &'static str = "keys such as `{ca: ca.pem}`, or `{}`";
    const EXCLUSIVE: Exclusive = &[("ca", "insecure")];
}

impl TlsKeys {
    pub(super) fn resolved(self) -> Tls {
        Tls {
            ca: self.ca.map(|Scalar(path)| path),
            insecure: self.insecure.is_some_and(|Scalar(insecure)| insecure),
            sni: self.sni.map(|Scalar(Host(name))| name),
        }
    }
}

/// What a client's figures must be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PairExpectations {
    /// The longest write stall, at most.
    pub max_write_stall: Option<Span>,
    /// The longest write stall, at least.
    pub min_write_stall: Option<Span>,
    /// The send latency that one request in a hundred exceeds, at most.
    pub max_latency: Option<Span>,
    /// The rate of all connections together, at least.
    pub min_rate: Option<ByteRate>,
    /// The bytes of all connections together, at least.
    pub min_bytes: Option<ByteSize>,
    /// Whether a closed window is to be seen.
    pub zero_window: Option<Seen>,
}

/// Whether something is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It is.
    Seen,
    /// It is not.
    None,
}

/// What the figures must be; where they are not, the exit code is 1.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Expectations")]
pub(super) struct ExpectKeys {
    /// Producer: the longest write stall, at most: 0 to 1 h, such as `500ms`. By default any.
    max_write_stall: Option<Scalar<Time<0, PHASE_MAX_MS, false>>>,
    /// Producer: the longest write stall, at least: 0 to 1 h, such as `1s`, where backpressure must show. By default any.
    min_write_stall: Option<Scalar<Time<0, PHASE_MAX_MS, false>>>,
    /// Producer: the 99th percentile of the send latency, at most: 0 to 1 h, such as `100ms`. By default any.
    max_latency: Option<Scalar<Time<0, PHASE_MAX_MS, false>>>,
    /// The rate of all connections together, at least, such as `1MB/s`. By default any.
    min_rate: Option<Scalar<ByteRate>>,
    /// The bytes of all connections together, at least: 1 B to 1 TiB, such as `200KiB`. By default any.
    min_bytes: Option<Scalar<Size<1, { LIMITS.stream_max.as_u64() }, false>>>,
    /// Whether the consumer's window is closed at some time: `seen` or `none`. By default either.
    zero_window: Option<Scalar<Seen>>,
}

impl Keys for ExpectKeys {
    const WHAT: &'static str = "keys such as `{max_write_stall: 500ms, zero_window: none}`";
}

impl ExpectKeys {
    pub(super) fn resolved(&self) -> PairExpectations {
        let time = |given: Option<Scalar<Time<0, PHASE_MAX_MS, false>>>| given.map(|Scalar(Time(time))| time);
        PairExpectations {
            max_write_stall: time(self.max_write_stall),
            min_write_stall: time(self.min_write_stall),
            max_latency: time(self.max_latency),
            min_rate: self.min_rate.map(|Scalar(rate)| rate),
            min_bytes: self.min_bytes.map(|Scalar(Size(bytes))| bytes),
            zero_window: self.zero_window.map(|Scalar(seen)| seen),
        }
    }

    /// A key that only a producer's figures can meet, where one is given.
    pub(super) fn of_producers(&self) -> Option<&'static str> {
        let times = [
            ("max_write_stall", self.max_write_stall),
            ("min_write_stall", self.min_write_stall),
            ("max_latency", self.max_latency),
        ];
        times.into_iter().find(|(_, given)| given.is_some()).map(|(key, _)| key)
    }
}
