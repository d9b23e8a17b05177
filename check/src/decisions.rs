//! What a check decided, and when: the phases, and what it found of the producer. Whoever watches sees the phase.

use crate::course::Cut;
use crate::judge::Finding;
use crate::live::LiveView;
use trace::{Event, Phase, Timed};
use units::{Clock, Timestamp};

/// The decisions so far.
#[derive(Debug)]
pub(crate) struct Decisions<'a> {
    pub(crate) live: LiveView<'a>,
    clock: Clock,
    made: Vec<Timed>,
}

impl<'a> Decisions<'a> {
    pub(crate) fn new(clock: Clock, live: LiveView<'a>) -> Self {
        Self { live, clock, made: Vec::new() }
    }

    /// The phase that began last.
    pub(crate) fn phase(&self) -> Phase {
        self.live.phase()
    }

    pub(crate) fn begin(&mut self, phase: Phase) {
        self.begin_at(self.clock.now(), phase);
    }

    pub(crate) fn begin_at(&mut self, at: Timestamp, phase: Phase) {
        self.live.begin(phase);
        self.made.push(Timed { at, event: Event::PhaseBegan { phase } });
    }

    /// Takes what the producer's latest sample showed in the stall; true: it was held. An error where its peer is silent.
    pub(crate) fn take(&mut self, finding: Finding) -> Result<bool, Cut> {
        match finding {
            Finding::Going => {}
            Finding::Blocked { since, quiet } => {
                let quiet_us = u64::try_from(quiet.as_micros()).unwrap_or(u64::MAX);
                self.decide(Event::Blocked { since, quiet_us });
                self.begin(Phase::Hold);
            }
            Finding::Withdrawn => {
                self.decide(Event::BlockWithdrawn);
                self.begin(Phase::Stall);
            }
            Finding::Held => return Ok(true),
            Finding::Silent => return Err(Cut::Dead),
        }
        Ok(false)
    }

    fn decide(&mut self, event: Event) {
        self.made.push(Timed { at: self.clock.now(), event });
    }

    pub(crate) fn made(&self) -> &[Timed] {
        &self.made
    }

    pub(crate) fn into_made(self) -> Vec<Timed> {
        self.made
    }
}

/// The phase at `at`, by decisions in their order.
pub(crate) fn phase_at(decisions: &[Timed], at: Timestamp) -> Phase {
    let begun = |timed: &Timed| match timed.event {
        Event::PhaseBegan { phase } if timed.at <= at => Some(phase),
        _ => None,
    };
    decisions.iter().rev().find_map(begun).unwrap_or(Phase::Connect)
}
