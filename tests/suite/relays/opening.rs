//! Relays through which no connection comes about.

use super::{Path, free_address};
use crate::relay::{Behaviour, Relay};

/// The one line that a check through `behaviour` prints before it gives up with exit code 2.
#[track_caller]
fn complaint(behaviour: Behaviour) -> String {
    let path = Path::through(behaviour);
    let output = path.command("--output none").output().expect("the program runs");
    let complaint = String::from_utf8(output.stderr).expect("it complains in words");
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(output.stdout.is_empty(), "{:?}", String::from_utf8_lossy(&output.stdout));
    assert!(complaint.starts_with("error: ") && complaint.lines().count() == 1, "{complaint}");
    assert!(complaint.contains(&path.relay.address().to_string()), "it names the address: {complaint}");
    complaint
}

#[test]
fn a_relay_that_resets_at_once_cannot_be_checked() {
    let complaint = complaint(Behaviour::ResetAtConnect);
    assert!(complaint.contains("reset"), "{complaint}");
}

#[test]
fn a_relay_that_never_answers_cannot_be_checked() {
    let complaint = complaint(Behaviour::SilentAtConnect);
    assert!(complaint.contains("did not answer within"), "{complaint}");
}

#[test]
fn a_path_that_takes_no_second_connection_breaks_the_second_direction() {
    let server = free_address();
    let good = || Relay::start(server, Behaviour::Plain);
    let bad = || Relay::start(server, Behaviour::ResetAtConnect);
    let relays = [good(), bad(), bad(), bad(), bad(), bad(), bad(), bad()];
    let checked = Path::through_in_turn(&relays, server).check("--baseline 300ms --hold 300ms");
    assert_eq!((checked.word(), checked.code), ("breaks", 1), "{}", checked.verdict);
    assert_eq!(checked.direction("upload")["verdict"], "propagates", "{}", checked.verdict);
    let download = checked.direction("download");
    assert_eq!(download["verdict"], "breaks", "{download:#}");
    assert_eq!((&download["ended"]["by"], &download["ended"]["phase"]), (&"path".into(), &"connect".into()));
    assert_eq!(download["ended"]["how"], "reset", "{download:#}");
    assert!(checked.reason().starts_with("download: "), "{}", checked.reason());
}
