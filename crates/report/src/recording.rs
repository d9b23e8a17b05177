//! A recording in memory and as a folder.

use crate::connection_row::{self, ConnectionRow};
use crate::document::{RunDocument, VerdictDocument};
use crate::folder::{self, Data, RUN, RecordingError, create, open, read_json, write_json};
use std::path::Path;
use trace::{EventRecord, Interval, StreamTrace};

/// All that a run leaves behind: the only thing a report is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// `run.json`.
    pub run: RunDocument,
    /// `verdict.json`.
    pub verdict: VerdictDocument,
    /// `connections.csv`; no such file where connections were measured one at a time.
    pub connections: Vec<ConnectionRow>,
    /// `windows.csv`.
    pub streams: Vec<StreamTrace>,
    /// `events.jsonl`.
    pub events: Vec<EventRecord>,
    /// `latency.hlog`; `latency.hgrm` is made from it.
    pub latencies: Vec<Interval>,
}

impl Recording {
    /// Writes all files to `folder`, which is made, its parents too, or is there and empty.
    ///
    /// What is small and matters most comes first: on a full disk it is there.
    pub fn write(&self, folder: &Path) -> Result<(), RecordingError> {
        folder::write(folder, || {
            write_json(folder, RUN, &self.run)?;
            write_json(folder, VERDICT, &self.verdict)?;
            if !self.connections.is_empty() {
                let file = create(folder, connection_row::FILE)?;
                connection_row::write_connections(&self.connections, file)?;
            }
            let data = (&*self.streams, &*self.events, &*self.latencies);
            folder::write_data(folder, self.run.epoch_unix_ns, data)
        })
    }

    /// Reads the folder that [`Recording::write`] wrote, on this machine or another.
    pub fn read(folder: &Path) -> Result<Self, RecordingError> {
        folder::read(folder, [RUN, VERDICT], || {
            let (run, verdict) = (read_json(folder, RUN)?, read_json(folder, VERDICT)?);
            let connections = if folder.join(connection_row::FILE).exists() {
                connection_row::read_connections(open(folder, connection_row::FILE)?)?
            } else {
                Vec::new()
            };
            let Data { streams, events, latencies } = folder::read_data(folder)?;
            Ok(Self { run, verdict, connections, streams, events, latencies })
        })
    }
}

/// `verdict.json`, and what `--format json` prints: JSON over several lines, the last one ended.
pub fn json(document: &VerdictDocument) -> String {
    folder::pretty(document)
}

const VERDICT: &str = "verdict.json";

#[cfg(test)]
mod tests;
