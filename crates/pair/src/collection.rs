//! All connections of one end together, as they go into its recording.

use crate::figures::Connection;
use crate::journal::{Journal, Ledger};
use crate::watch::Watch;
use report::{
    Environment, FORMAT, PairConnection, PairDocument, PairLatency, PairRecording, PairRun, PairTotals,
    Started,
};
use std::time::Duration;
use trace::{Direction, EventRecord, Role, Sample, StreamTrace, Tag, Timed};
use units::Timestamp;

/// A connection that is over.
#[derive(Debug)]
pub struct Finished {
    /// Its number, from 1.
    pub number: u32,
    /// What became of it.
    pub figures: Connection,
    /// How it ended, in words.
    pub ending: String,
    /// It ended before its time.
    pub early: bool,
    zero_window: Option<Duration>,
    queue_max: u64,
    samples: (Vec<Sample>, u64),
    events: (Vec<Timed>, u64),
}

impl Finished {
    /// What is known of a connection once it is over.
    pub fn of(
        number: u32,
        ended: (String, bool),
        figures: Connection,
        journal: Journal,
        watch: Option<Watch>,
    ) -> Self {
        let (ending, early) = ended;
        let (mut zero_window, mut queue_max, mut samples) = (None, 0, (Vec::new(), 0));
        if let Some(mut watch) = watch {
            watch.finish();
            (zero_window, queue_max) = (watch.zero_window(), watch.queue_max());
            samples = watch.into_samples();
        }
        let events = journal.into_events();
        Self { number, figures, ending, early, zero_window, queue_max, samples, events }
    }

    fn connection(&self) -> PairConnection {
        let Connection { requests, bytes, began, took, stalls, held, longest_wait, heard, writing: _ } =
            self.figures;
        PairConnection {
            number: self.number,
            ending: self.ending.clone(),
            ended_early: self.early,
            requests,
            bytes,
            began_ms: milliseconds(began.since(Timestamp::default()).unwrap_or_default()),
            took_ms: milliseconds(took),
            write_stalls: stalls.writes,
            write_stalls_ms: milliseconds(stalls.all),
            longest_write_stall_ms: milliseconds(stalls.longest),
            unacknowledged_bytes: held.map(units::ByteSize::as_u64),
            queue_max_bytes: self.queue_max,
            zero_window_ms: self.zero_window.map(milliseconds),
            longest_wait_ms: milliseconds(longest_wait),
            heard_bytes: heard,
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// All connections of one end, in bounded memory: of what there is too much, the number is kept.
#[derive(Debug)]
pub struct Collection {
    direction: Direction,
    role: Role,
    ledger: Ledger,
    totals: PairTotals,
    connections: Vec<PairConnection>,
    left_out: u64,
    streams: Vec<StreamTrace>,
    events: Vec<EventRecord>,
    kept_samples: usize,
    lost_samples: u64,
    lost_events: u64,
    /// From the first begin to the last end.
    span: Option<(Timestamp, Timestamp)>,
}

/// Connections that are told one by one.
const MOST_CONNECTIONS: usize = 10_000;
/// Samples of all connections.
const MOST_SAMPLES: usize = 400_000;
/// Events of all connections.
const MOST_EVENTS: usize = 200_000;

impl Collection {
    /// None yet, of the end that plays `role`.
    pub fn new(direction: Direction, role: Role, ledger: Ledger) -> Self {
        Self {
            direction,
            role,
            ledger,
            totals: PairTotals::default(),
            connections: Vec::new(),
            left_out: 0,
            streams: Vec::new(),
            events: Vec::new(),
            kept_samples: 0,
            lost_samples: 0,
            lost_events: 0,
            span: None,
        }
    }

    /// All of it so far; nothing is left.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let empty = Self::new(self.direction, self.role, self.ledger.clone());
        std::mem::replace(self, empty)
    }

    /// A connection could not be opened.
    pub fn add_unopened(&mut self) {
        self.totals.unopened += 1;
    }

    /// A connection was opened, and ended before it carried anything.
    pub fn add_lost(&mut self) {
        self.totals.connections += 1;
        self.totals.ended_early += 1;
    }

    /// Adds a connection that is over.
    pub fn add(&mut self, finished: Finished) {
        let connection = finished.connection();
        let Connection { began, took, .. } = finished.figures;
        let ended = began.plus(took);
        let (first, last) = self.span.unwrap_or((began, ended));
        self.span = Some((first.min(began), last.max(ended)));
        self.totals.add(&connection);
        if self.connections.len() < MOST_CONNECTIONS {
            self.connections.push(connection);
        } else {
            self.left_out += 1;
        }
        self.keep_samples(finished.number, finished.samples);
        self.keep_events(finished.number, finished.events);
    }

    fn keep_samples(&mut self, number: u32, (samples, lost): (Vec<Sample>, u64)) {
        self.lost_samples += lost;
        if self.kept_samples + samples.len() > MOST_SAMPLES {
            self.lost_samples += samples.len() as u64;
        } else if !samples.is_empty() {
            self.kept_samples += samples.len();
            let (producer, consumer) = match self.role {
                Role::Producer => (samples, Vec::new()),
                Role::Consumer => (Vec::new(), samples),
            };
            self.streams.push(StreamTrace { run: number, direction: self.direction, producer, consumer });
        }
    }

    fn keep_events(&mut self, number: u32, (events, lost): (Vec<Timed>, u64)) {
        self.lost_events += lost;
        if self.events.len() + events.len() > MOST_EVENTS {
            self.lost_events += events.len() as u64;
            return;
        }
        let (direction, end) = (self.direction, Some(self.role));
        let records = events.into_iter().map(|timed| EventRecord { run: number, direction, end, timed });
        self.events.extend(records);
    }

    /// What it comes to; nothing is expected of it yet.
    pub fn document(&self) -> PairDocument {
        let mut totals = self.totals.clone();
        let (first, last) = self.span.unwrap_or_default();
        totals.set_time(milliseconds(last.since(first).unwrap_or_default()));
        totals.latency = PairLatency::of(&self.ledger.latencies(Tag::Latency));
        let mut connections = self.connections.clone();
        connections.sort_by_key(|connection| connection.number);
        PairDocument {
            format: FORMAT,
            direction: self.direction,
            role: self.role,
            expected: true,
            unexpected: Vec::new(),
            totals,
            connections,
            connections_left_out: self.left_out,
            unmeasured: self.unmeasured(),
        }
    }

    /// What stays unknown, for one end cannot see the other, or because there was too much.
    fn unmeasured(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if self.role == Role::Producer {
            sentences.push(
                "when a request was read: a latency ends when this end's kernel had all of it".to_owned(),
            );
        }
        for (number, what) in [(self.lost_samples, "samples"), (self.lost_events, "events")] {
            if number > 0 {
                sentences.push(format!("{number} {what}: there were more than are kept"));
            }
        }
        if self.left_out > 0 {
            sentences
                .push(format!("{} connections by themselves: there were more than are kept", self.left_out));
        }
        sentences
    }

    /// The recording of it, with this `document`.
    pub fn into_recording(self, run: PairRun, document: PairDocument) -> PairRecording {
        let (_, end) = self.span.unwrap_or_default();
        let interval = |tag| PairRecording::interval(tag, self.ledger.latencies(tag), end);
        let latencies = Tag::ALL.into_iter().filter_map(interval).collect();
        let (mut streams, mut events) = (self.streams, self.events);
        streams.sort_by_key(|stream| stream.run);
        events.sort_by_key(|record| record.timed.at);
        PairRecording { run, document, streams, events, latencies }
    }
}

/// What a recording says of the machine and of what was asked for.
pub fn describe(file: &str, seed: u64, interval: Duration, started: Started) -> PairRun {
    let Environment { kernel, sysctls, congestion_control, privileges } = Environment::read();
    PairRun {
        format: FORMAT,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: started.text,
        epoch_unix_ns: started.epoch_unix_ns,
        file: file.to_owned(),
        seed,
        sample_ms: milliseconds(interval),
        kernel,
        sysctls,
        congestion_control,
        privileges,
    }
}
