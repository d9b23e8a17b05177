//! The files that a run leaves behind.

use super::shape::{DOCUMENT, EVENT, RUN, shape};
use super::{QUICK, start};
use crate::workplace::{Workplace, ended, json_of, names, text_of};
use serde_json::Value;
use std::path::Path;

#[test]
fn a_recording_holds_all_its_files_and_each_parses() {
    let place = Workplace::new();
    let recording = place.record("run", "--baseline 300ms --hold 500ms --seed 42");
    let files = ["events.jsonl", "latency.hgrm", "latency.hlog", "run.json", "verdict.json", "windows.csv"];
    assert_eq!(names(&recording), files);

    shape(&json_of(&recording.join("verdict.json")), "", &DOCUMENT);
    let run = json_of(&recording.join("run.json"));
    shape(&run, "", &RUN);
    assert_eq!(run["scenario"]["seed"], 42);
    assert_eq!(run["scenario"]["hold"], "500ms");
    assert_eq!(run["scenario"]["message"], 65536);
    events_parse(&recording);
    windows_parse(&recording);
    latencies_parse(&recording);
}

fn events_parse(recording: &Path) {
    let text = text_of(&recording.join("events.jsonl"));
    let events: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line is an event")).collect();
    for event in &events {
        shape(event, "", &EVENT);
    }
    for direction in ["upload", "download"] {
        let of_direction = || events.iter().filter(|event| event["direction"] == direction);
        let phases = of_direction().filter_map(|event| event["phase"].as_str());
        let all = ["trickle", "baseline", "stall", "hold", "resume", "verify"];
        assert_eq!(phases.collect::<Vec<_>>(), all, "{direction}");
        for (end, event) in [("consumer", "stalled"), ("consumer", "resumed"), ("consumer", "complete")] {
            let seen = of_direction().filter(|record| record["end"] == end && record["event"] == event);
            assert_eq!(seen.count(), 1, "{direction}: {event}");
        }
        assert!(of_direction().is_sorted_by_key(|event| event["at"].as_u64()), "{direction}");
    }
}

fn windows_parse(recording: &Path) {
    let text = text_of(&recording.join("windows.csv"));
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let columns = lines.next().expect("there is a header");
    assert_eq!(columns[..5], ["run", "direction", "role", "at_ns", "stream_bytes"]);
    let place = |name: &str| columns.iter().position(|column| *column == name).expect("there is a column");
    let (at, window, waiting) = (place("at_ns"), place("snd_wnd"), place("waiting"));
    let rows: Vec<Vec<&str>> = lines.collect();
    for direction in ["upload", "download"] {
        for role in ["producer", "consumer"] {
            let of_end = || rows.iter().filter(|row| row[..3] == ["1", direction, role]);
            assert!(of_end().count() > 500, "at 1 ms there are more samples: {direction} {role}");
            assert!(of_end().all(|row| row.len() == columns.len()));
            let times = of_end().map(|row| row[at].parse::<u64>().expect("a time is a whole number"));
            assert!(times.is_sorted(), "{direction} {role}");
        }
        let blocked = |row: &&Vec<&str>| row[1..3] == [direction, "producer"] && row[window] == "0";
        assert!(rows.iter().any(|row| blocked(&row) && row[waiting] == "true"), "{direction}");
    }
}

fn latencies_parse(recording: &Path) {
    let log = text_of(&recording.join("latency.hlog"));
    let intervals: Vec<&str> = log.lines().filter(|line| line.starts_with("Tag=")).collect();
    for tag in ["latency", "held_back", "in_path", "write", "rtt", "zero_window"] {
        let of_tag = || intervals.iter().filter(|line| line.starts_with(&format!("Tag={tag},")));
        assert_eq!(of_tag().count(), 2, "{tag}: one a direction");
        for line in of_tag() {
            let fields: Vec<&str> = line.split(',').collect();
            assert_eq!(fields.len(), 5, "{line}");
            assert!(fields[1..4].iter().all(|figure| figure.parse::<f64>().is_ok()), "{line}");
            // The cookie of V2 deflate in base64.
            assert!(fields[4].starts_with("HISTFAAA"), "{line}");
        }
    }
    let percentiles = text_of(&recording.join("latency.hgrm"));
    assert!(percentiles.contains("Total count    =           80"), "{percentiles}");
}

#[test]
fn a_second_run_gets_a_folder_of_its_own() {
    let place = Workplace::new();
    let check = format!("check {QUICK}");
    let (mut one, mut other) = (start(&place, &check), start(&place, &check));
    for check in [&mut one, &mut other] {
        drop(check.0.stdout.take());
    }
    for check in [one, other] {
        let check = ended(check);
        assert_eq!((check.code, check.stderr.as_str()), (0, ""), "two checks at the same time");
    }
    assert_eq!(names(&place.path().join("runs")).len(), 2);
}

#[test]
fn a_seed_is_taken_at_random_and_recorded_where_none_is_given() {
    let place = Workplace::new();
    let seeds = ["one", "other"].map(|name| {
        json_of(&place.record(name, QUICK).join("run.json"))["scenario"]["seed"].as_u64().expect("a seed")
    });
    assert_ne!(seeds[0], seeds[1]);
}

#[test]
fn merged_recordings_are_one_recording_of_more_runs() {
    let place = Workplace::new();
    place.record("one", QUICK);
    place.record("other", QUICK);
    let merged = place.run("merge sum one other");
    assert_eq!(merged.code, 0, "{}", merged.stderr);
    let report = place.run("report sum");
    assert_eq!(report.stdout, merged.stdout);
    let document = json_of(&place.path().join("sum/verdict.json"));
    assert_eq!(document["runs"].as_array().map(Vec::len), Some(2), "{document}");
    let count = |folder: &str| {
        let text = text_of(&place.path().join(folder).join("windows.csv"));
        text.lines().count() - 1
    };
    assert_eq!(count("sum"), count("one") + count("other"));
}
