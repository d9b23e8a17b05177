//! A socket that is watched: looked at by its own task while that is busy, by the sampler's thread otherwise.
//!
//! `TCP_INFO` waits for the socket's lock. The task that writes or reads holds it most of the time, and another
//! thread would sleep and wake for it; the task itself finds it free after each call.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use trace::{Latencies, Role, Sample, SamplerCost};
use transport::Counters;
use units::{Clock, Timestamp};

use crate::ticker::next_due;

/// How often samples are handed over.
const HAND_OVER: Duration = Duration::from_millis(50);

/// What is to be watched.
#[derive(Debug)]
pub struct Target {
    /// A descriptor of the socket.
    pub socket: OwnedFd,
    /// What passed it so far.
    pub counters: Arc<Counters>,
    /// The part that this end plays.
    pub role: Role,
    /// Time between two samples.
    pub interval: Duration,
}

/// One watched socket. Whoever comes first after a sample is due takes it.
#[derive(Debug)]
pub(crate) struct Subject {
    target: Target,
    clock: Clock,
    due: AtomicU64,
    batches: mpsc::Sender<Vec<Sample>>,
    notes: Mutex<Notes>,
    began: Timestamp,
}

#[derive(Debug, Default)]
struct Notes {
    batch: Vec<Sample>,
    handed_over: Timestamp,
    lateness: Latencies,
    /// CPU time that the socket's own task spent on samples.
    by_task: Duration,
    taken: u64,
    lost: u64,
}

impl Subject {
    pub(crate) fn new(target: Target, clock: Clock, batches: mpsc::Sender<Vec<Sample>>) -> Self {
        let now = clock.now();
        let due = AtomicU64::new(next_due(now, target.interval).as_nanos());
        let notes = Mutex::new(Notes { handed_over: now, ..Notes::default() });
        Self { target, clock, due, batches, notes, began: now }
    }

    /// Time between two samples.
    pub(crate) fn interval(&self) -> Duration {
        self.target.interval
    }

    /// Nobody wants its samples any more.
    pub(crate) fn is_done(&self) -> bool {
        self.batches.is_closed()
    }

    /// Takes a sample from the socket's own task, if one is due soon: before the thread would have to.
    pub(crate) fn look_in_passing(&self, now: Timestamp) {
        let ahead = self.target.interval / 2;
        if !self.is_due(now.plus(ahead)) {
            return;
        }
        let before = socket::thread_cpu_time().unwrap_or_default();
        if self.take_sample(now, ahead) {
            let spent = socket::thread_cpu_time().unwrap_or_default().saturating_sub(before);
            self.lock().by_task += spent;
        }
    }

    /// Takes a sample if one is due; true if it did.
    pub(crate) fn look(&self, now: Timestamp) -> bool {
        self.take_sample(now, Duration::ZERO)
    }

    /// Takes the sample that is due within `ahead`, unless somebody else is taking it; true if it did.
    fn take_sample(&self, now: Timestamp, ahead: Duration) -> bool {
        let horizon = now.plus(ahead);
        if !self.is_due(horizon) {
            return false;
        }
        let Ok(mut notes) = self.notes.try_lock() else { return false };
        if !self.is_due(horizon) {
            return false;
        }
        let due = Timestamp::from_nanos(self.due.load(Relaxed));
        self.due.store(next_due(horizon, self.target.interval).as_nanos(), Relaxed);
        notes.lateness.record(now.since(due).unwrap_or_default());
        let mut ended = false;
        if let Ok(sample) = self.sample(now) {
            ended = notes.batch.last().is_some_and(|before| before.state != sample.state);
            notes.batch.push(sample);
            notes.taken += 1;
        } else {
            notes.lost += 1;
        }
        if ended || now.since(notes.handed_over) >= Some(HAND_OVER) {
            self.hand_over(&mut notes, now);
        }
        true
    }

    fn is_due(&self, horizon: Timestamp) -> bool {
        self.due.load(Relaxed) <= horizon.as_nanos()
    }

    /// Hands over what was sampled since the last time.
    pub(crate) fn flush(&self) {
        let mut notes = self.lock();
        if !notes.batch.is_empty() {
            self.hand_over(&mut notes, self.clock.now());
        }
    }

    /// What watching it cost so far, given what the sampler's thread spent meanwhile.
    pub(crate) fn cost(&self, by_thread: Duration) -> SamplerCost {
        let notes = self.lock();
        let late = |percentile| notes.lateness.percentile(percentile).map_or(0, micros);
        let wall = self.clock.now().since(self.began).unwrap_or_default().as_secs_f64();
        let spent = (by_thread + notes.by_task).as_secs_f64();
        SamplerCost {
            cpu_share: if wall > 0.0 { spent / wall } else { 0.0 },
            interval_us: micros(self.target.interval),
            late_p50_us: late(50.0),
            late_p99_us: late(99.0),
            taken: notes.taken,
            lost: notes.lost,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_over(&self, notes: &mut Notes, now: Timestamp) {
        notes.handed_over = now;
        let fresh = Vec::with_capacity(notes.batch.len() + 1);
        let batch = std::mem::replace(&mut notes.batch, fresh);
        let count = batch.len() as u64;
        if self.batches.try_send(batch).is_err() {
            notes.taken -= count;
            notes.lost += count;
        }
    }

    fn sample(&self, at: Timestamp) -> io::Result<Sample> {
        let Target { socket, counters, role, .. } = &self.target;
        let (stream_bytes, user_bytes, send_queue, receive_queue) = match role {
            Role::Producer => {
                (counters.written(), counters.unwritten(), socket::send_queue(socket)?.as_u64(), 0)
            }
            Role::Consumer => {
                (counters.read(), counters.unread(), 0, socket::receive_queue(socket)?.as_u64())
            }
        };
        let info = socket::tcp_info(socket)?;
        Ok(Sample {
            at,
            stream_bytes,
            user_bytes,
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

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
