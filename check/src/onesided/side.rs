//! Our one end as whoever conducts it sees it, and the service's process beside it.

use super::process::Gauge;
use crate::course::Cut;
use crate::decisions::Decisions;
use crate::stage::{Track, Update};
use endpoint::EndHandle;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use trace::{Event, Role, Timed};
use units::{Clock, Timestamp};
use wire::Command;

/// How often it is looked up although nothing was told.
const TICK: Duration = Duration::from_millis(20);

/// How long our end may take to do as it is told, and to tell its last word.
const OBEDIENCE: Duration = Duration::from_secs(5);

/// Our end.
#[derive(Debug)]
pub(crate) struct Side<'a> {
    pub(crate) track: Track,
    pub(crate) clock: Clock,
    pub(crate) gauge: Option<Gauge>,
    pub(crate) decisions: Decisions<'a>,
    role: Role,
    tick: Interval,
    stop: CancellationToken,
}

impl<'a> Side<'a> {
    pub(crate) fn new(
        (role, handle): (Role, EndHandle),
        clock: Clock,
        decisions: Decisions<'a>,
        gauge: Option<Gauge>,
        stop: CancellationToken,
    ) -> Self {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { track: Track::new(handle), clock, gauge, decisions, role, tick, stop }
    }

    /// Waits for the next thing that is told, at most one tick; an end of the stream and an interruption cut it short.
    pub(crate) async fn step(&mut self) -> Result<Update, Cut> {
        let update = self.next().await;
        match &update {
            Update::Interrupted => Err(Cut::Interrupted),
            Update::Closed(role) => Err(Cut::Lost(*role)),
            Update::Event(_, Timed { event: Event::Ended { .. }, .. }) => Err(Cut::Ended),
            Update::Event(role, Timed { event: Event::Left { .. }, .. }) => Err(Cut::Left(*role)),
            _ => Ok(update),
        }
    }

    async fn next(&mut self) -> Update {
        loop {
            let told = tokio::select! {
                told = self.track.next() => told,
                _ = self.tick.tick() => {
                    if let Some(gauge) = &mut self.gauge {
                        gauge.tick();
                    }
                    return Update::Tick;
                }
                () = self.stop.cancelled() => return Update::Interrupted,
            };
            if let Some(update) = self.track.keep(self.role, told) {
                if let (Update::Sample(role), Some(sample)) = (&update, &self.track.latest) {
                    self.decisions.live.alone(*role, sample);
                }
                return update;
            }
        }
    }

    /// Steps until `instant`.
    pub(crate) async fn until(&mut self, instant: Timestamp) -> Result<(), Cut> {
        while self.clock.now() < instant {
            self.step().await?;
        }
        Ok(())
    }

    /// Tells our end what to do, and waits until it has told that it did; gives when.
    pub(crate) async fn tell(
        &mut self,
        command: Command,
        done: impl Fn(&Event) -> bool,
    ) -> Result<Timestamp, Cut> {
        self.track.tell(command);
        let deadline = self.clock.now().plus(OBEDIENCE);
        loop {
            if let Some(at) = self.track.find(|timed| done(&timed.event).then_some(timed.at)) {
                return Ok(at);
            }
            if self.clock.now() >= deadline {
                return Err(Cut::Disobeyed(self.role));
            }
            self.step().await?;
        }
    }

    /// Ends our end and takes its last words.
    pub(crate) async fn finish(&mut self) {
        self.stop = CancellationToken::new();
        if let Some(gauge) = &mut self.gauge {
            gauge.look();
        }
        self.track.tell(Command::Abort);
        let deadline = self.clock.now().plus(2 * OBEDIENCE);
        while !self.track.closed && self.clock.now() < deadline {
            self.next().await;
        }
    }

    /// Looks at the service's process at a moment that matters.
    pub(crate) fn look(&mut self) {
        if let Some(gauge) = &mut self.gauge {
            gauge.look();
        }
    }

    /// Bytes that our end read, or wrote, as far as it told.
    pub(crate) fn bytes(&self) -> u64 {
        self.track.bytes()
    }

    /// The service answered before we were done, with such a status; none: its answer was none of HTTP.
    pub(crate) fn answered(&self, such: impl Fn(Option<u16>) -> bool) -> bool {
        let found = |timed: &Timed| matches!(timed.event, Event::Answered { status } if such(status));
        self.track.events.iter().any(found)
    }
}
