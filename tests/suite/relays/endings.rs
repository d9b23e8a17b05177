//! Relays that end the connection before its time.

use super::{BOTH, MIB, Path};
use crate::command::Checked;
use crate::relay::Behaviour;
use std::ops::Range;
use std::time::Duration;

/// Within the baseline of one second, if anything moves at all.
const MID_BASELINE: u64 = 8 * MIB as u64;

/// More than the paced baseline and the stall, less than what is made up for at once after the hold.
const IN_RESUME: u64 = 12 * MIB as u64;

/// What a check must have found.
struct Expected<'a> {
    how: &'a str,
    phases: &'a [&'a str],
    after_ms: Range<f64>,
    /// What the reason says about the way it ended.
    says: &'a str,
}

impl Expected<'_> {
    /// That the path broke the connection in this way.
    #[track_caller]
    fn by_the_path(&self, checked: &Checked) {
        self.by("path", checked);
    }

    #[track_caller]
    fn by(&self, party: &str, checked: &Checked) {
        let (ended, only) = (&checked.only()["ended"], checked.only());
        assert_eq!((checked.word(), checked.code), ("breaks", 1), "{only:#}");
        assert_eq!((&ended["by"], &ended["how"]), (&party.into(), &self.how.into()), "{only:#}");
        let phase = ended["phase"].as_str().expect("a phase has a name");
        assert!(self.phases.contains(&phase), "{only:#}");
        let after_ms = ended["after_ms"].as_f64().expect("a time is a number");
        assert!(self.after_ms.contains(&after_ms), "{only:#}");
        let reason = checked.reason();
        assert!(reason.contains(self.says) && reason.contains(&format!("(phase {phase})")), "{reason}");
        let before_the_stall = ["connect", "trickle", "baseline"].contains(&phase);
        let since = if before_the_stall { "connecting" } else { "the stall began" };
        assert!(reason.contains(&format!(" after {since}")), "{reason}");
    }
}

/// That the reason names the end that saw it.
#[track_caller]
fn names_an_end(checked: &Checked) {
    let reason = checked.reason();
    assert!(reason.contains("the producer's") || reason.contains("the consumer's"), "{reason}");
}

#[test]
fn a_reset_in_the_baseline_breaks() {
    for direction in BOTH {
        let checked = Path::through(Behaviour::ResetAfter(MID_BASELINE)).check(&in_the(direction));
        let says = "the path reset the connection";
        let expected = Expected { how: "reset", phases: &["baseline"], after_ms: 700.0..5e3, says };
        expected.by_the_path(&checked);
        names_an_end(&checked);
    }
}

#[test]
fn a_close_in_the_baseline_breaks() {
    for direction in BOTH {
        let checked = Path::through(Behaviour::CloseAfter(MID_BASELINE)).check(&in_the(direction));
        let says = "the path closed the connection";
        let expected = Expected { how: "fin", phases: &["baseline"], after_ms: 700.0..5e3, says };
        expected.by_the_path(&checked);
        names_an_end(&checked);
    }
}

#[test]
fn a_relay_that_hangs_in_an_upload_breaks_by_a_timeout() {
    hang("upload");
}

#[test]
fn a_relay_that_hangs_in_a_download_breaks_by_a_timeout() {
    hang("download");
}

#[track_caller]
fn hang(direction: &str) {
    let checked = Path::through(Behaviour::HangAfter(MID_BASELINE)).check(&in_the(direction));
    let says = "nothing came through any more";
    let expected = Expected { how: "timeout", phases: &["baseline"], after_ms: 3e3..20e3, says };
    expected.by_the_path(&checked);
}

#[test]
fn a_reset_in_the_stall_breaks() {
    for direction in BOTH {
        let behaviour = Behaviour::ResetWhenStalled(Duration::from_millis(300));
        let checked = Path::through(behaviour).check(&in_the(direction));
        let says = "the path reset the connection";
        let expected = Expected { how: "reset", phases: &["stall", "hold"], after_ms: 290.0..3e3, says };
        expected.by_the_path(&checked);
        names_an_end(&checked);
    }
}

#[test]
fn a_close_in_the_stall_breaks() {
    for direction in BOTH {
        let behaviour = Behaviour::CloseWhenStalled(Duration::from_millis(300));
        let checked = Path::through(behaviour).check(&in_the(direction));
        let says = "the path closed the connection";
        let expected = Expected { how: "fin", phases: &["stall", "hold"], after_ms: 290.0..3e3, says };
        expected.by_the_path(&checked);
        names_an_end(&checked);
    }
}

#[test]
fn a_relay_that_ends_idle_connections_breaks_in_the_hold() {
    for direction in BOTH {
        let path = Path::through(Behaviour::EndsWhenIdle(Duration::from_secs(1)));
        let checked = path.check(&format!("--direction {direction} --baseline 300ms --hold 2s"));
        let says = "the path closed the connection";
        let expected = Expected { how: "fin", phases: &["stall", "hold"], after_ms: 900.0..4e3, says };
        expected.by_the_path(&checked);
        names_an_end(&checked);
    }
}

#[test]
fn a_reset_after_the_hold_breaks() {
    for direction in BOTH {
        let checked = Path::through(Behaviour::ResetAfter(IN_RESUME)).check(&paced(direction));
        let says = "the path reset the connection";
        let expected = Expected { how: "reset", phases: &["resume"], after_ms: 800.0..10e3, says };
        expected.by_the_path(&checked);
        names_an_end(&checked);
    }
}

#[test]
fn a_relay_that_hangs_after_the_hold_breaks_by_a_timeout() {
    let checked = Path::through(Behaviour::HangAfter(IN_RESUME)).check(&paced("upload"));
    let says = "nothing came through any more";
    let expected = Expected { how: "timeout", phases: &["resume", "verify"], after_ms: 4e3..20e3, says };
    expected.by_the_path(&checked);
}

#[test]
fn a_frame_that_was_under_way_when_the_path_ended_the_connection_is_undelivered_and_not_changed() {
    for behaviour in [Behaviour::ResetAfter(MID_BASELINE), Behaviour::CloseAfter(MID_BASELINE)] {
        let checked = Path::through(behaviour).check(&in_the("upload"));
        let integrity = &checked.only()["integrity"];
        assert!(integrity["undelivered_bytes"].as_u64() > Some(0), "{integrity}");
        assert_eq!((&integrity["corrupted_frames"], &integrity["lost_bytes"]), (&0.into(), &0.into()));
    }
}

#[test]
fn a_relay_that_ends_idle_connections_is_as_expected_where_breaking_is_expected() {
    let path = Path::through(Behaviour::EndsWhenIdle(Duration::from_secs(1)));
    let checked = path.check("--direction upload --baseline 300ms --hold 2s --expect breaks");
    assert_eq!((checked.word(), checked.code), ("breaks", 0), "{}", checked.verdict);
}

#[test]
fn a_user_timeout_of_the_producer_kills_a_connection_that_is_merely_backpressured() {
    let path = Path::through(Behaviour::Plain);
    for direction in BOTH {
        let options = format!("--direction {direction} --baseline 300ms --user-timeout 1s --hold 3s");
        let checked = path.check(&options);
        let says = "the producer's kernel gave up by its user timeout";
        let expected = Expected { how: "timeout", phases: &["stall", "hold"], after_ms: 900.0..5e3, says };
        expected.by("producer", &checked);
    }
}

/// The default phases, so that what happens in them does not depend on the machine.
fn in_the(direction: &str) -> String {
    format!("--direction {direction} --hold 1s")
}

/// The producer is 6 MB far when the stall begins, and 20 MB or more behind its pace when it ends.
fn paced(direction: &str) -> String {
    format!("--direction {direction} --baseline 300ms --rate 20MB/s --hold 1s")
}
