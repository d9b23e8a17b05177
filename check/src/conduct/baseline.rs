//! The baseline: full speed, so that the stall comes upon a stream that moves.

use super::Conductor;
use crate::course::Cut;
use crate::judge::{Judge, Rules};
use std::time::Duration;
use trace::Phase;
use wire::Command;

/// The warm-up may take this long.
const WARM_UP: Duration = Duration::from_mins(2);

impl Conductor<'_> {
    /// Full speed, unless the path is to be found cold.
    pub(super) async fn baseline(&mut self) -> Result<(), Cut> {
        self.decisions.begin(Phase::Baseline);
        // The pauses between trickle messages are the producer's, not the path's.
        self.judge = Judge::new(Rules { hold: self.scenario.hold.0, round_trip: self.round_trip });
        if self.scenario.baseline.0.is_zero() {
            self.stop_reading().await?;
            self.stage.producer.tell(Command::Flood);
            return Ok(());
        }
        self.stage.producer.tell(Command::Flood);
        self.flood_began().await?;
        let warm = self.clock.now().plus(WARM_UP);
        while self.consumed() < self.scenario.warm_up.as_u64() && self.clock.now() < warm {
            self.step().await?;
            self.require_life()?;
        }
        self.marks.cool = self.consumed() < self.scenario.warm_up.as_u64();
        let began = self.clock.now();
        self.marks.baseline = Some(began);
        if self.is_one_of_many() {
            self.stage.forget_samples();
        }
        let until = began.plus(self.scenario.baseline.0.max(10 * self.round_trip).max(self.samples(10)));
        let middle = began.plus(until.since(began).unwrap_or_default() / 2);
        let mut filling = self.is_one_of_many();
        while self.clock.now() < until {
            self.step().await?;
            if filling && self.clock.now() >= middle {
                // Thousands that fill the path at once pause for each other: that is no trait of the path.
                self.judge = Judge::new(Rules { hold: self.scenario.hold.0, round_trip: self.round_trip });
                filling = false;
            }
        }
        // A stall means something only on a stream that moves.
        let lately = Duration::from_millis(500).max(3 * self.round_trip).max(self.samples(3));
        let longest = self.clock.now().plus(3 * self.dead());
        while self.clock.now().since(self.moved.0) > Some(lately) && self.clock.now() < longest {
            self.step().await?;
            self.require_life()?;
        }
        Ok(())
    }
}
