//! Waiting for something for as long as it moves.

use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;

/// A standstill is noticed this part of its time late at most.
const LOOKS: u32 = 8;

/// Waits for `work`; none: what is `moved` has stood still for `patience` meanwhile.
pub(crate) async fn while_it_moves<T>(
    work: impl Future<Output = T>,
    patience: Duration,
    moved: impl Fn() -> u64,
) -> Option<T> {
    let mut work = pin!(work);
    let (mut before, mut still) = (moved(), 0);
    while still < LOOKS {
        if let Ok(done) = timeout(patience / LOOKS, &mut work).await {
            return Some(done);
        }
        let now = moved();
        still = if now == before { still + 1 } else { 0 };
        before = now;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::time::{Instant, sleep};

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_moves_may_take_as_long_as_it_likes() {
        let began = Instant::now();
        let moved = || began.elapsed().as_secs();
        assert_eq!(while_it_moves(sleep(20 * SECOND), 2 * SECOND, moved).await, Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_stands_still_is_given_up_in_time() {
        let began = Instant::now();
        let moved = || began.elapsed().as_secs().min(3);
        assert_eq!(while_it_moves(pending::<()>(), 2 * SECOND, moved).await, None);
        let took = began.elapsed();
        assert!(took >= 5 * SECOND && took < 6 * SECOND, "{took:?}");
    }
}
