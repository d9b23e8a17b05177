//! What the curve of arriving bytes tells of a service that nobody read from for a while. No I/O, no clock.
//!
//! After a stall, first comes what had piled up, as fast as the path carries it, then what the service makes now, at its live rate.
//! The highest line at that rate that meets the curve begins, at the resume, at the bytes that had piled up:
//!
//! ```text
//! arrived │            ___---‾‾‾  live rate
//!         │      __--‾‾
//!  piled ─┤ .  /
//!         │   /   faster than live
//!         └──┴──────────────────── since the resume
//! ```
//!
//! The line is drawn at the fastest that the live rate may be, so that it touches the curve where the burst ends, and not later,
//! where every mistake about the rate has had its time to grow.
//!
//! What had piled up can be seen only where the path carries more than the live rate. Of a service that floods, it and what is made
//! now arrive alike; then [`Backlog::Hidden`] is told.

use crate::rates::{Passed, mean_rate, pace, rate};
use std::time::Duration;
use units::Timestamp;

/// The live rate of a service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Live {
    pub(crate) bytes_per_second: f64,
    /// By so much it may be wrong: twice the standard error over equal parts of the time it was taken from, and at least the
    /// largest step in that time.
    pub(crate) uncertainty: f64,
    /// The share of the time in which nothing arrived.
    pub(crate) idle: f64,
}

/// What had piled up when reading went on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Backlog {
    /// So many bytes; and the live rate, from before the stall and after it.
    Seen { bytes: f64, uncertainty: f64, live: Live },
    /// At least so many: the live rate had not come back when the watch was over.
    AtLeast { bytes: f64 },
    /// What had piled up could not be told from what was made later.
    Hidden,
}

/// Parts that a rate is compared over.
const PARTS: u32 = 5;

/// A service that sends only a twentieth of what its path then carries at once does not flood it.
const MUCH_FASTER: f64 = 20.0;

/// Nor does one that steadily leaves it idle for half of the time, and sends an eighth; idle and unsteady may be a flood for want of
/// processors.
const IDLE: f64 = 0.5;
const STEADY: f64 = 0.3;
const FASTER: f64 = 8.0;

/// The rate is not the live one while it is this many times the one before the stall.
const STILL_FASTER: f64 = 1.5;

/// Fewer bytes beyond our own buffer tell nothing of how fast the path is.
const LEAST_BURST: f64 = 16.0 * 1024.0;

impl Live {
    /// From what had passed when; `None` where nothing did.
    pub(crate) fn of(passed: &[Passed]) -> Option<Self> {
        let bytes_per_second = pace(passed.iter().copied()).or_else(|| mean_rate(passed.iter().copied()))?;
        if bytes_per_second <= 0.0 {
            return None;
        }
        let (first, last) = (passed.first()?, passed.last()?);
        let all = last.0.since(first.0)?;
        let parts: Vec<f64> = (0..PARTS).filter_map(|part| part_rate(passed, first.0, all, part)).collect();
        let count = f64::from(u32::try_from(parts.len()).unwrap_or(PARTS)).max(1.0);
        let mean = parts.iter().sum::<f64>() / count;
        let variance = parts.iter().map(|part| (part - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        let still: Duration = passed
            .windows(2)
            .filter_map(|pair| match pair {
                [before, after] if after.1 <= before.1 => after.0.since(before.0),
                _ => None,
            })
            .sum();
        Some(Self {
            bytes_per_second,
            uncertainty: (2.0 * (variance / count).sqrt()).max(largest_step(passed) / all.as_secs_f64()),
            idle: still.as_secs_f64() / all.as_secs_f64().max(f64::MIN_POSITIVE),
        })
    }

    /// The fastest that it may be.
    pub(crate) fn most(self) -> f64 {
        self.bytes_per_second + self.uncertainty
    }

    /// The same rate, measured twice: as uncertain as the two differ, and no more certain than the better one.
    fn and(self, other: Self) -> Self {
        let apart = (self.bytes_per_second - other.bytes_per_second).abs() / 2.0;
        Self {
            bytes_per_second: f64::midpoint(self.bytes_per_second, other.bytes_per_second),
            uncertainty: self.uncertainty.min(other.uncertainty).max(apart),
            idle: self.idle,
        }
    }

    /// Bytes that it makes in `time`.
    pub(crate) fn bytes_in(self, time: Duration) -> f64 {
        self.bytes_per_second * time.as_secs_f64()
    }
}

fn part_rate(passed: &[Passed], first: Timestamp, all: Duration, part: u32) -> Option<f64> {
    let (from, until) = (first.plus(all * part / PARTS), first.plus(all * (part + 1) / PARTS));
    let bytes = level(passed, until)?.checked_sub(level(passed, from)?)?;
    rate(bytes, until.since(from)?)
}

/// Bytes that had passed at `at`.
fn level(passed: &[Passed], at: Timestamp) -> Option<u64> {
    passed.iter().rev().find(|(time, _)| *time <= at).map(|(_, bytes)| *bytes)
}

/// What was read when, and what is known of the time before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resumption<'a> {
    /// Bytes read when, from the resume on.
    pub(crate) passed: &'a [Passed],
    /// The last part of that, in which the live rate is looked for.
    pub(crate) tail: Duration,
    /// Bytes that waited at our own end.
    pub(crate) own: u64,
    /// The live rate before the stall.
    pub(crate) before: Live,
}

impl Resumption<'_> {
    /// What had piled up, our own bytes among it.
    pub(crate) fn backlog(&self) -> Backlog {
        let Some((resumed, base)) = self.passed.first().copied() else { return Backlog::Hidden };
        let arrived = |passed: &Passed| float(passed.1.saturating_sub(base));
        let since = |passed: &Passed| passed.0.since(resumed).unwrap_or_default().as_secs_f64();
        let Some(last) = self.passed.last() else { return Backlog::Hidden };
        let begins = self.passed.partition_point(|passed| last.0.since(passed.0) > Some(self.tail));
        let tail = self.passed.get(begins..).unwrap_or_default();
        let after = Live::of(tail);
        if let Some(after) = after.filter(|after| after.bytes_per_second > STILL_FASTER * self.before.most())
        {
            return self.at_least(after.bytes_per_second);
        }
        // A service that has nothing more to say lives on at no rate, which tells nothing of the one it had.
        let live = after.map_or(self.before, |after| self.before.and(after));
        let above = |passed: &&Passed| arrived(passed) - live.most() * since(passed);
        let Some(knee) = self.passed.iter().max_by(|one, other| above(one).total_cmp(&above(other))) else {
            return Backlog::Hidden;
        };
        // The line touches where a step has just been taken.
        let step = largest_step(tail);
        let bytes = (arrived(knee) - live.bytes_per_second * since(knee) - step / 2.0).max(0.0);
        let uncertainty = live.uncertainty * since(knee) + step / 2.0;
        if self.burst(bytes, uncertainty) >= self.needed() * live.bytes_per_second {
            Backlog::Seen { bytes, uncertainty, live }
        } else {
            Backlog::Hidden
        }
    }

    /// What had piled up, where the stream was over soon after.
    pub(crate) fn ended(&self) -> Backlog {
        match (self.passed.first(), self.passed.last()) {
            (Some(first), Some(last)) => {
                let time = last.0.since(first.0).unwrap_or_default().max(FINEST);
                self.at_least(float(last.1.saturating_sub(first.1)) / time.as_secs_f64())
            }
            _ => Backlog::Hidden,
        }
    }

    /// What came at this speed had piled up, but for what was made meanwhile; unless it may as well be a flood.
    fn at_least(&self, bytes_per_second: f64) -> Backlog {
        let (Some(first), Some(last)) = (self.passed.first(), self.passed.last()) else {
            return Backlog::Hidden;
        };
        if bytes_per_second < self.needed() * self.before.most() {
            return Backlog::Hidden;
        }
        let made_since = self.before.bytes_in(last.0.since(first.0).unwrap_or_default());
        Backlog::AtLeast { bytes: (float(last.1.saturating_sub(first.1)) - made_since).max(0.0) }
    }

    /// How many times faster than the live rate what had piled up must come to be told from a flood.
    fn needed(&self) -> f64 {
        let steady = self.before.uncertainty <= STEADY * self.before.bytes_per_second;
        if self.before.idle >= IDLE && steady { FASTER } else { MUCH_FASTER }
    }

    /// The speed of the fastest stretch in which half of what had piled up beyond our own end came; 0 where that was too little to
    /// tell. A pause of ours, or of the service, is not the path's.
    fn burst(&self, bytes: f64, uncertainty: f64) -> f64 {
        let own = float(self.own);
        let beyond = bytes - own;
        let Some((_, base)) = self.passed.first().copied() else { return 0.0 };
        if beyond < LEAST_BURST.max(uncertainty) {
            return 0.0;
        }
        let arrived = |passed: &Passed| float(passed.1.saturating_sub(base));
        let half = beyond / 2.0;
        let begins = self.passed.partition_point(|passed| arrived(passed) < own).saturating_sub(1);
        let starts = self.passed.get(begins..).unwrap_or_default();
        let most = bytes + largest_step(starts);
        let mut ends = starts.iter().peekable();
        let mut fastest: Option<Duration> = None;
        for start in starts {
            while ends.next_if(|end| arrived(end) - arrived(start).max(own) < half).is_some() {}
            let Some(end) = ends.peek().filter(|end| arrived(end) <= most) else { break };
            let time = end.0.since(start.0).unwrap_or_default();
            fastest = Some(fastest.map_or(time, |fastest| fastest.min(time)));
        }
        fastest.map_or(0.0, |time| half / time.max(FINEST).as_secs_f64())
    }
}

/// No sample is finer than this.
const FINEST: Duration = Duration::from_millis(1);

fn largest_step(passed: &[Passed]) -> f64 {
    let step = |pair: &[Passed]| match pair {
        [before, after] => after.1.saturating_sub(before.1),
        _ => 0,
    };
    float(passed.windows(2).map(step).max().unwrap_or_default())
}

pub(crate) fn float(whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact below 8 PiB")]
    let float = whole as f64;
    float
}

#[cfg(test)]
mod tests;
