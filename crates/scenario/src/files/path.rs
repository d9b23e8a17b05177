//! Folders in files.

use super::value::FromText;
use schemars::{Schema, json_schema};
use std::path::PathBuf;

/// A folder, as seen from where the program runs.
#[derive(Debug, Clone)]
pub(super) struct Folder(pub(super) PathBuf);

/// The longest path that Linux takes.
const PATH_MAX: usize = 4096;

impl FromText for Folder {
    fn from_text(text: &str) -> Option<Self> {
        let fits = (1..PATH_MAX).contains(&text.len()) && !text.contains('\0');
        fits.then(|| Self(PathBuf::from(text)))
    }

    fn must_be() -> String {
        "a folder's path".to_owned()
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "examples": ["runs/one"] })
    }
}
