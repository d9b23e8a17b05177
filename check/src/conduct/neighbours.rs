//! The neighbours before anything else: what they are like while the measured connection is idle.

use super::Conductor;
use crate::course::Cut;
use crate::neighbours::{BEFORE, SETTLE};
use crate::stretch::Stretch;
use trace::Phase;
use units::Timestamp;

impl Conductor<'_> {
    /// Only the neighbours send.
    pub(super) async fn neighbours_alone(&mut self) -> Result<(), Cut> {
        self.decisions.begin(Phase::Neighbours);
        self.company.begin();
        let until = self.clock.now().plus(SETTLE + BEFORE);
        while self.clock.now() < until {
            self.step().await?;
        }
        self.company.pause();
        self.marks.neighbours_before = Some(Stretch::before(until, BEFORE, Timestamp::default()));
        Ok(())
    }

    /// They were sending through the stall, which is measured now: its end is when nothing else moved.
    pub(super) fn neighbours_measured(&mut self, stalled: Timestamp) {
        self.company.pause();
        self.marks.neighbours_during = Some(Stretch::before(self.clock.now(), self.scenario.hold.0, stalled));
    }
}
