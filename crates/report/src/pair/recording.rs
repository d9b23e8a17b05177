//! A pair's recording in memory and as a folder.

use super::document::{PairDocument, PairRun};
use crate::document::FORMAT;
use crate::recording::{RUN, RecordingError, create, make_folder, open, read_format, read_json, write_json};
use std::path::Path;
use trace::recording as files;
use trace::{EventRecord, Interval, StreamTrace, Tag};

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
        make_folder(folder)?;
        self.write_files(folder).map_err(|source| RecordingError::Write { folder: folder.to_owned(), source })
    }

    fn write_files(&self, folder: &Path) -> Result<(), trace::RecordingError> {
        write_json(folder, RUN, &self.run)?;
        write_json(folder, PAIR, &self.document)?;
        files::write_events(&self.events, create(folder, "events.jsonl")?)?;
        let epoch = self.run.epoch_unix_ns;
        files::write_latency_log(&self.latencies, epoch, create(folder, "latency.hlog")?)?;
        files::write_distribution(&self.latencies, Tag::Latency, create(folder, "latency.hgrm")?)?;
        files::write_windows(&self.streams, create(folder, "windows.csv")?)
    }

    /// Reads the folder that [`PairRecording::write`] wrote, on this machine or another.
    pub fn read(folder: &Path) -> Result<Self, RecordingError> {
        let failed = |source| RecordingError::Read { folder: folder.to_owned(), source };
        for file in [RUN, PAIR] {
            let format = read_format(folder, file).map_err(failed)?;
            if format > FORMAT {
                return Err(RecordingError::Newer { folder: folder.to_owned(), format });
            }
        }
        Self::read_files(folder).map_err(failed)
    }

    fn read_files(folder: &Path) -> Result<Self, trace::RecordingError> {
        Ok(Self {
            run: read_json(folder, RUN)?,
            document: read_json(folder, PAIR)?,
            streams: files::read_windows(open(folder, "windows.csv")?)?,
            events: files::read_events(open(folder, "events.jsonl")?)?,
            latencies: files::read_latency_log(open(folder, "latency.hlog")?)?,
        })
    }
}
