//! The figures of one direction, from what both ends told. No I/O, no clock.
//!
//! All times are on the client's clock by now; those that compare the two ends carry the clock's uncertainty.

use crate::course::{Conducted, Marks, RECOVERED, RECOVERY_WINDOW};
use crate::rates::{Passed, first_at_rate, mean_rate, pace, rate};
use crate::{neighbours, slow};
use report::{Absorbed, Bytes, Neighbours, Slow};
use scenario::Scenario;
use std::time::Duration;
use trace::{Event, Latencies, Sample, TrickleArrival};
use units::{ByteSize, Timestamp};

/// The samples of both ends and the moments between which the figures are taken.
#[derive(Debug)]
pub(crate) struct Evidence<'a> {
    pub(crate) conducted: &'a Conducted,
    pub(crate) producer: Vec<Sample>,
    pub(crate) consumer: Vec<Sample>,
    stalled: Option<Timestamp>,
    measured: Option<Timestamp>,
}

/// Absorbed bytes are taken from samples that are not older than this.
const FRESH: Duration = Duration::from_millis(250);

/// Milliseconds from `earlier` to `later`, negative where it is the other way about.
#[expect(clippy::cast_precision_loss, reason = "2^53 ns are 104 days")]
pub(crate) fn ms_between(earlier: Timestamp, later: Timestamp) -> f64 {
    later.signed_since(earlier) as f64 / 1e6
}

/// How many bytes of the stream had passed at a sample.
pub(crate) fn passed(sample: &Sample) -> Passed {
    (sample.at, sample.stream_bytes)
}

/// The consumer's rate in the second half of the baseline.
pub(crate) fn baseline_rate(consumer: &[Sample], marks: &Marks) -> Option<f64> {
    let (began, stalled) = (marks.baseline?, marks.stalled?);
    let middle = began.plus(stalled.since(began)? / 2);
    pace(consumer.iter().filter(|sample| sample.at >= middle && sample.at <= stalled).map(passed))
}

/// From the resume to the start of the first stretch in which the producer has this rate, or nearly: a stretch in which
/// several messages pass, as one alone has no rate.
pub(crate) fn recovery(
    producer: impl Iterator<Item = Passed>,
    resumed: Timestamp,
    baseline: f64,
    message: ByteSize,
) -> Option<Duration> {
    let several = rate(4 * message.as_u64(), Duration::from_secs(1))?;
    let window = Duration::try_from_secs_f64(several / baseline).unwrap_or_default().max(RECOVERY_WINDOW);
    let after: Vec<Passed> = producer.filter(|(at, _)| *at >= resumed).collect();
    first_at_rate(&after, window, RECOVERED * baseline)?.since(resumed)
}

/// The last sample until `at`, unless it is older than `fresh`.
fn last_before(samples: &[Sample], at: Timestamp, fresh: Duration) -> Option<&Sample> {
    let last = samples.iter().rev().find(|sample| sample.at <= at)?;
    (at.since(last.at)? <= fresh).then_some(last)
}

impl<'a> Evidence<'a> {
    pub(crate) fn new(conducted: &'a Conducted) -> Self {
        let stage = &conducted.stage;
        let marks = &conducted.marks;
        // The consumer may have resumed by itself, at its own deadline.
        let resumed = stage.consumer.find(|timed| match timed.event {
            Event::Resumed { .. } => Some(timed.at),
            _ => None,
        });
        let measured = match (marks.measured, resumed) {
            (Some(measured), Some(resumed)) => Some(measured.min(resumed)),
            (measured, _) => measured,
        };
        Self {
            conducted,
            producer: stage.producer.samples(),
            consumer: stage.consumer.samples(),
            stalled: marks.stalled,
            measured,
        }
    }

    /// The samples of the producer and of the consumer.
    pub(crate) fn into_samples(self) -> (Vec<Sample>, Vec<Sample>) {
        (self.producer, self.consumer)
    }

    /// The producer's samples from the stall until absorbed bytes are taken.
    fn stall(&self) -> impl Iterator<Item = &Sample> {
        let (stalled, until) = (self.stalled, self.measured.unwrap_or(Timestamp::from_nanos(u64::MAX)));
        let stalled = stalled.unwrap_or(Timestamp::from_nanos(u64::MAX));
        self.producer.iter().filter(move |sample| sample.at >= stalled && sample.at <= until)
    }

    /// Where the bytes sat at the end of the hold.
    pub(crate) fn absorbed(&self, scenario: &Scenario) -> Option<Absorbed> {
        let measured = self.measured?;
        let fresh = FRESH.max(2 * scenario.sample.0);
        let producer = last_before(&self.producer, measured, fresh)?;
        let consumer = last_before(&self.consumer, measured, fresh)?;
        let total = producer.stream_bytes.checked_sub(consumer.stream_bytes)?;
        let known: u64 =
            producer.user_bytes + producer.send_queue + consumer.receive_queue + consumer.user_bytes;
        Some(Absorbed {
            total_bytes: total,
            producer_bytes: producer.user_bytes,
            send_queue_bytes: producer.send_queue,
            path_bytes: total.cast_signed() - known.cast_signed(),
            receive_queue_bytes: consumer.receive_queue,
            consumer_bytes: consumer.user_bytes,
            framing_bytes: scenario.framing(total, self.conducted.direction),
        })
    }

    /// The pause of the producer that was on when absorbed bytes were taken: from its last write to its first.
    fn block(&self) -> Option<(Timestamp, Timestamp)> {
        let measured = self.measured?;
        self.conducted.stage.producer.find(|timed| match timed.event {
            Event::Paused { from } if from <= measured && timed.at >= measured => Some((from, timed.at)),
            _ => None,
        })
    }

    /// The last write that was accepted in the stall; from samples where it never went on.
    pub(crate) fn last_write(&self) -> Option<Timestamp> {
        let by_samples = || {
            let last = self.stall().last()?.stream_bytes;
            self.producer.iter().find(|sample| sample.stream_bytes == last).map(|sample| sample.at)
        };
        self.block().map(|(from, _)| from).or_else(by_samples)
    }

    /// The first write after the resume.
    pub(crate) fn first_write(&self) -> Option<Timestamp> {
        self.block().map(|(_, until)| until)
    }

    /// The first sample of the stall in which the producer saw a zero window.
    pub(crate) fn zero_window(&self) -> Option<Timestamp> {
        self.stall().find(|sample| sample.snd_wnd == Some(0)).map(|sample| sample.at)
    }

    /// TCP could have carried more when absorbed bytes were taken.
    pub(crate) fn tcp_stayed_open(&self) -> bool {
        self.stall().last().is_some_and(|sample| sample.snd_wnd > Some(0) && sample.send_queue == 0)
    }

    /// Window probes of the stall. The timeout doubles with each, and starts anew with each zero window.
    pub(crate) fn window_probes(&self) -> u64 {
        let (mut probes, mut before) = (0, 0);
        for sample in self.stall() {
            let doubled = if sample.snd_wnd == Some(0) { u64::from(sample.backoff) } else { 0 };
            probes += doubled.saturating_sub(before);
            before = doubled;
        }
        probes
    }

    /// The consumer's rate in the second half of the baseline.
    pub(crate) fn baseline_rate(&self) -> Option<f64> {
        baseline_rate(&self.consumer, &self.conducted.marks)
    }

    /// From the resume to the start of the first stretch in which the producer has its rate back.
    pub(crate) fn recovery(&self, baseline: f64, message: ByteSize) -> Option<Duration> {
        recovery(self.producer.iter().map(passed), self.conducted.marks.resumed?, baseline, message)
    }

    /// What the producer did while the consumer read slowly.
    pub(crate) fn slow(&self) -> Option<Slow> {
        slow::figures(&self.producer, &self.consumer, self.conducted.marks.slow?)
    }

    /// What the stall did to the neighbours.
    pub(crate) fn neighbours(&self) -> Option<Neighbours> {
        let Conducted { neighbours, spacing, marks, .. } = self.conducted;
        let stretches = (marks.neighbours_before?, marks.neighbours_during?);
        let gaps = [stretches.0, stretches.1]
            .into_iter()
            .flat_map(|stretch| [stretch.longest_gap(&self.producer), stretch.longest_gap(&self.consumer)]);
        neighbours::figures(neighbours, *spacing, stretches, gaps.max().unwrap_or_default())
    }

    /// The rate at which the path took bytes in the second half of the stall.
    pub(crate) fn swallowing_rate(&self) -> Option<f64> {
        let (stalled, measured) = (self.stalled?, self.measured?);
        let middle = stalled.plus(measured.since(stalled)? / 2);
        mean_rate(self.stall().filter(|sample| sample.at >= middle).map(passed))
    }

    /// A path that opens its window by less than its least step in all this time looks like one that is shut.
    pub(crate) fn slowest_drip(&self, hold: Duration) -> Option<f64> {
        let mss = self.stall().last()?.snd_mss;
        // Linux opens a closed window only by a segment, or a sixteenth of the buffer (`__tcp_select_window`).
        let widest = self.producer.iter().filter_map(|sample| sample.snd_wnd).max().unwrap_or_default();
        rate(u64::from(mss.max(widest / 16)), self.conducted.quiet + hold)
    }

    /// The longest that a trickle message was held beyond the fastest way through the path.
    pub(crate) fn trickle_held(&self, round_trip: Duration) -> Option<f64> {
        let trickle: &[TrickleArrival] = &self.conducted.stage.consumer.consumed()?.trickle;
        let ways = || trickle.iter().map(|arrival| arrival.read.signed_since(arrival.sent));
        let fastest = ways().min()?.min(i64::try_from(round_trip.as_nanos()).unwrap_or(i64::MAX));
        #[expect(clippy::cast_precision_loss, reason = "2^53 ns are 104 days")]
        ways().max().map(|slowest| (slowest - fastest) as f64 / 1e6)
    }

    /// How long each zero window lasted that the producer saw.
    pub(crate) fn zero_window_episodes(&self) -> Latencies {
        let mut episodes = Latencies::default();
        let mut began = None;
        for sample in &self.producer {
            match (sample.snd_wnd == Some(0), began) {
                (true, None) => began = Some(sample.at),
                (false, Some(start)) => {
                    episodes.record(sample.at.since(start).unwrap_or_default());
                    began = None;
                }
                _ => {}
            }
        }
        let last = self.producer.last().map(|sample| sample.at);
        if let (Some(start), Some(last)) = (began, last) {
            episodes.record(last.since(start).unwrap_or_default());
        }
        episodes
    }

    /// The kernel's smoothed round trip, once a sample.
    pub(crate) fn round_trips(&self) -> Latencies {
        let mut round_trips = Latencies::default();
        for sample in &self.producer {
            round_trips.record(Duration::from_micros(u64::from(sample.rtt_us)));
        }
        round_trips
    }

    /// What became of the bytes, as far as both ends told.
    pub(crate) fn bytes(&self) -> Option<Bytes> {
        let stage = &self.conducted.stage;
        let produced = stage.producer.produced().map(|summary| summary.bytes);
        let found = &stage.consumer.consumed()?.integrity;
        let ended_in_order = self.conducted.cut.is_none() && !self.conducted.marks.unfinished;
        // Only a stream whose end was seen, or should have been, has lost what is missing.
        let lost_bytes = match produced {
            Some(produced) if ended_in_order && !found.complete => {
                produced.cast_signed() - found.bytes.cast_signed()
            }
            _ => found.lost_bytes,
        };
        let undelivered =
            produced.filter(|_| !found.complete).map(|produced| produced.saturating_sub(found.bytes));
        Some(Bytes {
            bytes: found.bytes,
            lost_bytes,
            reordered_frames: found.reordered_frames,
            duplicated_frames: found.duplicated_frames,
            corrupted_frames: found.corrupted_frames,
            undelivered_bytes: undelivered,
        })
    }
}
