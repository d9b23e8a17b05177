//! The options of `check`, and the scenario they make.

mod encryption;
mod one_sided;
mod path;

use crate::arguments::Format;
use clap::{Args, ValueEnum};
use path::{PathOptions, Reach};
use scenario::{Expectations, Integrity, Ramp, SERVICE_LIMIT, Scenario, Share};
use socket::Buffers;
use std::path::PathBuf;
use trace::{Direction, Verdict};
use units::{ByteRate, ByteSize, Ratio, Span};

/// Options of `check`. Sizes, rates and durations carry their unit: `64KiB`, `10MB/s`, `250ms`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CheckOptions {
    #[command(flatten)]
    path: PathOptions,

    /// Bytes of a connection in the path at which the verdict is `absorbs`; less by default for many connections, and for a
    /// one-sided download 16MiB.
    /// [default: 256MiB]
    #[arg(long, value_name = "SIZE", env = "BACKPRESSURE_LIMIT", help_heading = "Phases")]
    limit: Option<ByteSize>,
    /// Full speed before the stall; 0s finds the path cold.
    #[arg(
        long,
        value_name = "TIME",
        default_value_t = Scenario::usual().baseline,
        env = "BACKPRESSURE_BASELINE",
        help_heading = "Phases"
    )]
    baseline: Span,
    /// How long the producer must stay blocked.
    #[arg(
        long,
        value_name = "TIME",
        default_value_t = Scenario::usual().hold,
        env = "BACKPRESSURE_HOLD",
        help_heading = "Phases"
    )]
    hold: Span,
    /// Stall and hold together last at most this long.
    #[arg(
        long,
        value_name = "TIME",
        default_value_t = Scenario::usual().deadline,
        env = "BACKPRESSURE_DEADLINE",
        help_heading = "Phases"
    )]
    deadline: Span,
    /// Bytes to carry before the baseline begins, so that autotuned buffers have grown.
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "0",
        env = "BACKPRESSURE_WARM_UP",
        help_heading = "Phases"
    )]
    warm_up: ByteSize,
    /// After the recovery, read at this share of the baseline's rate: does the producer follow?
    #[arg(long, value_name = "PERCENT", env = "BACKPRESSURE_SLOW", help_heading = "Phases")]
    slow: Option<Ratio>,
    /// Measure so many healthy connections through the same path too, before the stall and during it.
    #[arg(
        long,
        value_name = "K",
        default_value_t = Scenario::usual().neighbours,
        env = "BACKPRESSURE_NEIGHBOURS",
        help_heading = "Phases"
    )]
    neighbours: u32,
    /// Measure so many connections at once, each of them stalled: the worst one counts.
    #[arg(
        long,
        value_name = "N",
        default_value_t = Scenario::usual().connections,
        env = "BACKPRESSURE_CONNECTIONS",
        help_heading = "Phases"
    )]
    connections: u32,
    /// How fast these are opened.
    #[arg(
        long,
        value_name = "RATE",
        default_value_t = Scenario::usual().ramp,
        env = "BACKPRESSURE_RAMP",
        help_heading = "Phases"
    )]
    ramp: Ramp,
    /// How often to run all of it; the figures are medians then.
    #[arg(long, value_name = "N", default_value_t = Scenario::usual().repeat, env = "BACKPRESSURE_REPEAT", help_heading = "Phases")]
    repeat: u32,

    /// SO_SNDBUF and SO_RCVBUF of both ends; `auto` leaves them to the kernel; less by default for thousands of connections.
    /// [default: 64KiB]
    #[arg(long, value_name = "SIZE|auto", env = "BACKPRESSURE_BUFFERS", help_heading = "Stream")]
    buffers: Option<Buffers>,
    /// Size of a message, its 52-byte header included; less by default for many connections. [default: 64KiB]
    #[arg(long, value_name = "SIZE", env = "BACKPRESSURE_MESSAGE", help_heading = "Stream")]
    message: Option<ByteSize>,
    /// Pace the producer instead of letting it flood.
    #[arg(long, value_name = "RATE", env = "BACKPRESSURE_RATE", help_heading = "Stream")]
    rate: Option<ByteRate>,
    /// Check every payload byte, or only the frame headers.
    #[arg(long, value_enum, default_value_t = IntegrityOption::Full, env = "BACKPRESSURE_INTEGRITY", help_heading = "Stream")]
    integrity: IntegrityOption,
    /// TCP_USER_TIMEOUT on the producer; it kills connections that are merely backpressured, too.
    #[arg(long, value_name = "TIME", env = "BACKPRESSURE_USER_TIMEOUT", help_heading = "Stream")]
    user_timeout: Option<Span>,
    /// Reaches every random choice; taken at random when left out.
    #[arg(long, value_name = "N", env = "BACKPRESSURE_SEED", help_heading = "Stream")]
    seed: Option<u64>,
    /// Time between two samples of each socket; longer where so many sockets would take more than a twentieth of a core.
    #[arg(
        long,
        value_name = "TIME",
        default_value_t = Scenario::usual().sample,
        env = "BACKPRESSURE_SAMPLE",
        help_heading = "Stream"
    )]
    sample: Span,

    /// The verdict that every direction must have.
    #[arg(long, value_enum, value_name = "VERDICT", default_value_t = ExpectOption::Propagates, env = "BACKPRESSURE_EXPECT", help_heading = "Expectations")]
    expect: ExpectOption,
    /// Absorbed in all, at most.
    #[arg(long, value_name = "SIZE", env = "BACKPRESSURE_MAX_ABSORBED", help_heading = "Expectations")]
    max_absorbed: Option<ByteSize>,
    /// Absorbed by the path itself, at most, with the frame headers that its share may be too low by (`framing_bytes`).
    #[arg(long, value_name = "SIZE", env = "BACKPRESSURE_MAX_PATH", help_heading = "Expectations")]
    max_path: Option<ByteSize>,
    /// From the stall to the last write, at most.
    #[arg(long, value_name = "TIME", env = "BACKPRESSURE_MAX_ONSET", help_heading = "Expectations")]
    max_onset: Option<Span>,
    /// From the resume to the first write, at most.
    #[arg(long, value_name = "TIME", env = "BACKPRESSURE_MAX_RELEASE", help_heading = "Expectations")]
    max_release: Option<Span>,
    /// The longest that a trickle message may be held.
    #[arg(long, value_name = "TIME", env = "BACKPRESSURE_MAX_TRICKLE", help_heading = "Expectations")]
    max_trickle: Option<Span>,
    /// The baseline's rate, at least.
    #[arg(long, value_name = "RATE", env = "BACKPRESSURE_MIN_BASELINE", help_heading = "Expectations")]
    min_baseline: Option<ByteRate>,
    /// How many times slower the neighbours may be during the stall, in rate or p99 latency: `2` or `150%`.
    #[arg(
        long,
        value_name = "RATIO|PERCENT",
        env = "BACKPRESSURE_MAX_NEIGHBOUR_SLOWDOWN",
        help_heading = "Expectations"
    )]
    max_neighbour_slowdown: Option<Ratio>,

    /// Folder of the recording; a new one under ./runs when left out, `none` for no recording.
    #[arg(long, value_name = "DIR|none", env = "BACKPRESSURE_OUTPUT", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    /// What to print on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text, env = "BACKPRESSURE_FORMAT", help_heading = "Output")]
    pub(crate) format: Format,
    /// Also write a JUnit file.
    #[arg(long, value_name = "FILE", env = "BACKPRESSURE_JUNIT", help_heading = "Output")]
    pub(crate) junit: Option<PathBuf>,
    /// Show no progress.
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  backpressure check                                            loopback, both directions
  backpressure check --listen :9000 --via :8080                 through a proxy in front of port 9000
  backpressure check --target tcp://example.net:9000 --direction download
  backpressure check --target wss://example.net/ws              the same through an HTTP router, encrypted
  backpressure check --listen :9000 --via :8443 --tls --ca ca.pem    a proxy that ends TLS
  backpressure check --listen :9000 --via :8080 --neighbours 8  do others suffer while one is stalled?
  backpressure check --baseline 0s --repeat 5                   a cold path, five times
  backpressure check --buffers auto --warm-up 64MiB             with the kernel's own buffer sizes
  backpressure check --one-sided download --target ws://example.net/feed --send subscribe
  backpressure check --one-sided upload --target http://:8080/in --pid 4711    a service on this machine that is not ours
  backpressure check --max-path 16MiB --max-release 50ms --junit check.xml    a gate in CI

Exit codes: 0 as expected, 1 measured and not as expected, 2 could not run.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum IntegrityOption {
    /// Every byte.
    Full,
    /// Frame headers only.
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExpectOption {
    /// The producer is stopped.
    Propagates,
    /// The path swallows everything up to the limit.
    Absorbs,
    /// The connection does not outlive the stall, or its bytes do not arrive as sent.
    Breaks,
}

impl CheckOptions {
    /// The scenario that these options ask for.
    pub(crate) fn scenario(&self) -> anyhow::Result<Scenario> {
        let Reach { topology, transport, tls, token } = self.path.reach()?;
        let share = Share::of(self.connections);
        let scenario = Scenario {
            topology,
            transport,
            tls,
            token,
            directions: self.path.directions(),
            limit: self.limit.unwrap_or_else(|| self.usual_limit(share.limit)),
            hold: self.hold,
            baseline: self.baseline,
            deadline: self.deadline,
            buffers: self.buffers.unwrap_or(Buffers::Fixed(share.buffers)),
            warm_up: self.warm_up,
            message: self.message.unwrap_or(share.message),
            rate: self.rate,
            sample: self.sample.max(share.sample),
            integrity: match self.integrity {
                IntegrityOption::Full => Integrity::Full,
                IntegrityOption::Off => Integrity::Off,
            },
            user_timeout: self.user_timeout,
            slow: self.slow,
            connections: self.connections,
            ramp: self.ramp,
            neighbours: self.neighbours,
            seed: self.seed.unwrap_or_else(rand::random),
            repeat: self.repeat,
            expectations: self.expectations(),
        };
        Ok(scenario.validated()?)
    }

    /// A service makes no more than it makes: what it piles up is found sooner.
    fn usual_limit(&self, of_a_path: ByteSize) -> ByteSize {
        let downloads = self.path.directions() == [Direction::Download];
        if self.path.is_one_sided() && downloads { SERVICE_LIMIT } else { of_a_path }
    }

    fn expectations(&self) -> Expectations {
        Expectations {
            verdict: match self.expect {
                ExpectOption::Propagates => Verdict::Propagates,
                ExpectOption::Absorbs => Verdict::Absorbs,
                ExpectOption::Breaks => Verdict::Breaks,
            },
            max_absorbed: self.max_absorbed,
            max_path: self.max_path,
            max_onset: self.max_onset,
            max_release: self.max_release,
            max_trickle: self.max_trickle,
            min_baseline: self.min_baseline,
            max_neighbour_slowdown: self.max_neighbour_slowdown,
        }
    }
}
