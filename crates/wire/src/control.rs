//! What is said on the control connection: one JSON object a line.
//!
//! A server's end acts on commands, and at its own deadlines when none come: the path may hold them up.

use crate::RunId;
use serde::{Deserialize, Serialize};
use socket::Buffers;
use trace::{Direction, EndSummary, Sample, Timed};
use units::{ByteRate, ByteSize, Span, Timestamp};

/// The longest control line, its newline included.
pub const MAX_CONTROL_LINE: usize = 1024 * 1024;

/// From the client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToServer {
    /// Asks for the time.
    Ping {
        /// On the client's clock.
        sent: Timestamp,
    },
    /// A data connection for this stream is about to be opened.
    Prepare {
        /// The stream's number.
        stream: u32,
        /// All there is to know about it.
        plan: Box<Plan>,
    },
    /// To the server's end of a stream.
    Command {
        /// The stream's number.
        stream: u32,
        /// What it is told.
        command: Command,
    },
    /// The run is over.
    Bye,
}

/// From the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromServer {
    /// Tells the time, and shows that the server is there.
    Pong {
        /// The question's time, on the client's clock.
        sent: Timestamp,
        /// On the server's clock.
        received: Timestamp,
        /// On the server's clock.
        answered: Timestamp,
    },
    /// The data connection may be opened.
    Prepared {
        /// The stream's number.
        stream: u32,
        /// The server process it must reach.
        instance: RunId,
    },
    /// The data connection arrived, and its stream begins.
    Began {
        /// The stream's number.
        stream: u32,
    },
    /// What was asked for this stream is not granted.
    Refused {
        /// The stream's number.
        stream: u32,
        /// Why.
        reason: String,
    },
    /// From the server's end of a stream.
    Report {
        /// The stream's number.
        stream: u32,
        /// What it tells.
        report: Report,
    },
}

/// What an end is told to do. Commands take effect in the order in which they arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Producer: send the trickle.
    Trickle,
    /// Producer: write as fast as the plan says.
    Flood,
    /// Producer: finish the frame, then write nothing.
    Pause,
    /// Consumer: stop reading.
    Stall,
    /// Consumer: read no faster than this.
    Slow {
        /// The pace.
        rate: ByteRate,
    },
    /// Producer: write no more than this many bytes in all, for now.
    Limit {
        /// Bytes since the stream began.
        bytes: u64,
    },
    /// Consumer: read again, as fast as bytes come. Producer: the limit is lifted.
    Resume,
    /// Producer: finish the frame, write the end, close the direction.
    Finish,
    /// Either end: leave, whatever the state.
    Abort,
}

/// What an end tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// The latest sample; those between are told in the series.
    Progress(Box<Sample>),
    /// Something happened.
    Event(Timed),
    /// What it knows now that the stream is over.
    Summary(Box<EndSummary>),
    /// After the summary, all samples in order, as CSV.
    Series {
        /// Lines without a header.
        csv: String,
    },
    /// It has told everything.
    Over,
}

/// Small messages now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrickleShape {
    /// How many.
    pub messages: u32,
    /// Time from one to the next.
    pub spacing: Span,
    /// Size of each, its header included.
    pub message: ByteSize,
}

/// All that both ends of a stream must know, given to them before it begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Which way the stream runs.
    pub direction: Direction,
    /// Size of a message, its header included.
    pub message: ByteSize,
    /// Socket buffers of both ends.
    pub buffers: Buffers,
    /// Pace of the producer; none: as fast as it can.
    pub rate: Option<ByteRate>,
    /// Payloads carry a checksum, and it is checked.
    pub check_payloads: bool,
    /// Reaches every random choice.
    pub seed: u64,
    /// The trickle.
    pub trickle: TrickleShape,
    /// Time between two samples.
    pub sample: Span,
    /// A consumer that was told nothing else resumes after this long.
    pub stall_max: Span,
    /// An end that was told nothing else leaves after this long.
    pub total_max: Span,
    /// A producer that wrote this much leaves.
    pub bytes_max: ByteSize,
    /// `TCP_USER_TIMEOUT` of the producer.
    pub user_timeout: Option<Span>,
    /// Streams that are measured at once, this one among them: each takes the less memory the more there are.
    #[serde(default = "alone")]
    pub at_once: u32,
    /// What to add to a time on the producer's clock to have it on the consumer's, ns.
    pub producer_to_consumer: i64,
}

fn alone() -> u32 {
    1
}
