//! What holds for every recording, and for every file that claims to be one.

use super::*;
use crate::{Event, EventRecord, Role, Timed};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use socket::TcpState;

fn sample() -> impl Strategy<Value = Sample> {
    let application = (any::<u64>(), any::<u64>(), any::<u64>(), any::<bool>());
    let windows =
        (option::of(any::<u32>()), option::of(any::<u32>()), option::of(any::<u32>()), any::<[u64; 2]>());
    let counters = (option::of(any::<u64>()), option::of(any::<u64>()), option::of(any::<u64>()));
    (application, windows, counters, any::<[u32; 7]>(), any::<[u8; 3]>()).prop_map(
        |(
            (at, stream_bytes, user_bytes, waiting),
            (snd_wnd, rcv_wnd, unsent, queues),
            counters,
            numbers,
            few,
        )| {
            Sample {
                at: Timestamp::from_nanos(at),
                stream_bytes,
                user_bytes,
                waiting,
                state: TcpState::from(few[0]),
                snd_wnd,
                rcv_wnd,
                send_queue: queues[0],
                unsent,
                receive_queue: queues[1],
                bytes_acked: counters.0,
                bytes_received: counters.1,
                unacked: numbers[0],
                rtt_us: numbers[1],
                rto_us: numbers[2],
                snd_cwnd: numbers[3],
                snd_mss: numbers[4],
                retransmits: few[1],
                total_retransmits: numbers[5],
                probes: few[2],
                backoff: few[0],
                last_ack_received_ms: numbers[6],
                rwnd_limited_us: counters.2,
            }
        },
    )
}

/// Streams of different runs: those of one run and direction would become one.
fn streams() -> impl Strategy<Value = Vec<StreamTrace>> {
    let stream = (any::<bool>(), vec(sample(), 1..4), vec(sample(), 0..4));
    vec(stream, 0..5).prop_map(|streams| {
        let stream = |(run, (upload, producer, consumer))| StreamTrace {
            run,
            direction: if upload { Direction::Upload } else { Direction::Download },
            producer,
            consumer,
        };
        (1u32..).zip(streams).map(stream).collect()
    })
}

fn interval() -> impl Strategy<Value = Interval> {
    // Neighbours that hold only unfit durations would become one; every interval here has one that fits.
    let durations = vec(-10i64..4_000_000_000_000, 0..20);
    (0usize..6, 0u64..1_000_000_000, 0u64..1_000_000, 0i64..3_600_000_000_000, durations).prop_map(
        |(tag, start_ms, length_ms, fitting, durations)| {
            let mut latencies = Latencies::default();
            durations
                .into_iter()
                .chain([fitting])
                .for_each(|nanoseconds| latencies.record_nanos(nanoseconds));
            let at = |ms: u64| Timestamp::from_nanos(ms * 1_000_000);
            Interval { tag: Tag::ALL[tag], start: at(start_ms), end: at(start_ms + length_ms), latencies }
        },
    )
}

/// A log as we write it, some of its bytes changed.
fn mutated_log() -> impl Strategy<Value = Vec<u8>> {
    (vec(interval(), 1..3), vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)).prop_map(
        |(intervals, changes)| {
            let mut bytes = Vec::new();
            write_latency_log(&intervals, 0, &mut bytes).unwrap();
            for (place, byte) in changes {
                *place.get_mut(&mut bytes) = byte;
            }
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn samples_come_back_as_written(streams in streams()) {
        let mut bytes = Vec::new();
        write_windows(&streams, &mut bytes).unwrap();
        prop_assert_eq!(read_windows(bytes.as_slice()).unwrap(), streams);
    }

    #[test]
    fn latencies_come_back_in_the_order_of_their_start(mut intervals in vec(interval(), 0..8)) {
        let mut bytes = Vec::new();
        write_latency_log(&intervals, 1_700_000_000_000_000_000, &mut bytes).unwrap();
        intervals.sort_by_key(|interval| interval.start);
        prop_assert_eq!(read_latency_log(bytes.as_slice()).unwrap(), intervals);
    }

    #[test]
    fn events_come_back_as_written(times in vec((any::<u64>(), any::<u64>(), any::<u32>()), 0..10)) {
        let events: Vec<_> = times
            .into_iter()
            .map(|(at, bytes, run)| EventRecord {
                run,
                direction: Direction::Download,
                end: (bytes % 2 == 0).then_some(Role::Consumer),
                timed: Timed { at: Timestamp::from_nanos(at), event: Event::Stalled { bytes } },
            })
            .collect();
        let mut bytes = Vec::new();
        write_events(&events, &mut bytes).unwrap();
        prop_assert_eq!(read_events(bytes.as_slice()).unwrap(), events);
    }

    #[test]
    fn any_bytes_are_a_file_or_an_error(bytes in vec(any::<u8>(), 0..300)) {
        drop((read_windows(&bytes[..]), read_events(&bytes[..]), read_latency_log(&bytes[..])));
    }

    #[test]
    fn any_text_behind_a_right_beginning_is_a_row_or_an_error(
        row in "([0-9]{0,20}|upload|producer|true|listen|,){0,60}",
        log in "(Tag=(rtt|x)|[0-9]{1,25}|[.,=#\\n]|HISTFAAAA[A-Za-z0-9+/]{0,40}|\\[Unfit: ){0,20}",
    ) {
        let mut table = Vec::new();
        write_windows(&[], &mut table).unwrap();
        table.extend(row.as_bytes());
        drop((read_windows(table.as_slice()), read_latency_log(log.as_bytes())));
    }

    #[test]
    fn a_log_with_bytes_changed_is_a_log_or_an_error(bytes in mutated_log()) {
        if let Ok(intervals) = read_latency_log(bytes.as_slice()) {
            for interval in &intervals {
                prop_assert!(interval.latencies.percentile(99.0) <= interval.latencies.max());
            }
            write_distribution(&intervals, Tag::Latency, Vec::new()).unwrap();
        }
    }
}
