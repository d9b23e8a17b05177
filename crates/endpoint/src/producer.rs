//! The end that writes: trickle, flood, end of stream.

use crate::end::Desk;
use crate::pattern::{FRAMES_A_WRITE, Pattern, Patterns};
use crate::pen::{Mode, Pen, Stop};
use crate::{CLOSE_DEADLINE, CLOSE_PATIENCE};
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use trace::{Event, Latencies};
use transport::Stream;
use units::{ByteSize, Timestamp};
use wire::{FRAME_HEADER, FrameHeader, FrameKind, Plan};

#[derive(Debug)]
pub(crate) struct Producer<'a> {
    plan: &'a Plan,
    pen: Pen,
    trickle: Arc<Pattern>,
    flood: Arc<Pattern>,
    sequence: u64,
    writes: Latencies,
}

/// What a producer knows when it is done.
#[derive(Debug)]
pub(crate) struct Produced {
    pub(crate) bytes: u64,
    pub(crate) writes: Latencies,
}

/// What is to be done next.
#[derive(Debug)]
enum Step {
    Write { kind: FrameKind, intended: Option<Timestamp> },
    Sleep(Duration),
    Wait,
    End,
    Leave,
}

impl<'a> Producer<'a> {
    pub(crate) fn new(desk: Desk, patterns: &Patterns, plan: &'a Plan) -> Self {
        let pattern = |message: ByteSize| {
            let payload = usize::try_from(message.as_u64()).unwrap_or_default().saturating_sub(FRAME_HEADER);
            patterns.of(plan.seed, payload, plan.check_payloads)
        };
        Self {
            plan,
            trickle: pattern(plan.trickle.message),
            flood: pattern(plan.message),
            pen: Pen::new(desk, plan),
            sequence: 0,
            writes: Latencies::default(),
        }
    }

    /// Writes as told until the end of the stream, the connection's end, or an abort.
    pub(crate) async fn run(mut self) -> Produced {
        match self.produce().await {
            Ok(()) => self.close().await,
            Err(Stop::Failed(error)) => self.pen.outbox.failed(&error),
            Err(Stop::Aborted) => {
                if let Err(error) = self.pen.stream.reset_on_close() {
                    tracing::debug!(%error, "an aborted connection will end by FIN");
                }
            }
        }
        Produced { bytes: self.pen.bytes, writes: self.writes }
    }

    async fn produce(&mut self) -> Result<(), Stop> {
        loop {
            self.pen.obey_waiting();
            match self.next_step() {
                Step::Write { kind, intended } => {
                    self.write_frames(kind, intended).await?;
                    // Each of many takes its turn.
                    if self.plan.at_once > 1 {
                        yield_now().await;
                    }
                }
                Step::Sleep(time) => tokio::select! {
                    () = sleep(time) => {}
                    () = self.pen.obey_next() => {}
                },
                Step::Wait => self.pen.obey_next().await,
                Step::End => return self.write_frames(FrameKind::End, None).await,
                Step::Leave => return Err(Stop::Aborted),
            }
        }
    }

    /// Decides by mode, plan and time.
    fn next_step(&mut self) -> Step {
        let now = self.pen.outbox.clock.now();
        match &mut self.pen.mode {
            Mode::Idle => Step::Wait,
            Mode::Finish => Step::End,
            Mode::Abort => Step::Leave,
            Mode::Trickle { sent, .. } if *sent >= self.plan.trickle.messages => {
                self.pen.mode = Mode::Idle;
                self.pen.outbox.event(Event::TrickleDone);
                Step::Wait
            }
            Mode::Trickle { since, sent } => {
                let intended = since.plus(self.plan.trickle.spacing.0 * *sent);
                let due = intended <= now;
                *sent += u32::from(due);
                timed_step(FrameKind::Trickle, due, intended, now)
            }
            Mode::Flood { since, sent } => {
                let Some(rate) = self.plan.rate else {
                    return Step::Write { kind: FrameKind::Data, intended: None };
                };
                let before = ByteSize::bytes(sent.saturating_mul(self.plan.message.as_u64()));
                let intended = since.plus(rate.time_for(before).unwrap_or(Duration::MAX));
                let due = intended <= now;
                *sent += u64::from(due);
                timed_step(FrameKind::Paced, due, intended, now)
            }
        }
    }

    /// Writes one frame, or as many as make one large write where nothing but speed matters.
    async fn write_frames(&mut self, kind: FrameKind, intended: Option<Timestamp>) -> Result<(), Stop> {
        let pattern = if kind == FrameKind::Trickle { &self.trickle } else { &self.flood };
        let count = if kind == FrameKind::Data { pattern.frames_a_write(self.plan.at_once) } else { 1 };
        let began = self.pen.outbox.clock.now();
        let mut heads = [[0; FRAME_HEADER]; FRAMES_A_WRITE];
        let mut slices = [IoSlice::new(&[]); 2 * FRAMES_A_WRITE];
        let mut offset = self.pen.bytes;
        let pairs = slices.as_chunks_mut().0;
        for ((head, [first, second]), sequence) in
            heads.iter_mut().zip(pairs).take(count).zip(self.sequence..)
        {
            let block = pattern.block(sequence);
            let (payload, payload_crc): (&[u8], u32) =
                if kind == FrameKind::End { (&[], 0) } else { (&block.bytes, block.crc) };
            let header = FrameHeader {
                kind,
                payload_length: u32::try_from(payload.len()).expect("a message is at most 16 MiB"),
                payload_crc,
                sequence,
                offset,
                intended: intended.unwrap_or(began),
                sent: began,
            };
            offset += header.frame_length() as u64;
            *head = header.encode();
            (*first, *second) = (IoSlice::new(head), IoSlice::new(payload));
        }
        self.pen.write_all(slices.get_mut(..2 * count).unwrap_or_default()).await?;
        self.sequence += count as u64;
        self.writes.record(self.pen.outbox.clock.now().since(began).unwrap_or_default());
        Ok(())
    }

    /// Waits until the consumer, which has everything then, closes; closes too.
    async fn close(&mut self) {
        let pen = &mut self.pen;
        pen.outbox.may_end();
        pen.outbox.event(Event::Complete { bytes: pen.bytes });
        // A half-close with bytes on the way makes some proxies drop them.
        if !pen.stream.ends_within() {
            drain(&mut pen.stream, CLOSE_PATIENCE).await;
        }
        if let Err(error) = pen.stream.shutdown().await {
            tracing::debug!(%error, "the direction could not be closed");
        }
        // Closing a connection with unread bytes would reset it.
        drain(&mut pen.stream, CLOSE_DEADLINE).await;
    }
}

/// Reads and forgets until the peer closes, or for as long as patience lasts.
async fn drain(stream: &mut Stream, patience: Duration) {
    let mut rest = [0; 512];
    let closed = async { while !matches!(stream.read(&mut rest).await, Ok(0) | Err(_)) {} };
    if timeout(patience, closed).await.is_err() {
        tracing::debug!("the peer did not close in time");
    }
}

fn timed_step(kind: FrameKind, due: bool, intended: Timestamp, now: Timestamp) -> Step {
    if due {
        Step::Write { kind, intended: Some(intended) }
    } else {
        Step::Sleep(intended.since(now).unwrap_or_default())
    }
}
