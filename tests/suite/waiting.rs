//! Waits that end.

use std::thread;
use std::time::Duration;
use tokio::time::Instant;

/// Looks until `look` sees something, or panics once `deadline` is over.
pub(crate) fn until<T>(deadline: Duration, awaited: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < deadline, "{awaited}: not within {deadline:?}");
        thread::park_timeout(BETWEEN_LOOKS);
    }
}

/// Lets time pass where there is nothing to look for.
pub(crate) fn pause(time: Duration) {
    let began = Instant::now();
    while let Some(left) = time.checked_sub(began.elapsed()).filter(|left| !left.is_zero()) {
        thread::park_timeout(left);
    }
}

const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
