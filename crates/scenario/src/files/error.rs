//! What is wrong with a file, and where, in one line.

use super::FileMistake;
use super::place::place_of;
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

    /// A mistake at the file's first place.
    pub(super) fn first_place(name: &str, message: &str) -> Self {
        Self::At { name: name.to_owned(), line: 1, column: 1, message: message.to_owned() }
    }

    /// A key that does not fit the others.
    pub(super) fn of_key(name: &str, text: &str, mistake: &FileMistake) -> Self {
        let FileMistake { key, message } = mistake;
        Self::at_key(name, text, &[key], &format!("`{key}` {message}"))
    }

    /// What is asked for at this path of keys, such as `tls` and within it `ca`, cannot be done; where the last of them is not
    /// given, at the one before.
    pub fn at_key(name: &str, text: &str, path: &[&str], message: &str) -> Self {
        let ends = (1..=path.len()).rev();
        let place = ends.filter_map(|end| path.get(..end)).find_map(|path| place_of(text, path));
        let Some((line, column)) = place else { return Self::whole(name, message) };
        Self::At { name: name.to_owned(), line, column, message: shortened(message, MESSAGE_MAX) }
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
