//! The trickle: small messages, which some paths hold back, on a path that carries nothing else.

use super::{Conductor, OBEDIENCE, TRICKLE_PATIENCE};
use crate::course::Cut;
use trace::{Event, Phase, Role, Sample, Timed};
use wire::Command;

impl Conductor<'_> {
    /// Small messages now and then: are they delivered at once?
    pub(super) async fn trickle(&mut self) -> Result<(), Cut> {
        self.decisions.begin(Phase::Trickle);
        let turn = self.clock.now().plus(self.stagger);
        while self.clock.now() < turn {
            self.step().await?;
        }
        self.stage.producer.tell(Command::Trickle);
        let sending = self.trickle.spacing.0 * self.trickle.messages;
        let deadline = self.clock.now().plus(sending + TRICKLE_PATIENCE + 10 * self.round_trip);
        // Messages that do not come are no fault yet: a path may keep them until there are more.
        while self.clock.now() < deadline {
            if let Some((Role::Consumer, Timed { event: Event::TrickleDone, .. })) = self.step().await? {
                break;
            }
        }
        Ok(())
    }

    /// Nothing new is written until all has arrived, so that a message need not queue; false if that takes too long.
    pub(super) async fn drain(&mut self) -> Result<bool, Cut> {
        self.stage.producer.tell(Command::Pause);
        let deadline = self.clock.now().plus(OBEDIENCE + 10 * self.round_trip);
        let asked = self.clock.now();
        let since = |sample: &Option<Sample>| sample.as_ref().is_some_and(|sample| sample.at > asked);
        while self.clock.now() < deadline {
            self.step().await?;
            self.require_life()?;
            let (producer, consumer) = (&self.stage.producer.latest, &self.stage.consumer.latest);
            if since(producer) && since(consumer) && self.stage.in_path() == 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
