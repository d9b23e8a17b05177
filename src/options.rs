//! The options of `check`, and the scenario they make.

use crate::arguments::{Format, parse_listen_anywhere};
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use scenario::{Expectations, Integrity, Scenario, Topology, Transport, WEBSOCKET_PATH, parse_target};
use socket::Buffers;
use std::net::SocketAddr;
use std::path::PathBuf;
use trace::{Direction, Verdict};
use units::{ByteRate, ByteSize, Span};

/// Options of `check`. Sizes, rates and durations carry their unit: `64KiB`, `10MB/s`, `250ms`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CheckOptions {
    /// Listen here: the upstream of the middlebox that --via dials; without one, the port of a direct check.
    #[arg(long, value_name = "ADDR", value_parser = parse_listen_anywhere, help_heading = "Path")]
    listen: Option<SocketAddr>,
    /// A middlebox is in between: dial it here, HOST:PORT or :PORT on this machine (with --listen).
    #[arg(long, value_name = "ADDR", requires = "listen", conflicts_with = "target", help_heading = "Path")]
    via: Option<String>,
    /// The server runs elsewhere (`backpressure server`), behind whatever lies between: tcp://HOST:PORT or
    /// ws://HOST:PORT/PATH.
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "listen",
        env = "BACKPRESSURE_TARGET",
        help_heading = "Path"
    )]
    target: Option<String>,
    /// What carries the streams between --listen and --via, or on loopback; a --target's URL says it itself.
    #[arg(long, value_enum, default_value_t = TransportOption::Tcp, conflicts_with = "target", env = "BACKPRESSURE_TRANSPORT", help_heading = "Path")]
    transport: TransportOption,
    /// Where the WebSocket is asked for, as the middlebox knows it.
    #[arg(long, value_name = "PATH", default_value = WEBSOCKET_PATH, conflicts_with = "target", help_heading = "Path")]
    path: String,
    /// A header to send with the WebSocket's request, `NAME: VALUE`; Host and Origin too. May be repeated.
    #[arg(long, value_name = "HEADER", help_heading = "Path")]
    header: Vec<String>,
    /// Which way the measured stream runs.
    #[arg(long, value_enum, default_value_t = Directions::Both, env = "BACKPRESSURE_DIRECTION", help_heading = "Path")]
    direction: Directions,

    /// Bytes in the path at which the verdict is `absorbs`.
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "256MiB",
        env = "BACKPRESSURE_LIMIT",
        help_heading = "Phases"
    )]
    limit: ByteSize,
    /// Full speed before the stall; 0s finds the path cold.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1s",
        env = "BACKPRESSURE_BASELINE",
        help_heading = "Phases"
    )]
    baseline: Span,
    /// How long the producer must stay blocked.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "2s",
        env = "BACKPRESSURE_HOLD",
        help_heading = "Phases"
    )]
    hold: Span,
    /// Stall and hold together last at most this long.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "30s",
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
    /// How often to run all of it; the figures are medians then.
    #[arg(long, value_name = "N", default_value_t = 1, env = "BACKPRESSURE_REPEAT", help_heading = "Phases")]
    repeat: u32,

    /// SO_SNDBUF and SO_RCVBUF of both ends; `auto` leaves them to the kernel.
    #[arg(
        long,
        value_name = "SIZE|auto",
        default_value = "64KiB",
        env = "BACKPRESSURE_BUFFERS",
        help_heading = "Stream"
    )]
    buffers: Buffers,
    /// Size of a message, its 52-byte header included.
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "64KiB",
        env = "BACKPRESSURE_MESSAGE",
        help_heading = "Stream"
    )]
    message: ByteSize,
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
    /// Time between two samples of each socket.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1ms",
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
    /// Absorbed by the path itself, at most.
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
  backpressure check --target ws://example.net/ws               the same through an HTTP router
  backpressure check --baseline 0s --repeat 5                   a cold path, five times
  backpressure check --buffers auto --warm-up 64MiB             with the kernel's own buffer sizes
  backpressure check --max-path 16MiB --max-release 50ms --junit check.xml    a gate in CI

Exit codes: 0 as expected, 1 measured and not as expected, 2 could not run.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Directions {
    /// The client produces.
    Upload,
    /// The server produces.
    Download,
    /// One after the other, each on a fresh connection.
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TransportOption {
    /// TCP alone.
    Tcp,
    /// Binary messages of a WebSocket.
    Websocket,
}

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
        let (topology, transport) = self.path()?;
        let scenario = Scenario {
            topology,
            transport,
            directions: match self.direction {
                Directions::Upload => vec![Direction::Upload],
                Directions::Download => vec![Direction::Download],
                Directions::Both => vec![Direction::Upload, Direction::Download],
            },
            limit: self.limit,
            hold: self.hold,
            baseline: self.baseline,
            deadline: self.deadline,
            buffers: self.buffers,
            warm_up: self.warm_up,
            message: self.message,
            rate: self.rate,
            sample: self.sample,
            integrity: match self.integrity {
                IntegrityOption::Full => Integrity::Full,
                IntegrityOption::Off => Integrity::Off,
            },
            user_timeout: self.user_timeout,
            seed: self.seed.unwrap_or_else(rand::random),
            repeat: self.repeat,
            expectations: self.expectations(),
        };
        Ok(scenario.validated()?)
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
        }
    }

    fn path(&self) -> anyhow::Result<(Topology, Transport)> {
        let own = match self.transport {
            TransportOption::Tcp => Transport::Tcp,
            TransportOption::Websocket => Transport::websocket(&self.path),
        };
        let (topology, mut transport) = match (&self.target, self.listen, &self.via) {
            (Some(target), ..) => {
                let (transport, address) =
                    parse_target(target).with_context(|| format!("could not use --target {target}"))?;
                (Topology::Target { address }, transport)
            }
            (None, Some(listen), via) => {
                (Topology::Via { listen, via: via.as_deref().map(dialled).transpose()? }, own)
            }
            _ => (Topology::Loopback, own),
        };
        match transport.request_mut() {
            Some(request) => self.header.iter().try_for_each(|header| request.add_header(header))?,
            None if !self.header.is_empty() => {
                bail!("--header needs a transport that has headers: websocket")
            }
            None => {}
        }
        Ok((topology, transport))
    }
}

/// `HOST:PORT`, or `:PORT` for this machine.
fn dialled(address: &str) -> anyhow::Result<String> {
    let Some((host, port)) = address.rsplit_once(':') else {
        bail!("`{address}` has no port; use HOST:PORT");
    };
    let port: u16 = port.parse().with_context(|| format!("`{address}` has no valid port"))?;
    if port == 0 {
        bail!("`{address}`: nobody can be dialled at port 0");
    }
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    Ok(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_dialled_on_this_machine() {
        assert_eq!(dialled(":8080").unwrap(), "127.0.0.1:8080");
        assert_eq!(dialled("[::1]:80").unwrap(), "[::1]:80");
        assert!(dialled("localhost").is_err());
        assert!(dialled("localhost:0").is_err());
    }
}
