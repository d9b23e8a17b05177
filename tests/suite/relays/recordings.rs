//! Recordings of checks through a relay: reported again, and added up.

use super::Path;
use crate::command;
use crate::relay::Behaviour;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::process::Output;

/// Quick, and paced, so that there are latencies to count.
const QUICK: &str = "--direction upload --baseline 300ms --hold 300ms --rate 20MB/s";

/// A check through a plain relay that leaves its recording in `folder`.
fn record(path: &Path, options: &str, folder: &str) -> Output {
    path.command(options).args(["--output", folder]).output().expect("the program runs")
}

/// The counts in a text report, by histogram.
fn counts(text: &str) -> BTreeMap<String, u64> {
    let rows = text.lines().filter_map(|line| {
        let (before, after) = line.split_once(" count ")?;
        let tag = before.trim_start_matches("latency  ").split_whitespace().next()?;
        let count = after.split_whitespace().next()?.replace(',', "");
        Some((tag.to_owned(), count.parse().ok()?))
    });
    rows.collect()
}

#[test]
fn a_report_from_a_recording_is_what_the_check_printed() {
    let path = Path::through(Behaviour::Plain);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    // Not as expected, so that the code is something that a report must take from the recording.
    let output = record(&path, &format!("{QUICK} --max-absorbed 64KiB"), folder);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(1), &b""[..]), "{printed}");
    assert!(printed.contains("PROPAGATES") && counts(&printed)["latency"] > 40, "{printed}");

    let (code, text, complaint) = command::run(&["report", folder]);
    assert_eq!((code, text.as_str(), complaint.as_str()), (1, printed.as_str(), ""));

    let (code, json, _) = command::run(&["report", "--format", "json", folder]);
    let written = fs::read_to_string(format!("{folder}/verdict.json")).unwrap();
    assert_eq!((code, json), (1, written));
}

#[test]
fn recordings_of_one_scenario_add_up() {
    let path = Path::through(Behaviour::Plain);
    let parent = tempfile::tempdir().unwrap();
    let folder = |name: &str| parent.path().join(name).to_str().unwrap().to_owned();
    let (one, other, sum) = (folder("one"), folder("other"), folder("sum"));
    let apart = [&one, &other].map(|folder| {
        let output = record(&path, QUICK, folder);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        counts(&String::from_utf8(output.stdout).unwrap())
    });

    let (code, printed, complaint) = command::run(&["merge", &sum, &one, &other]);
    assert_eq!((code, complaint.as_str()), (0, ""), "{printed}");

    let [one_counts, other_counts] = &apart;
    assert_eq!(one_counts.len(), 6, "{one_counts:?}");
    let added = one_counts.iter().map(|(tag, count)| (tag.clone(), count + other_counts[tag]));
    assert_eq!(counts(&printed), added.collect());
    let (code, again, _) = command::run(&["report", &sum]);
    assert_eq!((code, again), (0, printed));
    let (_, json, _) = command::run(&["report", "--format", "json", &sum]);
    let merged: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(merged["runs"].as_array().map(Vec::len), Some(2), "{merged:#}");
}

#[test]
fn recordings_of_different_scenarios_do_not_add_up() {
    let path = Path::through(Behaviour::Plain);
    let parent = tempfile::tempdir().unwrap();
    let folder = |name: &str| parent.path().join(name).to_str().unwrap().to_owned();
    let (one, other, sum) = (folder("one"), folder("other"), folder("sum"));
    record(&path, QUICK, &one);
    record(&path, &format!("{QUICK} --message 32KiB"), &other);

    let (code, printed, complaint) = command::run(&["merge", &sum, &one, &other]);

    assert_eq!((code, printed.as_str(), complaint.lines().count()), (2, "", 1), "{complaint}");
    assert!(complaint.contains("message"), "{complaint}");
    assert!(!parent.path().join("sum").exists(), "nothing is left behind");
}
