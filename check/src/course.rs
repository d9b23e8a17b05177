//! The course that one stream took: when what began, what came of the stall, and what cut it short.

use crate::decisions::phase_at;
use crate::judge::{Finding, Judge, Rules};
use crate::neighbours::Neighbour;
use crate::stage::Stage;
use crate::stretch::Stretch;
use std::time::Duration;
use trace::{Direction, Event, How, Phase, Role, Timed};
use units::Timestamp;

/// The time over which the recovered rate is taken.
pub(crate) const RECOVERY_WINDOW: Duration = Duration::from_millis(100);

/// The share of the baseline's rate at which the stream has recovered.
pub(crate) const RECOVERED: f64 = 0.9;

/// What came of the stall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The producer was blocked through the hold.
    Held,
    /// The byte limit was reached.
    Limit,
    /// The deadline came first.
    Deadline,
    /// The stream was cut short before or in the stall.
    CutShort,
}

/// Why a stream is cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The connection ended; an end told how.
    Ended,
    /// Nothing comes through any more.
    Dead,
    /// The control connection to an end is gone, or nothing comes over it.
    Lost(Role),
    /// An end did not do as it was told.
    Disobeyed(Role),
    /// An end left by itself.
    Left(Role),
    /// The server answers no more: it ended, or the path to it did.
    Gone,
    /// A person stopped it.
    Interrupted,
}

/// What is known of one stream when it is over.
#[derive(Debug)]
pub(crate) struct Conducted {
    pub(crate) direction: Direction,
    pub(crate) stage: Stage,
    pub(crate) neighbours: Vec<Neighbour>,
    /// Between two messages of a neighbour.
    pub(crate) spacing: Duration,
    pub(crate) marks: Marks,
    pub(crate) outcome: Outcome,
    pub(crate) cut: Option<Cut>,
    /// When it was cut short.
    pub(crate) cut_at: Option<Timestamp>,
    /// The quiet period that was asked for at last.
    pub(crate) quiet: Duration,
    pub(crate) decisions: Vec<Timed>,
}

/// When what began.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    pub(crate) connected: Timestamp,
    /// The part of full speed that counts as baseline.
    pub(crate) baseline: Option<Timestamp>,
    /// The consumer reads nothing, and the producer writes.
    pub(crate) stalled: Option<Timestamp>,
    /// The moment at which absorbed bytes are taken: the hold is over, nobody has resumed yet.
    pub(crate) measured: Option<Timestamp>,
    pub(crate) resumed: Option<Timestamp>,
    /// While only the neighbours sent, and while they sent beside a producer that was blocked.
    pub(crate) neighbours_before: Option<Stretch>,
    pub(crate) neighbours_during: Option<Stretch>,
    /// The settled part of slow reading.
    pub(crate) slow: Option<Stretch>,
    /// The warm-up was cut short.
    pub(crate) cool: bool,
    /// All bytes had not arrived when the verification's time was up.
    pub(crate) unfinished: bool,
}

impl Conducted {
    /// The producer was blocked when the stall ended, though not for as long as the hold.
    pub(crate) fn ended_blocked(&self) -> bool {
        let last = self.decisions.iter().rev().find_map(|timed| match timed.event {
            Event::Blocked { .. } => Some(true),
            Event::BlockWithdrawn => Some(false),
            _ => None,
        });
        last.unwrap_or(false)
    }

    /// Its end may be that of the server, which is no part of the path.
    pub(crate) fn may_be_the_servers_end(&self) -> bool {
        let how = self.stage.first_end().map(|(_, _, how, _)| how);
        match self.cut {
            Some(Cut::Ended) => matches!(how, Some(How::Fin | How::Reset | How::Broken)),
            Some(Cut::Lost(_)) => true,
            _ => false,
        }
    }

    /// Lays an end that may be the server's on nobody where the server is gone.
    pub(crate) fn excuse_the_path(&mut self, server_is_gone: bool) {
        if server_is_gone && self.may_be_the_servers_end() {
            self.cut = Some(Cut::Gone);
        }
    }

    /// The end that left by itself, and so ended the connection for the other, and why.
    pub(crate) fn left(&self) -> Option<(Role, &str)> {
        [Role::Producer, Role::Consumer]
            .into_iter()
            .find_map(|role| self.stage.track(role).left().map(|why| (role, why)))
    }

    /// Where the path held the producer's samples up until the deadline, judges by those that came later.
    pub(crate) fn judge_again(&mut self, rules: Rules) {
        let (Outcome::Deadline, Some(stalled), Some(measured)) =
            (self.outcome, self.marks.stalled, self.marks.measured)
        else {
            return;
        };
        let mut judge = Judge::new(rules);
        let since = self.marks.baseline.unwrap_or(stalled);
        let resumed = self.stage.consumer.find(|timed| match timed.event {
            Event::Resumed { .. } => Some(timed.at),
            _ => None,
        });
        let until = resumed.map_or(measured, |resumed| resumed.min(measured));
        let samples = &self.stage.producer.samples;
        for sample in samples.iter().filter(|sample| sample.at >= since && sample.at <= until) {
            if sample.at >= stalled {
                judge.stalled(stalled);
            }
            if judge.observe(sample) == Finding::Held {
                self.outcome = Outcome::Held;
                self.quiet = judge.quiet();
                return;
            }
        }
    }

    /// The phase at `at`.
    pub(crate) fn phase_at(&self, at: Timestamp) -> Phase {
        phase_at(&self.decisions, at)
    }
}
