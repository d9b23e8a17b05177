//! What a one-sided check found, as figures, verdict and recording. No I/O, no clock.

mod downloaded;
mod uploaded;

use super::download::Marks;
use super::process::Gauge;
use super::side::Side;
use super::upload::Flooded;
use crate::course::Cut;
use crate::decisions::phase_at;
use crate::evaluate::Measured;
use crate::figures::ms_between;
use crate::nothing::nothing;
use report::{DirectionReport, Ended, Memory, OneSided};
use scenario::Scenario;
use std::time::Duration;
use trace::{Direction, EventRecord, How, Interval, Latencies, Party, StreamTrace, Tag, Verdict};
use units::{Timestamp, format_duration};

/// What was found, before it is judged.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    pub(crate) marks: Marks,
    pub(crate) flooded: Flooded,
    pub(crate) unmeasured: Vec<String>,
    scenario: &'a Scenario,
    connected: Timestamp,
    round_trip: Duration,
    direction: Direction,
    run: u32,
}

/// The part of the figures that differs by direction.
struct Found {
    verdict: Verdict,
    reason: String,
    onset: Option<f64>,
    zero_window: Option<f64>,
    release: Option<f64>,
    blocked: Option<f64>,
    baseline: Option<f64>,
    one_sided: OneSided,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(
        scenario: &'a Scenario,
        (connected, round_trip): (Timestamp, Duration),
        direction: Direction,
        run: u32,
    ) -> Self {
        Self {
            marks: Marks::default(),
            flooded: Flooded::default(),
            unmeasured: Vec::new(),
            scenario,
            connected,
            round_trip,
            direction,
            run,
        }
    }

    /// Everything that this direction leaves behind.
    pub(crate) fn evaluate(mut self, side: Side<'_>, cut: Option<Cut>) -> Measured {
        let samples = &side.track.samples;
        let found = match self.direction {
            Direction::Download => self.download(samples, &side),
            Direction::Upload => self.upload(samples, &side),
        };
        let (verdict, reason, ended) = match cut {
            Some(cut) => self.cut_short(&side, cut),
            None => (found.verdict, found.reason.clone(), None),
        };
        self.note_unmeasured(&side, verdict, &found.one_sided);
        let report = self.report(&found, (verdict, reason, ended), &side);
        let mss = samples.last().map(|sample| sample.snd_mss);
        let intervals = self.intervals(&side);
        let events = self.events(&side);
        let samples = side.track.samples;
        let (producer, consumer) = match self.direction {
            Direction::Upload => (samples, Vec::new()),
            Direction::Download => (Vec::new(), samples),
        };
        let trace = StreamTrace { run: self.run, direction: self.direction, producer, consumer };
        Measured {
            report,
            trace,
            events,
            intervals,
            unmeasured: self.unmeasured,
            mss,
            ..nothing_of(self.direction, self.run)
        }
    }

    /// The verdict where the stream was cut short.
    fn cut_short(&self, side: &Side<'_>, cut: Cut) -> (Verdict, String, Option<Ended>) {
        let undecided = |why: &str| (Verdict::Undecided, why.to_owned(), None);
        let stalled = self.marks.stalled.or(self.flooded.began);
        let (at, how, detail) = match cut {
            Cut::Interrupted => return undecided("the check was interrupted"),
            Cut::Left(_) if let Some(why) = side.track.left() => {
                return undecided(&format!("our own end left: {why}"));
            }
            Cut::Dead => (side.clock.now(), How::Timeout, "nothing came back any more".to_owned()),
            _ => match side.track.end() {
                Some(end) => end,
                None => return undecided("our own end left, or did not do as it was told in time"),
            },
        };
        let after_ms = ms_between(stalled.unwrap_or(self.connected), at);
        let when = format!(
            "{} after {}",
            format_duration(Duration::try_from_secs_f64(after_ms / 1e3).unwrap_or_default()),
            match self.direction {
                Direction::Upload => "the flood began",
                Direction::Download => "we stopped reading",
            }
        );
        let phase = phase_at(side.decisions.made(), at);
        if self.direction == Direction::Download && how == How::Fin {
            let why = "its stream ended in the stall: all that it sent fits into our own buffer";
            return undecided(&format!("{why} ({when})"));
        }
        let did = match how {
            How::Fin => "closed the connection",
            How::Timeout => "fell silent",
            How::Reset | How::Broken if side.answered(|_| true) => "gave its answer",
            How::Reset | How::Broken => "broke the connection",
        };
        let reason = format!("the service, or what lies before it, {did} {when}: {detail}");
        let ended = Ended { by: Party::Path, how, phase, after_ms };
        (Verdict::Breaks, reason, Some(ended))
    }

    fn note_unmeasured(&mut self, side: &Side<'_>, verdict: Verdict, found: &OneSided) {
        let direction = self.direction;
        let mut note = |what: String| self.unmeasured.push(format!("{direction}: {what}"));
        if direction == Direction::Download && verdict == Verdict::Propagates && found.piled_bytes.is_some() {
            note("whether the service left out what it did not send: one side cannot tell one that waits from one that drops".to_owned());
        }
        if direction == Direction::Download && verdict == Verdict::Absorbs && found.memory.is_none() {
            note("whether what came at once had been made in the stall: one side cannot tell a service that keeps it from one that makes up for it".to_owned());
        }
        if let Some(gauge) = side.gauge.as_ref().filter(|gauge| gauge.is_gone()) {
            note(format!("the memory of process {} after it was gone", gauge.process()));
        }
        if side.track.summary.is_none() {
            note("our own end's last word, and all but a few of its samples".to_owned());
        }
        if let (Some(granted), socket::Buffers::Fixed(asked)) =
            (side.track.granted_buffers(), self.scenario.buffers)
            && granted < asked
        {
            note(format!(
                "what buffers of {asked} would do: the kernel granted {granted} (net.core.rmem_max, wmem_max)"
            ));
        }
        if side.track.samples.first().is_some_and(|sample| sample.rcv_wnd.is_none()) {
            note("the window that we advertised (the kernel is older than 6.2)".to_owned());
        }
    }

    fn report(
        &self,
        found: &Found,
        (verdict, reason, ended): (Verdict, String, Option<Ended>),
        side: &Side<'_>,
    ) -> DirectionReport {
        DirectionReport {
            verdict,
            reason,
            baseline_bytes_per_second: found.baseline,
            last_write_ms: found.onset.filter(|_| ended.is_none()),
            zero_window_ms: found.zero_window,
            release_ms: found.release,
            blocked_ms: found.blocked,
            ended,
            round_trip_ms: Some(self.round_trip.as_secs_f64() * 1e3),
            sampler: side.track.sampler(),
            one_sided: Some(found.one_sided),
            ..nothing_of(self.direction, self.run).report
        }
    }

    fn intervals(&self, side: &Side<'_>) -> Vec<Interval> {
        let end = side.track.samples.last().map_or(self.connected, |sample| sample.at);
        let mut round_trips = Latencies::default();
        for sample in &side.track.samples {
            round_trips.record(Duration::from_micros(u64::from(sample.rtt_us)));
        }
        let mut found = vec![(Tag::Rtt, round_trips)];
        found.extend(side.track.produced().map(|produced| (Tag::Write, produced.write.clone())));
        found.sort_by_key(|(tag, _)| *tag);
        let interval = |(tag, latencies)| Interval { tag, start: self.connected, end, latencies };
        found.into_iter().map(interval).collect()
    }

    fn events(&self, side: &Side<'_>) -> Vec<EventRecord> {
        let (run, direction) = (self.run, self.direction);
        let record = |end, timed| EventRecord { run, direction, end, timed };
        let role = direction.client_role();
        let mut events: Vec<EventRecord> =
            side.decisions.made().iter().cloned().map(|timed| record(None, timed)).collect();
        events.extend(side.track.events.iter().cloned().map(|timed| record(Some(role), timed)));
        events.extend(side.gauge.iter().flat_map(Gauge::events).map(|timed| record(None, timed)));
        events.sort_by_key(|record| record.timed.at);
        events
    }
}

/// What the process used.
fn used(
    gauge: &Gauge,
    (from, until): (Timestamp, Timestamp),
    live: Option<f64>,
    stalled: Option<f64>,
) -> Option<Memory> {
    Some(Memory {
        process: gauge.process(),
        before_bytes: gauge.at(from)?.resident,
        stalled_bytes: gauge.at(until)?.resident,
        after_bytes: gauge.at(Timestamp::from_nanos(u64::MAX))?.resident,
        cpu_live: live,
        cpu_stalled: stalled,
    })
}

fn nothing_of(direction: Direction, run: u32) -> Measured {
    nothing(Verdict::Undecided, String::new(), None, direction, run)
}
