//! Files and folders that cannot be written.

use super::one_clear_line;
use crate::command::free_port;
use crate::workplace::Workplace;
use std::fs;

#[test]
fn a_folder_that_cannot_be_made_is_told_before_anything_is_measured() {
    let place = Workplace::new();
    fs::write(place.path().join("file"), "").unwrap();
    fs::create_dir(place.path().join("full")).unwrap();
    fs::write(place.path().join("full/other"), "").unwrap();
    for (output, named) in [
        ("file/run", "is no folder"),
        ("file", "file"),
        ("full", "not empty"),
        ("/proc/run", "/proc/run"),
        ("/dev/null/run", "/dev/null/run"),
    ] {
        let complaint = one_clear_line(&place.run(&format!("check --output {output}")));
        assert!(complaint.contains(output) && complaint.contains(named), "{complaint}");
    }
    assert_eq!(place.left_behind(), ["file", "full"]);
}

#[test]
fn a_junit_file_that_cannot_be_written_is_told_before_anything_is_measured() {
    let place = Workplace::new();
    let options = "check --direction upload --baseline 0s --hold 100ms --junit /proc/junit.xml";
    let complaint = one_clear_line(&place.run(options));
    assert!(complaint.contains("/proc/junit.xml"), "{complaint}");
    assert_eq!(place.left_behind(), [""; 0], "nothing was measured");
}

#[test]
fn nothing_is_left_behind_where_nothing_was_measured() {
    let place = Workplace::new();
    let nobody = free_port();
    one_clear_line(&place.run(&format!("check --target tcp://127.0.0.1:{nobody} --output deep/er/run")));
    one_clear_line(&place.run(&format!("check --target tcp://127.0.0.1:{nobody}")));
    assert_eq!(place.left_behind(), [""; 0]);
}

#[test]
fn an_empty_folder_that_was_there_is_left_there() {
    let place = Workplace::new();
    fs::create_dir(place.path().join("mine")).unwrap();
    one_clear_line(&place.run(&format!("check --target tcp://127.0.0.1:{} --output mine", free_port())));
    assert_eq!(place.left_behind(), ["mine"], "the program removes what it made, and nothing else");
}
