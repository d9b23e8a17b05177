//! One step of the conductor after the other: takes what the ends tell, and waits for what it needs.

use super::{Conductor, LAST_WORDS, NEWS, OBEDIENCE};
use crate::course::Cut;
use crate::stage::{Stage, Update};
use std::time::Duration;
use trace::{Event, How, Phase, Role, Timed};
use units::Timestamp;
use wire::Command;

impl Conductor<'_> {
    /// Waits until both ends told their last word, or are not expected to any more.
    pub(super) async fn gather(&mut self, cut: Option<Cut>) {
        self.stage.disregard_interruption();
        match cut {
            None if !self.marks.unfinished => {}
            // What arrived before the end still counts.
            Some(Cut::Ended) => {
                self.stage.consumer.tell(Command::Resume);
                // It may know more of how the connection ended: what the path answered.
                self.news(|stage| stage.producer.end().is_some() || stage.producer.closed).await;
                self.stage.producer.tell(Command::Abort);
                self.await_closed(Duration::from_secs(1)).await;
                self.stage.consumer.tell(Command::Abort);
            }
            _ => {
                self.stage.producer.tell(Command::Abort);
                self.stage.consumer.tell(Command::Abort);
            }
        }
        self.await_closed(2 * OBEDIENCE + 10 * self.round_trip + self.samples(20)).await;
    }

    /// The connection for control was lost: did that of the stream end with it?
    pub(super) async fn lost(&mut self, role: Role) -> Cut {
        self.stage.disregard_interruption();
        if self.news(|stage| stage.first_end().is_some()).await { Cut::Ended } else { Cut::Lost(role) }
    }

    /// Waits for what is about to be heard, if it is; true: it was.
    async fn news(&mut self, heard: impl Fn(&Stage) -> bool) -> bool {
        let deadline = self.clock.now().plus(NEWS + self.round_trip);
        while !heard(&self.stage) && self.clock.now() < deadline {
            self.stage.next().await;
        }
        heard(&self.stage)
    }

    pub(super) async fn await_closed(&mut self, patience: Duration) {
        let told = |stage: &Stage| stage.producer.series.len() + stage.consumer.series.len();
        let latest = self.clock.now().plus(LAST_WORDS);
        let (mut before, mut deadline) = (told(&self.stage), self.clock.now().plus(patience));
        while !self.stage.is_closed() && self.clock.now() < deadline {
            self.stage.next().await;
            // A long series takes its time on a slow path.
            if told(&self.stage) > before {
                before = told(&self.stage);
                deadline = self.clock.now().plus(patience).min(latest);
            }
        }
    }

    pub(super) async fn stop_reading(&mut self) -> Result<(), Cut> {
        self.stage.consumer.tell(Command::Stall);
        let stalled = |event: &Event| matches!(event, Event::Stalled { .. });
        self.await_event(Role::Consumer, Duration::ZERO, stalled).await.map(drop)
    }

    pub(super) async fn flood_began(&mut self) -> Result<(), Cut> {
        let began = |event: &Event| matches!(event, Event::FloodBegan);
        self.await_event(Role::Producer, Duration::ZERO, began).await.map(drop)
    }

    /// Waits for an event that a command brings about: as long as obedience and the path take, and `longer`.
    pub(super) async fn await_event(
        &mut self,
        role: Role,
        longer: Duration,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<Timestamp, Cut> {
        let deadline = self.clock.now().plus(longer + OBEDIENCE + 10 * self.round_trip + self.samples(20));
        loop {
            let found = self.stage.track(role).find(|timed| wanted(&timed.event).then_some(timed.at));
            if let Some(at) = found {
                return Ok(at);
            }
            if self.clock.now() >= deadline {
                return Err(Cut::Disobeyed(role));
            }
            self.step().await?;
        }
    }

    /// Takes the next update; gives the event, if it was one.
    pub(super) async fn step(&mut self) -> Result<Option<(Role, Timed)>, Cut> {
        let update = self.stage.next().await;
        self.take(update)
    }

    /// Takes an update; gives the event, if it was one.
    pub(super) fn take(&mut self, update: Update) -> Result<Option<(Role, Timed)>, Cut> {
        match update {
            Update::Sample(role) => {
                self.note_progress(role);
                if role == Role::Producer
                    && self.marks.measured.is_none()
                    && let Some(sample) = &self.stage.producer.latest
                {
                    // Before the stall this only teaches the judge how long the path's pauses are.
                    self.judge.observe(sample);
                }
                Ok(None)
            }
            other => self.note(other),
        }
    }

    pub(super) fn note(&mut self, update: Update) -> Result<Option<(Role, Timed)>, Cut> {
        match update {
            // All was sent and the direction closed: then bytes are missing, and the connection ended in order.
            Update::Event(Role::Consumer, Timed { event: Event::Ended { how: How::Fin, .. }, .. })
                if self.sent_all() =>
            {
                Ok(None)
            }
            Update::Event(_, Timed { event: Event::Ended { .. }, .. }) => Err(Cut::Ended),
            Update::Event(role, Timed { event: Event::Left { .. }, .. }) => Err(Cut::Left(role)),
            Update::Event(role, timed) => Ok(Some((role, timed))),
            Update::Closed(role) if self.is_done(role) => Ok(None),
            Update::Closed(role) => Err(Cut::Lost(role)),
            Update::Interrupted => Err(Cut::Interrupted),
            Update::Sample(_) | Update::Tick => Ok(None),
        }
    }

    pub(super) fn note_progress(&mut self, role: Role) {
        let Some(sample) = &self.stage.track(role).latest else { return };
        match role {
            Role::Producer => self.heard.0 = self.clock.now(),
            Role::Consumer => self.heard.1 = self.clock.now(),
        }
        if role == Role::Consumer && sample.stream_bytes > self.moved.1 {
            self.moved = (self.clock.now(), sample.stream_bytes);
        }
        if role == Role::Producer {
            self.decisions.live.producer(sample, self.stage.in_path());
        }
    }

    /// The consumer reads: then something must come while the producer has anything on the way.
    pub(super) fn require_life(&self) -> Result<(), Cut> {
        let patience = self.dead();
        let now = self.clock.now();
        let still = now.since(self.moved.0) > Some(patience);
        let expected = self.stage.in_path() > 0 || self.decisions.phase() == Phase::Verify;
        if !still || !expected || self.complete() {
            return Ok(());
        }
        // What is not heard of, because its control connection is held up or lost, is not known to be dead.
        let unheard = |role| now.since(self.heard(role)).unwrap_or_default();
        if unheard(Role::Consumer) > 2 * patience {
            return Err(Cut::Lost(Role::Consumer));
        }
        // Bytes came through the path: then it is the producer that writes no more, for want of a command.
        if unheard(Role::Producer) > patience && self.moved.1 > self.queued {
            return Err(Cut::Lost(Role::Producer));
        }
        if unheard(Role::Consumer) > patience / 2 { Ok(()) } else { Err(Cut::Dead) }
    }

    fn heard(&self, role: Role) -> Timestamp {
        match role {
            Role::Producer => self.heard.0,
            Role::Consumer => self.heard.1,
        }
    }

    pub(super) fn consumed(&self) -> u64 {
        self.stage.consumer.latest.as_ref().map_or(0, |sample| sample.stream_bytes)
    }
}
