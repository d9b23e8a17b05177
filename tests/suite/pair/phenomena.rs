//! Every pair of files that is shipped shows what it says, run as its first lines tell.

use super::{PATIENCE, PairServer, client, client_ended};
use crate::workplace::{Ended, Workplace, end_of, json_of, text_of};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;

/// A pair that was run: how its client ended, and the client's recording.
struct Shown {
    client: Ended,
    pair: Value,
    windows: Vec<(u64, u64)>,
}

/// Runs the pair of this name on a free port, and records what its client sees.
fn show(name: &str) -> Shown {
    show_changed(name, |client| client)
}

/// The same with a changed client's file.
fn show_changed(name: &str, change: impl Fn(String) -> String) -> Shown {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("configs").join(name);
    let file = |end: &str| fs::read_to_string(folder.join(end)).expect("it is shipped");
    let server = PairServer::start(&file("server.yml"));
    let place = Workplace::new();
    let text =
        change(file("client.yml").replace("server_port: 8080", &format!("server_port: {}", server.port)));
    let ended = end_of(&mut client(&place, &format!("{text}\noutput: recording\n")));
    let recording = place.path().join("recording");
    assert!(recording.join("pair.json").exists(), "{}{}", ended.stdout, ended.stderr);
    let windows = windows(&text_of(&recording.join("windows.csv")));
    Shown { client: ended, pair: json_of(&recording.join("pair.json")), windows }
}

/// The peer's window and the send queue of each sample.
fn windows(csv: &str) -> Vec<(u64, u64)> {
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("there is a header");
    let column = |name: &str| header.iter().position(|column| *column == name).expect("the column is there");
    let (window, queue) = (column("snd_wnd"), column("send_queue"));
    let number = |text: &str| text.parse().expect("it is a number");
    lines.map(|row| (number(row[window]), number(row[queue]))).collect()
}

impl Shown {
    #[track_caller]
    fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.client.code, code, "{}{}", self.client.stdout, self.client.stderr);
        self
    }

    fn total(&self, figure: &str) -> f64 {
        self.pair["totals"][figure].as_f64().unwrap_or_else(|| panic!("{figure}: {}", self.pair))
    }

    fn count(&self, figure: &str) -> u64 {
        self.pair["totals"][figure].as_u64().unwrap_or_else(|| panic!("{figure}: {}", self.pair))
    }

    /// How many of a hundred samples saw a closed window.
    fn closed_percent(&self) -> usize {
        let closed = self.windows.iter().filter(|(window, _)| *window == 0).count();
        closed * 100 / self.windows.len().max(1)
    }
}

#[test]
fn a_slow_reader_slows_the_client_down_to_its_pace() {
    let shown = show("slow-reader").ends_with(0);
    // 100 kB/s by its file, of the 1 MB/s that is offered; and what the buffers took.
    let rate = shown.total("bytes_per_second");
    assert!((30e3..200e3).contains(&rate), "{rate}");
    assert!(shown.count("write_stalls") >= 3, "{}", shown.pair);
}

#[test]
fn a_zero_window_lasts_as_long_as_nothing_is_read() {
    let shown = show("zero-window").ends_with(0);
    let closed = shown.total("zero_window_ms");
    assert!((1_000.0..3_000.0).contains(&closed), "{closed}");
    assert!((1_000.0..3_000.0).contains(&shown.total("longest_write_stall_ms")), "{}", shown.pair);
    assert!((20..80).contains(&shown.closed_percent()), "{}", shown.closed_percent());
}

#[test]
fn silly_windows_stay_small_and_move_in_steps_that_are_not_silly() {
    let shown = show("silly-window").ends_with(0);
    // The first windows are those of the handshake, before anything was received.
    let settled = shown.windows.iter().skip(shown.windows.len() / 4).map(|(window, _)| *window);
    let largest = settled.clone().max();
    assert!(largest.is_some_and(|largest| largest <= 4096), "{largest:?}");
    let smallest = settled.filter(|window| *window > 0).min();
    assert!(smallest.is_some_and(|smallest| smallest > 128), "{smallest:?}");
    assert!(shown.count("write_stalls") > 5, "{}", shown.pair);
}

#[test]
fn stop_and_go_stalls_once_a_stop_and_keeps_the_average() {
    let shown = show("stop-and-go").ends_with(0);
    let stalls = shown.count("write_stalls");
    assert!((3..30).contains(&stalls), "{}", shown.pair);
    let changes = shown.windows.windows(2).filter(|pair| pair[0].0 > 0 && pair[1].0 == 0).count();
    assert!(changes >= 3, "{changes}");
}

#[test]
fn bufferbloat_hides_the_backpressure_and_lets_the_latency_grow() {
    let shown = show("bufferbloat").ends_with(0);
    let queues: Vec<u64> = shown.windows.iter().map(|(_, queue)| *queue).collect();
    let (early, late) = (queues[queues.len() / 20], queues[queues.len() / 2]);
    assert!(late > 100_000 && late > 2 * early, "{early} {late}");
    let latency = |figure: &str| shown.pair["totals"]["latency"][figure].as_f64().unwrap_or_default();
    assert!(latency("max_ms") > 300.0 && latency("max_ms") > 1.5 * latency("p50_ms"), "{}", shown.pair);
}

#[test]
fn one_slow_of_many_does_not_slow_the_others() {
    let shown = show("one-slow-of-many").ends_with(0);
    let connections = shown.pair["connections"].as_array().expect("they are listed");
    let number = |connection: &Value, figure: &str| connection[figure].as_f64().expect("it is a number");
    let mut rates: Vec<f64> = connections
        .iter()
        .map(|connection| number(connection, "bytes") / number(connection, "took_ms") * 1e3)
        .collect();
    rates.sort_by(f64::total_cmp);
    assert_eq!(rates.len(), 8);
    assert!(rates[0] < 200e3 && rates[1] > 800e3, "{rates:?}");
}

#[test]
fn an_idle_connection_dies_at_its_timeout_and_a_busy_one_lives() {
    let shown = show("idle-timeout").ends_with(1);
    assert!(shown.client.stderr.contains("websocket: close 1001 (going away): "), "{}", shown.client.stderr);
    assert_eq!(shown.count("requests"), 1);
    assert!((900.0..2_400.0).contains(&shown.total("took_ms")), "{}", shown.pair);
    let busy = |file: String| file.replace("requests_per_second: 0.4", "requests_per_second: 2");
    let shown = show_changed("idle-timeout", busy).ends_with(0);
    assert_eq!(shown.count("requests"), 5);
}

#[test]
fn a_user_timeout_kills_a_connection_that_is_merely_held_up() {
    let shown = show("user-timeout").ends_with(1);
    assert!(shown.client.stderr.contains("timed out"), "{}", shown.client.stderr);
    assert!((900.0..6_000.0).contains(&shown.total("took_ms")), "{}", shown.pair);
    assert!(shown.total("zero_window_ms") > 500.0, "{}", shown.pair);
}

#[test]
fn after_a_half_close_the_server_still_sends_all() {
    let shown = show("half-close").ends_with(0);
    assert_eq!(shown.count("bytes"), 204_800);
    assert!(shown.total("took_ms") > 1_000.0, "{}", shown.pair);
}

#[test]
fn a_half_close_reaches_the_peer_which_can_send_on() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let peer = thread::spawn(move || {
        let (mut peer, _) = listener.accept().expect("the client comes");
        peer.set_read_timeout(Some(PATIENCE)).expect("it is no zero");
        assert_eq!(peer.read(&mut [0]).expect("the client closes its direction"), 0);
        peer.write_all(&vec![7; 204_800]).expect("the client reads on");
    });
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("configs/half-close/client.yml");
    let file = fs::read_to_string(folder).expect("it is shipped");
    let ended = client_ended(&file.replace("server_port: 8080", &format!("server_port: {port}")));
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    peer.join().expect("the peer saw what it should");
}
