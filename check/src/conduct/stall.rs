//! The stall and its hold: what the producer does while the consumer reads nothing.

use super::Conductor;
use crate::course::{Cut, Outcome};
use crate::stage::Update;
use trace::{Event, Phase, Role, Timed};
use units::Timestamp;
use wire::Command;

impl Conductor<'_> {
    /// The consumer reads nothing until the producer is blocked and held, the limit is hit, or time is up.
    pub(super) async fn stall(&mut self) -> Result<(), Cut> {
        if self.scenario.baseline.0.is_zero() {
            self.flood_began().await?;
        } else {
            self.stop_reading().await?;
        }
        let flood = self.stage.producer.find(|timed| match timed.event {
            Event::FloodBegan => Some(timed.at),
            _ => None,
        });
        let (stalled, consumed) = self
            .stage
            .consumer
            .find(|timed| match timed.event {
                Event::Stalled { bytes } => Some((timed.at, bytes)),
                _ => None,
            })
            .ok_or(Cut::Disobeyed(Role::Consumer))?;
        let began = flood.map_or(stalled, |flood| stalled.max(flood));
        self.decisions.begin_at(began, Phase::Stall);
        self.marks.stalled = Some(began);
        self.judge.stalled(began);
        self.company.begin();
        self.stage
            .producer
            .tell(Command::Limit { bytes: consumed.saturating_add(self.scenario.limit.as_u64()) });
        let deadline = began.plus(self.scenario.deadline.0);
        self.outcome = self.watch_stall(deadline).await?;
        self.marks.measured = Some(self.clock.now());
        self.neighbours_measured(began);
        Ok(())
    }

    async fn watch_stall(&mut self, deadline: Timestamp) -> Result<Outcome, Cut> {
        while self.clock.now() < deadline {
            match self.stage.next().await {
                Update::Sample(role) => {
                    self.note_progress(role);
                    if role == Role::Producer && self.judge_latest()? {
                        return Ok(Outcome::Held);
                    }
                }
                Update::Event(_, Timed { event: Event::LimitReached { .. }, .. }) => {
                    self.hold_at_limit().await?;
                    return Ok(Outcome::Limit);
                }
                other => self.note(other).map(drop)?,
            }
        }
        Ok(Outcome::Deadline)
    }

    /// The producer was stopped by its limit; does the connection live through the hold?
    async fn hold_at_limit(&mut self) -> Result<(), Cut> {
        self.decisions.begin(Phase::Hold);
        let until = self.clock.now().plus(self.scenario.hold.0);
        while self.clock.now() < until {
            self.step().await?;
        }
        Ok(())
    }

    /// True when the producer was held; an error when its peer is silent.
    fn judge_latest(&mut self) -> Result<bool, Cut> {
        let Some(sample) = &self.stage.producer.latest else { return Ok(false) };
        self.decisions.take(self.judge.observe(sample))
    }
}
