//! The folder of a recording: documents in JSON, and the data files that every recording has.

use crate::document::FORMAT;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use trace::recording as files;
use trace::{EventRecord, Interval, StreamTrace, Tag};

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

/// Makes `folder`, its parents too, or takes one that is there and empty, and has `files` written there.
pub(crate) fn write(
    folder: &Path,
    files: impl FnOnce() -> Result<(), trace::RecordingError>,
) -> Result<(), RecordingError> {
    make_folder(folder)?;
    files().map_err(|source| RecordingError::Write { folder: folder.to_owned(), source })
}

/// Has `files` read from `folder`, once both documents are of a format that is known.
pub(crate) fn read<T>(
    folder: &Path,
    documents: [&'static str; 2],
    files: impl FnOnce() -> Result<T, trace::RecordingError>,
) -> Result<T, RecordingError> {
    let failed = |source| RecordingError::Read { folder: folder.to_owned(), source };
    for file in documents {
        let format = read_format(folder, file).map_err(failed)?;
        if format > FORMAT {
            return Err(RecordingError::Newer { folder: folder.to_owned(), format });
        }
    }
    files().map_err(failed)
}

/// What every recording holds beside its documents.
#[derive(Debug)]
pub(crate) struct Data {
    /// `windows.csv`.
    pub(crate) streams: Vec<StreamTrace>,
    /// `events.jsonl`.
    pub(crate) events: Vec<EventRecord>,
    /// `latency.hlog`; `latency.hgrm` is made from it.
    pub(crate) latencies: Vec<Interval>,
}

/// Writes the data files of a recording whose times count from `epoch_unix_ns`; what is large comes last.
pub(crate) fn write_data(
    folder: &Path,
    epoch_unix_ns: u64,
    (streams, events, latencies): (&[StreamTrace], &[EventRecord], &[Interval]),
) -> Result<(), trace::RecordingError> {
    files::write_events(events, create(folder, EVENTS)?)?;
    files::write_latency_log(latencies, epoch_unix_ns, create(folder, LATENCIES)?)?;
    files::write_distribution(latencies, Tag::Latency, create(folder, "latency.hgrm")?)?;
    files::write_windows(streams, create(folder, WINDOWS)?)
}

/// Reads what [`write_data`] wrote.
pub(crate) fn read_data(folder: &Path) -> Result<Data, trace::RecordingError> {
    Ok(Data {
        streams: files::read_windows(open(folder, WINDOWS)?)?,
        events: files::read_events(open(folder, EVENTS)?)?,
        latencies: files::read_latency_log(open(folder, LATENCIES)?)?,
    })
}

const EVENTS: &str = "events.jsonl";
const LATENCIES: &str = "latency.hlog";
const WINDOWS: &str = "windows.csv";

/// The document that every recording has: what ran, and where.
pub(crate) const RUN: &str = "run.json";

/// Makes `folder`, its parents too; it may be there and empty.
pub fn make_folder(folder: &Path) -> Result<(), RecordingError> {
    let failed = |source| RecordingError::Folder { folder: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    if fs::read_dir(folder).map_err(failed)?.next().is_some() {
        return Err(RecordingError::NotEmpty(folder.to_owned()));
    }
    Ok(())
}

fn read_format(folder: &Path, file: &'static str) -> Result<u32, trace::RecordingError> {
    read_json(folder, file).map(|Format { format }| format)
}

/// What every version of a document has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// A file that was not there.
pub(crate) fn create(folder: &Path, file: &'static str) -> Result<impl Write, trace::RecordingError> {
    let created = File::create_new(folder.join(file));
    created.map(BufWriter::new).map_err(|source| trace::RecordingError::Write { file, source })
}

/// Writes a document of its own file.
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

/// A file that is there, and is one.
pub(crate) fn open(folder: &Path, file: &'static str) -> Result<File, trace::RecordingError> {
    let path = folder.join(file);
    let opened = fs::metadata(&path).and_then(|found| {
        // Opening a pipe would wait for its other end.
        if found.is_file() { File::open(&path) } else { Err(io::Error::other("it is no regular file")) }
    });
    opened.map_err(|source| trace::RecordingError::Read { file, source })
}

/// Reads what [`write_json`] wrote.
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

/// JSON over several lines, the last one ended.
pub(crate) fn pretty(document: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(document).expect("keys are text, values are plain");
    text.push('\n');
    text
}

/// 64 MiB: a thousand runs take 3.
const LARGEST_DOCUMENT: u64 = 64 << 20;
