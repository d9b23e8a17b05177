//! A recording such as a check through a middlebox leaves behind.

use crate::document::{Absorbed, Bytes, DirectionReport, FORMAT, PathDescription, RunDocument, RunReport};
use crate::fold::fold;
use crate::recording::Recording;
use scenario::{Scenario, Topology};
use socket::TcpState;
use std::collections::BTreeMap;
use trace::{
    Direction, Event, EventRecord, Interval, Latencies, Role, Sample, SamplerCost, StreamTrace, Tag, Timed,
    Verdict,
};
use units::Timestamp;

/// The figures of the README's first example.
pub(crate) fn direction() -> DirectionReport {
    DirectionReport {
        verdict: Verdict::Propagates,
        reason: "the producer was stopped 38 ms after the consumer".to_owned(),
        baseline_bytes_per_second: Some(1_612_345_678.0),
        trickle_held_ms: Some(0.2),
        absorbed: Some(Absorbed {
            total_bytes: 8_598_323,
            producer_bytes: 0,
            send_queue_bytes: 2_831_155,
            path_bytes: 5_662_310,
            receive_queue_bytes: 104_858,
            consumer_bytes: 0,
            framing_bytes: 0,
        }),
        last_write_ms: Some(38.2),
        zero_window_ms: Some(258.0),
        window_probes: 4,
        release_ms: Some(3.3),
        recovery_ms: Some(14.0),
        slow: None,
        connections: None,
        neighbours: None,
        integrity: Some(Bytes { bytes: 3_328_599_654, undelivered_bytes: Some(0), ..Bytes::default() }),
        ended: None,
        round_trip_ms: Some(0.12),
        blocked_ms: Some(2_004.0),
        swallowing_bytes_per_second: None,
        slowest_drip_bytes_per_second: Some(32_768.0),
        clock_uncertainty_ms: 0.0,
        sampler: Some(SamplerCost {
            cpu_share: 0.01,
            interval_us: 1000,
            late_p50_us: 60,
            late_p99_us: 900,
            taken: 4_900,
            lost: 0,
        }),
        one_sided: None,
    }
}

/// A run that measured these figures for the upload.
pub(crate) fn run(report: DirectionReport) -> RunReport {
    let (verdict, reason) = (report.verdict, report.reason.clone());
    RunReport { verdict, reason, directions: BTreeMap::from([(Direction::Upload, report)]) }
}

/// Both directions, one run.
pub(crate) fn recording() -> Recording {
    let mut run = run(direction());
    run.directions.insert(Direction::Download, direction());
    let unmeasured = "what the path's own host holds".to_owned();
    Recording {
        run: run_document(unmeasured.clone()),
        verdict: fold(vec![run], [unmeasured]),
        connections: Vec::new(),
        streams: [Direction::Upload, Direction::Download].map(stream).to_vec(),
        events: [Direction::Upload, Direction::Download].into_iter().flat_map(events).collect(),
        latencies: latencies(),
    }
}

/// The upload alone, with the given figures.
pub(crate) fn upload(report: DirectionReport) -> Recording {
    let unmeasured = Vec::new();
    let example = recording();
    let mut run_document = example.run.clone();
    run_document.unmeasured = unmeasured.clone();
    Recording { run: run_document, verdict: fold(vec![run(report)], unmeasured), ..example }
}

fn run_document(unmeasured: String) -> RunDocument {
    RunDocument {
        format: FORMAT,
        tool_version: "0.1.0".to_owned(),
        started_at: "2026-05-04T12:00:00Z".to_owned(),
        epoch_unix_ns: 1_777_896_000_000_000_000,
        scenario: scenario(),
        path: PathDescription {
            via: Some("127.0.0.1:8080".to_owned()),
            server: ":9000".to_owned(),
            transport: "tcp".to_owned(),
        },
        kernel: "6.18.0".to_owned(),
        sysctls: BTreeMap::from([("net.ipv4.tcp_rmem".to_owned(), "4096 131072 6291456".to_owned())]),
        congestion_control: Some("cubic".to_owned()),
        mss: BTreeMap::from([(Direction::Upload, 65_483)]),
        privileges: None,
        clock_offset_ns: None,
        unmeasured: vec![unmeasured],
    }
}

fn scenario() -> Scenario {
    let via = Topology::Via { listen: ([0, 0, 0, 0], 9000).into(), via: Some("127.0.0.1:8080".to_owned()) };
    Scenario { topology: via, ..Scenario::usual() }
}

/// A sample every 10 ms: trickle until 0.8 s, full speed until 1.8 s, stalled until 4.1 s, full speed.
fn stream(direction: Direction) -> StreamTrace {
    let (mut producer, mut consumer) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    for step in 0..480u64 {
        let stalled = (180..410).contains(&step);
        bytes += match step {
            0..80 => 100,
            _ if stalled => 0,
            _ => 16_000_000,
        };
        let window = if stalled && step > 205 { 0 } else { 65_536 };
        producer.push(sample(step, bytes, Some(window)));
        consumer.push(sample(step, bytes, None));
    }
    StreamTrace { run: 1, direction, producer, consumer }
}

fn sample(step: u64, stream_bytes: u64, snd_wnd: Option<u32>) -> Sample {
    Sample {
        at: at_ms(1_000 + step * 10),
        stream_bytes,
        user_bytes: 0,
        waiting: snd_wnd == Some(0),
        state: TcpState::Established,
        snd_wnd,
        rcv_wnd: Some(65_536),
        send_queue: 0,
        unsent: None,
        receive_queue: 0,
        bytes_acked: Some(stream_bytes),
        bytes_received: Some(0),
        unacked: 0,
        rtt_us: 40,
        rto_us: 200_000,
        snd_cwnd: 10,
        snd_mss: 65_483,
        retransmits: 0,
        total_retransmits: 0,
        probes: 0,
        backoff: 0,
        last_ack_received_ms: 0,
        rwnd_limited_us: None,
    }
}

fn events(direction: Direction) -> Vec<EventRecord> {
    let record =
        |end, at, event| EventRecord { run: 1, direction, end, timed: Timed { at: at_ms(at), event } };
    vec![
        record(Some(Role::Consumer), 2_800, Event::Stalled { bytes: 1_600_008_000 }),
        record(None, 3_400, Event::Blocked { since: at_ms(2_838), quiet_us: 500_000 }),
        record(Some(Role::Consumer), 5_100, Event::Resumed { bytes: 1_600_008_000 }),
    ]
}

fn latencies() -> Vec<Interval> {
    let interval = |tag, durations_us: &[i64]| {
        let mut latencies = Latencies::default();
        for microseconds in durations_us {
            latencies.record_nanos(microseconds * 1_000);
        }
        Interval { tag, start: at_ms(1_000), end: at_ms(1_800), latencies }
    };
    vec![
        interval(Tag::Latency, &[110, 120, 130, 320]),
        interval(Tag::HeldBack, &[2, 3, -1]),
        interval(Tag::ZeroWindow, &[2_100_000]),
    ]
}

fn at_ms(milliseconds: u64) -> Timestamp {
    Timestamp::from_nanos(milliseconds * 1_000_000)
}
