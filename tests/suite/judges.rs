//! Other people's tools look at the same run, and agree: tshark, and two readers of `HdrHistogram` logs.

use crate::command::Background;
use crate::namespace::Namespace;
use crate::tools::{NODE_MODULES, PYTHON, tool};
use crate::waiting::until;
use crate::workplace::{Ended, Workplace, end_of, exit_of, json_of, signal, text_of};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use units::format_duration;

#[test]
fn tshark_sees_the_zero_window_within_10_ms_of_where_the_check_does() {
    let place = Workplace::new();
    // Nothing else passes there.
    let network = Namespace::with_loopback(65_536);
    let capture = Capture::start(&network, place.path());
    let recording = place.path().join("run");
    let mut check = network.program();
    check.args(["check", "--baseline", "300ms", "--hold", "500ms", "--output"]).arg(&recording);
    let Ended { code, stdout, stderr } = end_of(&mut check);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let packets = packets_of(&capture.stop());

    let run = json_of(&recording.join("run.json"));
    let verdict = json_of(&recording.join("verdict.json"));
    let server = run["path"]["server"].as_str().expect("the server has an address");
    let server: SocketAddr = server.parse().expect("which is one");
    for direction in ["upload", "download"] {
        let stalled = stall_began(&recording, &run, direction);
        let ours_ms = verdict["directions"][direction]["zero_window_ms"].as_f64();
        let ours_ms = ours_ms.expect("a producer that is stopped sees a zero window");
        let by_consumer = |(_, port, _): &&Packet| (*port == server.port()) == (direction == "upload");
        let consumers: Vec<&Packet> = packets.iter().filter(by_consumer).collect();
        let theirs_ms = first_zero_window_ms(&consumers, stalled);
        println!("{direction}: zero window at {ours_ms:.3} ms by the check, {theirs_ms:.3} ms by tshark");
        assert!(
            (ours_ms - theirs_ms).abs() <= 10.0,
            "{direction}: the check saw the zero window {ours_ms} ms after the stall, tshark {theirs_ms} ms"
        );
    }
}

/// Wall-clock time at which the consumer stopped reading, ns since 1970.
fn stall_began(recording: &Path, run: &Value, direction: &str) -> i128 {
    let events = text_of(&recording.join("events.jsonl"));
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is an event"));
    let stalled = |event: &Value| event["event"] == "stalled" && event["direction"] == direction;
    let at = events.into_iter().find(stalled).and_then(|event| event["at"].as_u64());
    let epoch = run["epoch_unix_ns"].as_u64().expect("the recording tells its time 0");
    i128::from(epoch) + i128::from(at.expect("the consumer told that it stopped"))
}

/// A packet: when (ns since 1970), from which port, and whether it announced a window of 0.
type Packet = (i128, u16, bool);

/// All that passed.
fn packets_of(file: &Path) -> Vec<Packet> {
    let fields = ["-e", "frame.time_epoch", "-e", "tcp.srcport", "-e", "tcp.analysis.zero_window"];
    let read = end_of(Command::new("tshark").arg("-r").arg(file).args(["-T", "fields"]).args(fields));
    assert_eq!(read.code, 0, "tshark reads what it captured: {}", read.stderr);
    let packet = |line: &str| {
        let mut fields = line.split('\t');
        let (time, port) = (fields.next()?, fields.next()?.parse().ok()?);
        Some((nanoseconds(time), port, fields.next().is_some_and(|mark| !mark.is_empty())))
    };
    read.stdout.lines().map(|line| packet(line).unwrap_or_else(|| panic!("no packet: {line}"))).collect()
}

/// The stall may begin with a window that is shut already; then it is shut from the first moment on.
fn first_zero_window_ms(consumers: &[&Packet], stalled: i128) -> f64 {
    let before = consumers.iter().rev().find(|(at, ..)| *at <= stalled);
    let after = consumers.iter().find(|(at, _, zero)| *at > stalled && *zero).map(|(at, ..)| *at);
    let first = before.filter(|(.., zero)| *zero).map(|_| stalled).or(after);
    let waited = first.expect("tshark sees a zero window in the stall") - stalled;
    Duration::from_nanos(u64::try_from(waited).expect("it came later")).as_secs_f64() * 1e3
}

/// `1700000000.123456789`, exactly.
fn nanoseconds(seconds: &str) -> i128 {
    let (whole, fraction) = seconds.split_once('.').expect("tshark prints a fraction");
    format!("{whole}{fraction:0<9}").parse().expect("which is a number")
}

/// A tshark that writes down all headers that pass.
#[derive(Debug)]
struct Capture {
    tshark: Background,
    packets: PathBuf,
    log: PathBuf,
}

impl Capture {
    fn start(network: &Namespace, folder: &Path) -> Self {
        let (packets, log) = (folder.join("packets.pcapng"), folder.join("tshark.log"));
        let tshark = network
            .command("tshark")
            .args(["-q", "-i", "lo", "-s", "128", "-B", "64", "-f", "tcp", "-w"])
            .arg(&packets)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("the folder is ours"))
            .spawn()
            .expect("tshark starts: `cargo xtask test` installs it");
        let capture = Self { tshark: Background(tshark), packets, log };
        // The file gets its first block when the socket captures.
        until(Duration::from_secs(10), "tshark captures", || {
            capture.packets.metadata().ok().filter(|file| file.len() > 0)
        });
        capture
    }

    /// The file of packets, once tshark has written the last of them.
    fn stop(mut self) -> PathBuf {
        signal(&self.tshark, "INT");
        let status = exit_of(&mut self.tshark, Duration::from_secs(15));
        assert!(status.success(), "tshark ends well: {}", text_of(&self.log));
        self.packets
    }
}

#[test]
fn the_python_reader_counts_what_the_report_shows() {
    let python = tool(PYTHON);
    agrees_with_the_report(|log| {
        let mut command = Command::new(python);
        command.args(["-c", PYTHON_READER]).arg(log);
        command
    });
}

#[test]
fn the_npm_reader_counts_what_the_report_shows() {
    let modules = tool(NODE_MODULES);
    agrees_with_the_report(|log| {
        let mut command = Command::new("node");
        command.args(["-e", NODE_READER]).arg(log).env("NODE_PATH", modules);
        command
    });
}

/// Runs a check in both directions, so that the log has several intervals of each tag, and compares.
fn agrees_with_the_report(reader: impl FnOnce(&Path) -> Command) {
    let place = Workplace::new();
    let recording = place.record("run", "--baseline 300ms --hold 300ms");
    let report = place.run("report run");
    let shown = latency_rows(&report.stdout);

    let read = end_of(&mut reader(&recording.join("latency.hlog")));
    assert_eq!(read.code, 0, "{}", read.stderr);
    let found: BTreeMap<String, Value> = serde_json::from_str(&read.stdout).expect("the reader prints JSON");

    let named: Vec<&str> = shown.iter().map(|row| row.tag.as_str()).collect();
    assert_eq!(named, ["latency", "held_back", "in_path", "write", "rtt", "zero_window"]);
    assert_eq!(found.len(), shown.len(), "{found:?}");
    for row in shown {
        let theirs = &found[&row.tag];
        let time = |name: &str| {
            let nanoseconds = theirs[name].as_u64().expect("durations are whole nanoseconds");
            format_duration(Duration::from_nanos(nanoseconds))
        };
        let theirs =
            Row { tag: row.tag.clone(), count: theirs["count"].as_u64(), p50: time("p50"), max: time("max") };
        assert_eq!(theirs, row, "by the reader and by the report");
    }
}

/// What the report shows of a histogram.
#[derive(Debug, PartialEq)]
struct Row {
    tag: String,
    count: Option<u64>,
    p50: String,
    max: String,
}

/// The lines of the report from the one labelled `latency` on.
fn latency_rows(report: &str) -> Vec<Row> {
    let all: Vec<&str> = report.lines().collect();
    let first = all.iter().position(|line| line.starts_with("latency ")).expect("it shows latencies");
    let rows = all.iter().skip(first).enumerate();
    rows.take_while(|(place, line)| *place == 0 || line.starts_with("          "))
        .map(|(_, line)| row(line.get(10..).expect("a label has ten columns")))
        .collect()
}

fn row(line: &str) -> Row {
    let figure = |name: &str| {
        let (_, rest) = line.split_once(&format!(" {name} ")).unwrap_or_else(|| panic!("{name} in {line}"));
        rest.trim_start().split("  ").next().unwrap_or_default().trim().to_owned()
    };
    Row {
        tag: line.split_whitespace().next().unwrap_or_default().to_owned(),
        count: figure("count").parse().ok(),
        p50: figure("p50"),
        max: figure("max"),
    }
}

#[test]
fn the_percentile_file_has_the_shape_that_plotters_read() {
    let place = Workplace::new();
    let recording = place.record("run", "--direction upload --baseline 0s --hold 100ms");
    let text = text_of(&recording.join("latency.hgrm"));
    let lines: Vec<&str> = text.lines().collect();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(lines[0]), ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]);
    assert_eq!(lines[1], "");

    let (rows, footer) = lines[2..].split_at(lines.len() - 2 - 3);
    let rows: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| row.split_whitespace().map(|figure| figure.parse().expect("a figure")).collect())
        .collect();
    assert!(rows.windows(2).all(|pair| pair[0][..3].iter().zip(&pair[1]).all(|(a, b)| a <= b)), "{text}");
    let (last, others) = rows.split_last().expect("there are rows");
    assert!(others.iter().all(|row| row.len() == 4), "{text}");
    assert_eq!((last.len(), last[1], last[2]), (3, 1.0, 40.0), "the trickle has 40 messages: {text}");

    for (line, start) in footer.iter().zip(["#[Mean    = ", "#[Max     = ", "#[Buckets = "]) {
        assert!(line.starts_with(start) && line.ends_with(']'), "{line}");
    }
    assert!(footer[1].contains("Total count    =           40"), "{text}");
}

/// Adds the intervals of each tag up, and prints count, median and maximum.
const PYTHON_READER: &str = r"
import json, sys
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

found = {}
reader = HistogramLogReader(sys.argv[1], HdrHistogram(1, 3600 * 10**9, 3))
while (interval := reader.get_next_interval_histogram()) is not None:
    tag = interval.get_tag()
    found.setdefault(tag, HdrHistogram(1, 3600 * 10**9, 3)).add(interval)
print(json.dumps({
    tag: {
        'count': all.get_total_count(),
        'p50': int(all.get_value_at_percentile(50)),
        'max': int(all.get_max_value()),
    }
    for tag, all in found.items()
}))
";

/// As `PYTHON_READER`.
const NODE_READER: &str = r"
const { readFileSync } = require('fs');
const { HistogramLogReader } = require('hdr-histogram-js');

const found = {};
const reader = new HistogramLogReader(readFileSync(process.argv[1], 'utf8'), 64);
for (let interval; (interval = reader.nextIntervalHistogram()) !== null; ) {
  if (found[interval.tag]) found[interval.tag].add(interval);
  else found[interval.tag] = interval;
}
const figures = {};
for (const [tag, all] of Object.entries(found)) {
  figures[tag] = { count: all.totalCount, p50: all.getValueAtPercentile(50), max: all.maxValue };
}
console.log(JSON.stringify(figures));
";
