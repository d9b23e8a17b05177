//! One thread that looks at every watched socket at a steady pace.
//!
//! A thread of its own, because a task shares its worker with the streams it should watch.

use crate::ticker::{Ticker, next_due};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use trace::{Latencies, Role, Sample, SamplerCost};
use transport::Counters;
use units::{Clock, Timestamp};

/// How often samples are handed over.
const HAND_OVER: Duration = Duration::from_millis(20);

/// Batches that may wait to be taken: ten seconds' worth.
const WAITING_BATCHES: usize = 512;

/// Starts watches. Clones share the thread, which ends with the last of them.
#[derive(Debug, Clone)]
pub struct Sampler {
    subjects: SyncSender<Subject>,
}

/// What is to be watched.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) socket: OwnedFd,
    pub(crate) counters: Arc<Counters>,
    pub(crate) role: Role,
    pub(crate) interval: Duration,
}

/// The samples of one socket; it is no longer watched when this is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) batches: mpsc::Receiver<Vec<Sample>>,
    cost: Arc<Mutex<Cost>>,
}

#[derive(Debug, Default)]
struct Cost {
    began: Option<(Timestamp, Duration)>,
    cpu_share: f64,
    lateness: Latencies,
    taken: u64,
    lost: u64,
}

#[derive(Debug)]
struct Subject {
    target: Target,
    due: Timestamp,
    handed_over: Timestamp,
    batch: Vec<Sample>,
    lateness: Vec<Duration>,
    failed: u64,
    batches: mpsc::Sender<Vec<Sample>>,
    cost: Arc<Mutex<Cost>>,
}

impl Sampler {
    /// Starts the thread.
    pub fn start(clock: Clock) -> io::Result<Self> {
        let (subjects, arriving) = sync_channel(64);
        std::thread::Builder::new().name("sampler".to_owned()).spawn(move || {
            if let Err(error) = sample_all(clock, &arriving) {
                tracing::error!(%error, "the sampler stopped");
            }
        })?;
        Ok(Self { subjects })
    }

    pub(crate) fn watch(&self, target: Target, now: Timestamp) -> io::Result<Watch> {
        let (sender, batches) = mpsc::channel(WAITING_BATCHES);
        let cost = Arc::new(Mutex::new(Cost::default()));
        let watch = Watch { batches, cost: Arc::clone(&cost) };
        let subject = Subject {
            due: next_due(now, target.interval),
            target,
            handed_over: now,
            batch: Vec::new(),
            lateness: Vec::new(),
            failed: 0,
            batches: sender,
            cost,
        };
        self.subjects.send(subject).map_err(|_| io::Error::other("the sampler's thread ended"))?;
        Ok(watch)
    }
}

impl Watch {
    /// What watching cost so far.
    pub(crate) fn cost(&self, interval: Duration) -> SamplerCost {
        let cost = self.cost.lock().unwrap_or_else(PoisonError::into_inner);
        let late = |percentile| cost.lateness.percentile(percentile).map_or(0, micros);
        SamplerCost {
            cpu_share: cost.cpu_share,
            interval_us: micros(interval),
            late_p50_us: late(50.0),
            late_p99_us: late(99.0),
            taken: cost.taken,
            lost: cost.lost,
        }
    }
}

impl Cost {
    fn note_cpu_time(&mut self, now: Timestamp) {
        let cpu = socket::thread_cpu_time().unwrap_or_default();
        let (began, cpu_before) = *self.began.get_or_insert((now, cpu));
        let wall = now.since(began).unwrap_or_default().as_secs_f64();
        if wall > 0.0 {
            self.cpu_share = cpu.saturating_sub(cpu_before).as_secs_f64() / wall;
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The thread: looks at all that is watched at each tick, and sleeps for good while nothing is.
fn sample_all(clock: Clock, arriving: &Receiver<Subject>) -> io::Result<()> {
    let mut subjects: Vec<Subject> = Vec::new();
    let mut ticker = Ticker::new()?;
    loop {
        if subjects.is_empty() {
            match arriving.recv() {
                Ok(subject) => subjects.push(subject),
                Err(_) => return Ok(()),
            }
        }
        subjects.extend(arriving.try_iter());
        if let Some(interval) = subjects.iter().map(|subject| subject.target.interval).min() {
            ticker.tick(clock, interval)?;
        }
        let now = clock.now();
        for subject in subjects.iter_mut().filter(|subject| subject.due <= now) {
            subject.look(now);
        }
        subjects.retain(|subject| !subject.batches.is_closed());
    }
}

impl Subject {
    fn look(&mut self, now: Timestamp) {
        self.lateness.push(now.since(self.due).unwrap_or_default());
        let sample = self.sample(now);
        self.failed += u64::from(sample.is_err());
        let ended = sample
            .as_ref()
            .is_ok_and(|new| self.batch.last().is_some_and(|before| before.state != new.state));
        self.batch.extend(sample.ok());
        self.due = next_due(now, self.target.interval);
        let held = now.since(self.handed_over).unwrap_or_default();
        if held >= HAND_OVER || ended {
            self.hand_over(now);
        }
    }

    fn hand_over(&mut self, now: Timestamp) {
        let fresh = Vec::with_capacity(self.batch.len() + 1);
        let batch = std::mem::replace(&mut self.batch, fresh);
        let count = batch.len() as u64;
        let taken = self.batches.try_send(batch).is_ok();
        self.handed_over = now;
        let mut cost = self.cost.lock().unwrap_or_else(PoisonError::into_inner);
        cost.note_cpu_time(now);
        self.lateness.drain(..).for_each(|late| cost.lateness.record(late));
        cost.lost += std::mem::take(&mut self.failed);
        if taken { cost.taken += count } else { cost.lost += count }
    }

    fn sample(&self, at: Timestamp) -> io::Result<Sample> {
        let Target { socket, counters, role, .. } = &self.target;
        let (stream_bytes, send_queue, receive_queue) = match role {
            Role::Producer => (counters.written(), socket::send_queue(socket)?.as_u64(), 0),
            Role::Consumer => (counters.read(), 0, socket::receive_queue(socket)?.as_u64()),
        };
        let info = socket::tcp_info(socket)?;
        Ok(Sample {
            at,
            stream_bytes,
            user_bytes: 0,
            waiting: counters.waiting(),
            state: info.state,
            snd_wnd: info.snd_wnd,
            rcv_wnd: info.rcv_wnd,
            send_queue,
            unsent: info.notsent_bytes,
            receive_queue,
            bytes_acked: info.bytes_acked,
            bytes_received: info.bytes_received,
            unacked: info.unacked,
            rtt_us: u32::try_from(info.rtt.as_micros()).unwrap_or(u32::MAX),
            rto_us: u32::try_from(info.rto.as_micros()).unwrap_or(u32::MAX),
            snd_cwnd: info.snd_cwnd,
            snd_mss: info.snd_mss,
            retransmits: info.retransmits,
            total_retransmits: info.total_retransmits,
            probes: info.probes,
            backoff: info.backoff,
            last_ack_received_ms: u32::try_from(info.last_ack_received.as_millis()).unwrap_or(u32::MAX),
            rwnd_limited_us: info.rwnd_limited.map(micros),
        })
    }
}
