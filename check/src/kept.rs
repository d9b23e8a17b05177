//! An upload whose request the path keeps: nothing of it arrives, and the only question is how much the path takes.

use crate::connection::ClientEnd;
use crate::direction::Means;
use crate::error::CheckError;
use crate::evaluate::Measured;
use crate::figures::ms_between;
use crate::nothing::report;
use crate::reason::format_ms;
use endpoint::EndHandle;
use report::{Absorbed, DirectionReport, Ended};
use scenario::Scenario;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};
use trace::{Direction, Event, EventRecord, How, Party, Phase, Role, Sample, StreamTrace, Timed, Verdict};
use transport::Stream;
use units::{ByteSize, Timestamp};
use wire::{ClockOffset, Command, Plan, Report};

/// A path that takes nothing for this long takes no more.
const QUIET: Duration = Duration::from_secs(3);

/// How long the producer may take to tell its last word.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// More than an honest end tells.
const MOST_SAMPLES: usize = 400_000;

/// A stream that did not arrive.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) stream: Stream,
    pub(crate) plan: Arc<Plan>,
    /// Told when the path lets the request go.
    pub(crate) began: oneshot::Receiver<()>,
    /// The link to an end that does not run: while it is here, the server's word is heard.
    pub(crate) remote: EndHandle,
}

/// What came of it.
#[derive(Debug, PartialEq)]
enum Course {
    Limit,
    Ended(Timestamp, How, String),
    Arrived,
    Quiet,
    Deadline,
    Interrupted,
}

/// What the producer told.
#[derive(Debug, Default)]
struct Told {
    samples: Vec<Sample>,
    events: Vec<Timed>,
}

/// Floods the request, and sees what the path does with it.
pub(crate) async fn measure(means: &Means, kept: Kept, run: u32) -> Result<Measured, CheckError> {
    let Kept { stream, plan, mut began, remote } = kept;
    let (mut producer, client) = ClientEnd::start(means, stream, plan)?;
    let start = means.clock.now();
    tell(&producer, Command::Flood);
    tell(&producer, Command::Limit { bytes: means.scenario.limit.as_u64() });
    let mut told = Told::default();
    let course = flood(means, &mut began, &mut producer, &mut told).await;
    tell(&producer, Command::Abort);
    let over = sleep(LAST_WORDS);
    tokio::pin!(over);
    loop {
        tokio::select! {
            report = producer.reports.recv() => match report {
                Some(report) => told.keep(report),
                None => break,
            },
            () = &mut over => break,
        }
    }
    let failure = client.over().await.err();
    drop(remote);
    let mut measured = measured(&course, told, start, &means.scenario, run);
    measured.unmeasured.extend(failure.map(|failure| format!("{}: {failure}", Direction::Upload)));
    Ok(measured)
}

async fn flood(
    means: &Means,
    began: &mut oneshot::Receiver<()>,
    producer: &mut EndHandle,
    told: &mut Told,
) -> Course {
    let deadline = Instant::now() + means.scenario.deadline.0;
    let (mut taken, mut moved) = (0, Instant::now());
    let mut held = None;
    loop {
        tokio::select! {
            report = producer.reports.recv() => {
                let Some(report) = report else { return Course::Interrupted };
                let end = match &report {
                    // Does the connection live through the hold?
                    Report::Event(Timed { event: Event::LimitReached { .. }, .. }) => {
                        held = Some(Instant::now() + means.scenario.hold.0);
                        None
                    }
                    Report::Event(Timed { at, event: Event::Ended { how, detail } }) => {
                        Some(Course::Ended(*at, *how, detail.clone()))
                    }
                    _ => None,
                };
                told.keep(report);
                if let Some(course) = end {
                    return course;
                }
            }
            Ok(()) = producer.progress.changed() => {
                let latest = producer.progress.borrow_and_update().clone();
                if let Some(sample) = latest {
                    if sample.stream_bytes > taken {
                        (taken, moved) = (sample.stream_bytes, Instant::now());
                    }
                    told.samples.push(sample);
                }
            }
            Ok(()) = &mut *began, if !began.is_terminated() => return Course::Arrived,
            () = means.stop.cancelled() => return Course::Interrupted,
            () = sleep_until(held.unwrap_or(deadline)), if held.is_some() => return Course::Limit,
            () = sleep_until(moved + QUIET), if held.is_none() => return Course::Quiet,
            () = sleep_until(deadline) => return Course::Deadline,
        }
    }
}

fn tell(producer: &EndHandle, command: Command) {
    if let Err(error) = producer.commands.try_send(command) {
        tracing::debug!(%error, ?command, "the producer was not told");
    }
}

impl Told {
    fn keep(&mut self, report: Report) {
        match report {
            Report::Event(timed) => self.events.push(timed),
            // All samples take the place of those that were told live.
            Report::Series { csv } => match trace::samples_from_csv(&csv) {
                Ok(samples) => {
                    let first = samples.first().map(|sample| sample.at);
                    self.samples.retain(|sample| first.is_none_or(|first| sample.at < first));
                    let room = MOST_SAMPLES.saturating_sub(self.samples.len());
                    self.samples.extend(samples.into_iter().take(room));
                }
                Err(error) => tracing::warn!(%error, "samples are unreadable"),
            },
            Report::Summary(_) | Report::Progress(_) | Report::Over => {}
        }
    }
}

fn measured(course: &Course, told: Told, began: Timestamp, scenario: &Scenario, run: u32) -> Measured {
    let direction = Direction::Upload;
    let Told { samples, events } = told;
    let last = samples.iter().max_by_key(|sample| sample.stream_bytes);
    let report = DirectionReport {
        absorbed: last.map(|sample| absorbed(sample, scenario)),
        ..judged(course, last, began)
    };
    let record = |timed| EventRecord { run, direction, end: Some(Role::Producer), timed };
    Measured {
        report,
        mss: last.map(|sample| sample.snd_mss),
        trace: StreamTrace { run, direction, producer: samples, consumer: Vec::new() },
        events: events.into_iter().map(record).collect(),
        intervals: Vec::new(),
        unmeasured: vec![format!("{direction}: everything but what the path took: no request arrived")],
        connections: Vec::new(),
        offset: ClockOffset::default(),
    }
}

fn absorbed(sample: &Sample, scenario: &Scenario) -> Absorbed {
    let Sample { stream_bytes: total, user_bytes, send_queue, .. } = *sample;
    Absorbed {
        total_bytes: total,
        producer_bytes: user_bytes,
        send_queue_bytes: send_queue,
        path_bytes: total.cast_signed() - (user_bytes + send_queue).cast_signed(),
        receive_queue_bytes: 0,
        consumer_bytes: 0,
        framing_bytes: scenario.framing(total, Direction::Upload),
    }
}

fn judged(course: &Course, last: Option<&Sample>, began: Timestamp) -> DirectionReport {
    let taken = ByteSize::bytes(last.map_or(0, |sample| sample.stream_bytes));
    let (verdict, reason) = match course {
        Course::Limit => (
            Verdict::Absorbs,
            format!(
                "nothing arrived while the path took {taken}: it keeps a request until it has all of it (request buffering)"
            ),
        ),
        Course::Ended(at, how, detail) => {
            let after_ms = ms_between(began, *at);
            let ended = Ended { by: Party::Path, how: *how, phase: Phase::Connect, after_ms };
            let reason = format!(
                "the path ended the request after {}, when it had taken {taken} and passed nothing on (request buffering): {detail}",
                format_ms(after_ms)
            );
            return report(Verdict::Breaks, reason, Some(ended));
        }
        Course::Arrived => (
            Verdict::Undecided,
            format!(
                "the path passed the request on only when it had {taken} of it (request buffering); what it does then was not measured"
            ),
        ),
        Course::Quiet | Course::Deadline => (
            Verdict::Undecided,
            format!(
                "nothing arrived while the path took {taken}, and it has not let the request go (request buffering)"
            ),
        ),
        Course::Interrupted => (Verdict::Undecided, "the check was interrupted".to_owned()),
    };
    report(verdict, reason, None)
}
