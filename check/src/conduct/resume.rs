//! The resume: the consumer reads again, and the stream should come back.

use super::{Conductor, GRACE};
use crate::course::Cut;
use std::time::Duration;
use trace::{Event, Phase, Role};
use wire::Command;

/// How long it may take to reach the baseline's rate again.
const RECOVERY: Duration = Duration::from_secs(5);

impl Conductor<'_> {
    /// Full speed again, until the rate of the baseline is back.
    pub(super) async fn resume(&mut self) -> Result<(), Cut> {
        self.decisions.begin(Phase::Resume);
        self.backed_off = self
            .stage
            .producer
            .latest
            .as_ref()
            .map_or(Duration::ZERO, |sample| Duration::from_micros(sample.rto_us.into()));
        self.stage.consumer.tell(Command::Resume);
        self.stage.producer.tell(Command::Resume);
        self.queued = self
            .stage
            .consumer
            .latest
            .as_ref()
            .map_or(0, |sample| sample.stream_bytes + sample.user_bytes + sample.receive_queue);
        // Where the path holds the command up, the consumer resumes by itself.
        let by_itself = self.marks.stalled.map_or(Duration::ZERO, |stalled| {
            self.clock.until(stalled.plus(self.scenario.deadline.0 + self.scenario.hold.0 + GRACE))
        });
        let resumed = self
            .await_event(Role::Consumer, by_itself, |event| matches!(event, Event::Resumed { .. }))
            .await?;
        self.marks.resumed = Some(resumed);
        self.moved.0 = self.clock.now();
        self.heard.1 = self.clock.now();
        let deadline = self.clock.now().plus(RECOVERY.max(10 * self.round_trip).max(self.samples(5)));
        while self.clock.now() < deadline && !self.recovered(resumed) {
            self.step().await?;
            self.require_life()?;
        }
        Ok(())
    }
}
