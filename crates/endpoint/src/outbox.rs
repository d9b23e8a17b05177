//! What an end has to tell, without ever waiting for whoever listens.

use crate::queue::Sender;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
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
    events: Sender<Report>,
    progress: watch::Sender<Option<Sample>>,
    ended: Arc<AtomicBool>,
    noticed: Arc<Mutex<Option<Ending>>>,
    pauses: Arc<AtomicU64>,
}

/// How a connection was seen to end, and when.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) at: Timestamp,
    pub(crate) how: How,
    pub(crate) detail: String,
}

impl Outbox {
    pub(crate) fn new(clock: Clock, events: Sender<Report>, progress: watch::Sender<Option<Sample>>) -> Self {
        Self {
            clock,
            events,
            progress,
            ended: Arc::default(),
            noticed: Arc::default(),
            pauses: Arc::default(),
        }
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

    /// Keeps, until it is told, how the connection was first seen to end; gives when that was.
    pub(crate) fn notice(&self, ending: impl FnOnce() -> Ending) -> Timestamp {
        self.noticed().get_or_insert_with(ending).at
    }

    /// Tells how the connection was seen to end, unless that was told or was not seen.
    pub(crate) fn tell_noticed(&self) {
        let noticed = self.noticed().take();
        if let Some(Ending { at, how, detail }) = noticed {
            self.ended_at(at, how, detail);
        }
    }

    /// Tells, once, that the connection ended with this error, and the answer that it may be. An error without an answer is a
    /// consequence of the end that was seen before, where one was.
    pub(crate) fn failed(&self, error: &io::Error) {
        match answered(error) {
            Some(answered) if !self.is_ended() => self.event(answered),
            Some(_) => {}
            None => self.tell_noticed(),
        }
        self.ended_at(self.clock.now(), how_it_ended(error), error.to_string());
    }

    fn noticed(&self) -> MutexGuard<'_, Option<Ending>> {
        self.noticed.lock().unwrap_or_else(PoisonError::into_inner)
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
    use crate::queue::{Receiver, queue};
    use std::io::ErrorKind;

    const ECONNABORTED: i32 = 103;

    /// An outbox that noticed a FIN, and what it tells.
    fn noticed() -> (Outbox, Receiver<Report>) {
        let (events, told) = queue(WAITING_EVENTS);
        let outbox = Outbox::new(Clock::start(), events, watch::channel(None).0);
        let ending = |how| Ending { at: Timestamp::from_nanos(7), how, detail: String::new() };
        outbox.notice(|| ending(How::Fin));
        outbox.notice(|| ending(How::Reset));
        (outbox, told)
    }

    fn told(mut reports: Receiver<Report>) -> Vec<Event> {
        let next = || match reports.try_recv()? {
            Report::Event(timed) => Some(timed.event),
            _ => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn an_error_is_told_as_the_end_that_was_noticed_before() {
        let (outbox, mut reports) = noticed();
        outbox.failed(&ErrorKind::ConnectionReset.into());
        outbox.tell_noticed();
        let ended = Event::Ended { how: How::Fin, detail: String::new() };
        let Some(Report::Event(timed)) = reports.try_recv() else { panic!("nothing was told") };
        assert_eq!((timed.at, timed.event), (Timestamp::from_nanos(7), ended));
        assert!(told(reports).is_empty(), "once");
    }

    #[test]
    fn an_answer_is_told_with_its_own_end() {
        let (outbox, reports) = noticed();
        outbox.failed(&io::Error::other(HandshakeError::ForeignHttp("it is none".to_owned())));
        let told = told(reports);
        assert_eq!(told.first(), Some(&Event::Answered { status: None }));
        assert!(matches!(told[1..], [Event::Ended { how: How::Reset, .. }]), "{told:?}");
    }

    #[test]
    fn an_end_that_was_noticed_and_nothing_else_is_told_at_last() {
        let (outbox, reports) = noticed();
        outbox.tell_noticed();
        assert_eq!(told(reports), [Event::Ended { how: How::Fin, detail: String::new() }]);
    }

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
