//! Recordings turned into figures, and figures into text, JSON and `JUnit`.

mod connection_row;
mod crowd;
mod document;
mod environment;
mod expectations;
mod figures;
mod fold;
mod folder;
mod junit;
mod lines;
mod merge;
mod one_sided;
mod pair;
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
pub use environment::{Environment, Started};
pub use expectations::unmet;
pub use fold::fold;
pub use folder::{RecordingError, make_folder};
pub use junit::junit;
pub use lines::{Lines, Printing};
pub use merge::{MergeError, merge};
pub use one_sided::{Memory, OneSided};
pub use pair::{
    PairConnection, PairDocument, PairLatency, PairMergeError, PairRecording, PairRun, PairTotals,
    merge_pairs, pair_json, pair_text,
};
pub use recording::{Recording, json};
pub use text::{TextOptions, text};
