//! The data files of a recording's folder.
//!
//! Writers take what they are given; readers trust nothing: files, lines and counts have bounds, and
//! a file that breaks one is an error that names the file and the line.

mod distribution;
mod events;
mod latency_log;
mod lines;
mod windows;

#[cfg(test)]
mod laws;

pub use distribution::write_distribution;
pub use events::{read_events, write_events};
pub use latency_log::{read_latency_log, write_latency_log};
pub use windows::{read_windows, write_windows};

use crate::{Direction, Latencies, Sample, Tag};
use std::io;
use units::Timestamp;

/// What both ends' samplers saw of one stream: rows of `windows.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamTrace {
    /// Which of the repeated runs, from 1.
    pub run: u32,
    /// Which direction.
    pub direction: Direction,
    /// The producer's samples, on the recording's clock.
    pub producer: Vec<Sample>,
    /// The consumer's samples, on the recording's clock.
    pub consumer: Vec<Sample>,
}

/// The durations of one kind that fell into one stretch of time: a line of `latency.hlog`.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// What was measured.
    pub tag: Tag,
    /// Start, on the recording's clock; the file keeps milliseconds.
    pub start: Timestamp,
    /// End, on the recording's clock; the file keeps milliseconds.
    pub end: Timestamp,
    /// The durations.
    pub latencies: Latencies,
}

/// Why a file of a recording could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// Writing failed.
    #[error("could not write `{file}`")]
    Write {
        /// Which file.
        file: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Reading failed.
    #[error("could not read `{file}`")]
    Read {
        /// Which file.
        file: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file exceeds a bound.
    #[error("could not read `{file}`: it has more than {bound}")]
    TooLarge {
        /// Which file.
        file: &'static str,
        /// The bound, in words.
        bound: &'static str,
    },
    /// A line holds something else than it should.
    #[error("could not read line {line} of `{file}`: {reason}")]
    Malformed {
        /// Which file.
        file: &'static str,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it; printable whatever the file holds.
        reason: String,
    },
}

impl RecordingError {
    /// A line that holds something else than it should. `reason` may quote the file.
    pub fn malformed(file: &'static str, line: usize, reason: &impl ToString) -> Self {
        Self::Malformed { file, line, reason: printable(&reason.to_string()) }
    }
}

/// `text` without anything that could steer a terminal or hide other text: control characters, marks that
/// turn the direction of writing, and invisible ones each become U+FFFD.
pub fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_holds_cannot_steer_a_terminal_through_an_error() {
        let error = RecordingError::malformed("windows.csv", 2, &"unknown variant `\u{1b}[2J\u{202e}é`");
        assert_eq!(
            error.to_string(),
            "could not read line 2 of `windows.csv`: unknown variant `\u{fffd}[2J\u{fffd}é`"
        );
    }
}
