//! The files of a pair, as the command line names them.

use anyhow::{Context, bail};
use scenario::LIMITS;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The text of a file; never more of it than a file may hold, and a byte.
pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
    let could_not = || format!("could not read {}", path.display());
    let file = File::open(path).with_context(could_not)?;
    let mut text = String::new();
    file.take(LIMITS.file_max.as_u64() + 1).read_to_string(&mut text).with_context(could_not)?;
    Ok(text)
}

/// The port that the environment's `PORT` asks for: none where it is not set, or empty.
pub(crate) fn port(value: Option<OsString>) -> anyhow::Result<Option<u16>> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    match value.to_str().and_then(|text| text.parse().ok()) {
        Some(port) => Ok(Some(port)),
        None => bail!("PORT is {}; it must be a port, 0 to {}", value.display(), u16::MAX),
    }
}

/// go-backpressure's `-server` and `-client` become the tasks of that name.
pub(crate) fn arguments(given: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let task = |(place, argument): (usize, OsString)| match argument.to_str() {
        Some("-server") if place == 1 => "server".into(),
        Some("-client") if place == 1 => "client".into(),
        _ => argument,
    };
    given.into_iter().enumerate().map(task).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(line: &str) -> String {
        let all = arguments(line.split(' ').map(OsString::from));
        all.join(OsString::from(" ").as_os_str()).into_string().unwrap()
    }

    #[test]
    fn only_go_backpressures_own_first_argument_is_rewritten() {
        assert_eq!(rewritten("backpressure -server server.yml"), "backpressure server server.yml");
        assert_eq!(rewritten("backpressure -client -server"), "backpressure client -server");
        for unchanged in [
            "backpressure",
            "-server",
            "backpressure --server x",
            "backpressure -serve x",
            "backpressure check -client",
        ] {
            assert_eq!(rewritten(unchanged), unchanged);
        }
    }

    #[test]
    fn an_empty_port_is_none_and_a_bad_one_is_named() {
        let port_of = |text: &str| port(Some(text.into()));
        assert_eq!(port(None).unwrap(), None);
        assert_eq!(port_of("").unwrap(), None);
        assert_eq!(port_of("9000").unwrap(), Some(9000));
        for bad in ["abc", "65536", "-1", " 9000"] {
            assert!(port_of(bad).unwrap_err().to_string().contains(bad), "{bad}");
        }
    }
}
