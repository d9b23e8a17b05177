//! Sends requests at a pace, and measures what holds them up.

use crate::carrier::Carrier;
use crate::figures::Connection;
use crate::journal::{Journal, Ledger};
use crate::payloads::Payloads;
use crate::standstill::while_it_moves;
use scenario::Production;
use scenario::files::Limits;
use std::io;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use trace::{Event, How, Tag};
use transport::{Close, SocketHandle};
use units::{ByteSize, Clock, Span, Timestamp};

/// How a producer came to its end.
#[derive(Debug)]
pub enum ProducerEnding {
    /// All was sent, and the peer closed too, or had this long for it.
    Complete {
        /// None: it closed.
        waited: Option<Duration>,
    },
    /// The connection ended before.
    Broken(io::Error),
    /// One of its limits was reached.
    Limited(String),
    /// It was asked to end.
    Interrupted,
}

/// How long the peer is given to close once all was sent.
const FAREWELL: Duration = Duration::from_secs(10);

/// The same for a producer that was interrupted.
const HASTY_FAREWELL: Duration = Duration::from_secs(1);

/// Sends the requests of one connection.
#[derive(Debug)]
pub struct Producer<T> {
    /// The connection.
    pub carrier: Carrier,
    /// What is sent, and when.
    pub production: Production,
    /// What ends it before its time.
    pub limits: Limits,
    /// What requests consist of.
    pub payloads: Payloads,
    /// The time.
    pub clock: Clock,
    /// Where durations are counted.
    pub ledger: Ledger,
    /// Hears the number, from 1, and the length of each request that the kernel took.
    pub told: T,
    /// What was measured so far.
    pub figures: Connection,
    /// What happened so far.
    pub journal: Journal,
}

/// Why no more requests are made.
enum Stop {
    Broken(io::Error),
    Limited(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl<T: FnMut(u64, ByteSize)> Producer<T> {
    /// Sends until all is sent or `stop` is cancelled, and closes.
    pub async fn run(&mut self, stop: &CancellationToken) -> ProducerEnding {
        let began = self.clock.now();
        self.figures.began = began;
        self.journal.note(began, Event::FloodBegan);
        let fired = tokio::select! {
            fired = self.fire(began) => fired,
            () = stop.cancelled() => {
                self.note_end(began);
                self.carrier.finish(&Close::new(Close::GOING_AWAY, "interrupted"), HASTY_FAREWELL).await.ok();
                return ProducerEnding::Interrupted;
            }
        };
        self.note_end(began);
        match fired {
            Ok(()) => {}
            Err(Stop::Broken(error)) => {
                let close = Close::after(&error);
                let ending = self.broken(error);
                self.carrier.part(close.as_ref(), HASTY_FAREWELL).await;
                return ending;
            }
            Err(Stop::Limited(how)) => {
                self.journal.note(self.clock.now(), Event::Left { why: how.clone() });
                let close = Close::new(Close::GOING_AWAY, format!("a limit was reached: {how}"));
                self.carrier.finish(&close, HASTY_FAREWELL).await.ok();
                return ProducerEnding::Limited(how);
            }
        }
        self.journal.note(self.clock.now(), Event::Complete { bytes: self.figures.bytes });
        let sent = self.clock.now();
        let waited = |clock: Clock| clock.now().since(sent).unwrap_or_default();
        let close = Close::normal();
        let patience = farewell_after(sent.since(began).unwrap_or_default(), self.limits.duration);
        let farewell = tokio::select! {
            farewell = self.carrier.finish(&close, patience) => farewell,
            () = stop.cancelled() => return ProducerEnding::Complete { waited: Some(waited(self.clock)) },
        };
        match farewell {
            Ok(closed) => ProducerEnding::Complete { waited: (!closed).then(|| waited(self.clock)) },
            Err(error) => self.broken(error),
        }
    }

    /// What was measured, and what happened.
    pub fn into_findings(mut self) -> (Connection, Journal) {
        self.note_write();
        self.figures.heard = self.carrier.heard();
        (self.figures, self.journal)
    }

    fn broken(&mut self, error: io::Error) -> ProducerEnding {
        let how = match error.kind() {
            io::ErrorKind::TimedOut => How::Timeout,
            io::ErrorKind::ConnectionAborted | io::ErrorKind::UnexpectedEof => How::Fin,
            _ => How::Reset,
        };
        self.journal.note(self.clock.now(), Event::Ended { how, detail: error.to_string() });
        ProducerEnding::Broken(error)
    }

    /// Every request at its time, and what is late at once; ends, as go-backpressure's, with the last one's interval.
    async fn fire(&mut self, began: Timestamp) -> Result<(), Stop> {
        let over = self.production.duration.map(|duration| began.plus(duration.0));
        let limit = self.limits.duration;
        let requests = self.requests(began);
        let all = async {
            match over {
                // What is being written then is not waited for.
                Some(over) => timeout(until(over, began), requests).await.unwrap_or(Ok(())),
                None => requests.await,
            }
        };
        match limit {
            Some(limit) => timeout(limit.0, all)
                .await
                .unwrap_or_else(|_| Err(Stop::Limited(format!("it may last {limit}")))),
            None => all.await,
        }
    }

    async fn requests(&mut self, began: Timestamp) -> Result<(), Stop> {
        let due = |production: &Production, request| production.due(request).map(|after| began.plus(after));
        let mut request = 0;
        while self.production.includes(request) {
            let payload = self.payloads.next_payload();
            if let Some(bytes) = self.limits.bytes
                && self.figures.bytes + payload.len() as u64 > bytes.as_u64()
            {
                return Err(Stop::Limited(format!("it may carry {bytes}")));
            }
            let due = due(&self.production, request);
            self.wait_until(due).await?;
            self.send(payload, due).await?;
            request += 1;
            (self.told)(request, self.production.payload);
        }
        self.note_held();
        self.wait_until(due(&self.production, request)).await?;
        Ok(())
    }

    async fn send(&mut self, payload: bytes::Bytes, due: Option<Timestamp>) -> Result<(), Stop> {
        let length = payload.len() as u64;
        self.figures.writing = Some((self.clock.now(), due));
        let socket = self.carrier.socket();
        let send = self.carrier.send(payload);
        let sent = match self.limits.idle {
            Some(idle) => while_it_moves(send, idle.0, || moved(&socket)).await.ok_or_else(|| {
                Stop::Limited(format!("a write waited for {idle}, as long as it may stand still"))
            }),
            None => Ok(send.await),
        };
        self.note_write();
        sent??;
        self.figures.requests += 1;
        self.figures.bytes += length;
        Ok(())
    }

    /// What is known of the write under way: all, once it is over; at the end of one that never is, how long it had waited.
    fn note_write(&mut self) {
        let Some((asked, due)) = self.figures.writing.take() else { return };
        let now = self.clock.now();
        let took = now.since(asked).unwrap_or_default();
        if self.figures.stalls.count(took) {
            self.journal.note(now, Event::Paused { from: asked });
        }
        self.ledger.record(Tag::Write, took);
        if let Some(due) = due {
            self.ledger.record(Tag::HeldBack, asked.since(due).unwrap_or_default());
            self.ledger.record(Tag::Latency, now.since(due).unwrap_or_default());
        }
    }

    async fn wait_until(&mut self, due: Option<Timestamp>) -> io::Result<()> {
        let Some(left) = due.map(|due| self.clock.until(due)).filter(|left| !left.is_zero()) else {
            return Ok(());
        };
        tokio::select! {
            () = sleep(left) => Ok(()),
            error = self.carrier.lost() => Err(error),
        }
    }

    fn note_end(&mut self, began: Timestamp) {
        self.note_write();
        self.figures.took = self.clock.now().since(began).unwrap_or_default();
        if self.figures.held.is_none() {
            self.note_held();
        }
    }

    fn note_held(&mut self) {
        self.figures.held = socket::send_queue(self.carrier.socket()).ok();
    }
}

/// How long the peer of a connection that has lasted for so long is given to close: until the connection's `limit` at most.
fn farewell_after(lasted: Duration, limit: Option<Span>) -> Duration {
    limit.map_or(FAREWELL, |limit| limit.0.saturating_sub(lasted).min(FAREWELL))
}

fn until(over: Timestamp, began: Timestamp) -> Duration {
    over.since(began).unwrap_or_default()
}

/// Grows when the kernel takes bytes, and when the peer's acknowledges some: a large buffer takes none for long.
fn moved(socket: &SocketHandle) -> u64 {
    let acknowledged = socket::tcp_info(socket).ok().and_then(|info| info.bytes_acked);
    socket.counters().written() + acknowledged.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connections_limit_bounds_the_wait_for_its_end_too() {
        let second = Duration::from_secs(1);
        assert_eq!(farewell_after(second, None), FAREWELL);
        assert_eq!(farewell_after(second, Some(Span(3 * second))), 2 * second);
        assert_eq!(farewell_after(second, Some(Span(60 * second))), FAREWELL);
        assert_eq!(farewell_after(4 * second, Some(Span(3 * second))), Duration::ZERO);
    }
}
