//! What is kept of all connections together, and of one by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use trace::{Event, Latencies, Tag, Timed};
use units::Timestamp;

/// One histogram of each kind for all connections: one for each of them would take megabytes a connection. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    histograms: Arc<Mutex<[Latencies; Tag::ALL.len()]>>,
}

impl Ledger {
    /// Counts one duration.
    pub fn record(&self, tag: Tag, duration: Duration) {
        if let Some(latencies) = self.lock().get_mut(place(tag)) {
            latencies.record(duration);
        }
    }

    /// All that was counted of one kind.
    pub fn latencies(&self, tag: Tag) -> Latencies {
        self.lock().get(place(tag)).cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, [Latencies; Tag::ALL.len()]> {
        self.histograms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(tag: Tag) -> usize {
    Tag::ALL.iter().position(|other| *other == tag).unwrap_or_default()
}

/// What happened to one connection, in bounded memory.
#[derive(Debug, Default)]
pub struct Journal {
    events: Vec<Timed>,
    left_out: u64,
}

/// Events of one connection.
const MOST: usize = 2000;

impl Journal {
    pub(crate) fn note(&mut self, at: Timestamp, event: Event) {
        if self.events.len() < MOST {
            self.events.push(Timed { at, event });
        } else {
            self.left_out += 1;
        }
    }

    /// What happened, in order, and how many events are left out because there were too many.
    pub fn into_events(self) -> (Vec<Timed>, u64) {
        (self.events, self.left_out)
    }
}
