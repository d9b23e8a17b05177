//! The files of a pair, and the port that the environment asks for.

use anyhow::{Context, bail};
use scenario::LIMITS;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The text of a file; never more of it than a file may hold, and a byte.
pub fn read_file(path: &Path) -> anyhow::Result<String> {
    let could_not = || format!("could not read {}", path.display());
    let file = File::open(path).with_context(could_not)?;
    let mut text = String::new();
    file.take(LIMITS.file_max.as_u64() + 1).read_to_string(&mut text).with_context(could_not)?;
    Ok(text)
}

/// The port that the environment's `PORT` asks for: none where it is not set, or empty.
pub fn port_of(value: Option<OsString>) -> anyhow::Result<Option<u16>> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    match value.to_str().and_then(|text| text.parse().ok()) {
        Some(port) => Ok(Some(port)),
        None => bail!("PORT is {}; it must be a port, 0 to {}", value.display(), u16::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_port_is_none_and_a_bad_one_is_named() {
        let asked = |text: &str| port_of(Some(text.into()));
        assert_eq!(port_of(None).unwrap(), None);
        assert_eq!(asked("").unwrap(), None);
        assert_eq!(asked("9000").unwrap(), Some(9000));
        for bad in ["abc", "65536", "-1", " 9000"] {
            assert!(asked(bad).unwrap_err().to_string().contains(bad), "{bad}");
        }
    }
}
