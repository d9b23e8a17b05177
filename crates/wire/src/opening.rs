//! The first line of every connection, and its answer.
//!
//! `\xFFbackpressure/1 {"run":"…","purpose":"control"}\n`. Neither HTTP nor TLS starts with 0xFF.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The version of everything in this crate.
pub const PROTOCOL_VERSION: u32 = 1;

/// The byte that tells our openings from everything else.
pub const OPENING_BYTE: u8 = 0xFF;

/// The longest opening or reply, its newline included.
pub const MAX_OPENING_LINE: usize = 1024;

const PREFIX: &[u8] = b"\xFFbackpressure/";

/// A run's nonce, or a server's instance id: 16 random bytes. Connections are matched by it, never by address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RunId(u128);

impl RunId {
    /// The id made of these random bits.
    pub const fn from_random(bits: u128) -> Self {
        Self(bits)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for RunId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() != 32 {
            return Err("an id has 32 hexadecimal digits");
        }
        u128::from_str_radix(&text, 16).map(Self).map_err(|_| "an id has 32 hexadecimal digits")
    }
}

/// What a connection is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Control messages of a run.
    Control,
    /// The measured stream with this number.
    Stream(u32),
}

/// What the client says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The run that the connection belongs to.
    pub run: RunId,
    /// What it is for.
    pub purpose: Purpose,
    /// What a server asks to be shown that does not serve everybody; for control alone: a stream's run is a secret by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl Opening {
    /// Of the data connection of a stream.
    pub const fn of_stream(run: RunId, stream: u32) -> Self {
        Self { run, purpose: Purpose::Stream(stream), token: None }
    }
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The server process that answers.
    pub instance: RunId,
    /// Why it will not serve this connection, if it will not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// What requests must show that carry control messages of the run that begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<RunId>,
}

impl Reply {
    /// It serves the connection.
    pub fn accepted(instance: RunId) -> Self {
        Self { instance, refused: None, token: None }
    }

    /// It does not, for this reason.
    pub fn refused(instance: RunId, reason: impl Into<String>) -> Self {
        Self { instance, refused: Some(reason.into()), token: None }
    }
}

/// Why a first line is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    /// It is something else.
    #[error("the peer does not speak this protocol (it began with {0})")]
    Stranger(String),
    /// It is ours, of another version.
    #[error("the peer speaks protocol version {theirs}, this program version {PROTOCOL_VERSION}")]
    Version {
        /// The peer's version.
        theirs: String,
    },
    /// It is ours, and broken.
    #[error("the peer's opening is malformed: {0}")]
    Malformed(String),
}

impl Opening {
    /// The line as sent.
    pub fn encode(&self) -> Vec<u8> {
        line(&serde_json::to_string(self).expect("ids and numbers are JSON"))
    }

    /// From a line without its newline.
    pub fn decode(line: &[u8]) -> Result<Self, OpeningError> {
        parse(line)
    }

    /// As the value of an HTTP header: the line without its first byte and its newline.
    pub fn to_header(&self) -> String {
        let line = self.encode();
        let text = line.strip_prefix(&[OPENING_BYTE]).and_then(|line| line.strip_suffix(b"\n"));
        String::from_utf8_lossy(text.unwrap_or_default()).into_owned()
    }

    /// From the value of an HTTP header.
    pub fn from_header(value: &[u8]) -> Result<Self, OpeningError> {
        parse(&[&[OPENING_BYTE], value].concat())
    }
}

impl Reply {
    /// The line as sent.
    pub fn encode(&self) -> Vec<u8> {
        line(&serde_json::to_string(self).expect("ids and text are JSON"))
    }

    /// From a line without its newline.
    pub fn decode(line: &[u8]) -> Result<Self, OpeningError> {
        let Self { instance, refused, token } = parse(line)?;
        // It will be shown to a person.
        Ok(Self { instance, refused: refused.map(|reason| trace::printable(&reason)), token })
    }
}

fn line(json: &str) -> Vec<u8> {
    [PREFIX, PROTOCOL_VERSION.to_string().as_bytes(), b" ", json.as_bytes(), b"\n"].concat()
}

fn parse<T: for<'de> Deserialize<'de>>(line: &[u8]) -> Result<T, OpeningError> {
    let stranger = || OpeningError::Stranger(excerpt(line));
    let rest = line.strip_prefix(PREFIX).ok_or_else(stranger)?;
    let space = rest.iter().position(|byte| *byte == b' ').ok_or_else(stranger)?;
    let (version, json) = rest.split_at(space);
    if version != PROTOCOL_VERSION.to_string().as_bytes() {
        return Err(OpeningError::Version { theirs: excerpt(version) });
    }
    serde_json::from_slice(json)
        .map_err(|error| OpeningError::Malformed(trace::printable(&error.to_string())))
}

/// The first bytes of `bytes` in a form that can be logged.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let shown = bytes.get(..bytes.len().min(24)).unwrap_or_default();
    if shown.is_empty() { "nothing".to_owned() } else { format!("\"{}\"", shown.escape_ascii()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn opening() -> Opening {
        Opening::of_stream(RunId::from_random(7), 3)
    }

    #[test]
    fn an_opening_comes_back_from_its_line() {
        let line = opening().encode();
        assert_eq!(line.first(), Some(&OPENING_BYTE));
        assert_eq!(line.last(), Some(&b'\n'));
        assert_eq!(Opening::decode(&line[..line.len() - 1]), Ok(opening()));
        assert_eq!(Opening::from_header(opening().to_header().as_bytes()), Ok(opening()));
    }

    #[test]
    fn a_newer_version_and_a_stranger_are_told_apart() {
        let newer = Opening::decode(b"\xFFbackpressure/2 {}").unwrap_err();
        assert_eq!(newer.to_string(), "the peer speaks protocol version \"2\", this program version 1");
        let stranger = Opening::decode(b"GET / HTTP/1.1\r").unwrap_err();
        assert_eq!(
            stranger.to_string(),
            r#"the peer does not speak this protocol (it began with "GET / HTTP/1.1\r")"#
        );
    }

    proptest! {
        #[test]
        fn any_line_is_an_opening_or_an_error(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Opening::decode(&line).is_err());
        }

        #[test]
        fn a_changed_opening_is_read_without_a_panic(at in 0usize..80, byte in any::<u8>()) {
            let mut line = opening().encode();
            let at = at % line.len();
            line[at] = byte;
            drop(Opening::decode(&line));
        }
    }
}
