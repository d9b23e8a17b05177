//! Several runs through relays that treat each connection differently.

use super::{MIB, Path, absorbed, free_address};
use crate::relay::{Behaviour, Relay};
use serde_json::Value;
use std::time::Duration;

const THRICE: &str = "--direction upload --baseline 300ms --hold 300ms --repeat 3";

/// Fills fast, and is full before anything was quiet for long.
const LARGE: Behaviour = Behaviour::DripWhenStalled { capacity: 16 * MIB, rate: 100_000_000 };

/// A path whose second connection is treated so, and the others plainly.
fn second_connection_through(behaviour: Behaviour) -> (Path, [Relay; 3]) {
    let server = free_address();
    let relays =
        [Behaviour::Plain, behaviour, Behaviour::Plain].map(|behaviour| Relay::start(server, behaviour));
    (Path::through_in_turn(&relays, server), relays)
}

#[test]
fn the_medians_of_three_runs_are_gated_and_not_the_worst() {
    let (path, _relays) = second_connection_through(LARGE);
    let checked = path.check(&format!("{THRICE} --max-absorbed 8MiB"));
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    let runs = checked.verdict["runs"].as_array().unwrap();
    let mut totals: Vec<usize> = runs.iter().map(|run| absorbed(&run["directions"]["upload"])).collect();
    assert_eq!(totals.len(), 3, "{}", checked.verdict);
    assert!(totals[1] > 16 * MIB && totals[0] < 8 * MIB && totals[2] < 8 * MIB, "{totals:?}");
    totals.sort_unstable();
    assert_eq!(absorbed(checked.only()), totals[1], "the median: {totals:?}");
    let spread = checked.verdict["spread"]["upload.absorbed.total_bytes"].as_array().unwrap();
    let spread: Vec<String> = spread.iter().map(Value::to_string).collect();
    assert_eq!(spread, [format!("{}.0", totals[0]), format!("{}.0", totals[2])]);
}

#[test]
fn a_median_above_its_bound_is_not_as_expected() {
    let checked = Path::through(Behaviour::Plain).check(&format!("{THRICE} --max-absorbed 64KiB"));
    assert_eq!((checked.word(), checked.code), ("propagates", 1), "{}", checked.verdict);
    assert_eq!(checked.verdict["runs"].as_array().unwrap().len(), 3);
    let unexpected = checked.verdict["unexpected"].as_array().unwrap();
    assert!(unexpected.len() == 1 && unexpected[0].as_str().unwrap().contains("absorbed"), "{unexpected:?}");
}

#[test]
fn one_run_of_three_that_breaks_breaks_the_whole() {
    let (path, _relays) = second_connection_through(Behaviour::ResetWhenStalled(Duration::from_millis(100)));
    let checked = path.check(THRICE);
    assert_eq!((checked.word(), checked.code), ("breaks", 1), "{}", checked.verdict);
    assert!(checked.reason().starts_with("1 of 3 runs broke: the path reset"), "{}", checked.reason());
    let verdicts: Vec<&str> = checked.verdict["runs"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|run| run["verdict"].as_str())
        .collect();
    assert_eq!(verdicts, ["propagates", "breaks", "propagates"]);
}
