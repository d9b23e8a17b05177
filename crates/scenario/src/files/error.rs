//! What is wrong with a file, and where, in one line.

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
