//! A check as a gate of continuous integration.

use super::{QUICK, WARM};
use crate::command::free_port;
use crate::relay::{Behaviour, Relay};
use crate::workplace::{Workplace, end_of, text_of};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

#[test]
fn junit_has_a_failure_where_an_expectation_is_not_met() {
    let place = Workplace::new();
    let check = place.run(&format!("check {QUICK} --max-absorbed 1KiB --junit met.xml --output run"));
    assert_eq!(check.code, 1, "{}", check.stderr);
    assert!(check.stdout.contains("PROPAGATES"), "the verdict is as it was: {}", check.stdout);
    let unexpected = check.stdout.lines().find(|line| line.starts_with("unexpected"));
    let unexpected = unexpected.unwrap_or_else(|| panic!("{}", check.stdout));
    assert!(unexpected.contains("absorbed") && unexpected.contains("at most 1 KiB"), "{unexpected}");

    let found = junit(&place.path().join("met.xml"));
    assert_eq!(found["tests"], 1);
    let failures = found["failures"].as_array().expect("it is a list");
    assert_eq!(failures.len(), 1, "{found}");
    assert_eq!(failures[0][0], "upload");
    let message = failures[0][1].as_str().expect("a failure has a message");
    assert!(message.contains("at most 1 KiB"), "{message}");
    // The report of the recording comes to the same.
    let report = place.run("report run --junit again.xml");
    assert_eq!(report.code, 1);
    assert_eq!(text_of(&place.path().join("again.xml")), text_of(&place.path().join("met.xml")));
}

#[test]
fn junit_has_a_test_a_direction_and_no_failure_where_all_is_as_expected() {
    let place = Workplace::new();
    let check = place.run("check --baseline 0s --hold 100ms --junit junit.xml --output none");
    assert_eq!(check.code, 0, "{}", check.stderr);
    let found = junit(&place.path().join("junit.xml"));
    assert_eq!((&found["tests"], &found["failures"]), (&2.into(), &Value::Array(Vec::new())));
}

/// The tests and failures in a file, as another program's XML parser finds them.
fn junit(file: &Path) -> Value {
    let read = end_of(Command::new("python3").args(["-c", JUNIT_READER]).arg(file));
    assert_eq!(read.code, 0, "it is well-formed: {}", read.stderr);
    serde_json::from_str(&read.stdout).expect("the reader prints JSON")
}

#[test]
fn every_kind_of_expectation_gates() {
    let place = Workplace::new();
    // Cold, every write of the flood comes after the stall, and there is no baseline to be seen.
    let impossible = "--max-absorbed 1B --max-onset 1ns --max-release 1ns --max-trickle 1ns \
                      --min-baseline 1B/s --expect absorbs";
    let check = place.run(&format!("check {QUICK} {impossible} --format json --output none"));
    assert_eq!(check.code, 1, "{}", check.stderr);
    let document: Value = serde_json::from_str(&check.stdout).expect("it is one document of JSON");
    assert_eq!(document["expected"], false);
    let sentences: Vec<&str> = document["unexpected"]
        .as_array()
        .expect("it is a list")
        .iter()
        .map(|sentence| sentence.as_str().expect("it is a sentence"))
        .collect();
    for named in ["verdict", "absorbed", "last write", "release", "trickle", "baseline"] {
        let start = format!("upload: {named}");
        let verdict = format!("upload: the {named}");
        let told = sentences.iter().any(|said| said.starts_with(&start) || said.starts_with(&verdict));
        assert!(told, "{named}: {sentences:?}");
    }
    assert_eq!(sentences.len(), 6, "{sentences:?}");

    let slow = place.run(&format!("check {WARM} --min-baseline 9000GB/s --output none"));
    assert_eq!(slow.code, 1, "{}", slow.stderr);
    assert!(slow.stdout.contains("at least 9000 GB/s was asked"), "{}", slow.stdout);
}

#[test]
fn what_the_path_itself_takes_is_gated_apart() {
    let server = format!("127.0.0.1:{}", free_port());
    let relay = Relay::start(server.parse().expect("it is an address"), Behaviour::Plain);
    let place = Workplace::new();
    let path = format!("check {QUICK} --output none --listen {server} --via {}", relay.address());
    let met = place.run(&format!("{path} --max-path 16MiB"));
    assert_eq!(met.code, 0, "{}{}", met.stdout, met.stderr);
    let unmet = place.run(&format!("{path} --max-path 1KiB"));
    assert_eq!(unmet.code, 1, "{}{}", unmet.stdout, unmet.stderr);
    assert!(unmet.stdout.contains("absorbed by the path"), "{}", unmet.stdout);
}

#[test]
fn expectations_that_are_met_do_not_gate() {
    let possible = "--max-absorbed 1GiB --max-path 1GiB --max-onset 20s --max-release 20s --max-trickle 20s \
                    --min-baseline 1kB/s --expect propagates";
    let check = Workplace::new().run(&format!("check {WARM} {possible} --output none"));
    assert_eq!(check.code, 0, "{}{}", check.stdout, check.stderr);
    assert!(!check.stdout.contains("unexpected"), "{}", check.stdout);
}

/// Counts the tests of a JUnit file, and names what failed.
const JUNIT_READER: &str = r"
import json, sys, xml.etree.ElementTree as xml

root = xml.parse(sys.argv[1]).getroot()
assert root.tag == 'testsuites', root.tag
cases = root.findall('testsuite/testcase')
failed = [(case.get('name'), case.find('failure')) for case in cases if case.find('failure') is not None]
assert int(root.get('tests')) == len(cases) and int(root.get('failures')) == len(failed)
print(json.dumps({
    'tests': len(cases),
    'failures': [[name, failure.get('message')] for name, failure in failed],
}))
";
