//! A pair's recording in memory and as a folder.

use super::document::{PairDocument, PairRun};
use crate::folder::{self, Data, RUN, RecordingError, read_json, write_json};
use std::path::Path;
use trace::{EventRecord, Interval, StreamTrace};

/// All that one end of a pair leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct PairRecording {
    /// `run.json`.
    pub run: PairRun,
    /// `pair.json`.
    pub document: PairDocument,
    /// `windows.csv`: each connection under its number.
    pub streams: Vec<StreamTrace>,
    /// `events.jsonl`: those of each connection under its number.
    pub events: Vec<EventRecord>,
    /// `latency.hlog`; `latency.hgrm` is made from it.
    pub latencies: Vec<Interval>,
}

const PAIR: &str = "pair.json";

impl PairRecording {
    /// Whether `folder` holds one of these, and no check's.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(PAIR).exists()
    }

    /// Writes all files to `folder`, which is made, its parents too, or is there and empty.
    pub fn write(&self, folder: &Path) -> Result<(), RecordingError> {
        folder::write(folder, || {
            write_json(folder, RUN, &self.run)?;
            write_json(folder, PAIR, &self.document)?;
            let data = (&*self.streams, &*self.events, &*self.latencies);
            folder::write_data(folder, self.run.epoch_unix_ns, data)
        })
    }

    /// Reads the folder that [`PairRecording::write`] wrote, on this machine or another.
    pub fn read(folder: &Path) -> Result<Self, RecordingError> {
        folder::read(folder, [RUN, PAIR], || {
            let (run, document) = (read_json(folder, RUN)?, read_json(folder, PAIR)?);
            let Data { streams, events, latencies } = folder::read_data(folder)?;
            Ok(Self { run, document, streams, events, latencies })
        })
    }
}
