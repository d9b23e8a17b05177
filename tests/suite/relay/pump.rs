//! Carries one direction of a connection from socket to socket, as far as its rules allow.

use std::{
    io::{self, ErrorKind},
    net::Shutdown,
};

use socket2::SockRef;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep_until},
};

use super::flow::Flow;

/// Decides for one direction; holds no bytes but those it edits, and no socket. What it leaves out is plain.
pub(super) trait Rules: Send {
    /// How many bytes may be read now.
    fn room(&mut self, flow: &Flow, _now: Instant) -> Allowance {
        plain_room(flow)
    }

    /// How many of the waiting bytes may be passed on now. A half-close passes when none waits and none is
    /// promised for later.
    fn due(&mut self, flow: &Flow, _now: Instant) -> Allowance {
        Allowance::now(flow.waiting())
    }

    /// What becomes of bytes just read, at `flow.moved_at`.
    fn take(&mut self, _flow: &Flow, piece: &[u8]) -> Vec<u8> {
        piece.to_vec()
    }

    /// What `take` kept back, asked for when the producer's side has half-closed.
    fn rest(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// When and how the connection ends if nothing else happens.
    fn ending(&mut self, _flow: &Flow) -> Option<(Instant, End)> {
        None
    }
}

/// How much may happen now, and when to ask again though nothing else happened.
pub(super) struct Allowance {
    bytes: usize,
    again: Option<Instant>,
}

impl Allowance {
    pub(super) fn now(bytes: usize) -> Self {
        Self { bytes, again: None }
    }

    pub(super) fn nothing_until(again: Instant) -> Self {
        Self { bytes: 0, again: Some(again) }
    }

    pub(super) fn at_most(self, bytes: usize) -> Self {
        Self { bytes: self.bytes.min(bytes), ..self }
    }
}

/// How a connection ends other than by both sides' half-closes.
#[derive(Clone, Copy)]
pub(super) enum End {
    Reset,
    Close,
    Hang,
}

/// Every error of a relayed socket ends the connection, and the other side learns of it.
impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Reset
    }
}

/// What a small bounded buffer has room for.
pub(super) fn plain_room(flow: &Flow) -> Allowance {
    Allowance::now(PIECE.saturating_sub(flow.waiting()))
}

/// Carries until the half-close has been passed on.
pub(super) async fn pump(from: &TcpStream, to: &TcpStream, rules: &mut dyn Rules) -> Result<(), End> {
    let mut flow = Flow::new(Instant::now());
    let mut piece = vec![0; PIECE];
    loop {
        tokio::task::consume_budget().await;
        let now = Instant::now();
        let due = rules.due(&flow, now);
        let wrote = write(to, &mut flow, due.bytes, now)?;
        let ending = rules.ending(&flow);
        if let Some((_, end)) = ending.filter(|(at, _)| *at <= now) {
            return Err(end);
        }
        let room = if flow.ended_at.is_some() { Allowance::now(0) } else { rules.room(&flow, now) };
        let length = room.bytes.min(PIECE);
        let read = read(from, &mut flow, rules, piece.split_at_mut(length).0)?;
        if wrote || read {
            continue;
        }
        if flow.ended_at.is_some() && flow.waiting() == 0 && due.again.is_none() {
            shut_down(to)?;
            return Ok(());
        }
        let wake = [due.again, room.again, ending.map(|(at, _)| at)].into_iter().flatten().min();
        tokio::select! {
            readable = from.readable(), if room.bytes > 0 => readable?,
            writable = to.writable(), if due.bytes > 0 => writable?,
            () = sleep_until(wake.unwrap_or(now)), if wake.is_some() => {}
            // Nothing may happen: the other direction, or the relay's end, ends this wait.
            else => std::future::pending().await,
        }
    }
}

pub(super) fn shut_down(socket: &TcpStream) -> io::Result<()> {
    SockRef::from(socket).shutdown(Shutdown::Write)
}

/// Tries once; whether bytes moved.
fn write(to: &TcpStream, flow: &mut Flow, due: usize, now: Instant) -> io::Result<bool> {
    let length = due.min(flow.front().len());
    if length == 0 {
        return Ok(false);
    }
    match to.try_write(flow.front().split_at(length).0) {
        Ok(count) => flow.pass(count, now),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            flow.stalled_since.get_or_insert(now);
            return Ok(false);
        }
        Err(error) => return Err(error),
    }
    Ok(true)
}

/// Tries once; whether bytes or the half-close came.
fn read(from: &TcpStream, flow: &mut Flow, rules: &mut dyn Rules, piece: &mut [u8]) -> io::Result<bool> {
    if piece.is_empty() {
        return Ok(false);
    }
    let now = Instant::now();
    match from.try_read(piece) {
        Ok(0) => {
            flow.ended_at = Some(now);
            flow.push(rules.rest(), now);
        }
        Ok(count) => {
            flow.arrived += count as u64;
            flow.moved_at = now;
            let kept = rules.take(flow, piece.split_at(count).0);
            flow.push(kept, now);
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
        Err(error) => return Err(error),
    }
    Ok(true)
}

/// Bytes a plain relay holds a direction, and the most that is read at once.
const PIECE: usize = 64 * 1024;
