//! Between the conductor and the server's session: commands one way, reports on our clock the other.

use endpoint::EndLink;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use trace::{EndSummary, Event, Sample, Timed};
use units::{Clock, Timestamp};
use wire::{ClockOffset, Exchange, FromServer, Report, RunId, ToServer};

/// Time between two pings. They keep the connection from looking idle.
const HEARTBEAT: Duration = Duration::from_millis(250);

/// The server's end of a stream, to be linked when it begins.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) stream: u32,
    pub(crate) link: EndLink,
    pub(crate) offset: ClockOffset,
}

/// What the server answers outside of streams.
#[derive(Debug)]
pub(crate) enum Answer {
    Pong(Exchange),
    Prepared { stream: u32, instance: RunId },
    Refused { reason: String },
}

/// The wires of a bridge.
#[derive(Debug)]
pub(crate) struct Wires {
    pub(crate) say: mpsc::Sender<ToServer>,
    pub(crate) hear: mpsc::Receiver<FromServer>,
    pub(crate) attachments: mpsc::Receiver<Attachment>,
    pub(crate) answers: mpsc::Sender<Answer>,
    pub(crate) clock: Clock,
    pub(crate) heartbeat: bool,
}

/// Carries messages until the server is gone or the conductor is.
pub(crate) async fn carry(mut wires: Wires) {
    let mut attached: Option<Attachment> = None;
    let mut beat = interval(HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let commands = async {
            match &mut attached {
                Some(attachment) => attachment.link.commands.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            attachment = wires.attachments.recv() => match attachment {
                Some(attachment) => attached = Some(attachment),
                None => return,
            },
            command = commands => match command {
                Some(command) => {
                    let stream = attached.as_ref().map_or(0, |attachment| attachment.stream);
                    if wires.say.send(ToServer::Command { stream, command }).await.is_err() {
                        return;
                    }
                }
                None => attached = None,
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

impl Wires {
    fn pass_on(&self, message: FromServer, attached: &mut Option<Attachment>) {
        let answer = match message {
            FromServer::Report { stream, report } => {
                // The tail of an earlier stream is nobody's any more.
                let own = attached.as_ref().filter(|attachment| attachment.stream == stream);
                let Some(Attachment { link, offset, .. }) = own else { return };
                if report == Report::Over {
                    *attached = None;
                } else {
                    report_on_our_clock(report, *offset, link);
                }
                return;
            }
            FromServer::Pong { sent, received, answered } => {
                Answer::Pong(Exchange { sent, received, answered, returned: self.clock.now() })
            }
            FromServer::Prepared { stream, instance } => Answer::Prepared { stream, instance },
            FromServer::Refused { reason } => Answer::Refused { reason: trace::printable(&reason) },
        };
        if let Err(error) = self.answers.try_send(answer) {
            tracing::trace!(%error, "nobody waits for this answer");
        }
    }
}

fn report_on_our_clock(report: Report, offset: ClockOffset, link: &EndLink) {
    let ours = |theirs: Timestamp| offset.to_client(theirs);
    let report = match report {
        Report::Progress(sample) => {
            link.progress.send_replace(Some(Sample { at: ours(sample.at), ..*sample }));
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
    if let Err(error) = link.reports.try_send(report) {
        tracing::warn!(%error, "a report of the server was lost");
    }
}

fn series_on_our_clock(csv: &str, offset: ClockOffset) -> io::Result<String> {
    let mut samples = trace::samples_from_csv(csv).map_err(io::Error::other)?;
    for sample in &mut samples {
        sample.at = offset.to_client(sample.at);
    }
    Ok(trace::samples_to_csv(&samples))
}
