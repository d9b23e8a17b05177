//! Writes bytes as far as it may, and obeys commands while it waits.

use crate::outbox::Outbox;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::time::Duration;
use tokio::io::AsyncWrite;
use tokio::sync::mpsc;
use trace::Event;
use transport::Stream;
use units::{ByteSize, Timestamp};
use wire::Command;

/// A write that waited longer than this is told as a pause.
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
    commands: mpsc::Receiver<Command>,
    bytes_max: u64,
    limit: Option<u64>,
    limit_told: bool,
    /// When the last write was accepted.
    accepted: Timestamp,
}

impl Pen {
    pub(crate) fn new(
        stream: Stream,
        commands: mpsc::Receiver<Command>,
        outbox: Outbox,
        bytes_max: ByteSize,
    ) -> Self {
        let accepted = outbox.clock.now();
        Self {
            stream,
            mode: Mode::Idle,
            outbox,
            bytes: 0,
            commands,
            bytes_max: bytes_max.as_u64(),
            limit: None,
            limit_told: false,
            accepted,
        }
    }

    /// Obeys the commands that wait already.
    pub(crate) fn obey_waiting(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
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
            Command::Limit { bytes } => self.limit = Some(bytes),
            Command::Resume => self.limit = None,
            Command::Finish => {
                self.limit = None;
                self.mode = Mode::Finish;
            }
            Command::Abort => self.mode = Mode::Abort,
            Command::Stall => tracing::debug!("a producer was told to stop reading"),
        }
    }

    /// Writes all of both, one after the other.
    pub(crate) async fn write_all(&mut self, head: &[u8], payload: &[u8]) -> Result<(), Stop> {
        let mut done = 0;
        let mut asked = None;
        while done < head.len() + payload.len() {
            if self.mode == Mode::Abort || self.bytes >= self.bytes_max {
                return Err(Stop::Aborted);
            }
            let allowed = self.allowed();
            if allowed == 0 {
                self.tell_limit();
                self.obey_next().await;
                asked = None;
                continue;
            }
            let began = *asked.get_or_insert_with(|| self.outbox.clock.now());
            let slices = unwritten(head, payload, done, allowed);
            let written = tokio::select! {
                biased;
                written = poll_fn(|context| Pin::new(&mut self.stream).poll_write_vectored(context, &slices)) => written,
                command = self.commands.recv() => {
                    self.obey(command.unwrap_or(Command::Abort));
                    continue;
                }
            };
            done += self.accept(written, began)?;
            asked = None;
        }
        Ok(())
    }

    fn accept(&mut self, written: io::Result<usize>, began: Timestamp) -> Result<usize, Stop> {
        let count = match written {
            Ok(0) => return Err(Stop::Failed(io::ErrorKind::WriteZero.into())),
            Ok(count) => count,
            Err(error) => return Err(Stop::Failed(error)),
        };
        let now = self.outbox.clock.now();
        if now.since(began).is_some_and(|waited| waited >= PAUSE) {
            self.outbox.pause(self.accepted, now);
        }
        self.accepted = now;
        self.bytes += count as u64;
        Ok(count)
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

/// What is left of both after `done` bytes, cut to `allowed`.
fn unwritten<'a>(head: &'a [u8], payload: &'a [u8], done: usize, allowed: usize) -> [IoSlice<'a>; 2] {
    let from = |bytes: &'a [u8], at: usize| bytes.get(at.min(bytes.len())..).unwrap_or_default();
    let first = |bytes: &'a [u8], count: usize| bytes.get(..count.min(bytes.len())).unwrap_or_default();
    let rest_of_head = first(from(head, done), allowed);
    let rest_of_payload = first(from(payload, done.saturating_sub(head.len())), allowed - rest_of_head.len());
    [IoSlice::new(rest_of_head), IoSlice::new(rest_of_payload)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_unwritten_is_what_follows_cut_to_what_is_allowed(
            head in 0usize..60, payload in 0usize..60, done in 0usize..120, allowed in 0usize..130,
        ) {
            let bytes: Vec<u8> = (0u8..120).collect();
            let (head, payload) = (&bytes[..head], &bytes[head..head + payload]);
            let whole = [head, payload].concat();
            let done = done.min(whole.len());
            let expected: Vec<u8> = whole[done..].iter().copied().take(allowed).collect();
            prop_assert_eq!(unwritten(head, payload, done, allowed).map(|slice| slice.to_vec()).concat(), expected);
        }
    }
}
