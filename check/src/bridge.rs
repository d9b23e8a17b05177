//! Between the conductor and the server's session: commands one way, reports on our clock the other.

use endpoint::EndLink;
use std::collections::HashMap;
use std::io;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use trace::{EndSummary, Event, Sample, Timed};
use units::{Clock, Timestamp};
use wire::{ClockOffset, Command, Exchange, FromServer, Report, RunId, ToServer};

/// Time between two pings. They keep the connection from looking idle.
const HEARTBEAT: Duration = Duration::from_millis(250);

/// The server's end of a stream, to be linked when it begins.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) stream: u32,
    pub(crate) link: EndLink,
    pub(crate) offset: ClockOffset,
    /// Told which server process awaits the stream's connection, or why none does.
    pub(crate) prepared: oneshot::Sender<Result<RunId, String>>,
    /// Told that the connection arrived.
    pub(crate) began: oneshot::Sender<()>,
}

/// The wires of a bridge.
#[derive(Debug)]
pub(crate) struct Wires {
    pub(crate) say: mpsc::Sender<ToServer>,
    pub(crate) hear: mpsc::Receiver<FromServer>,
    pub(crate) attachments: mpsc::Receiver<Attachment>,
    pub(crate) exchanges: mpsc::Sender<Exchange>,
    pub(crate) clock: Clock,
    pub(crate) heartbeat: bool,
}

/// A stream whose reports are passed on.
#[derive(Debug)]
struct Attached {
    progress: watch::Sender<Option<Sample>>,
    reports: endpoint::Sender<Report>,
    offset: ClockOffset,
    prepared: Option<oneshot::Sender<Result<RunId, String>>>,
    began: Option<oneshot::Sender<()>>,
}

/// Carries messages until the server is gone or the conductor is.
pub(crate) async fn carry(mut wires: Wires) {
    let mut attached = HashMap::new();
    // One a stream, so that a path that holds control up stops each stream's commands and no reports.
    let mut commanders = JoinSet::new();
    let mut beat = interval(HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            attachment = wires.attachments.recv() => match attachment {
                Some(Attachment { stream, link, offset, prepared, began }) => {
                    let EndLink { commands, progress, reports } = link;
                    let (prepared, began) = (Some(prepared), Some(began));
                    attached.insert(stream, Attached { progress, reports, offset, prepared, began });
                    commanders.spawn(carry_commands(stream, commands, wires.say.clone()));
                }
                None => return,
            },
            Some(ended) = commanders.join_next() => if let Ok(stream) = ended {
                // Nobody listens any more.
                attached.remove(&stream);
            },
            message = wires.hear.recv() => match message {
                Some(message) => wires.pass_on(message, &mut attached),
                None => return,
            },
            _ = beat.tick(), if wires.heartbeat => {
                // A full queue means that the path holds control messages up: no need to add to them.
                if let Err(error) = wires.say.try_send(ToServer::Ping { sent: wires.clock.now() }) {
                    tracing::debug!(%error, "no ping was sent");
                }
            }
        }
    }
}

/// Passes the commands of a stream on until its conductor is gone.
async fn carry_commands(
    stream: u32,
    mut commands: endpoint::Receiver<Command>,
    say: mpsc::Sender<ToServer>,
) -> u32 {
    while let Some(command) = commands.recv().await {
        if say.send(ToServer::Command { stream, command }).await.is_err() {
            break;
        }
    }
    stream
}

impl Wires {
    fn pass_on(&self, message: FromServer, attached: &mut HashMap<u32, Attached>) {
        match message {
            // The tail of an earlier stream is nobody's any more.
            FromServer::Report { stream, report: Report::Over } => drop(attached.remove(&stream)),
            FromServer::Report { stream, report } => {
                if let Some(attached) = attached.get(&stream) {
                    attached.tell_on_our_clock(report);
                }
            }
            FromServer::Pong { sent, received, answered } => {
                let exchange = Exchange { sent, received, answered, returned: self.clock.now() };
                if let Err(error) = self.exchanges.try_send(exchange) {
                    tracing::trace!(%error, "nobody waits for this answer");
                }
            }
            FromServer::Prepared { stream, instance } => answer(attached, stream, Ok(instance)),
            FromServer::Refused { stream, reason } => {
                answer(attached, stream, Err(trace::printable(&reason)));
            }
            FromServer::Began { stream } => {
                let asked = attached.get_mut(&stream).and_then(|attached| attached.began.take());
                if asked.is_none_or(|asked| asked.send(()).is_err()) {
                    tracing::trace!(stream, "nobody waits for this stream");
                }
            }
        }
    }
}

fn answer(attached: &mut HashMap<u32, Attached>, stream: u32, prepared: Result<RunId, String>) {
    let asked = attached.get_mut(&stream).and_then(|attached| attached.prepared.take());
    if asked.is_none_or(|asked| asked.send(prepared).is_err()) {
        tracing::trace!(stream, "nobody waits for this answer");
    }
}

impl Attached {
    fn tell_on_our_clock(&self, report: Report) {
        let offset = self.offset;
        let ours = |theirs: Timestamp| offset.to_client(theirs);
        let report = match report {
            Report::Progress(sample) => {
                self.progress.send_replace(Some(Sample { at: ours(sample.at), ..*sample }));
                return;
            }
            Report::Event(Timed { at, event }) => {
                let event = match event {
                    Event::Paused { from } => Event::Paused { from: ours(from) },
                    Event::Ended { how, detail } => Event::Ended { how, detail: trace::printable(&detail) },
                    Event::Left { why } => Event::Left { why: trace::printable(&why) },
                    other => other,
                };
                Report::Event(Timed { at: ours(at), event })
            }
            Report::Series { csv } => match series_on_our_clock(&csv, offset) {
                Ok(csv) => Report::Series { csv },
                Err(error) => {
                    tracing::warn!(%error, "the server's samples are unreadable");
                    return;
                }
            },
            Report::Summary(mut summary) => {
                if let EndSummary::Consumer(consumer) = summary.as_mut() {
                    for arrival in &mut consumer.trickle {
                        arrival.intended = ours(arrival.intended);
                        arrival.sent = ours(arrival.sent);
                        arrival.read = ours(arrival.read);
                    }
                }
                Report::Summary(summary)
            }
            Report::Over => return,
        };
        if let Err(error) = self.reports.try_send(report) {
            tracing::warn!(%error, "a report of the server was lost");
        }
    }
}

fn series_on_our_clock(csv: &str, offset: ClockOffset) -> io::Result<String> {
    let mut samples = trace::samples_from_csv(csv).map_err(io::Error::other)?;
    for sample in &mut samples {
        sample.at = offset.to_client(sample.at);
    }
    Ok(trace::samples_to_csv(&samples))
}
