//! What an end has to tell, without ever waiting for whoever listens.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use trace::{Event, How, Sample, Timed};
use transport::{HandshakeError, Refusal};
use units::{Clock, Timestamp};
use wire::Report;

/// Events that may wait to be heard. An end makes a handful, and pauses beyond [`PAUSES`] are only counted.
pub(crate) const WAITING_EVENTS: usize = 4096;

/// Pauses that are told one by one.
const PAUSES: u64 = 2000;

/// A pause that is always told.
pub(crate) const LONG_PAUSE: Duration = Duration::from_millis(500);

/// The telling side of an end's link.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    pub(crate) clock: Clock,
    events: mpsc::Sender<Report>,
    progress: watch::Sender<Option<Sample>>,
    ended: Arc<AtomicBool>,
    pauses: Arc<AtomicU64>,
}

impl Outbox {
    pub(crate) fn new(
        clock: Clock,
        events: mpsc::Sender<Report>,
        progress: watch::Sender<Option<Sample>>,
    ) -> Self {
        Self { clock, events, progress, ended: Arc::default(), pauses: Arc::default() }
    }

    /// Tells an event that happens now.
    pub(crate) fn event(&self, event: Event) {
        self.event_at(self.clock.now(), event);
    }

    /// Tells an event that happened at `at`.
    pub(crate) fn event_at(&self, at: Timestamp, event: Event) {
        if self.events.try_send(Report::Event(Timed { at, event })).is_err() {
            tracing::warn!("an event was lost: nobody listens");
        }
    }

    /// Tells that no write was accepted from `from` until `until`.
    pub(crate) fn pause(&self, from: Timestamp, until: Timestamp) {
        // A long pause may be the block that everything is about; there cannot be many.
        let long = until.since(from) >= Some(LONG_PAUSE);
        if long || self.pauses.fetch_add(1, Relaxed) < PAUSES {
            self.event_at(until, Event::Paused { from });
        }
    }

    /// Pauses that were not told.
    pub(crate) fn pauses_left_out(&self) -> u64 {
        self.pauses.load(Relaxed).saturating_sub(PAUSES)
    }

    /// Tells, once, that the connection ended.
    pub(crate) fn ended_at(&self, at: Timestamp, how: How, detail: String) {
        if !self.ended.swap(true, Relaxed) {
            self.event_at(at, Event::Ended { how, detail });
        }
    }

    /// Tells, once, that the connection ended with this error, and the answer that it may be.
    pub(crate) fn failed(&self, error: &io::Error) {
        if let Some(answered) = answered(error)
            && !self.is_ended()
        {
            self.event(answered);
        }
        self.ended_at(self.clock.now(), how_it_ended(error), error.to_string());
    }

    /// The connection ended, or the stream is complete: nothing that happens to the connection is news.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended.load(Relaxed)
    }

    /// The stream is complete: its connection may end now.
    pub(crate) fn may_end(&self) {
        self.ended.store(true, Relaxed);
    }

    /// Tells the latest sample.
    pub(crate) fn progress(&self, sample: Sample) {
        self.progress.send_replace(Some(sample));
    }

    /// Tells what only the end of the stream brings, waiting until it is heard.
    pub(crate) async fn report(&self, report: Report) {
        if self.events.send(report).await.is_err() {
            tracing::debug!("a report was lost: nobody listens");
        }
    }
}

/// The answer that ended a stream, where one did.
fn answered(error: &io::Error) -> Option<Event> {
    let status = match HandshakeError::of(error)? {
        HandshakeError::Refused(Refusal::Status { status, .. }) => Some(status.as_u16()),
        HandshakeError::ForeignHttp(_) => None,
        _ => return None,
    };
    Some(Event::Answered { status })
}

/// How an error of the kernel, or of what carries the stream, says that the connection ended.
pub(crate) fn how_it_ended(error: &io::Error) -> How {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            How::Timeout
        }
        // TLS's: the peer closed without a goodbye.
        io::ErrorKind::UnexpectedEof => How::Fin,
        io::ErrorKind::InvalidData => How::Broken,
        // Of the kernel's own, it is a reset.
        io::ErrorKind::ConnectionAborted if error.raw_os_error().is_none() => How::Broken,
        _ => How::Reset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    const ECONNABORTED: i32 = 103;

    #[test]
    fn damage_is_no_reset() {
        let own = |kind| how_it_ended(&io::Error::new(kind, "an event is not as it was sent"));
        assert_eq!(own(ErrorKind::InvalidData), How::Broken);
        assert_eq!(own(ErrorKind::ConnectionAborted), How::Broken);
        assert_eq!(own(ErrorKind::ConnectionReset), How::Reset);
        assert_eq!(how_it_ended(&ErrorKind::UnexpectedEof.into()), How::Fin);
        assert_eq!(how_it_ended(&io::Error::from_raw_os_error(ECONNABORTED)), How::Reset);
    }
}
