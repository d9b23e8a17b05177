//! The slow phase: the consumer reads at a share of the baseline's rate, and the producer should follow.
//!
//! It comes after the recovery, where the stream is as in the baseline again: before the stall it would leave the path
//! full, and what the path absorbs in the stall would be something else than without it.

use super::Conductor;
use crate::course::Cut;
use crate::figures::baseline_rate;
use crate::slow::{follows, pace_of, settled_part};
use crate::stretch::Stretch;
use std::time::Duration;
use trace::{Event, Phase, Role, Timed};
use units::{ByteRate, Ratio};
use wire::Command;

impl Conductor<'_> {
    /// Slow until the producer follows and what follows was seen, the path holds the limit, or time is up.
    pub(super) async fn slow(&mut self, share: Ratio) -> Result<(), Cut> {
        let Some(baseline) = baseline_rate(&self.stage.consumer.samples(), &self.marks) else {
            return Ok(());
        };
        let rate = pace_of(share, baseline);
        // What is in the path from the stall may be there still.
        let limit = self.scenario.limit.as_u64().saturating_add(self.stage.in_path());
        self.decisions.begin(Phase::Slow);
        // A path that swallows must find its end; the phase is over before, where control is not held up.
        let most =
            self.consumed().saturating_add(limit).saturating_add(read_in(rate, self.scenario.deadline.0));
        self.stage.producer.tell(Command::Limit { bytes: most });
        self.stage.consumer.tell(Command::Slow { rate });
        let slowed = |event: &Event| matches!(event, Event::Slowed { .. });
        let began = self.await_event(Role::Consumer, Duration::ZERO, slowed).await?;
        self.moved.0 = self.clock.now();
        let part = settled_part(rate, self.scenario, self.round_trip);
        let deadline = self.clock.now().plus(self.scenario.deadline.0.max(2 * part));
        let (mut settled, mut look) = (None, began.plus(part));
        while self.clock.now() < deadline {
            if let Some((_, Timed { event: Event::LimitReached { .. }, .. })) = self.step().await? {
                break;
            }
            self.require_life()?;
            let now = self.clock.now();
            if settled.is_none() && now >= look {
                let (producer, consumer) = (self.stage.producer.samples(), self.stage.consumer.samples());
                settled = follows(&producer, &consumer, Stretch::before(now, part, began)).then_some(now);
                look = now.plus(part / 20);
            }
            let seen = settled.is_some_and(|settled| now.since(settled) >= Some(part));
            if seen || self.stage.in_path() >= limit {
                break;
            }
        }
        self.marks.slow = Some(Stretch::before(self.clock.now(), part, began));
        self.stage.consumer.tell(Command::Resume);
        self.stage.producer.tell(Command::Resume);
        self.moved.0 = self.clock.now();
        Ok(())
    }
}

/// Bytes that a consumer at this pace reads in `time`.
fn read_in(rate: ByteRate, time: Duration) -> u64 {
    let bytes = u128::from(rate.as_u64()) * time.as_millis() / 1000;
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
