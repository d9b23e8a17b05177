//! One thread that looks at every watched socket at a steady pace.
//!
//! A thread of its own, because a task shares its worker with the streams it should watch.

use crate::queue;
use crate::subject::{Subject, Target};
use crate::ticker::Ticker;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use trace::{Sample, SamplerCost};
use units::{Clock, Timestamp};

/// Batches that may wait to be taken: more than twenty seconds' worth.
const WAITING_BATCHES: usize = 512;

/// A newcomer with a short interval does not wait longer than twice this for one with a long interval.
const LONGEST_TICK: Duration = Duration::from_millis(10);

/// After this many ticks at which nothing was due, because busy tasks had sampled in passing, every second is left out.
const TICKS_IN_VAIN: u32 = 16;

/// Ticks between two readings of the thread's own CPU time.
const TICKS_A_READING: u32 = 32;

/// Starts watches. Clones share the thread, which ends with the last of them.
#[derive(Debug, Clone)]
pub struct Sampler {
    subjects: SyncSender<Arc<Subject>>,
    clock: Clock,
    cpu: Arc<CpuTime>,
}

/// CPU time that the thread used so far, as it last read it.
#[derive(Debug, Default)]
struct CpuTime(AtomicU64);

/// The samples of one socket; it is no longer watched when this is dropped.
#[derive(Debug)]
pub struct Watch {
    pub(crate) batches: queue::Receiver<Vec<Sample>>,
    pub(crate) subject: Arc<Subject>,
    cpu: Arc<CpuTime>,
    cpu_before: Duration,
}

impl Sampler {
    /// Starts the thread.
    pub fn start(clock: Clock) -> io::Result<Self> {
        let (subjects, arriving) = sync_channel(64);
        let cpu = Arc::<CpuTime>::default();
        let sampler = Self { subjects, clock, cpu: Arc::clone(&cpu) };
        let ticker = Ticker::new()?;
        std::thread::Builder::new().name("sampler".to_owned()).spawn(move || {
            if let Err(error) = sample_all(clock, ticker, &arriving, &cpu) {
                tracing::error!(%error, "the sampler stopped");
            }
        })?;
        Ok(sampler)
    }

    /// Watches a socket until what is returned is dropped.
    pub fn watch(&self, target: Target) -> io::Result<Watch> {
        let (sender, batches) = queue::queue(WAITING_BATCHES);
        let subject = Arc::new(Subject::new(target, self.clock, sender));
        self.subjects
            .send(Arc::clone(&subject))
            .map_err(|_| io::Error::other("the sampler's thread ended"))?;
        let cpu = Arc::clone(&self.cpu);
        Ok(Watch { batches, subject, cpu_before: cpu.last(), cpu })
    }
}

impl Watch {
    /// The next samples; none once the sampler's thread has ended. Nothing is lost when the wait is given up.
    pub async fn next(&mut self) -> Option<Vec<Sample>> {
        self.batches.recv().await
    }

    /// Samples that were handed over already.
    pub fn try_next(&mut self) -> Option<Vec<Sample>> {
        self.batches.try_recv()
    }

    /// Takes the last sample, which has all that passed until now, and has everything handed over.
    pub fn flush(&self) {
        self.subject.finish();
    }

    /// What watching cost so far.
    pub(crate) fn cost(&self) -> SamplerCost {
        self.subject.cost(self.cpu.last().saturating_sub(self.cpu_before))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.subject.release();
    }
}

impl CpuTime {
    fn last(&self) -> Duration {
        Duration::from_nanos(self.0.load(Relaxed))
    }

    fn read(&self) {
        let spent = socket::thread_cpu_time().unwrap_or_default();
        self.0.store(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }
}

/// The thread: looks at all that is watched at each tick, and sleeps for good while nothing is.
fn sample_all(
    clock: Clock,
    mut ticker: Ticker,
    arriving: &Receiver<Arc<Subject>>,
    cpu: &CpuTime,
) -> io::Result<()> {
    let mut watched = Watched::default();
    let (mut ticks, mut in_vain) = (0, 0);
    loop {
        if watched.queue.is_empty() {
            match arriving.recv() {
                Ok(subject) => watched.add(subject),
                Err(_) => return Ok(()),
            }
        }
        for subject in arriving.try_iter() {
            watched.add(subject);
        }
        // Waking costs more than looking.
        let stride = if in_vain < TICKS_IN_VAIN { 1 } else { 2 };
        ticker.tick(clock, stride * watched.shortest_interval().min(LONGEST_TICK))?;
        let taken = watched.look(clock);
        in_vain = if taken > 0 { 0 } else { in_vain.saturating_add(1) };
        ticks = (ticks + 1) % TICKS_A_READING;
        if ticks == 0 {
            cpu.read();
        }
    }
}

/// All that is watched, by the time at which the next sample is due.
#[derive(Debug, Default)]
struct Watched {
    queue: BinaryHeap<Entry>,
    shortest: Option<Duration>,
}

#[derive(Debug)]
struct Entry {
    due: Timestamp,
    interval: Duration,
    subject: Arc<Subject>,
}

impl Watched {
    fn add(&mut self, subject: Arc<Subject>) {
        self.shortest = None;
        self.queue.push(Entry { due: subject.due(), interval: subject.interval(), subject });
    }

    /// Looks at all for which it is time, and forgets those that are done; how many samples it took.
    fn look(&mut self, clock: Clock) -> usize {
        let mut taken = 0;
        let horizon = clock.now();
        while self.queue.peek().is_some_and(|entry| entry.due <= horizon) {
            let Some(Entry { subject, due, .. }) = self.queue.pop() else { break };
            if subject.is_done() {
                self.shortest = None;
                continue;
            }
            taken += usize::from(subject.look(clock.now()));
            // A task that is at it keeps it from being looked at: then it is not looked at twice in one go.
            let again =
                if subject.due() > due { subject.due() } else { horizon.plus(Duration::from_nanos(1)) };
            self.queue.push(Entry { due: again, interval: subject.interval(), subject });
        }
        taken
    }

    fn shortest_interval(&mut self) -> Duration {
        let queue = &self.queue;
        *self
            .shortest
            .get_or_insert_with(|| queue.iter().map(|entry| entry.interval).min().unwrap_or(LONGEST_TICK))
    }
}

impl Ord for Entry {
    /// The earliest is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.due.cmp(&self.due)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Entry {}
