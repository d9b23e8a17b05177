//! The two ends of a stream as the conductor sees them: what each told so far, and what comes next.

use endpoint::EndHandle;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use trace::{
    ConsumerSummary, EndSummary, Event, How, ProducerSummary, Role, Sample, SampleLog, SamplerCost, Timed,
};
use units::{ByteSize, Timestamp};
use wire::{Command, Report};

/// How often the conductor looks up although nothing was told.
const TICK: Duration = Duration::from_millis(20);

/// More than an honest end tells.
const MOST_EVENTS: usize = 20_000;
const MOST_SAMPLES: usize = 400_000;

/// Both ends.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) producer: Track,
    pub(crate) consumer: Track,
    tick: Interval,
    stop: CancellationToken,
}

/// Everything one end told.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) latest: Option<Sample>,
    pub(crate) events: Vec<Timed>,
    /// The samples it told while it ran.
    live: SampleLog,
    /// Samples are kept as they are told.
    keeps: bool,
    /// All its samples, as far as it told them when it was over.
    pub(crate) series: SampleLog,
    pub(crate) summary: Option<EndSummary>,
    /// It will tell nothing more.
    pub(crate) closed: bool,
    handle: EndHandle,
}

/// What came next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Update {
    /// A newer sample of this end.
    Sample(Role),
    /// An event at this end.
    Event(Role, Timed),
    /// This end told all it has to tell.
    Closed(Role),
    /// Time passed.
    Tick,
    /// A person wants it to stop.
    Interrupted,
}

impl Stage {
    /// Where samples come more seldom than the conductor looks up, it looks up every `look`.
    pub(crate) fn new(
        producer: EndHandle,
        consumer: EndHandle,
        look: Duration,
        stop: CancellationToken,
    ) -> Self {
        let mut tick = interval(TICK.max(look));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { producer: Track::new(producer), consumer: Track::new(consumer), tick, stop }
    }

    /// Waits for the next thing either end tells, at most one tick. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Update {
        loop {
            let (role, told) = tokio::select! {
                told = self.producer.next() => (Role::Producer, told),
                told = self.consumer.next() => (Role::Consumer, told),
                _ = self.tick.tick() => return Update::Tick,
                () = self.stop.cancelled() => return Update::Interrupted,
            };
            if let Some(update) = self.track_mut(role).keep(role, told) {
                return update;
            }
        }
    }

    pub(crate) fn track(&self, role: Role) -> &Track {
        match role {
            Role::Producer => &self.producer,
            Role::Consumer => &self.consumer,
        }
    }

    fn track_mut(&mut self, role: Role) -> &mut Track {
        match role {
            Role::Producer => &mut self.producer,
            Role::Consumer => &mut self.consumer,
        }
    }

    /// Forgets the samples so far: no figure is taken from them.
    pub(crate) fn forget_samples(&mut self) {
        self.producer.live.clear();
        self.consumer.live.clear();
    }

    /// Keeps no sample that is told from here on: no figure would be taken from it.
    pub(crate) fn keep_no_more(&mut self) {
        (self.producer.keeps, self.consumer.keeps) = (false, false);
    }

    /// Both ends told all they have to tell.
    pub(crate) fn is_closed(&self) -> bool {
        self.producer.closed && self.consumer.closed
    }

    /// Goes on taking what the ends tell after an interruption.
    pub(crate) fn disregard_interruption(&mut self) {
        self.stop = CancellationToken::new();
    }

    /// The first end of the connection that either end saw; or that with an answer to it, which says more.
    pub(crate) fn first_end(&self) -> Option<(Role, Timestamp, How, String)> {
        let of = |role| self.track(role).end().map(|(at, how, detail)| (role, at, how, detail));
        let answered = self.producer.was_answered();
        let ends = [of(Role::Producer), of(Role::Consumer).filter(|_| !answered)];
        ends.into_iter().flatten().min_by_key(|(_, at, ..)| *at)
    }

    /// Bytes handed over by the producer and not yet given to the consumer, by their latest samples.
    pub(crate) fn in_path(&self) -> u64 {
        let bytes = |track: &Track| track.latest.as_ref().map_or(0, |sample| sample.stream_bytes);
        bytes(&self.producer).saturating_sub(bytes(&self.consumer))
    }
}

/// What a track's handle gave.
#[derive(Debug)]
pub(crate) enum Told {
    Report(Report),
    Progress,
    Nothing,
}

impl Track {
    pub(crate) fn new(handle: EndHandle) -> Self {
        Self {
            latest: None,
            events: Vec::new(),
            live: SampleLog::default(),
            keeps: true,
            series: SampleLog::default(),
            summary: None,
            closed: false,
            handle,
        }
    }

    /// Tells the end what to do. An end that is gone shows by its silence.
    pub(crate) fn tell(&self, command: Command) {
        if let Err(error) = self.handle.commands.try_send(command) {
            tracing::debug!(%error, ?command, "an end was not told");
        }
    }

    /// Bytes that it wrote, or read: all of them once it told its last word, until then by its latest sample.
    pub(crate) fn bytes(&self) -> u64 {
        let latest = self.latest.as_ref().map_or(0, |sample| sample.stream_bytes);
        self.summary.as_ref().map_or(latest, EndSummary::bytes)
    }

    /// What the producer said last.
    pub(crate) fn produced(&self) -> Option<&ProducerSummary> {
        match &self.summary {
            Some(EndSummary::Producer(summary)) => Some(summary),
            _ => None,
        }
    }

    /// What the consumer said last.
    pub(crate) fn consumed(&self) -> Option<&ConsumerSummary> {
        match &self.summary {
            Some(EndSummary::Consumer(summary)) => Some(summary),
            _ => None,
        }
    }

    /// What its kernel granted of the socket buffers that were asked for.
    pub(crate) fn granted_buffers(&self) -> Option<ByteSize> {
        self.summary.as_ref().map(EndSummary::buffers)
    }

    /// What its sampler cost.
    pub(crate) fn sampler(&self) -> Option<SamplerCost> {
        self.summary.as_ref().map(EndSummary::sampler)
    }

    /// When and how this end saw the connection end.
    pub(crate) fn end(&self) -> Option<(Timestamp, How, String)> {
        self.events.iter().find_map(|timed| match &timed.event {
            Event::Ended { how, detail } => Some((timed.at, *how, detail.clone())),
            _ => None,
        })
    }

    /// The path answered what was being sent, with a status of HTTP.
    fn was_answered(&self) -> bool {
        self.events.iter().any(|timed| matches!(timed.event, Event::Answered { status: Some(_) }))
    }

    /// Why it left by itself, if it did.
    pub(crate) fn left(&self) -> Option<&str> {
        self.events.iter().find_map(|timed| match &timed.event {
            Event::Left { why } => Some(why.as_str()),
            _ => None,
        })
    }

    /// The first event for which `matches` gives something.
    pub(crate) fn find<T>(&self, matches: impl Fn(&Timed) -> Option<T>) -> Option<T> {
        self.events.iter().find_map(matches)
    }

    pub(crate) async fn next(&mut self) -> Told {
        if self.closed {
            return std::future::pending().await;
        }
        tokio::select! {
            biased;
            report = self.handle.reports.recv() => report.map_or(Told::Nothing, Told::Report),
            Ok(()) = self.handle.progress.changed() => Told::Progress,
        }
    }

    /// Its samples so far: the series takes the place of what was told live of that time.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        let until = self.series.last().map(|sample| sample.at);
        let later = self.live.iter().filter(|sample| until.is_none_or(|until| sample.at > until));
        self.series.iter().chain(later).collect()
    }

    /// The first of its samples.
    pub(crate) fn first_sample(&self) -> Option<Sample> {
        self.series.first().or_else(|| self.live.first())
    }

    /// A stream that has not begun looks the same all the time: its latest sample is enough.
    fn keep_latest(&mut self) {
        let idle = |sample: Option<&Sample>| sample.is_some_and(Sample::is_idle);
        let Some(latest) = &self.latest else { return };
        if self.live.len() == 1 && idle(self.live.last()) && latest.is_idle() {
            self.live.clear();
        }
        self.live.push(latest.clone());
    }

    pub(crate) fn keep(&mut self, role: Role, told: Told) -> Option<Update> {
        match told {
            Told::Nothing => {
                self.closed = true;
                Some(Update::Closed(role))
            }
            Told::Progress => {
                self.latest.clone_from(&self.handle.progress.borrow_and_update());
                if self.keeps && self.series.is_empty() && self.live.len() < MOST_SAMPLES {
                    self.keep_latest();
                }
                Some(Update::Sample(role))
            }
            Told::Report(Report::Event(timed)) if self.events.len() < MOST_EVENTS => {
                self.events.push(timed.clone());
                Some(Update::Event(role, timed))
            }
            Told::Report(Report::Series { csv }) => {
                match trace::samples_from_csv(&csv) {
                    Ok(samples) => {
                        let room = MOST_SAMPLES.saturating_sub(self.series.len());
                        samples.into_iter().take(room).for_each(|sample| self.series.push(sample));
                    }
                    Err(error) => tracing::warn!(%error, %role, "samples are unreadable"),
                }
                None
            }
            Told::Report(Report::Summary(summary)) => {
                self.summary = Some(*summary);
                None
            }
            // The bridge turned progress into the latest sample; what is over closes the track.
            Told::Report(Report::Event(_) | Report::Progress(_) | Report::Over) => None,
        }
    }
}
