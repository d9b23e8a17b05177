//! A person who does not wait for the end.

use super::{BOTH, Path};
use crate::command;
use crate::relay::{Behaviour, Relay};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::thread::park_timeout;
use std::time::Duration;
use tempfile::TempDir;

/// What an interrupted check left behind.
struct Interrupted {
    output: Output,
    folder: TempDir,
}

/// Runs a check through `relay`, which is sent `signal` when `it_is_time`.
fn interrupt(mut check: Command, signal: &str, relay: SocketAddr, it_is_time: fn(SocketAddr)) -> Interrupted {
    let folder = tempfile::tempdir().expect("a folder can be made");
    check.args(["--format", "json", "--output", &path_of(&folder)]);
    let check = check.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    it_is_time(relay);
    let sent = Command::new("kill").args([signal, &check.id().to_string()]).status().expect("kill runs");
    assert!(sent.success(), "the check still runs");
    Interrupted { output: check.wait_with_output().expect("it ends"), folder }
}

impl Interrupted {
    /// That the recording is whole, tells the printed verdict, blames nobody and says what it lacks.
    #[track_caller]
    fn assert_valid(&self, direction: &str) {
        let checked = command::checked(&self.output);
        assert_eq!((checked.word(), checked.code), ("undecided", 1), "{direction}: {}", checked.verdict);
        assert!(checked.reason().contains("interrupted"), "{}", checked.reason());
        assert!(checked.only()["ended"].is_null(), "the path ended nothing: {}", checked.verdict);
        let integrity = &checked.only()["integrity"];
        assert_eq!(integrity["lost_bytes"], 0, "{integrity}");
        assert_eq!(integrity["corrupted_frames"], 0, "{integrity}");
        let unmeasured = checked.verdict.get("unmeasured").expect("it says what it lacks").to_string();
        assert!(unmeasured.contains("interruption"), "{unmeasured}");

        let recording = path_of(&self.folder);
        let (code, text, complaint) = command::run(&["report", &recording]);
        assert_eq!((code, complaint.as_str()), (1, ""), "{text}");
        assert!(text.contains("UNDECIDED") && text.contains("interrupted"), "{text}");
        let (code, json, _) = command::run(&["report", "--format", "json", &recording]);
        assert_eq!((code, parse(&json)), (1, checked.verdict));
    }

    fn last_phase(&self) -> String {
        let events = self.folder.path().join("events.jsonl");
        let events = fs::read_to_string(events).expect("the recording has events");
        let phase = |line| -> Option<String> { parse(line).get("phase")?.as_str().map(str::to_owned) };
        events.lines().rev().find_map(phase).expect("a phase began")
    }
}

fn path_of(folder: &TempDir) -> String {
    folder.path().display().to_string()
}

#[track_caller]
fn parse(json: &str) -> Value {
    serde_json::from_str(json).expect("the program writes JSON")
}

#[test]
fn an_interrupt_in_the_hold_leaves_a_valid_recording() {
    for direction in BOTH {
        let path = Path::through(Behaviour::Plain);
        let check = path.command(&format!("--direction {direction} --baseline 300ms --hold 20s"));
        let interrupted = interrupt(check, "-INT", path.relay.address(), nothing_moves);
        interrupted.assert_valid(direction);
        assert_eq!(interrupted.last_phase(), "hold", "{direction}");
    }
}

#[test]
fn an_interrupt_in_the_baseline_leaves_a_valid_recording() {
    for direction in BOTH {
        let path = Path::through(Behaviour::Plain);
        let check = path.command(&format!("--direction {direction} --baseline 20s"));
        let interrupted = interrupt(check, "-INT", path.relay.address(), much_moves);
        interrupted.assert_valid(direction);
        assert_eq!(interrupted.last_phase(), "baseline", "{direction}");
    }
}

#[test]
fn a_request_to_terminate_as_soon_as_it_is_connected_leaves_a_valid_recording() {
    let path = Path::through(Behaviour::Plain);
    let check = path.command("--direction upload");
    let interrupted = interrupt(check, "-TERM", path.relay.address(), is_connected);
    interrupted.assert_valid("upload");
    assert_eq!(interrupted.last_phase(), "trickle");
}

#[test]
fn an_interrupted_check_of_a_server_elsewhere_leaves_a_valid_recording() {
    let (_server, address) = command::server();
    let relay = Relay::start(address, Behaviour::Plain);
    for direction in BOTH {
        let mut check = command::program();
        check.args(["check", "--quiet", "--target", &format!("tcp://{}", relay.address())]);
        check.args(["--direction", direction, "--baseline", "20s"]);
        let interrupted = interrupt(check, "-INT", relay.address(), much_moves);
        interrupted.assert_valid(direction);
        assert_eq!(interrupted.last_phase(), "baseline", "{direction}");
    }
}

#[test]
fn an_interrupt_between_two_directions_is_not_as_expected_though_the_first_was() {
    let (_server, address) = command::server();
    let relay = Relay::start(address, Behaviour::Plain);
    let mut check = command::program();
    check.args(["check", "--quiet", "--target", &format!("tcp://{}", relay.address())]);
    check.args(["--baseline", "300ms", "--hold", "300ms"]);
    let interrupted = interrupt(check, "-INT", relay.address(), the_first_stream_is_over);
    let checked = command::checked(&interrupted.output);
    assert_eq!(checked.direction("upload")["verdict"], "propagates", "{}", checked.verdict);
    assert_eq!((checked.word(), checked.code), ("undecided", 1), "{}", checked.verdict);
}

#[test]
fn an_interrupt_while_connections_are_still_opened_waits_for_none_of_them() {
    let path = Path::through(Behaviour::Plain);
    // The ramp alone takes longer than any test may.
    let check = path.command("--direction upload --connections 1000 --ramp 2/s");
    let interrupted = interrupt(check, "-INT", path.relay.address(), two_are_connected);
    let checked = command::checked(&interrupted.output);
    assert_eq!((checked.word(), checked.code), ("undecided", 1), "{}", checked.verdict);
    assert!(checked.reason().contains("interrupted"), "{}", checked.reason());
}

fn two_are_connected(relay: SocketAddr) {
    until(|| queues_to(relay).len() > 1);
}

fn is_connected(relay: SocketAddr) {
    until(|| !queues_to(relay).is_empty());
}

fn much_moves(relay: SocketAddr) {
    until(|| fullest_queue_to(relay) > Some(LITTLE));
}

/// Only the control connection is left. The clock is then asked for a while before the next stream is opened.
fn the_first_stream_is_over(relay: SocketAddr) {
    until(|| queues_to(relay).len() == 2);
    until(|| queues_to(relay).len() == 1);
}

/// Waits until a queue holds bytes and has not changed for so long that the producer was found to be blocked.
fn nothing_moves(relay: SocketAddr) {
    let (mut before, mut still) = (None, 0);
    until(|| {
        let queue = fullest_queue_to(relay);
        still = if queue == before && queue > Some(LITTLE) { still + 1 } else { 0 };
        before = queue;
        still > STILL
    });
}

/// More bytes than the whole trickle has.
const LITTLE: u64 = 8 * 1024;
/// Looks, 10 ms apart, in which nothing changes: 2.5 s.
const STILL: u32 = 250;

fn until(mut it_is_so: impl FnMut() -> bool) {
    let came_about = (0..LOOKS).any(|_| {
        park_timeout(Duration::from_millis(10));
        it_is_so()
    });
    assert!(came_about, "nothing of the kind within 20 s");
}

const LOOKS: u32 = 2000;

fn fullest_queue_to(relay: SocketAddr) -> Option<u64> {
    queues_to(relay).into_iter().max()
}

/// Bytes in both queues of each of the client's connections to `relay`.
fn queues_to(relay: SocketAddr) -> Vec<u64> {
    let remote = format!("0100007F:{:04X}", relay.port());
    let table = fs::read_to_string("/proc/net/tcp").expect("the kernel tells its sockets");
    let queues = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let established = *fields.get(2)? == remote && *fields.get(3)? == "01";
        let (send, receive) = fields.get(4)?.split_once(':')?;
        let bytes = |hex| u64::from_str_radix(hex, 16).ok();
        established.then_some(bytes(send)? + bytes(receive)?)
    });
    queues.collect()
}
