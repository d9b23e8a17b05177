//! Whether anything still passes on a connection of HTTP that answers requests, and for how long it may.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// What passes in the requests of one connection. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passing {
    state: Arc<Mutex<State>>,
    begun: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    /// Requests that came, and pieces of bodies that passed.
    noted: u64,
    /// How many have begun that have deadlines.
    begun: u64,
    /// By when those of them must be over that are not.
    deadlines: BTreeMap<u64, Instant>,
}

/// Something that must be over in time; it is when this is dropped.
#[derive(Debug)]
pub(crate) struct Deadline {
    passing: Passing,
    number: u64,
}

impl Passing {
    /// A request came, or a piece of a body passed.
    pub(crate) fn note(&self) {
        self.lock().noted += 1;
    }

    /// What was noted so far.
    pub(crate) fn noted(&self) -> u64 {
        self.lock().noted
    }

    /// Something begins that must be over by then: hyper does not ask a body for more while its peer takes nothing, so the body
    /// itself cannot end.
    pub(crate) fn ends_by(&self, deadline: Instant) -> Deadline {
        let mut state = self.lock();
        state.begun += 1;
        let number = state.begun;
        state.deadlines.insert(number, deadline);
        drop(state);
        self.begun.notify_one();
        Deadline { passing: self.clone(), number }
    }

    /// Ends when something is not over that must be. Cancel-safe.
    pub(crate) async fn overdue(&self) {
        loop {
            let begun = self.begun.notified();
            let first = self.lock().deadlines.values().min().copied();
            let Some(first) = first else {
                begun.await;
                continue;
            };
            if first <= Instant::now() {
                return;
            }
            // Those that begin later end later.
            sleep_until(first).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.passing.lock().deadlines.remove(&self.number);
    }
}

/// How long nothing has passed.
#[derive(Debug)]
pub(crate) struct Rest {
    passed: u64,
    since: Instant,
}

impl Rest {
    /// Nothing has passed yet.
    pub(crate) fn begin(now: Instant) -> Self {
        Self { passed: 0, since: now }
    }

    /// How long it has lasted, where so much has `passed` by now, and a request may be `busy` without that.
    pub(crate) fn lasts(&mut self, passed: u64, busy: bool, now: Instant) -> Duration {
        if busy || passed != self.passed {
            *self = Self { passed, since: now };
        }
        now.duration_since(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_not_over_in_time_is_overdue_and_what_is_over_is_not() {
        let (passing, began) = (Passing::default(), Instant::now());
        let second = |seconds| began + Duration::from_secs(seconds);
        let begin = async {
            let over = passing.ends_by(second(10));
            sleep_until(second(5)).await;
            drop(over);
            let late = passing.ends_by(second(20));
            sleep_until(second(15)).await;
            (late, passing.ends_by(second(30)))
        };
        let (held, ()) = tokio::join!(begin, passing.overdue());
        assert_eq!(began.elapsed(), Duration::from_secs(20));
        drop(held);
    }

    #[test]
    fn a_rest_lasts_until_something_passes_or_is_busy() {
        let now = Instant::now();
        let mut rest = Rest::begin(now);
        let looks =
            [(1, 0, false), (2, 7, false), (3, 7, false), (9, 7, false), (10, 7, true), (12, 7, false)];
        let lasted =
            looks.map(|(at, passed, busy)| rest.lasts(passed, busy, now + Duration::from_secs(at)).as_secs());
        assert_eq!(lasted, [1, 0, 1, 7, 0, 2]);
    }
}
