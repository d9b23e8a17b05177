//! A recording in memory and as a folder.

use crate::connection_row::{self, ConnectionRow};
use crate::document::{FORMAT, RunDocument, VerdictDocument};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use trace::recording as files;
use trace::{EventRecord, Interval, StreamTrace, Tag};

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

/// Why a recording's folder could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The folder could not be made, or could not be looked into.
    #[error("could not use `{}` as a recording's folder", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something is there already.
    #[error("could not write a recording to `{}`: the folder is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// A later version of this program wrote it.
    #[error(
        "could not read the recording `{}`: its format is {format}, this program knows {FORMAT}",
        folder.display()
    )]
    Newer {
        /// Which folder.
        folder: PathBuf,
        /// Its format.
        format: u32,
    },
    /// A file could not be written.
    #[error("could not write the recording `{}`", folder.display())]
    Write {
        /// Which folder.
        folder: PathBuf,
        /// Which file, and why.
        source: trace::RecordingError,
    },
    /// A file could not be read, or holds something else than it should.
    #[error("could not read the recording `{}`", folder.display())]
    Read {
        /// Which folder.
        folder: PathBuf,
        /// Which file, and why.
        source: trace::RecordingError,
    },
}

impl Recording {
    /// Writes all files to `folder`, which is made, its parents too, or is there and empty.
    ///
    /// What is small and matters most comes first: on a full disk it is there.
    pub fn write(&self, folder: &Path) -> Result<(), RecordingError> {
        make_folder(folder)?;
        self.write_files(folder).map_err(|source| RecordingError::Write { folder: folder.to_owned(), source })
    }

    fn write_files(&self, folder: &Path) -> Result<(), trace::RecordingError> {
        write_json(folder, RUN, &self.run)?;
        write_json(folder, VERDICT, &self.verdict)?;
        if !self.connections.is_empty() {
            connection_row::write_connections(&self.connections, create(folder, connection_row::FILE)?)?;
        }
        files::write_events(&self.events, create(folder, "events.jsonl")?)?;
        let epoch = self.run.epoch_unix_ns;
        files::write_latency_log(&self.latencies, epoch, create(folder, "latency.hlog")?)?;
        files::write_distribution(&self.latencies, Tag::Latency, create(folder, "latency.hgrm")?)?;
        files::write_windows(&self.streams, create(folder, "windows.csv")?)
    }

    /// Reads the folder that [`Recording::write`] wrote, on this machine or another.
    pub fn read(folder: &Path) -> Result<Self, RecordingError> {
        let failed = |source| RecordingError::Read { folder: folder.to_owned(), source };
        for file in [RUN, VERDICT] {
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
            verdict: read_json(folder, VERDICT)?,
            connections: if folder.join(connection_row::FILE).exists() {
                connection_row::read_connections(open(folder, connection_row::FILE)?)?
            } else {
                Vec::new()
            },
            streams: files::read_windows(open(folder, "windows.csv")?)?,
            events: files::read_events(open(folder, "events.jsonl")?)?,
            latencies: files::read_latency_log(open(folder, "latency.hlog")?)?,
        })
    }
}

/// `verdict.json`, and what `--format json` prints: JSON over several lines, the last one ended.
pub fn json(document: &VerdictDocument) -> String {
    pretty(document)
}

pub(crate) fn pretty(document: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(document).expect("keys are text, values are plain");
    text.push('\n');
    text
}

/// Makes `folder`, its parents too; it may be there and empty.
pub fn make_folder(folder: &Path) -> Result<(), RecordingError> {
    let failed = |source| RecordingError::Folder { folder: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    if fs::read_dir(folder).map_err(failed)?.next().is_some() {
        return Err(RecordingError::NotEmpty(folder.to_owned()));
    }
    Ok(())
}

pub(crate) fn read_format(folder: &Path, file: &'static str) -> Result<u32, trace::RecordingError> {
    read_json(folder, file).map(|Format { format }| format)
}

/// What every version of a document has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

pub(crate) fn create(folder: &Path, file: &'static str) -> Result<impl Write, trace::RecordingError> {
    let created = File::create_new(folder.join(file));
    created.map(BufWriter::new).map_err(|source| trace::RecordingError::Write { file, source })
}

pub(crate) fn write_json(
    folder: &Path,
    file: &'static str,
    document: &impl Serialize,
) -> Result<(), trace::RecordingError> {
    let mut output = create(folder, file)?;
    output
        .write_all(pretty(document).as_bytes())
        .and_then(|()| output.flush())
        .map_err(|source| trace::RecordingError::Write { file, source })
}

pub(crate) fn open(folder: &Path, file: &'static str) -> Result<File, trace::RecordingError> {
    let path = folder.join(file);
    let opened = fs::metadata(&path).and_then(|found| {
        // Opening a pipe would wait for its other end.
        if found.is_file() { File::open(&path) } else { Err(io::Error::other("it is no regular file")) }
    });
    opened.map_err(|source| trace::RecordingError::Read { file, source })
}

pub(crate) fn read_json<T: DeserializeOwned>(
    folder: &Path,
    file: &'static str,
) -> Result<T, trace::RecordingError> {
    let mut text = Vec::new();
    open(folder, file)?
        .take(LARGEST_DOCUMENT + 1)
        .read_to_end(&mut text)
        .map_err(|source| trace::RecordingError::Read { file, source })?;
    if text.len() as u64 > LARGEST_DOCUMENT {
        return Err(trace::RecordingError::TooLarge { file, bound: "64 MiB" });
    }
    serde_json::from_slice(&text)
        .map_err(|error| trace::RecordingError::malformed(file, error.line(), &error))
}

pub(crate) const RUN: &str = "run.json";
const VERDICT: &str = "verdict.json";
/// 64 MiB: a thousand runs take 3.
const LARGEST_DOCUMENT: u64 = 64 << 20;

#[cfg(test)]
mod tests;
