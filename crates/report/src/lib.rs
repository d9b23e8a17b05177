//! Recordings turned into figures, and figures into text, JSON and `JUnit`.

mod connection_row;
mod crowd;
mod document;
mod expectations;
mod figures;
mod fold;
mod junit;
mod lines;
mod merge;
mod recording;
mod text;

#[cfg(test)]
mod example;

pub use connection_row::ConnectionRow;
pub use crowd::Crowd;
pub use document::{
    Absorbed, Bytes, Connections, DirectionReport, Ended, FORMAT, Neighbours, PathDescription, RunDocument,
    RunReport, Slow, VerdictDocument, Worst,
};
pub use expectations::unmet;
pub use fold::fold;
pub use junit::junit;
pub use lines::{Lines, Printing};
pub use merge::{MergeError, merge};
pub use recording::{Recording, RecordingError, json};
pub use text::{TextOptions, text};
