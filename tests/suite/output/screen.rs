//! Text for people, and what it becomes where nobody looks.

use super::{QUICK, start};
use crate::command::{Background, program};
use crate::workplace::{Ended, Workplace, ended, names, text_of};
use std::fs::File;
use std::process::Stdio;

#[test]
fn without_a_terminal_nothing_but_lines_is_printed() {
    let place = Workplace::new();
    for options in ["", "--verbose --verbose", "--quiet"] {
        let check = place.run(&format!("check {QUICK} --output none {options}"));
        assert_eq!(check.code, 0, "{}", check.stderr);
        let steers = |c: char| c.is_control() && c != '\n';
        assert!(!check.stdout.contains(steers), "{:?}", check.stdout);
        assert!(!check.stderr.contains(steers), "{:?}", check.stderr);
    }
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn a_check_that_goes_well_says_nothing_on_standard_error() {
    let check = Workplace::new().run(&format!("check {QUICK}"));
    assert_eq!((check.code, check.stderr.as_str()), (0, ""));
}

#[test]
fn the_report_of_a_recording_is_the_one_that_the_check_printed() {
    let place = Workplace::new();
    let check = place.run("check --baseline 300ms --hold 500ms");
    assert_eq!(check.code, 0, "{}", check.stderr);
    assert_eq!(place.left_behind(), ["runs"]);
    let runs = names(&place.path().join("runs"));
    let [run] = runs.as_slice() else { panic!("one run was made: {runs:?}") };
    let folder = format!("runs/{run}");
    assert!(check.stdout.contains(&format!("{folder}/\n")), "{}", check.stdout);

    let report = place.run(&format!("report {folder}"));
    assert_eq!(report, Ended { code: 0, ..check });
    let absolute = place.path().join(&folder).display().to_string();
    let elsewhere = Workplace::new().run(&format!("report {absolute}"));
    assert_eq!(elsewhere.stdout.replace(&absolute, &folder), report.stdout);
    let json = place.run(&format!("report {folder} --format json"));
    assert_eq!(json.stdout, text_of(&place.path().join(&folder).join("verdict.json")));
}

#[test]
fn the_report_reads_as_the_readme_says() {
    let place = Workplace::new();
    let check = place.run("check --direction upload --baseline 300ms --hold 500ms --output run");
    let line = |label: &str| {
        let mut lines = check.stdout.lines();
        let found = lines.find_map(|line| line.strip_prefix(label)).map(str::trim_start);
        found.unwrap_or_else(|| panic!("no line {label} in {}", check.stdout)).to_owned()
    };
    assert!(line("path ").starts_with("client → server 127.0.0.1:"), "{}", check.stdout);
    assert!(line("path ").ends_with("tcp, upload"), "{}", check.stdout);
    let verdict = line("verdict ");
    assert!(verdict.starts_with("PROPAGATES: the producer was stopped "), "{verdict}");
    let absorbed = line("absorbed ");
    for part in ["in the producer", "send queue", "path", "receive queue", "in the consumer"] {
        assert!(absorbed.contains(part), "{absorbed}");
    }
    let timing = line("timing ");
    for part in ["last write ", "zero window ", "released ", " after resume", "90 % of "] {
        assert!(timing.contains(part), "{timing}");
    }
    let price = line("price ");
    assert!(price.starts_with("0 bytes lost, reordered or changed in "), "{price}");
    assert!(price.ends_with("connection survived the 500 ms hold · run/"), "{price}");
}

#[test]
fn a_reader_that_leaves_is_no_fault() {
    let place = Workplace::new();
    place.record("run", QUICK);
    for arguments in ["check --help", "--version", "report run", "report run --format json"] {
        let (code, complaint) = with_a_reader_that_left(&place, arguments);
        assert_eq!((code, complaint.as_str()), (0, ""), "{arguments}");
    }
    // Nor does it make a check that failed a good one.
    let failing = format!("check {QUICK} --max-absorbed 1KiB --output other");
    let (code, complaint) = with_a_reader_that_left(&place, &failing);
    assert_eq!((code, complaint.as_str()), (1, ""));
    assert!(place.path().join("other/verdict.json").exists(), "the recording is whole all the same");
}

fn with_a_reader_that_left(place: &Workplace, arguments: &str) -> (i32, String) {
    let mut process = start(place, arguments);
    drop(process.0.stdout.take());
    let Ended { code, stderr, .. } = ended(process);
    (code, stderr)
}

#[test]
fn a_verdict_that_cannot_be_printed_is_not_a_success() {
    let place = Workplace::new();
    place.record("run", QUICK);
    for arguments in ["report run", "report run --format json", "--version"] {
        let full = File::options().write(true).open("/dev/full").expect("Linux has a full device");
        let mut command = program();
        command.current_dir(place.path()).args(arguments.split_whitespace());
        let process = command.stdout(full).stderr(Stdio::piped()).spawn().expect("the program starts");
        let Ended { code, stderr, .. } = ended(Background(process));
        assert!(stderr.starts_with("error: could not print: "), "{arguments}: {stderr}");
        assert_eq!(code, 2, "`{arguments}` could not tell what it found: {stderr}");
    }
}
