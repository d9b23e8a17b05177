//! What is wrong with a file, and where, in one line.

use super::FileMistake;
use super::text::shortened;

/// Why a file cannot be used. One line, without control characters, whatever the file holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// A mistake with a place.
    #[error("{name}:{line}:{column}: {message}")]
    At {
        /// The file, as its reader was told.
        name: String,
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A mistake of the file as a whole.
    #[error("{name}: {message}")]
    Whole {
        /// The file, as its reader was told.
        name: String,
        /// What is wrong.
        message: String,
    },
}

/// The longest message, in characters.
const MESSAGE_MAX: usize = 400;

impl FileError {
    pub(super) fn whole(name: &str, message: &str) -> Self {
        Self::Whole { name: name.to_owned(), message: shortened(message, MESSAGE_MAX) }
    }

    /// A key that does not fit the others, where it stands at the head of a line: that is where people write them.
    pub(super) fn of_key(name: &str, text: &str, mistake: &FileMistake) -> Self {
        let FileMistake { key, message } = mistake;
        let message = format!("`{key}` {message}");
        let here = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'));
        match text.lines().position(here) {
            Some(before) => Self::At { name: name.to_owned(), line: before + 1, column: 1, message },
            None => Self::whole(name, &message),
        }
    }

    pub(super) fn of_yaml(name: &str, error: &serde_yaml::Error) -> Self {
        let Some(place) = error.location() else { return Self::whole(name, &error.to_string()) };
        let (line, column) = (place.line(), place.column());
        let message = error.to_string().replacen(&format!(" at line {line} column {column}"), "", 1);
        let message = shortened(&joined(&message), MESSAGE_MAX);
        Self::At { name: name.to_owned(), line, column, message }
    }
}

/// `message` without the colon between the path to a value and what is said of it: `delay: is -5` becomes `delay is -5`.
fn joined(message: &str) -> String {
    match message.split_once(": is ") {
        Some((path, rest)) if !path.contains(' ') => format!("{path} is {rest}"),
        _ => message.to_owned(),
    }
}
