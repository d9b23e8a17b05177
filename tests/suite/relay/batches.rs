//! Holds small writes back until there are enough of them, or the first has waited long enough.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    flow::Flow,
    pump::{Allowance, Rules},
};

pub(super) struct Batches {
    window: Duration,
    up_to: usize,
    /// The stream position up to which bytes have been let go, though the far side may not have taken them.
    released: u64,
}

impl Batches {
    pub(super) fn new(window: Duration, up_to: usize) -> Self {
        Self { window, up_to, released: 0 }
    }
}

impl Rules for Batches {
    fn room(&mut self, flow: &Flow, _now: Instant) -> Allowance {
        Allowance::now(self.up_to.max(SMALLEST_BUFFER).saturating_sub(flow.waiting()))
    }

    fn due(&mut self, flow: &Flow, now: Instant) -> Allowance {
        let held_back_until = flow.oldest().map(|arrived| arrived + self.window);
        let let_go = flow.waiting() >= self.up_to
            || flow.ended_at.is_some()
            || flow.passed >= self.released && held_back_until.is_some_and(|until| until <= now);
        if let_go {
            self.released = flow.passed + flow.waiting() as u64;
        }
        match (usize::try_from(self.released.saturating_sub(flow.passed)), held_back_until) {
            (Ok(0), Some(until)) => Allowance::nothing_until(until),
            (released, _) => Allowance::now(released.unwrap_or(usize::MAX)),
        }
    }
}

const SMALLEST_BUFFER: usize = 64 * 1024;

mod tests {
    use std::time::Duration;

    use tokio::{io::AsyncWriteExt, time::Instant};

    use crate::relay::{
        Behaviour,
        trial::{Trial, Way, both_ways, is_silent, receive, receive_all},
    };

    #[tokio::test]
    async fn small_writes_wait_for_the_window_and_leave_together() {
        let window = Duration::from_millis(800);
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::Batches { window, up_to: 1000 });
            let (mut producer, mut consumer) = trial.connect(way).await;
            let began = Instant::now();
            producer.write_all(b"first ").await.unwrap();
            assert!(is_silent(&mut consumer).await, "{way:?}");
            producer.write_all(b"second").await.unwrap();
            assert_eq!(receive(&mut consumer, 12).await, b"first second", "{way:?}");
            assert!(began.elapsed() >= window, "{way:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn a_large_amount_passes_at_once() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::Batches { window: Duration::from_mins(1), up_to: 1000 });
            let (mut producer, mut consumer) = trial.connect(way).await;
            producer.write_all(&[1; 1000]).await.unwrap();
            receive(&mut consumer, 1000).await;
            producer.write_all(&[1; 999]).await.unwrap();
            assert!(is_silent(&mut consumer).await, "{way:?}");
            producer.write_all(&[1]).await.unwrap();
            receive(&mut consumer, 1000).await;
        })
        .await;
    }

    #[tokio::test]
    async fn the_end_lets_go_what_was_held() {
        let trial = Trial::of(Behaviour::Batches { window: Duration::from_mins(1), up_to: 1000 });
        let (mut producer, mut consumer) = trial.connect(Way::Upload).await;
        producer.write_all(b"last").await.unwrap();
        producer.shutdown().await.unwrap();
        assert_eq!(receive_all(&mut consumer).await.0, b"last");
    }
}
