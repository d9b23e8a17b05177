//! One end of a stream from its plan to its last word.

use crate::consumer::{Consumed, Consumer};
use crate::flood::Flood;
use crate::meter::{Meter, Tally};
use crate::outbox::{Ending, Outbox, WAITING_EVENTS, how_it_ended};
use crate::pattern::Patterns;
use crate::producer::{Produced, Producer};
use crate::queue::{Receiver, Sender, queue};
use crate::sampler::Sampler;
use crate::series::Series;
use crate::subject::{HAND_OVER, Subject, Target};
use socket::TcpState;
use socket2::SockRef;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use trace::{
    ConsumerSummary, Direction, EndSummary, Event, How, ProducerSummary, Role, Sample, SamplerCost,
    samples_to_csv,
};
use transport::{Gate, SocketHandle, Stream};
use units::{ByteSize, Clock};
use wire::{Command, Plan, Report};

/// Commands that may wait to be obeyed; a run has about ten.
const WAITING_COMMANDS: usize = 64;

/// Samples in one [`Report::Series`]: about 300 kB.
const SERIES_CHUNK: usize = 2000;

/// An end that is ready to run.
#[derive(Debug)]
pub struct End {
    /// The part it plays.
    pub role: Role,
    /// Its connection, after the openings.
    pub stream: Stream,
    /// What it was told beforehand.
    pub plan: Arc<Plan>,
    /// Its clock.
    pub clock: Clock,
    /// What watches its socket.
    pub sampler: Sampler,
    /// What adds it up with all other streams.
    pub meter: Arc<Meter>,
    /// What producers write.
    pub patterns: Patterns,
}

/// The end's side of a link.
#[derive(Debug)]
pub struct EndLink {
    /// What it is told.
    pub commands: Receiver<Command>,
    /// The latest sample it took.
    pub progress: watch::Sender<Option<Sample>>,
    /// Everything else it tells.
    pub reports: Sender<Report>,
}

/// The other side of a link: of whoever conducts the run, on this machine or beyond a control connection.
#[derive(Debug)]
pub struct EndHandle {
    /// What the end is told.
    pub commands: Sender<Command>,
    /// The latest sample it took.
    pub progress: watch::Receiver<Option<Sample>>,
    /// Everything else it tells; closed after its last word.
    pub reports: Receiver<Report>,
}

/// A link between an end and its conductor.
pub fn link() -> (EndLink, EndHandle) {
    let (command_sender, commands) = queue(WAITING_COMMANDS);
    let (progress, progress_receiver) = watch::channel(None);
    let (reports, report_receiver) = queue(WAITING_EVENTS);
    (
        EndLink { commands, progress, reports },
        EndHandle { commands: command_sender, progress: progress_receiver, reports: report_receiver },
    )
}

/// Who is at the other end of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// An end of ours: the stream is made of frames.
    Ours,
    /// A service: the stream is made of bytes.
    Service,
}

/// Runs an end until its stream is over or its time is up, then tells its samples and its last word.
pub async fn run(end: End, link: EndLink) -> io::Result<()> {
    run_beside(Peer::Ours, end, link).await
}

/// As [`run`], where the other end is a service that is not ours: bytes without frames, a flood without an end.
pub async fn run_alone(end: End, link: EndLink) -> io::Result<()> {
    run_beside(Peer::Service, end, link).await
}

async fn run_beside(peer: Peer, end: End, link: EndLink) -> io::Result<()> {
    let End { role, stream, plan, clock, sampler, meter, patterns } = end;
    if let (Role::Producer, Some(user_timeout)) = (role, plan.user_timeout) {
        socket::set_user_timeout(stream.socket(), user_timeout.0)?;
    }
    let outbox = Outbox::new(clock, link.reports, link.progress);
    let interval = plan.sample.0;
    let buffers = socket::granted_buffers(stream.socket())?;
    let target = Target { socket: stream.socket(), counters: stream.counters(), role, interval };
    let mut watch = sampler.watch(target)?;
    let mut observer = Observer {
        role,
        peer,
        waits: role == Role::Producer && stream.may_be_answered(),
        socket: stream.socket(),
        gate: stream.gate(),
        outbox: outbox.clone(),
        series: Series::new(interval < HAND_OVER),
        tally: Tally::new(role),
        direction: plan.direction,
        meter,
    };
    let subject = Arc::clone(&watch.subject);
    let desk = Desk { stream, commands: link.commands, outbox: outbox.clone(), subject };
    let work = timeout(plan.total_max.0, work((role, peer), desk, &patterns, &plan));
    let done = {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => break done,
                Some(batch) = watch.batches.recv() => observer.take(batch),
            }
        }
    };
    watch.subject.finish();
    while let Some(batch) = watch.batches.try_recv() {
        observer.take(batch);
    }
    outbox.tell_noticed();
    let series = observer.series;
    let mut cost = watch.cost();
    cost.lost += series.left_out();
    let Ok(done) = done else {
        let why = "the stream took longer than its plan allows";
        outbox.event(Event::Left { why: why.to_owned() });
        return Err(io::Error::new(io::ErrorKind::TimedOut, why));
    };
    outbox.report(Report::Summary(Box::new(done.summary(buffers, cost, outbox.pauses_left_out())))).await;
    for chunk in series.samples().chunks(SERIES_CHUNK) {
        outbox.report(Report::Series { csv: samples_to_csv(chunk) }).await;
    }
    outbox.report(Report::Over).await;
    Ok(())
}

/// What either end works with.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) stream: Stream,
    pub(crate) commands: Receiver<Command>,
    pub(crate) outbox: Outbox,
    pub(crate) subject: Arc<Subject>,
}

async fn work((role, peer): (Role, Peer), desk: Desk, patterns: &Patterns, plan: &Plan) -> Done {
    match (role, peer) {
        (Role::Producer, Peer::Ours) => Done::Producer(Producer::new(desk, patterns, plan).run().await),
        (Role::Producer, Peer::Service) => Done::Producer(Flood::new(desk, patterns, plan).run().await),
        (Role::Consumer, _) => Done::Consumer(Consumer::new(desk, plan, peer).run().await),
    }
}

/// What either end knows when it is done.
enum Done {
    Producer(Produced),
    Consumer(Consumed),
}

impl Done {
    fn summary(self, buffers: ByteSize, sampler: SamplerCost, pauses_left_out: u64) -> EndSummary {
        match self {
            Self::Producer(Produced { bytes, writes }) => EndSummary::Producer(ProducerSummary {
                bytes,
                write: writes,
                pauses_left_out,
                buffers,
                sampler,
            }),
            Self::Consumer(Consumed { integrity, latency, held_back, in_path, trickle }) => {
                EndSummary::Consumer(ConsumerSummary {
                    integrity,
                    latency,
                    held_back,
                    in_path,
                    trickle,
                    buffers,
                    sampler,
                })
            }
        }
    }
}

/// Keeps the samples, and sees from them that a connection ended while nobody reads or writes.
struct Observer {
    role: Role,
    peer: Peer,
    /// An answer that comes with the end says more than the end.
    waits: bool,
    socket: SocketHandle,
    gate: Arc<Gate>,
    outbox: Outbox,
    series: Series,
    tally: Tally,
    direction: Direction,
    meter: Arc<Meter>,
}

/// How long a producer may take to tell what its peer said before it ended the connection.
const LAST_WORD: Duration = Duration::from_millis(200);

impl Observer {
    fn take(&mut self, batch: Vec<Sample>) {
        if let Some(last) = batch.last() {
            self.notice_end(last);
            self.outbox.progress(last.clone());
        }
        for sample in batch {
            self.meter.add(self.direction, self.tally.observe(&sample));
            self.series.push(sample);
        }
    }

    fn notice_end(&self, sample: &Sample) {
        // A consumer that reads finds the end by itself, after the bytes before it.
        let reads = self.role == Role::Consumer && !self.gate.is_closed();
        if reads || self.outbox.is_ended() {
            return;
        }
        let is_over = match sample.state {
            // A service that has nothing to say may close its direction at once, and go on reading ours.
            TcpState::CloseWait | TcpState::LastAck | TcpState::Closing => self.peer == Peer::Ours,
            state => state == TcpState::Closed,
        };
        if !is_over {
            return;
        }
        let noticed = self.outbox.notice(|| self.ending(sample));
        if !self.waits || sample.at.since(noticed) >= Some(LAST_WORD) {
            self.outbox.tell_noticed();
        }
    }

    /// What a sample of a connection that is over says of how it ended.
    fn ending(&self, sample: &Sample) -> Ending {
        let (how, detail) = if sample.state == TcpState::Closed {
            let error = SockRef::from(&self.socket).take_error().ok().flatten();
            let how = error.as_ref().map_or(How::Reset, how_it_ended);
            (how, error.map_or_else(|| "the connection is closed".to_owned(), |error| error.to_string()))
        } else {
            (How::Fin, "the peer closed its direction".to_owned())
        };
        Ending { at: sample.at, how, detail }
    }
}
