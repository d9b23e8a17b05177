//! The files of a pair: go-backpressure's keys as they are, and our own on top. YAML text in, checked values out.

mod certificate;
mod client;
mod end;
mod error;
mod network;
mod number;
mod path;
mod phases;
mod place;
mod reads;
mod request;
mod schema;
mod sections;
mod server;
mod strict;
mod text;
mod value;

pub use certificate::CertificateFiles;
pub use client::ClientFile;
pub use end::PairEnd;
pub use error::FileError;
pub use network::{Listen, Protocol};
pub use reads::Reads;
pub use schema::{FileKind, schema};
pub use sections::{Limits, PairExpectations, Seen, Slow};
pub use server::ServerFile;

use crate::bounds::LIMITS;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use units::ByteSize;

/// A file with keys.
trait File: Sized {
    /// What it holds, as a sentence goes on after "expected".
    const WHAT: &'static str;
    /// Keys that do not go together.
    const EXCLUSIVE: strict::Exclusive;
    /// What the file says, key by key.
    type Keys: for<'de> Deserialize<'de>;

    /// What the keys come to; each is within its bounds, and those that exclude each other are not both there.
    fn of(keys: Self::Keys) -> Result<Self, FileMistake>;
}

/// A key that is well by itself, and does not fit the others.
#[derive(Debug)]
struct FileMistake {
    key: &'static str,
    message: String,
}

/// The most brackets a file may hold: the YAML scanner's time grows with the square of those that are open.
const BRACKETS_MAX: usize = 10_000;

/// Where a document of YAML begins and ends.
const MARKS: [&str; 2] = ["---", "..."];

/// go-backpressure refuses a file without a protocol; and who wrote `> server.yml` meant something else.
const EMPTY: &str = "holds no key; write at least `protocol: websocket`, or `{}` for the defaults alone";

/// Reads `text` as `F`; `name` stands before an error.
fn parse<F: File>(text: &str, name: &str) -> Result<F, FileError> {
    let length = ByteSize::bytes(text.len() as u64);
    if length > LIMITS.file_max {
        let message = format!("holds {} bytes; it may hold {}", text.len(), LIMITS.file_max);
        return Err(FileError::whole(name, &message));
    }
    if text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() > BRACKETS_MAX {
        return Err(FileError::whole(name, &format!("opens more than {BRACKETS_MAX} brackets")));
    }
    if text
        .lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#') || MARKS.contains(&line))
    {
        return Err(FileError::first_place(name, EMPTY));
    }
    // First for its syntax alone: what stands before a slip of the indentation would be taken for another mistake.
    let keys = serde_yaml::from_str::<IgnoredAny>(text)
        .and_then(|_| serde_yaml::Deserializer::from_str(text).deserialize_map(FileVisitor::<F>(PhantomData)))
        .map_err(|error| FileError::of_yaml(name, &error))?;
    F::of(keys).map_err(|mistake| FileError::of_key(name, text, &mistake))
}

struct FileVisitor<F>(PhantomData<F>);

impl<'de, F: File> Visitor<'de> for FileVisitor<F> {
    type Value = F::Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(F::WHAT)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<F::Keys, A::Error> {
        strict::keys(map, F::EXCLUSIVE)
    }
}

#[cfg(test)]
mod tests;
