//! `--format json`, and the document's shape.

use super::QUICK;
use super::shape::{ABSORBED, DIRECTION, DIRECTION_COLD, DOCUMENT, ENDED, INTEGRITY, shape};
use crate::command::free_port;
use crate::relay::{Behaviour, Relay};
use crate::workplace::{Workplace, text_of};
use serde_json::Value;

#[test]
fn json_is_one_document_of_the_documented_shape_and_nothing_else() {
    let place = Workplace::new();
    let check = place.run("check --baseline 300ms --hold 500ms --format json --output run");
    assert_eq!((check.code, check.stderr.as_str()), (0, ""));
    // A second document, or anything else behind the first, would be an error.
    let document: Value = serde_json::from_str(&check.stdout).expect("it is one document of JSON");
    assert_eq!(check.stdout, text_of(&place.path().join("run/verdict.json")));

    shape(&document, "", &DOCUMENT);
    assert_eq!(document["format"], 1);
    assert_eq!(document["verdict"], "propagates");
    assert_eq!(document["expected"], true);
    let directions = document["directions"].as_object().expect("it is an object");
    assert_eq!(directions.keys().collect::<Vec<_>>(), ["download", "upload"]);
    for direction in directions.values() {
        shape(direction, "", &DIRECTION);
        shape(&direction["absorbed"], "absorbed", &ABSORBED);
        shape(&direction["integrity"], "integrity", &INTEGRITY);
        assert_eq!(direction["verdict"], "propagates");
        assert_eq!(direction["ended"], Value::Null);
        let figure = |name: &str| direction["absorbed"][name].as_i64().expect("it is whole");
        let parts =
            ["producer_bytes", "send_queue_bytes", "path_bytes", "receive_queue_bytes", "consumer_bytes"];
        assert_eq!(parts.map(figure).iter().sum::<i64>(), figure("total_bytes"), "{direction}");
    }
}

#[test]
fn an_end_and_what_never_came_have_the_documented_shape() {
    let server = format!("127.0.0.1:{}", free_port());
    let relay = Relay::start(server.parse().expect("it is an address"), Behaviour::ResetAfter(1 << 20));
    let via = relay.address();
    let options = "--direction upload --format json --output none";
    let check = Workplace::new().run(&format!("check --listen {server} --via {via} {options}"));
    assert_eq!(check.code, 1, "{}", check.stderr);
    let document: Value = serde_json::from_str(&check.stdout).expect("it is one document of JSON");
    shape(&document, "", &DOCUMENT);
    assert_eq!((&document["verdict"], &document["expected"]), (&"breaks".into(), &false.into()));
    let upload = &document["directions"]["upload"];
    shape(&upload["ended"], "ended", &ENDED);
    assert_eq!(upload["ended"]["how"], "reset", "{upload}");
    for never in ["absorbed", "last_write_ms", "zero_window_ms", "release_ms", "recovery_ms"] {
        assert_eq!(upload[never], Value::Null, "{never}: {upload}");
    }
}

#[test]
fn with_several_runs_each_is_in_the_document_beside_the_medians() {
    let place = Workplace::new();
    let check = place.run(&format!("check {QUICK} --repeat 3 --format json --output run"));
    assert_eq!(check.code, 0, "{}", check.stderr);
    let document: Value = serde_json::from_str(&check.stdout).expect("it is one document of JSON");
    let runs = document["runs"].as_array().expect("there are runs");
    assert_eq!(runs.len(), 3);
    let total = |run: &Value| run["directions"]["upload"]["absorbed"]["total_bytes"].as_u64();
    let mut totals: Vec<_> = runs.iter().map(total).collect();
    totals.sort_unstable();
    assert_eq!(total(&document), totals[1], "the median is the middle one");
    for run in runs {
        shape(&run["directions"]["upload"], "", &DIRECTION_COLD);
    }
    let report = place.run("report run");
    assert!(report.stdout.lines().any(|line| line.starts_with("runs ")), "{}", report.stdout);
}
