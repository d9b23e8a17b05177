//! What cannot be run ends with one clear line, exit code 2, and nothing left behind.

mod addresses;
mod folders;
mod options;
mod peers;
mod recordings;

use crate::workplace::{Ended, Workplace, names};

/// Runs the program in an empty folder and expects it to refuse; gives its complaint.
#[track_caller]
fn refused(arguments: &str) -> String {
    let place = Workplace::new();
    let complaint = one_clear_line(&place.run(arguments));
    let runs: Vec<String> = place.left_behind().into_iter().filter(|name| name != "runs").collect();
    let left = place.path().join("runs");
    let in_runs = if left.exists() { names(&left) } else { Vec::new() };
    assert!(runs.is_empty() && in_runs.is_empty(), "`{arguments}` left {runs:?} and {in_runs:?}");
    complaint
}

/// As [`refused`], with these words in the complaint.
#[track_caller]
pub(crate) fn refused_naming(arguments: &str, named: &[&str]) -> String {
    let complaint = refused(arguments);
    for word in named {
        assert!(complaint.contains(word), "`{arguments}` is refused without naming {word}: {complaint}");
    }
    complaint
}

/// That a program could not do what was asked, and said so as it should.
#[track_caller]
pub(crate) fn one_clear_line(ended: &Ended) -> String {
    let complaint = &ended.stderr;
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{complaint}");
    assert!(complaint.starts_with("error: "), "{complaint}");
    assert_eq!(complaint.matches('\n').count(), 1, "one line: {complaint}");
    let steers = |c: char| c.is_control() && c != '\n';
    assert!(complaint.ends_with('\n') && !complaint.contains(steers), "{complaint:?}");
    complaint.clone()
}
