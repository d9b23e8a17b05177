//! The resume: the consumer reads again, and the stream should come back.

use super::{Conductor, GRACE};
use crate::course::Cut;
use crate::figures::{baseline_rate, passed, recovery};
use crate::rates::Passed;
use std::time::Duration;
use trace::{Event, Phase, Role, Sample};
use wire::Command;

/// How long it may take to reach the baseline's rate again.
const RECOVERY: Duration = Duration::from_secs(5);

/// The resume goes by fewer samples than the figures are taken from, so it asks for a little more.
const SURELY: f64 = 1.03;

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
        let target = SURELY * baseline_rate(&self.stage.consumer.samples(), &self.marks).unwrap_or_default();
        // As far as the samples tell that crossed the path already.
        let mut since: Vec<Passed> = self.stage.producer.samples().iter().map(passed).collect();
        since.retain(|(at, _)| *at >= resumed);
        while self.clock.now() < deadline
            && recovery(since.iter().copied(), resumed, target, self.scenario.message).is_none()
        {
            self.step().await?;
            self.require_life()?;
            let newer = |sample: &&Sample| since.last().is_none_or(|(at, _)| *at < sample.at);
            let latest = self.stage.producer.latest.as_ref().filter(newer).map(passed);
            since.extend(latest);
        }
        Ok(())
    }
}
