//! The command line, parsed; what is wrong with it in one line.

use crate::streams::{fail, print, print_error};
use clap::Parser;
use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

/// This process's arguments, with go-backpressure's `-server` and `-client` as the tasks of that name. Where they are none that
/// can be run, or ask for help, that was said, and the code is what is left to do.
pub fn arguments<A: Parser>() -> Result<A, ExitCode> {
    let given = go_backpressures(std::env::args_os()).map_err(|mistake| print_error(&mistake))?;
    A::try_parse_from(given).map_err(|error| refuse(&error))
}

/// The flags with which go-backpressure is told what to be, and what they are to us.
const FLAGS: [(&str, &str); 2] = [("-server", "server"), ("-client", "client")];

/// The first argument as a task, where it is one of go-backpressure's flags. A flag with one dash that is none of them was
/// meant to be one: ours have two dashes or one letter.
fn go_backpressures(given: impl IntoIterator<Item = OsString>) -> Result<Vec<OsString>, String> {
    let mut given: Vec<OsString> = given.into_iter().collect();
    let Some(first) = given.get_mut(1) else { return Ok(given) };
    if let Some((_, task)) = FLAGS.iter().find(|(flag, _)| first == OsStr::new(flag)) {
        *first = task.into();
    } else if let Some(meant) = first.to_str().and_then(meant) {
        return Err(format!(
            "error: unknown flag `{}`; did you mean `{meant}`? (see --help)\n",
            first.display()
        ));
    }
    Ok(given)
}

fn meant(flag: &str) -> Option<&'static str> {
    let word =
        flag.strip_prefix('-').filter(|word| !word.starts_with('-') && (3..20).contains(&word.len()))?;
    let known = FLAGS.iter().map(|(known, task)| (*known, strsim::damerau_levenshtein(word, task)));
    known.filter(|(_, distance)| *distance <= 3).min_by_key(|(_, distance)| *distance).map(|(known, _)| known)
}

/// One line on standard error, or the help that was asked for on standard output.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let printed = print(&error.render().to_string());
        return printed.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS);
    }
    let text = error.render().to_string();
    // clap's first paragraph names the mistake; the usage that follows is one `--help` away.
    let mistake: Vec<&str> = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    let mistake = mistake.join(" ");
    let mistake = mistake.strip_prefix("error: ").unwrap_or(&mistake);
    if mistake.is_empty()
        || matches!(error.kind(), clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand)
    {
        return print_error(&text);
    }
    print_error(&format!("error: {mistake} (see --help)\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(line: &str) -> Result<String, String> {
        let all = go_backpressures(line.split(' ').map(OsString::from))?;
        Ok(all.join(OsStr::new(" ")).into_string().unwrap())
    }

    #[test]
    fn only_go_backpressures_own_first_argument_is_rewritten() {
        assert_eq!(rewritten("backpressure -server server.yml").unwrap(), "backpressure server server.yml");
        assert_eq!(rewritten("backpressure -client -server").unwrap(), "backpressure client -server");
        for unchanged in [
            "backpressure",
            "-server",
            "backpressure --server x",
            "backpressure -v check",
            "backpressure -vvv check",
            "backpressure -h",
            "backpressure check -client",
        ] {
            assert_eq!(rewritten(unchanged).unwrap(), unchanged);
        }
    }

    #[test]
    fn a_flag_that_is_nearly_go_backpressures_is_told_what_was_meant() {
        for (given, meant) in
            [("-sever", "-server"), ("-serve", "-server"), ("-cleint", "-client"), ("-clien", "-client")]
        {
            let mistake = rewritten(&format!("backpressure {given} x.yml")).unwrap_err();
            assert!(
                mistake.contains(&format!("unknown flag `{given}`; did you mean `{meant}`?")),
                "{mistake}"
            );
        }
    }
}
