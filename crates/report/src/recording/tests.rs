use super::*;
use crate::example;
use crate::{TextOptions, junit, merge, text};
use proptest::collection::vec;
use proptest::prelude::*;
use std::error::Error;
use std::fs;
use tempfile::TempDir;

const FILES: [&str; 6] =
    ["windows.csv", "events.jsonl", "latency.hlog", "latency.hgrm", "run.json", "verdict.json"];

fn written() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    example::recording().write(folder.path()).unwrap();
    folder
}

/// The message and those of its causes, without the folder's changing name.
fn message(error: &(dyn Error + 'static), folder: &Path) -> String {
    let causes = std::iter::successors(Some(error), |error| Error::source(*error));
    let text = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    text.replace(&folder.display().to_string(), "DIR")
}

#[test]
fn a_recording_comes_back_from_its_folder() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("runs/1");
    let recording = example::recording();
    recording.write(&folder).unwrap();
    assert_eq!(Recording::read(&folder).unwrap(), recording);
    for file in FILES {
        assert!(folder.join(file).is_file(), "{file}");
    }
    let verdict = fs::read_to_string(folder.join("verdict.json")).unwrap();
    assert_eq!(verdict, json(&recording.verdict));
    assert!(verdict.starts_with("{\n  \"format\": 1,") && verdict.ends_with("}\n"), "{verdict}");
}

#[test]
fn a_folder_that_holds_something_is_left_as_it_is() {
    let folder = written();
    let error = example::recording().write(folder.path()).unwrap_err();
    assert_eq!(
        message(&error, folder.path()),
        "could not write a recording to `DIR`: the folder is not empty"
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = written();
    let error = example::recording().write(&folder.path().join("run.json/x")).unwrap_err();
    assert_eq!(
        message(&error, folder.path()),
        "could not use `DIR/run.json/x` as a recording's folder: Not a directory (os error 20)"
    );
}

#[test]
fn a_newer_format_is_refused() {
    let folder = written();
    fs::write(folder.path().join("verdict.json"), r#"{"format": 2, "what": "ever"}"#).unwrap();
    let error = Recording::read(folder.path()).unwrap_err();
    assert_eq!(
        message(&error, folder.path()),
        "could not read the recording `DIR`: its format is 2, this program knows 1"
    );
}

#[test]
fn a_file_that_is_missing_or_no_file_is_named() {
    let folder = written();
    fs::remove_file(folder.path().join("events.jsonl")).unwrap();
    let error = Recording::read(folder.path()).unwrap_err();
    assert_eq!(
        message(&error, folder.path()),
        "could not read the recording `DIR`: could not read `events.jsonl`: No such file or directory (os error 2)"
    );
    fs::create_dir(folder.path().join("events.jsonl")).unwrap();
    let error = Recording::read(folder.path()).unwrap_err();
    assert_eq!(
        message(&error, folder.path()),
        "could not read the recording `DIR`: could not read `events.jsonl`: it is no regular file"
    );
}

#[test]
fn a_broken_document_is_named_by_its_line() {
    let folder = written();
    fs::write(folder.path().join("run.json"), "{\"format\": 1,\n \"tool_version\": 5}").unwrap();
    let error = message(&Recording::read(folder.path()).unwrap_err(), folder.path());
    let expected = "could not read the recording `DIR`: could not read line 2 of `run.json`: invalid type";
    assert!(error.starts_with(expected), "{error}");
}

/// Reads the folder, and where that gives a recording, reports it in every form.
fn use_all(folder: &Path) {
    if let Ok(recording) = Recording::read(folder) {
        let options = TextOptions { width: 80, colour: false, folder: None };
        let text = text(&recording, &options);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert!(!junit(&recording.verdict).is_empty());
        let merged = merge(vec![recording.clone(), recording]);
        assert!(merged.is_ok(), "{merged:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_bytes_for_a_file_give_a_recording_or_an_error(file in 0usize..6, bytes in vec(any::<u8>(), 0..200)) {
        let folder = written();
        fs::write(folder.path().join(FILES[file]), bytes).unwrap();
        use_all(folder.path());
    }

    #[test]
    fn changed_numbers_in_a_file_give_a_recording_or_an_error(
        file in 0usize..6,
        changes in vec((any::<prop::sample::Index>(), "(-|[0-9]{1,18}|[0-9]e[0-9]{1,3}|null)"), 1..8),
    ) {
        let folder = written();
        let path = folder.path().join(FILES[file]);
        let mut text = fs::read_to_string(&path).unwrap();
        for (place, number) in changes {
            let digits: Vec<usize> = text.match_indices(|c: char| c.is_ascii_digit()).map(|(at, _)| at).collect();
            let at = digits[place.index(digits.len())];
            text.replace_range(at..=at, &number);
        }
        fs::write(&path, text).unwrap();
        use_all(folder.path());
    }
}
