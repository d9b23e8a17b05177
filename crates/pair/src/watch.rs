//! What the kernel tells of a connection while it carries a pair's bytes, and whether its peer is still there.

use crate::journal::Ledger;
use endpoint::{Meter, Sampler, Series, Tally, Target};
use socket::TcpState;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use trace::{Direction, Role, Sample, Tag};
use transport::SocketHandle;
use units::Timestamp;

/// How connections are watched.
#[derive(Debug, Clone)]
pub struct Watching {
    /// Takes the samples.
    pub sampler: Sampler,
    /// Time between two samples of a connection.
    pub interval: Duration,
    /// How many samples of a connection are kept; beyond, every second one, and so on. 0: none.
    pub room: usize,
    /// Where durations are counted.
    pub ledger: Ledger,
    /// Where what passes is added up for whoever watches the process, and in which direction.
    pub meter: Option<(Arc<Meter>, Direction)>,
}

impl Watching {
    /// For so many connections at a time: one sampling costs about 5 µs, and all of it at most a twentieth of a core.
    pub fn of(connections: u32, sampler: Sampler, recorded: bool) -> Self {
        let interval = LOOK.max((COST * 20).saturating_mul(connections));
        let room = if recorded { ROOM / usize::try_from(connections.max(1)).unwrap_or(1) } else { 0 };
        Self { sampler, interval, room, ledger: Ledger::default(), meter: None }
    }
}

/// The shortest time between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// What a look costs, at most.
const COST: Duration = Duration::from_micros(5);

/// Samples that are kept, of all connections together: about 40 MiB.
const ROOM: usize = 200_000;

/// What was seen of one connection.
#[derive(Debug)]
pub struct Watch {
    samples: endpoint::Watch,
    role: Role,
    ledger: Ledger,
    meter: Option<(Arc<Meter>, Direction)>,
    tally: Tally,
    series: Option<Series>,
    /// The consumer's window, as known at this end.
    closed: Closed,
    queue_max: u64,
    asked: (u8, Timestamp),
}

impl Watch {
    /// Watches `socket`, which this end writes or reads.
    pub fn begin(socket: &SocketHandle, role: Role, watching: &Watching) -> io::Result<Self> {
        let samples = watching.sampler.watch(Target {
            socket: socket.clone(),
            counters: Arc::clone(socket.counters()),
            role,
            interval: watching.interval,
        })?;
        Ok(Self {
            samples,
            role,
            ledger: watching.ledger.clone(),
            meter: watching.meter.clone(),
            tally: Tally::new(role),
            series: (watching.room > 0).then(|| Series::with_room(watching.room)),
            closed: Closed::default(),
            queue_max: 0,
            asked: (0, Timestamp::default()),
        })
    }

    /// Looks on until the peer is found to be gone; says how.
    pub async fn run(&mut self) -> String {
        while let Some(batch) = self.samples.next().await {
            for sample in batch {
                if let Some(how) = self.saw(sample) {
                    return how;
                }
            }
        }
        pending().await
    }

    /// Takes what was sampled since the last look; no more is going to be.
    pub fn finish(&mut self) {
        self.samples.flush();
        while let Some(batch) = self.samples.try_next() {
            for sample in batch {
                self.saw(sample);
            }
        }
        if let Some(stretch) = self.closed.end() {
            self.ledger.record(Tag::ZeroWindow, stretch);
        }
    }

    /// How long the consumer's window was closed; none where the kernel does not tell.
    pub fn zero_window(&self) -> Option<Duration> {
        self.closed.known.then_some(self.closed.all)
    }

    /// The most bytes that waited at this end: of a producer unacknowledged, of a consumer unread.
    pub fn queue_max(&self) -> u64 {
        self.queue_max
    }

    /// The samples that were kept, and how many were not.
    pub fn into_samples(self) -> (Vec<Sample>, u64) {
        self.series.map(Series::into_samples).unwrap_or_default()
    }

    fn saw(&mut self, sample: Sample) -> Option<String> {
        let (window, queue) = match self.role {
            Role::Producer => (sample.snd_wnd, sample.send_queue),
            Role::Consumer => (sample.rcv_wnd, sample.receive_queue),
        };
        if let Some(stretch) = self.closed.saw(window, sample.at) {
            self.ledger.record(Tag::ZeroWindow, stretch);
        }
        if let Some((meter, direction)) = &self.meter {
            meter.add(*direction, self.tally.observe(&sample));
        }
        self.queue_max = self.queue_max.max(queue);
        self.ledger.record(Tag::Rtt, Duration::from_micros(u64::from(sample.rtt_us)));
        let gone = self.unanswered(&sample);
        if let Some(series) = &mut self.series {
            series.push(sample);
        }
        gone
    }

    /// A peer that answers no window probe is gone, though its window is closed: `TCP_USER_TIMEOUT` would end those who are
    /// merely held up, too.
    fn unanswered(&mut self, sample: &Sample) -> Option<String> {
        if sample.probes != self.asked.0 {
            self.asked = (sample.probes, sample.at);
        }
        let open = !matches!(sample.state, TcpState::Closed | TcpState::TimeWait);
        let patience = Duration::from_micros(2 * u64::from(sample.rtt_us)) + Duration::from_millis(20);
        let in_vain =
            sample.probes >= UNANSWERED && sample.at.since(self.asked.1).is_some_and(|been| been >= patience);
        let unheard = Duration::from_millis(u64::from(sample.last_ack_received_ms));
        (open && in_vain && unheard >= UNHEARD).then(|| {
            format!("the peer answered none of {} window probes for {} s", sample.probes, unheard.as_secs())
        })
    }
}

/// As [`Watch::run`]; for ever where there is no watch.
pub async fn watched(watch: &mut Option<Watch>) -> String {
    match watch {
        Some(watch) => watch.run().await,
        None => pending().await,
    }
}

/// Window probes without an answer that make a peer one that is gone, once it was not heard for this long either.
const UNANSWERED: u8 = 3;
const UNHEARD: Duration = Duration::from_secs(5);

/// A window is taken to have been closed from a look that found it closed to the next look.
#[derive(Debug, Default)]
struct Closed {
    known: bool,
    latest: Option<Timestamp>,
    stretch: Duration,
    all: Duration,
}

impl Closed {
    /// The stretch that is over now, if one is.
    fn saw(&mut self, window: Option<u32>, now: Timestamp) -> Option<Duration> {
        if let Some(latest) = self.latest.take() {
            let been = now.since(latest).unwrap_or_default();
            self.all += been;
            self.stretch += been;
        }
        self.known |= window.is_some();
        self.latest = (window == Some(0)).then_some(now);
        if self.latest.is_some() { None } else { self.end() }
    }

    fn end(&mut self) -> Option<Duration> {
        Some(std::mem::take(&mut self.stretch)).filter(|stretch| !stretch.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_looks_together_cost_a_twentieth_of_a_core_and_their_samples_are_bounded() {
        let sampler = Sampler::start(units::Clock::start()).unwrap();
        for connections in [1, 100, 512, 10_000, u32::MAX] {
            let watching = Watching::of(connections, sampler.clone(), true);
            let looks = f64::from(connections) / watching.interval.as_secs_f64();
            assert!(looks * COST.as_secs_f64() <= 0.050_001, "{connections}: {looks} a second");
            let all = watching.room as u64 * u64::from(connections);
            assert!(all <= ROOM as u64, "{connections}: {all}");
        }
    }

    #[test]
    fn a_window_counts_as_closed_from_look_to_look() {
        let mut closed = Closed::default();
        let mut stretches = Vec::new();
        for (window, ms) in [(Some(10), 0), (Some(0), 10), (Some(0), 20), (Some(5), 35), (None, 50)] {
            stretches.extend(closed.saw(window, Timestamp::from_nanos(ms * 1_000_000)));
        }
        assert_eq!((closed.known, closed.all), (true, Duration::from_millis(25)));
        assert_eq!(stretches, [Duration::from_millis(25)]);
        assert!(!Closed::default().known);
    }
}
