//! The end that reads, or stops reading, and checks every frame where there are frames.

use crate::CLOSE_DEADLINE;
use crate::end::{Desk, Peer};
use crate::intake::Intake;
use crate::outbox::Outbox;
use crate::queue::Receiver;
use crate::subject::Subject;
use scenario::{Allowance, ReadPlan, Reader};
use std::future::{pending, poll_fn};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};
use trace::{Event, How, Integrity, Latencies, TrickleArrival};
use transport::{Gate, Stream};
use wire::{Command, FrameHeader, FrameKind, Plan};

#[derive(Debug)]
pub(crate) struct Consumer<'a> {
    plan: &'a Plan,
    stream: Stream,
    gate: Arc<Gate>,
    commands: Receiver<Command>,
    outbox: Outbox,
    subject: Arc<Subject>,
    intake: Intake,
    /// Set while stalled or slow: when it goes on by itself.
    resume_at: Option<Instant>,
    /// Set while slow: when it may read, and how much.
    reader: Option<Reader>,
    found: Consumed,
}

/// How long a service may take to hear that we leave.
const FAREWELL: Duration = Duration::from_millis(500);

/// What a consumer knows when it is done.
#[derive(Debug, Default)]
pub(crate) struct Consumed {
    pub(crate) integrity: Integrity,
    pub(crate) latency: Latencies,
    pub(crate) held_back: Latencies,
    pub(crate) in_path: Latencies,
    pub(crate) trickle: Vec<TrickleArrival>,
}

/// What the consumer does after a step.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Read,
    Close,
    Leave,
}

impl<'a> Consumer<'a> {
    pub(crate) fn new(desk: Desk, plan: &'a Plan, peer: Peer) -> Self {
        let Desk { stream, commands, outbox, subject } = desk;
        let intake = Intake::new(plan, peer);
        let gate = stream.gate();
        Self {
            plan,
            stream,
            gate,
            commands,
            outbox,
            subject,
            intake,
            resume_at: None,
            reader: None,
            found: Consumed::default(),
        }
    }

    /// Reads as told until the end of the stream, the connection's end, or an abort.
    pub(crate) async fn run(mut self) -> Consumed {
        loop {
            let (at_most, due) = self.allowance();
            let read = poll_fn(|context| self.intake.poll_read(&mut self.stream, at_most, context));
            let next = tokio::select! {
                biased;
                command = self.commands.recv() => self.obey(command.unwrap_or(Command::Abort)),
                () = wait_until(self.resume_at) => self.obey(Command::Resume),
                () = wait_until(due), if due.is_some() => Next::Read,
                read = read, if due.is_none() => self.take(read),
            };
            match next {
                // Each of many takes its turn.
                Next::Read if self.plan.at_once > 1 => yield_now().await,
                Next::Read => {}
                Next::Close => {
                    self.close().await;
                    break;
                }
                Next::Leave => break,
            }
        }
        if matches!(self.intake, Intake::Bytes { .. }) {
            self.say_goodbye().await;
        }
        self.found.integrity = self.intake.finish();
        self.found
    }

    /// The most that the next read takes, and when it is due, if not at once.
    fn allowance(&mut self) -> (usize, Option<Instant>) {
        let Some(reader) = &mut self.reader else { return (usize::MAX, None) };
        let after = |until| Some(Instant::now() + self.outbox.clock.until(until));
        match reader.next(self.outbox.clock.now()) {
            Allowance::Read { at_most } => (at_most, None),
            Allowance::Wait { until } | Allowance::Stalled { until: Some(until) } => (1, after(until)),
            Allowance::Stalled { until: None } => (1, Some(Instant::now() + self.plan.stall_max.0)),
        }
    }

    fn obey(&mut self, command: Command) -> Next {
        let bytes = self.stream.counters().read();
        match command {
            Command::Stall => {
                self.gate.close();
                self.resume_at = Some(Instant::now() + self.plan.stall_max.0);
                self.outbox.event(Event::Stalled { bytes });
            }
            Command::Slow { rate } => {
                let now = self.outbox.clock.now();
                self.resume_at = Some(Instant::now() + self.plan.stall_max.0);
                self.reader = Some(Reader::new(&ReadPlan::paced(rate), now));
                self.outbox.event_at(now, Event::Slowed { rate, bytes });
            }
            Command::Resume => {
                (self.resume_at, self.reader) = (None, None);
                self.outbox.event(Event::Resumed { bytes });
                self.gate.open();
            }
            Command::Abort => return Next::Leave,
            Command::Trickle | Command::Flood | Command::Pause | Command::Limit { .. } | Command::Finish => {
                tracing::debug!(?command, "a consumer was told to write");
            }
        }
        Next::Read
    }

    fn take(&mut self, read: io::Result<usize>) -> Next {
        match read {
            Ok(0) => {
                self.outbox.ended_at(self.outbox.clock.now(), How::Fin, "end of stream".to_owned());
                Next::Leave
            }
            Ok(count) => {
                let now = self.outbox.clock.now();
                self.subject.look_in_passing(now);
                if let Some(reader) = &mut self.reader {
                    reader.took(count, now);
                }
                let next = self.take_frames();
                self.intake.rest();
                next
            }
            Err(error) => {
                self.outbox.failed(&error);
                Next::Leave
            }
        }
    }

    fn take_frames(&mut self) -> Next {
        while let Some(header) = self.intake.next_frame() {
            match header.kind {
                FrameKind::Data => {}
                FrameKind::Paced | FrameKind::Trickle => self.note_times(&header),
                FrameKind::End => {
                    self.outbox.may_end();
                    self.outbox.event(Event::Complete { bytes: self.intake.bytes() });
                    return Next::Close;
                }
            }
        }
        Next::Read
    }

    fn note_times(&mut self, header: &FrameHeader) {
        let read = self.outbox.clock.now();
        let intended = header.intended.shifted(self.plan.producer_to_consumer);
        let sent = header.sent.shifted(self.plan.producer_to_consumer);
        self.found.latency.record_nanos(read.signed_since(intended));
        self.found.held_back.record_nanos(sent.signed_since(intended));
        self.found.in_path.record_nanos(read.signed_since(sent));
        let messages = self.plan.trickle.messages as usize;
        if header.kind == FrameKind::Trickle && self.found.trickle.len() < messages {
            self.found.trickle.push(TrickleArrival { intended, sent, read });
            if self.found.trickle.len() == messages {
                self.outbox.event(Event::TrickleDone);
            }
        }
    }

    /// Closes the direction, then reads what else comes until the producer closes too.
    async fn close(&mut self) {
        if let Err(error) = self.stream.shutdown().await {
            tracing::debug!(%error, "the direction could not be closed");
        }
        let drained = async {
            let (stream, intake) = (&mut self.stream, &mut self.intake);
            while let Ok(1..) = poll_fn(|context| intake.poll_read(stream, usize::MAX, context)).await {
                // After the end there are no frames; this counts what was added.
                let none = intake.next_frame();
                debug_assert!(none.is_none(), "a frame after the end");
                intake.rest();
            }
        };
        if timeout(CLOSE_DEADLINE, drained).await.is_err() {
            tracing::debug!("the producer did not close in time");
        }
    }
}

impl Consumer<'_> {
    /// A service hears that its client leaves, where the transport has a word for it.
    async fn say_goodbye(&mut self) {
        self.gate.open();
        if !matches!(timeout(FAREWELL, self.stream.shutdown()).await, Ok(Ok(()))) {
            tracing::debug!("the service was left without a goodbye");
        }
    }
}

async fn wait_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => pending().await,
    }
}
