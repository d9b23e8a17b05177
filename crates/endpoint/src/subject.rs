//! A socket that is watched: looked at by its own task while that is busy, by the sampler's thread otherwise.
//!
//! `TCP_INFO` waits for the socket's lock. The task that writes or reads holds it most of the time, and another
//! thread would sleep and wake for it; the task itself finds it free after each call.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use trace::{Latencies, Role, Sample, SamplerCost};
use transport::{Counters, SocketHandle};
use units::{Clock, Timestamp};

use crate::queue::Sender;
use crate::ticker::next_due;

/// How often samples are handed over; those that are further apart, one by one.
pub(crate) const HAND_OVER: Duration = Duration::from_millis(50);

/// A task takes a sample that is due within this time, or half the interval.
const AHEAD: Duration = Duration::from_millis(5);

/// The longest interval at which all sockets are looked at in one go.
const TOGETHER: Duration = Duration::from_millis(10);

/// What is to be watched.
#[derive(Debug)]
pub struct Target {
    /// The socket.
    pub socket: SocketHandle,
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
    counters: Arc<Counters>,
    role: Role,
    interval: Duration,
    clock: Clock,
    due: AtomicU64,
    batches: Sender<Vec<Sample>>,
    notes: Mutex<Notes>,
    began: Timestamp,
}

#[derive(Debug)]
struct Notes {
    /// None once it is no longer watched: the sampler shall not keep the connection open.
    socket: Option<SocketHandle>,
    batch: Vec<Sample>,
    handed_over: Timestamp,
    lateness: Latencies,
    /// CPU time that the socket's own task spent on samples.
    by_task: Duration,
    taken: u64,
    lost: u64,
}

impl Subject {
    pub(crate) fn new(target: Target, clock: Clock, batches: Sender<Vec<Sample>>) -> Self {
        let Target { socket, counters, role, interval } = target;
        let now = clock.now();
        let due = AtomicU64::new(due_after(now, interval).as_nanos());
        let notes = Mutex::new(Notes {
            socket: Some(socket),
            batch: Vec::new(),
            handed_over: now,
            lateness: Latencies::default(),
            by_task: Duration::ZERO,
            taken: 0,
            lost: 0,
        });
        Self { counters, role, interval, clock, due, batches, notes, began: now }
    }

    /// Time between two samples.
    pub(crate) fn interval(&self) -> Duration {
        self.interval
    }

    /// When the next sample is due.
    pub(crate) fn due(&self) -> Timestamp {
        Timestamp::from_nanos(self.due.load(Relaxed))
    }

    /// Lets go of the socket: no more samples are taken.
    pub(crate) fn release(&self) {
        self.lock().socket = None;
    }

    /// Nobody wants its samples any more.
    pub(crate) fn is_done(&self) -> bool {
        self.batches.is_closed()
    }

    /// Takes a sample from the socket's own task, if one is due soon: before the thread would have to.
    pub(crate) fn look_in_passing(&self, now: Timestamp) {
        let ahead = (self.interval / 2).min(AHEAD);
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
        let Some(socket) = &notes.socket else { return false };
        let sample = self.sample(socket, now);
        let due = self.due();
        self.due.store(due_after(horizon, self.interval).as_nanos(), Relaxed);
        notes.lateness.record(now.since(due).unwrap_or_default());
        let mut ended = false;
        if let Ok(sample) = sample {
            ended = notes.batch.last().is_some_and(|before| before.state != sample.state);
            // Those that are handed over one by one leave no room unused.
            if notes.batch.is_empty() && self.interval >= HAND_OVER {
                notes.batch.reserve_exact(1);
            }
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

    /// Takes the last sample, which has all that passed, and hands over what was sampled since the last time.
    pub(crate) fn finish(&self) {
        let mut notes = self.lock();
        // Nobody samples after this: whoever looked at the clock before would come too late.
        let Some(socket) = notes.socket.take() else { return };
        let now = self.clock.now();
        match self.sample(&socket, now) {
            Ok(sample) => {
                notes.batch.push(sample);
                notes.taken += 1;
            }
            Err(_) => notes.lost += 1,
        }
        if !notes.batch.is_empty() {
            self.hand_over(&mut notes, now);
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
            interval_us: micros(self.interval),
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
        let room = if self.interval < HAND_OVER { notes.batch.len() + 1 } else { 0 };
        let fresh = Vec::with_capacity(room);
        let batch = std::mem::replace(&mut notes.batch, fresh);
        let count = batch.len() as u64;
        if self.batches.try_send(batch).is_err() {
            notes.taken -= count;
            notes.lost += count;
        }
    }

    fn sample(&self, socket: &SocketHandle, at: Timestamp) -> io::Result<Sample> {
        let Self { counters, role, .. } = self;
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

/// Sockets that are watched often are looked at in one go; those that are watched seldom, because there are many, are not.
fn due_after(now: Timestamp, interval: Duration) -> Timestamp {
    if interval <= TOGETHER { next_due(now, interval) } else { now.plus(interval) }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
