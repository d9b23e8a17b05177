//! Reads by a plan, and notices a peer that is gone while nothing is read.

use crate::figures::Connection;
use crate::journal::Journal;
use crate::source::{Source, Taken};
use scenario::files::Limits;
use scenario::{Allowance, Reader};
use socket::TcpState;
use socket2::SockRef;
use std::fmt;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use trace::{Event, How};
use transport::{Close, SocketHandle};
use units::{Clock, Timestamp};

/// How a peer's bytes came to an end.
#[derive(Debug)]
pub enum ConsumerEnding {
    /// It closed.
    Fin,
    /// It said goodbye.
    Close(Close),
    /// Nothing was read, and it was seen to be gone.
    Gone(String),
    /// A read failed.
    Failed(io::Error),
    /// One of this end's limits was reached.
    Limited(String),
    /// This end was asked to end.
    Interrupted,
}

impl ConsumerEnding {
    /// The peer ended it, in order.
    pub fn is_complete(&self) -> bool {
        match self {
            Self::Fin => true,
            Self::Close(close) => close.is_normal(),
            Self::Gone(_) | Self::Failed(_) | Self::Limited(_) | Self::Interrupted => false,
        }
    }
}

impl fmt::Display for ConsumerEnding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fin => f.write_str("the peer closed"),
            Self::Close(close) => write!(f, "the peer said goodbye: {close}"),
            Self::Gone(how) => write!(f, "the peer was gone while nothing was read: {how}"),
            Self::Failed(error) => write!(f, "{error}"),
            Self::Limited(how) => write!(f, "a limit was reached: {how}"),
            Self::Interrupted => f.write_str("this end was asked to end"),
        }
    }
}

/// Time between two looks at a connection that is not read.
const LOOK: Duration = Duration::from_millis(200);

/// Reads one connection.
#[derive(Debug)]
pub struct Consumer<S, T> {
    /// What is read.
    pub source: S,
    /// Says when, and how much.
    pub reader: Reader,
    /// What ends it before its time.
    pub limits: Limits,
    /// The time.
    pub clock: Clock,
    /// Is shown what each read took.
    pub told: T,
    /// What was measured so far.
    pub figures: Connection,
    /// What happened so far.
    pub journal: Journal,
}

impl<S: Source, T: FnMut(&[u8])> Consumer<S, T> {
    /// Reads until the bytes end.
    pub async fn run(&mut self) -> ConsumerEnding {
        self.figures.began = self.clock.now();
        let ending = match self.limits.duration {
            Some(limit) => timeout(limit.0, self.read_all())
                .await
                .unwrap_or_else(|_| ConsumerEnding::Limited(format!("it may last {limit}"))),
            None => self.read_all().await,
        };
        self.note_end(&ending);
        ending
    }

    async fn read_all(&mut self) -> ConsumerEnding {
        let mut quiet = Quiet::begin(self.source.socket(), self.clock.now());
        let mut stalled = false;
        loop {
            let now = self.clock.now();
            let allowance = self.reader.next(now);
            self.note_stall(&mut stalled, matches!(allowance, Allowance::Stalled { .. }), now);
            let at_most = match allowance {
                Allowance::Read { at_most } => at_most,
                Allowance::Wait { until } => match self.rest(&mut quiet, Some(until)).await {
                    Some(ending) => return ending,
                    None => continue,
                },
                Allowance::Stalled { until } => match self.rest(&mut quiet, until).await {
                    Some(ending) => return ending,
                    None => continue,
                },
            };
            if let Some(ending) = self.read(&mut quiet, at_most).await {
                return ending;
            }
        }
    }

    /// One read, given up when the phase ends, or when nothing has come for too long.
    async fn read(&mut self, quiet: &mut Quiet, at_most: usize) -> Option<ConsumerEnding> {
        let (clock, idle, phase_ends) = (self.clock, self.limits.idle, self.reader.phase_ends());
        let began = clock.now();
        let taken = {
            let mut read = pin!(self.source.read(at_most));
            loop {
                let phase_left = phase_ends.map_or(Duration::MAX, |end| clock.until(end));
                let look = idle.map_or(Duration::MAX, |idle| quiet.look_in(idle.0, clock.now()));
                if let Ok(taken) = timeout(phase_left.min(look), &mut read).await {
                    break Some(taken);
                }
                // Of a message that is not whole yet, only the kernel tells what came.
                quiet.heard(clock.now());
                let phase_is_over = phase_ends.is_some_and(|end| clock.until(end).is_zero());
                if phase_is_over || idle.is_some_and(|idle| quiet.left(idle.0, clock.now()).is_zero()) {
                    break None;
                }
            }
        };
        let now = self.clock.now();
        let waited = now.since(began).unwrap_or_default();
        self.figures.longest_wait = self.figures.longest_wait.max(waited);
        match taken {
            None => self.idle(quiet, now),
            Some(Ok(Taken::Bytes(bytes))) => {
                quiet.since = now;
                self.reader.took(bytes.len(), now);
                self.figures.bytes += bytes.len() as u64;
                self.figures.requests += 1;
                self.figures.took = now.since(self.figures.began).unwrap_or_default();
                (self.told)(bytes);
                let limit = self.limits.bytes.filter(|limit| self.figures.bytes > limit.as_u64());
                limit.map(|limit| ConsumerEnding::Limited(format!("it may carry {limit}")))
            }
            Some(Ok(Taken::Close(close))) => Some(ConsumerEnding::Close(close)),
            Some(Ok(Taken::End)) => Some(ConsumerEnding::Fin),
            Some(Err(error)) => Some(ConsumerEnding::Failed(error)),
        }
    }

    /// Reads nothing until `until`, or for ever; how it ended, if it did so.
    async fn rest(&self, quiet: &mut Quiet, until: Option<Timestamp>) -> Option<ConsumerEnding> {
        loop {
            let left = until.map_or(LOOK, |until| self.clock.until(until));
            if left.is_zero() {
                return None;
            }
            sleep(left.min(LOOK)).await;
            let now = self.clock.now();
            if let Some(how) = quiet.look(until.is_none(), now) {
                return Some(ConsumerEnding::Gone(how));
            }
            if let Some(ending) = self.idle(quiet, now) {
                return Some(ending);
            }
        }
    }

    fn idle(&self, quiet: &Quiet, now: Timestamp) -> Option<ConsumerEnding> {
        let idle = self.limits.idle.filter(|idle| quiet.left(idle.0, now).is_zero())?;
        Some(ConsumerEnding::Limited(format!("nothing came for {idle}, as long as it may stand still")))
    }

    fn note_stall(&mut self, stalled: &mut bool, stalls: bool, now: Timestamp) {
        if *stalled != stalls {
            let bytes = self.figures.bytes;
            self.journal.note(now, if stalls { Event::Stalled { bytes } } else { Event::Resumed { bytes } });
            *stalled = stalls;
        }
    }

    fn note_end(&mut self, ending: &ConsumerEnding) {
        let detail = ending.to_string();
        let event = match ending {
            ending if ending.is_complete() => Event::Complete { bytes: self.figures.bytes },
            ConsumerEnding::Fin | ConsumerEnding::Close(_) => Event::Ended { how: How::Fin, detail },
            ConsumerEnding::Gone(_) | ConsumerEnding::Failed(_) => Event::Ended { how: How::Reset, detail },
            ConsumerEnding::Limited(_) | ConsumerEnding::Interrupted => Event::Left { why: detail },
        };
        self.journal.note(self.clock.now(), event);
    }
}

/// When something last happened to a connection: its kernel got bytes, or they were read.
#[derive(Debug)]
struct Quiet {
    socket: SocketHandle,
    arrived: Option<u64>,
    since: Timestamp,
}

impl Quiet {
    fn begin(socket: SocketHandle, since: Timestamp) -> Self {
        let arrived = socket::tcp_info(&socket).ok().and_then(|info| info.bytes_received);
        Self { socket, arrived, since }
    }

    /// When to look again whether anything came.
    fn look_in(&self, patience: Duration, now: Timestamp) -> Duration {
        self.left(patience, now).min(patience / 8)
    }

    /// Notes what the kernel has got.
    fn heard(&mut self, now: Timestamp) {
        let arrived = socket::tcp_info(&self.socket).ok().and_then(|info| info.bytes_received);
        if arrived != self.arrived {
            (self.arrived, self.since) = (arrived, now);
        }
    }

    /// How much longer it may be quiet.
    fn left(&self, patience: Duration, now: Timestamp) -> Duration {
        patience.saturating_sub(now.since(self.since).unwrap_or_default())
    }

    /// How the peer went, if it did so. One that sends no more is gone where what it sent is never going to be read.
    fn look(&mut self, never_read: bool, now: Timestamp) -> Option<String> {
        let info = match socket::tcp_info(&self.socket) {
            Ok(info) => info,
            Err(error) => return Some(error.to_string()),
        };
        if info.bytes_received != self.arrived {
            (self.arrived, self.since) = (info.bytes_received, now);
        }
        match info.state {
            TcpState::Closed => {
                let error = SockRef::from(&self.socket).take_error().ok().flatten();
                Some(error.map_or_else(|| "the connection is closed".to_owned(), |error| error.to_string()))
            }
            TcpState::CloseWait | TcpState::LastAck | TcpState::Closing if never_read => {
                Some("it closed, and nothing is read any more".to_owned())
            }
            _ => None,
        }
    }
}
