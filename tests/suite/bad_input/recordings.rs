//! Recordings that are not there, not whole, too new, or that do not fit each other.

use super::{one_clear_line, refused_naming};
use crate::workplace::{Workplace, json_of, text_of};
use serde_json::json;
use std::fs;

#[test]
fn a_recording_that_is_not_there_is_named() {
    refused_naming("report nowhere", &["nowhere", "run.json", "No such file"]);
    refused_naming("merge sum nowhere", &["nowhere", "run.json", "No such file"]);
    refused_naming("report /etc", &["/etc", "run.json"]);
    refused_naming("report /dev/null", &["/dev/null", "run.json"]);
}

#[test]
fn a_recording_with_a_file_cut_short_is_refused_by_the_files_name() {
    let place = Workplace::new();
    let recording = place.record("run", "--direction upload --baseline 0s --hold 100ms");
    for file in ["run.json", "verdict.json", "windows.csv", "events.jsonl", "latency.hlog"] {
        let path = recording.join(file);
        let whole = text_of(&path);
        fs::write(&path, whole.get(..whole.len() - 20).unwrap()).unwrap();
        let complaint = one_clear_line(&place.run("report run"));
        assert!(complaint.contains("`run`") && complaint.contains(file), "{complaint}");
        fs::remove_file(&path).unwrap();
        let complaint = one_clear_line(&place.run("report run"));
        assert!(complaint.contains(file) && complaint.contains("No such file"), "{complaint}");
        fs::write(&path, whole).unwrap();
    }
    assert_eq!(place.run("report run").code, 0, "it is whole again");
}

#[test]
fn a_recording_of_a_newer_program_is_refused_by_its_format() {
    let place = Workplace::new();
    let recording = place.record("run", "--direction upload --baseline 0s --hold 100ms");
    for file in ["run.json", "verdict.json"] {
        let path = recording.join(file);
        let (whole, mut newer) = (text_of(&path), json_of(&path));
        newer["format"] = json!(2);
        newer["path"] = json!("of another shape");
        newer["directions"] = json!("of another shape");
        fs::write(&path, newer.to_string()).unwrap();
        let complaint = one_clear_line(&place.run("report run"));
        assert!(complaint.contains("format is 2") && complaint.contains("knows 1"), "{complaint}");
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn recordings_that_do_not_fit_are_not_merged() {
    let place = Workplace::new();
    place.record("one", "--direction upload --baseline 0s --hold 100ms");
    place.record("other", "--direction upload --baseline 0s --hold 100ms --message 32KiB");
    let complaint = one_clear_line(&place.run("merge sum one other"));
    assert!(complaint.contains("message") && complaint.contains("recording 2"), "{complaint}");
    let complaint = one_clear_line(&place.run("merge other one"));
    assert!(complaint.contains("other") && complaint.contains("not empty"), "{complaint}");
    let complaint = one_clear_line(&place.run("merge sum one other ./one"));
    assert!(complaint.contains("./one was given twice"), "{complaint}");
    assert_eq!(place.left_behind(), ["one", "other"]);
}
