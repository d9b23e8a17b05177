//! What both files can say: what an end sends, or how it reads.

use super::number::{Count, PHASE_MAX_MS, Size, Time};
use super::path::Folder;
use super::phases::Phases;
use super::sections::{LimitKeys, Limits, Section, Slow, SlowKeys};
use super::value::Scalar;
use super::{FileMistake, Reads};
use crate::bounds::LIMITS;
use crate::production::{Production, RequestPace};
use crate::request_rate::RequestRate;
use socket::Buffers;
use std::path::PathBuf;
use std::time::Duration;
use trace::Direction;
use units::{ByteRate, ByteSize, Span};

/// What is true of either end of a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct PairEnd {
    /// Which end produces: with an upload the client.
    pub direction: Direction,
    /// What it sends, where it produces.
    pub production: Production,
    /// How it reads, where it consumes.
    pub reads: Reads,
    /// Some connections that are read otherwise.
    pub slow: Option<Slow>,
    /// Its socket buffers.
    pub buffers: Buffers,
    /// Reaches every random choice; none: another one each time.
    pub seed: Option<u64>,
    /// `TCP_USER_TIMEOUT` on its sockets; none: the kernel's.
    pub user_timeout: Option<Span>,
    /// What ends a connection before its time.
    pub limits: Limits,
    /// The folder of the recording; none: nothing is recorded.
    pub output: Option<PathBuf>,
}

/// The keys of a struct, and those that both files know: documented once.
macro_rules! keys_of_an_end {
    ($(#[$about:meta])* $name:ident { $($(#[$note:meta])* $key:ident: $kind:ty,)* }) => {
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        $(#[$about])*
        pub(super) struct $name {
            $($(#[$note])* $key: $kind,)*
            /// Which way the bytes go: `upload`, the default, from client to server, or `download`. Give both files the same.
            direction: Option<Scalar<trace::Direction>>,
            /// Producer: size of a request's payload, 1 B to 16 MiB: bytes, or with a unit such as `64KiB`. By default 1000.
            payload_size: Option<Scalar<end::PayloadSize>>,
            /// Producer: requests a second on each connection, 0.001 to 1000000000; 0: each follows the one before at once. By
            /// default 1. A request is due by the start, and not by the one before: what is late is sent at once.
            requests_per_second: Option<Scalar<crate::request_rate::RequestRate>>,
            /// Producer: bytes a second on each connection, such as `10MB/s`; instead of `requests_per_second`.
            rate: Option<Scalar<units::ByteRate>>,
            /// Producer: how many requests are made on each connection, 0 to 1000000000000. By default 5, or with `duration` as
            /// many as there is time for.
            requests_total: Option<Scalar<end::RequestsTotal>>,
            /// Producer: how long requests are made, 1 ms to 24 h, such as `10s`. By default until all are made.
            duration: Option<Scalar<end::Long>>,
            /// Consumer: the most that one read of raw TCP takes, 1 B to 16 MiB: bytes, or with a unit such as `64KiB`. By
            /// default 64KiB. Does not set the socket's buffers.
            bufsize: Option<Scalar<end::ReadSize>>,
            /// Consumer: the pause after each read, over WebSocket after each whole message, 0 to 1 h: milliseconds, or with a
            /// unit such as `250ms`. By default 0.
            delay: Option<Scalar<end::Pause>>,
            /// Consumer: a plan by which each connection is read, 1 to 1000 phases; instead of `bufsize` and `delay`.
            #[schemars(with = "Option<Vec<PhaseKeys>>", length(min = 1, max = 1000))]
            read: Option<Phases>,
            /// Consumer: the first connections, read by a plan of their own.
            slow: Option<sections::Section<sections::SlowKeys>>,
            /// Size of the sockets' buffers, 1 KiB to 1023 MiB, such as `64KiB`; or `auto`, the default: the kernel grows them.
            buffers: Option<Scalar<socket::Buffers>>,
            /// Makes payloads and every other random choice the same again, 0 to 18446744073709551615. By default another one
            /// each time.
            seed: Option<Scalar<end::Seed>>,
            /// How long bytes may stay unacknowledged, or the peer's window closed, before the kernel ends the connection
            /// (`TCP_USER_TIMEOUT`), 10 ms to 1 h, such as `30s`. By default as the kernel has it.
            user_timeout: Option<Scalar<end::UserTimeout>>,
            /// What ends a connection before its time. By default nothing does.
            limits: Option<sections::Section<sections::LimitKeys>>,
            /// A folder for the recording, which is made, or is there and empty. By default nothing is recorded.
            output: Option<Scalar<path::Folder>>,
        }

        impl $name {
            /// The keys that both files know.
            fn end(&mut self) -> end::EndKeys {
                end::EndKeys {
                    direction: self.direction.take(),
                    payload_size: self.payload_size.take(),
                    requests_per_second: self.requests_per_second.take(),
                    rate: self.rate.take(),
                    requests_total: self.requests_total.take(),
                    duration: self.duration.take(),
                    bufsize: self.bufsize.take(),
                    delay: self.delay.take(),
                    read: self.read.take(),
                    slow: self.slow.take(),
                    buffers: self.buffers.take(),
                    seed: self.seed.take(),
                    user_timeout: self.user_timeout.take(),
                    limits: self.limits.take(),
                    output: self.output.take(),
                }
            }
        }
    };
}
pub(super) use keys_of_an_end;

pub(super) type PayloadSize = Size<1, { LIMITS.message_max.as_u64() }, true>;
pub(super) type RequestsTotal = Count<0, { LIMITS.requests_max }>;
pub(super) type Long = Time<1, { LIMITS.duration_max.as_secs() * 1000 }, false>;
pub(super) type ReadSize = Size<1, { LIMITS.read_max.as_u64() }, true>;
pub(super) type Pause = Time<0, PHASE_MAX_MS, true>;
pub(super) type Seed = Count<0, { u64::MAX }>;
pub(super) type UserTimeout = Time<10, PHASE_MAX_MS, false>;

/// The keys that both files know, as they were given.
#[derive(Debug)]
pub(super) struct EndKeys {
    pub(super) direction: Option<Scalar<Direction>>,
    pub(super) payload_size: Option<Scalar<PayloadSize>>,
    pub(super) requests_per_second: Option<Scalar<RequestRate>>,
    pub(super) rate: Option<Scalar<ByteRate>>,
    pub(super) requests_total: Option<Scalar<RequestsTotal>>,
    pub(super) duration: Option<Scalar<Long>>,
    pub(super) bufsize: Option<Scalar<ReadSize>>,
    pub(super) delay: Option<Scalar<Pause>>,
    pub(super) read: Option<Phases>,
    pub(super) slow: Option<Section<SlowKeys>>,
    pub(super) buffers: Option<Scalar<Buffers>>,
    pub(super) seed: Option<Scalar<Seed>>,
    pub(super) user_timeout: Option<Scalar<UserTimeout>>,
    pub(super) limits: Option<Section<LimitKeys>>,
    pub(super) output: Option<Scalar<Folder>>,
}

/// Keys of both files that cannot both be given.
pub(super) const EXCLUSIVE: [(&str, &str); 3] =
    [("bufsize", "read"), ("delay", "read"), ("requests_per_second", "rate")];

const PAYLOAD: ByteSize = ByteSize::bytes(1000);
const REQUESTS: u64 = 5;
const BUFSIZE: ByteSize = ByteSize::kib(64);

impl EndKeys {
    /// What they come to at the end that produces with this direction.
    pub(super) fn resolved(self, produces_with: Direction) -> Result<PairEnd, FileMistake> {
        let direction = self.direction.as_ref().map_or(Direction::Upload, |Scalar(direction)| *direction);
        self.fit(direction, direction == produces_with)?;
        let duration = self.duration.map(|Scalar(Time(duration))| duration);
        let by_default = if duration.is_some() { None } else { Some(REQUESTS) };
        let by_requests = self.requests_per_second.map_or(RequestRate::ONE, |Scalar(rate)| rate);
        let production = Production {
            payload: self.payload_size.map_or(PAYLOAD, |Scalar(Size(size))| size),
            pace: self
                .rate
                .map_or(RequestPace::Requests(by_requests), |Scalar(rate)| RequestPace::Bytes(rate)),
            requests: self.requests_total.map_or(by_default, |Scalar(Count(total))| Some(total)),
            duration,
        };
        let pausing = Reads::Pausing {
            bufsize: self.bufsize.map_or(BUFSIZE, |Scalar(Size(size))| size),
            delay: self.delay.map_or(Span(Duration::ZERO), |Scalar(Time(delay))| delay),
        };
        Ok(PairEnd {
            direction,
            production,
            reads: self.read.map_or(pausing, |Phases(plan)| Reads::Plan(plan)),
            slow: self.slow.map(|Section(keys)| keys.resolved()).transpose()?,
            buffers: self.buffers.map_or(Buffers::Auto, |Scalar(buffers)| buffers),
            seed: self.seed.map(|Scalar(Count(seed))| seed),
            user_timeout: self.user_timeout.map(|Scalar(Time(timeout))| timeout),
            limits: self.limits.map_or_else(Limits::default, |Section(keys)| keys.resolved()),
            output: self.output.map(|Scalar(Folder(folder))| folder),
        })
    }

    /// Whether each key that is given has an effect.
    fn fit(&self, direction: Direction, produces: bool) -> Result<(), FileMistake> {
        let of_producers = [
            ("payload_size", self.payload_size.is_some()),
            ("requests_per_second", self.requests_per_second.is_some()),
            ("rate", self.rate.is_some()),
            ("requests_total", self.requests_total.is_some()),
            ("duration", self.duration.is_some()),
        ];
        let of_consumers = [
            ("bufsize", self.bufsize.is_some()),
            ("delay", self.delay.is_some()),
            ("read", self.read.is_some()),
            ("slow", self.slow.is_some()),
        ];
        let (astray, does): (&[(&'static str, bool)], _) =
            if produces { (&of_consumers, "sends") } else { (&of_producers, "reads") };
        match astray.iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(FileMistake {
                key,
                message: format!("has no effect, for with `direction: {direction}` this end {does}"),
            }),
            None => Ok(()),
        }
    }
}
