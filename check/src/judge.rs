//! Decides from the producer's samples whether it is blocked. No I/O, no clock.
//!
//! One zero window proves nothing: a proxy may close its window for a moment and still swallow gigabytes. Only
//! a quiet period that is long against everything the path did before, and that lasts through the hold, does.

use std::time::Duration;
use trace::Sample;
use units::Timestamp;

/// The least quiet period.
const QUIET_MIN: Duration = Duration::from_millis(500);

/// Window probes or retransmissions without any answer that make a dead peer.
const UNANSWERED: u8 = 3;

/// What the judge goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) hold: Duration,
    /// End-to-end round trip through the path.
    pub(crate) round_trip: Duration,
}

/// What a sample showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The producer goes on, or has not been quiet for long enough.
    Going,
    /// The producer is blocked from here on: it was quiet since `since`, for at least `quiet`.
    Blocked { since: Timestamp, quiet: Duration },
    /// The producer was found blocked, and went on.
    Withdrawn,
    /// The producer stayed blocked through the hold.
    Held,
    /// Nothing comes back from the peer, though its window is open or it is asked again and again.
    Silent,
}

/// Watches one producer from the start of its flood.
#[derive(Debug)]
pub(crate) struct Judge {
    rules: Rules,
    stalled: Option<Timestamp>,
    progress: Option<Progress>,
    longest_pause: Duration,
    blocked: Option<Timestamp>,
    /// Questions to the peer that are open, and when the last of them was asked.
    asked: (u8, Timestamp),
}

/// How far the producer was when it last moved.
#[derive(Debug, Clone, Copy)]
struct Progress {
    at: Timestamp,
    accepted: u64,
    acknowledged: u64,
    rto: Duration,
}

impl Judge {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            stalled: None,
            progress: None,
            longest_pause: Duration::ZERO,
            blocked: None,
            asked: (0, Timestamp::default()),
        }
    }

    /// The consumer reads nothing from `at` on; only now can a producer be blocked by it.
    pub(crate) fn stalled(&mut self, at: Timestamp) {
        self.stalled = Some(at);
    }

    /// The longest time for which the producer made no progress before it went on.
    pub(crate) fn longest_pause(&self) -> Duration {
        self.longest_pause
    }

    /// How long the producer must be quiet to be blocked, as things stand.
    pub(crate) fn quiet(&self) -> Duration {
        let rto = self.progress.map_or(Duration::ZERO, |progress| progress.rto);
        QUIET_MIN.max(2 * rto).max(3 * self.longest_pause).max(3 * self.rules.round_trip)
    }

    /// Judges by the next sample of the producer.
    pub(crate) fn observe(&mut self, sample: &Sample) -> Finding {
        let acknowledged = sample.bytes_acked.unwrap_or_default();
        let moved = self
            .progress
            .is_none_or(|before| sample.stream_bytes > before.accepted || acknowledged > before.acknowledged);
        if moved {
            let pause = self.progress.and_then(|before| sample.at.since(before.at)).unwrap_or_default();
            self.longest_pause = self.longest_pause.max(pause);
            self.progress = Some(Progress {
                at: sample.at,
                accepted: sample.stream_bytes,
                acknowledged,
                // Sampled while things move: in silence the timeout doubles.
                rto: Duration::from_micros(u64::from(sample.rto_us)),
            });
            return if self.blocked.take().is_some() { Finding::Withdrawn } else { Finding::Going };
        }
        self.judge_quiet(sample)
    }

    fn judge_quiet(&mut self, sample: &Sample) -> Finding {
        let (Some(stalled), Some(progress)) = (self.stalled, self.progress) else { return Finding::Going };
        let quiet = self.quiet();
        let since = progress.at.max(stalled);
        let been = sample.at.since(since).unwrap_or_default();
        let unheard = Duration::from_millis(u64::from(sample.last_ack_received_ms));
        let asked = sample.probes.max(sample.retransmits);
        if asked != self.asked.0 {
            self.asked = (asked, sample.at);
        }
        // The last question has a round trip to be answered, like those before it.
        let in_vain = asked >= UNANSWERED && sample.at.since(self.asked.1) >= Some(patience(sample));
        if in_vain && been >= quiet && unheard >= quiet {
            return Finding::Silent;
        }
        match self.blocked {
            None if been >= quiet && stopped(sample) => {
                self.blocked = Some(sample.at);
                Finding::Blocked { since: progress.at, quiet }
            }
            Some(blocked) if sample.at.since(blocked) >= Some(self.rules.hold) && !unsure(sample) => {
                Finding::Held
            }
            _ => Finding::Going,
        }
    }
}

/// The producer wants to write and cannot.
fn stopped(sample: &Sample) -> bool {
    sample.snd_wnd == Some(0) || sample.waiting
}

/// A question to the peer is open: whether it still lives is not known before it answers or does not.
fn unsure(sample: &Sample) -> bool {
    let unheard = Duration::from_millis(u64::from(sample.last_ack_received_ms));
    (sample.probes > 0 || sample.retransmits > 0) && unheard > patience(sample)
}

/// How long an answer of the peer may take.
fn patience(sample: &Sample) -> Duration {
    Duration::from_micros(2 * u64::from(sample.rtt_us)) + Duration::from_millis(20)
}

#[cfg(test)]
mod tests;
