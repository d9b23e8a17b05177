//! The words that recordings, reports and the wire share.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Which way the measured stream runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The client produces.
    Upload,
    /// The server produces.
    Download,
}

impl Direction {
    /// The part that the client plays.
    pub fn client_role(self) -> Role {
        match self {
            Self::Upload => Role::Producer,
            Self::Download => Role::Consumer,
        }
    }

    /// The part that the server plays.
    pub fn server_role(self) -> Role {
        match self {
            Self::Upload => Role::Consumer,
            Self::Download => Role::Producer,
        }
    }
}

/// The part an end plays in the measured stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Writes the stream.
    Producer,
    /// Reads the stream.
    Consumer,
}

/// Who did something to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// The end that writes.
    Producer,
    /// The end that reads.
    Consumer,
    /// Something between them.
    Path,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The peer closed its direction.
    Fin,
    /// The peer reset the connection.
    Reset,
    /// Nothing came back any more.
    Timeout,
    /// What came was damaged, or cut off in the middle: nothing could be read on.
    Broken,
}

/// The phases of one direction's measurement, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The data connection is opened and answered.
    Connect,
    /// Other connections are measured while this one is idle.
    Neighbours,
    /// Small messages now and then.
    Trickle,
    /// Full speed, the consumer reading.
    Baseline,
    /// The consumer reads nothing; the producer goes on until it is blocked.
    Stall,
    /// The producer is blocked, and everything is left as it is.
    Hold,
    /// The consumer reads again.
    Resume,
    /// The consumer reads at a share of the rate before.
    Slow,
    /// All that was produced arrives and is checked.
    Verify,
}

/// What a path does with backpressure. Ordered from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The producer was stopped, and stayed stopped.
    Propagates,
    /// Still swallowing at the deadline, or this side cannot know.
    Undecided,
    /// The byte limit was reached first.
    Absorbs,
    /// The connection ended, or its bytes did not arrive as they were sent.
    Breaks,
}

macro_rules! lowercase_names {
    ($($type:ident { $($variant:ident = $name:literal),+ })+) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $(Self::$variant => $name),+ })
            }
        }
    )+};
}

lowercase_names! {
    Direction { Upload = "upload", Download = "download" }
    Role { Producer = "producer", Consumer = "consumer" }
    Party { Producer = "producer", Consumer = "consumer", Path = "path" }
    Verdict {
        Propagates = "propagates", Undecided = "undecided", Absorbs = "absorbs", Breaks = "breaks"
    }
    How { Fin = "fin", Reset = "reset", Timeout = "timeout", Broken = "broken" }
    Phase {
        Connect = "connect", Neighbours = "neighbours", Trickle = "trickle", Baseline = "baseline", Stall = "stall",
        Hold = "hold", Resume = "resume", Slow = "slow", Verify = "verify"
    }
}
