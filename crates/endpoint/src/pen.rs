//! Writes bytes as far as it may, and obeys commands while it waits.

use crate::end::Desk;
use crate::outbox::{LONG_PAUSE, Outbox};
use crate::queue::Receiver;
use crate::subject::Subject;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use trace::Event;
use transport::Stream;
use units::{ByteSize, Timestamp};
use wire::{Command, Plan};

/// A write that waited longer than this is told as a pause, or longer than from one sample to the next.
const PAUSE: Duration = Duration::from_millis(20);

/// What the producer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Idle,
    Trickle { since: Timestamp, sent: u32 },
    Flood { since: Timestamp, sent: u64 },
    Finish,
    Abort,
}

/// Why a producer stops writing before the end.
#[derive(Debug)]
pub(crate) enum Stop {
    Failed(io::Error),
    Aborted,
}

/// The producer's stream, what it was told, and how far it came.
#[derive(Debug)]
pub(crate) struct Pen {
    pub(crate) stream: Stream,
    pub(crate) mode: Mode,
    pub(crate) outbox: Outbox,
    /// Bytes that write calls accepted.
    pub(crate) bytes: u64,
    subject: Arc<Subject>,
    commands: Receiver<Command>,
    /// A write that waited longer than this is told as a pause.
    pause: Duration,
    bytes_max: u64,
    limit: Option<u64>,
    limit_told: bool,
    /// When the last write was accepted.
    accepted: Timestamp,
    /// The peer may say something, which is read and forgotten, so that it need not wait for us.
    listens: bool,
}

impl Pen {
    pub(crate) fn new(desk: Desk, plan: &Plan) -> Self {
        let Desk { stream, commands, outbox, subject } = desk;
        let accepted = outbox.clock.now();
        Self {
            stream,
            mode: Mode::Idle,
            outbox,
            subject,
            bytes: 0,
            commands,
            pause: plan.sample.0.clamp(PAUSE, LONG_PAUSE),
            bytes_max: plan.bytes_max.as_u64(),
            limit: None,
            limit_told: false,
            accepted,
            listens: false,
        }
    }

    /// From now on what the peer says is read and forgotten while writes wait.
    pub(crate) fn listen(&mut self) {
        self.listens = true;
    }

    /// Obeys the commands that wait already.
    pub(crate) fn obey_waiting(&mut self) {
        while let Some(command) = self.commands.try_recv() {
            self.obey(command);
        }
    }

    /// Waits for a command and obeys it; a link that is gone aborts. Cancel-safe.
    pub(crate) async fn obey_next(&mut self) {
        let command = self.commands.recv().await;
        self.obey(command.unwrap_or(Command::Abort));
    }

    fn obey(&mut self, command: Command) {
        let now = self.outbox.clock.now();
        match command {
            Command::Trickle => self.mode = Mode::Trickle { since: now, sent: 0 },
            Command::Flood => {
                self.outbox.event_at(now, Event::FloodBegan);
                self.accepted = now;
                self.mode = Mode::Flood { since: now, sent: 0 };
            }
            Command::Pause => self.mode = Mode::Idle,
            Command::Limit { bytes } => {
                self.limit = Some(bytes);
                self.limit_told = false;
            }
            Command::Resume => self.limit = None,
            Command::Finish => {
                self.limit = None;
                self.mode = Mode::Finish;
            }
            Command::Abort => self.mode = Mode::Abort,
            Command::Stall | Command::Slow { .. } => {
                tracing::debug!(?command, "a producer was told how to read");
            }
        }
    }

    /// Writes all of `slices`, as far as the limit lets it, for as long as that takes, until nothing of them waits in
    /// the carrier.
    pub(crate) async fn write_all(&mut self, mut slices: &mut [IoSlice<'_>]) -> Result<(), Stop> {
        let mut asked = None;
        loop {
            let more = slices.iter().any(|slice| !slice.is_empty());
            if more && self.bytes >= self.bytes_max {
                let bytes = ByteSize::bytes(self.bytes);
                self.outbox.event(Event::Left { why: format!("it had written {bytes}, all that it may") });
                self.mode = Mode::Abort;
            }
            if self.mode == Mode::Abort {
                return Err(Stop::Aborted);
            }
            let allowed = self.allowed();
            if more && allowed == 0 {
                self.tell_limit();
                self.flush_and_obey().await?;
                asked = None;
                continue;
            }
            let began = *asked.get_or_insert_with(|| self.outbox.clock.now());
            let within = Within::new(slices, allowed);
            let step = poll_fn(|context| {
                if self.listens {
                    self.listens = poll_forget(&mut self.stream, context)?;
                }
                let stream = Pin::new(&mut self.stream);
                if more {
                    stream.poll_write_vectored(context, within.slices())
                } else {
                    stream.poll_flush(context).map_ok(|()| 0)
                }
            });
            let written = tokio::select! {
                biased;
                written = step => written,
                command = self.commands.recv() => {
                    self.obey(command.unwrap_or(Command::Abort));
                    continue;
                }
            };
            let count = written.map_err(Stop::Failed)?;
            if more && count == 0 {
                return Err(Stop::Failed(io::ErrorKind::WriteZero.into()));
            }
            drop(within);
            self.accept(count, began);
            if !more {
                return Ok(());
            }
            IoSlice::advance_slices(&mut slices, count);
            asked = None;
        }
    }

    /// Hands on what the carrier holds while it waits for a command, and obeys that. Cancel-safe.
    async fn flush_and_obey(&mut self) -> Result<(), Stop> {
        let flush = poll_fn(|context| Pin::new(&mut self.stream).poll_flush(context));
        let command = tokio::select! {
            biased;
            command = self.commands.recv() => command,
            flushed = flush => {
                flushed.map_err(Stop::Failed)?;
                self.commands.recv().await
            }
        };
        self.obey(command.unwrap_or(Command::Abort));
        Ok(())
    }

    /// The carrier took bytes, or handed on what it had, after `began`.
    fn accept(&mut self, count: usize, began: Timestamp) {
        let now = self.outbox.clock.now();
        if now.since(began).is_some_and(|waited| waited >= self.pause) {
            self.outbox.pause(self.accepted, now);
        }
        self.accepted = now;
        self.bytes += count as u64;
        self.subject.look_in_passing(now);
    }

    fn allowed(&self) -> usize {
        let allowed = self.limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.bytes));
        usize::try_from(allowed).unwrap_or(usize::MAX)
    }

    fn tell_limit(&mut self) {
        if !self.limit_told {
            self.limit_told = true;
            self.outbox.event(Event::LimitReached { bytes: self.bytes });
        }
    }
}

/// Reads and forgets what there is; false: the peer will say nothing more.
fn poll_forget(stream: &mut Stream, context: &mut Context<'_>) -> io::Result<bool> {
    let mut forgotten = [0; 4096];
    loop {
        let mut buffer = ReadBuf::new(&mut forgotten);
        match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
            Poll::Pending => return Ok(true),
            Poll::Ready(read) => read?,
        }
        if buffer.filled().is_empty() {
            return Ok(false);
        }
    }
}

/// Slices that hold no more than is allowed.
#[derive(Debug)]
enum Within<'a, 'b> {
    /// The usual case: everything is allowed.
    All(&'a [IoSlice<'b>]),
    Cut(Vec<IoSlice<'a>>),
}

impl<'a, 'b> Within<'a, 'b> {
    fn new(slices: &'a [IoSlice<'b>], allowed: usize) -> Self {
        let length = slices.iter().map(|slice| slice.len()).sum::<usize>();
        if length <= allowed {
            return Self::All(slices);
        }
        let mut left = allowed;
        let cut = slices.iter().map_while(|slice| {
            let taken = slice.get(..left.min(slice.len()))?;
            left -= taken.len();
            (!taken.is_empty()).then(|| IoSlice::new(taken))
        });
        Self::Cut(cut.collect())
    }

    fn slices(&self) -> &[IoSlice<'_>] {
        match self {
            Self::All(slices) => slices,
            Self::Cut(slices) => slices,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_allowed_is_a_prefix_of_what_is_to_be_written(
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..20), 1..8),
            allowed in 1usize..120,
        ) {
            let slices: Vec<IoSlice> = parts.iter().map(|part| IoSlice::new(part)).collect();
            let expected: Vec<u8> = parts.concat().into_iter().take(allowed).collect();
            let within = Within::new(&slices, allowed);
            let taken: Vec<u8> = within.slices().iter().flat_map(|slice| slice.to_vec()).collect();
            prop_assert_eq!(taken, expected);
        }
    }
}
