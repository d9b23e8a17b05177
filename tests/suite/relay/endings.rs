//! Ends a connection after so many bytes, so long a stall, so long a silence.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    flow::Flow,
    pump::{Allowance, End, Rules},
};

/// Passes exactly `bytes` on, then ends.
pub(super) struct EndAfter {
    pub(super) bytes: u64,
    pub(super) end: End,
}

impl Rules for EndAfter {
    fn due(&mut self, flow: &Flow, _now: Instant) -> Allowance {
        let left = usize::try_from(self.bytes - flow.passed).unwrap_or(usize::MAX);
        Allowance::now(flow.waiting()).at_most(left)
    }

    fn ending(&mut self, flow: &Flow) -> Option<(Instant, End)> {
        (flow.passed == self.bytes).then_some((flow.moved_at, self.end))
    }
}

/// Ends when the far side has accepted nothing for `limit`, though bytes wait.
pub(super) struct EndWhenStalled {
    pub(super) limit: Duration,
    pub(super) end: End,
}

impl Rules for EndWhenStalled {
    fn ending(&mut self, flow: &Flow) -> Option<(Instant, End)> {
        flow.stalled_since.map(|since| (since + self.limit, self.end))
    }
}

/// Closes when nothing moved in either direction for `limit`.
pub(super) struct EndWhenIdle {
    limit: Duration,
    /// Of both directions.
    last_move: Arc<Mutex<Option<Instant>>>,
}

impl EndWhenIdle {
    /// For both directions of one connection.
    pub(super) fn both_directions(limit: Duration) -> [Self; 2] {
        let last_move = Arc::default();
        [Self { limit, last_move: Arc::clone(&last_move) }, Self { limit, last_move }]
    }
}

impl Rules for EndWhenIdle {
    fn ending(&mut self, flow: &Flow) -> Option<(Instant, End)> {
        let mut last_move = self.last_move.lock().unwrap_or_else(PoisonError::into_inner);
        *last_move = (*last_move).max(Some(flow.moved_at));
        last_move.map(|at| (at + self.limit, End::Close))
    }
}

mod tests {
    use std::time::Duration;

    use tokio::{io::AsyncWriteExt, time::Instant};

    use crate::relay::{
        Behaviour,
        trial::{KIB, MIB, Trial, Way, both_ways, is_reset, is_silent, pattern, push, receive, receive_all},
    };

    const BYTES: usize = 10_007;

    #[tokio::test]
    async fn both_ends_are_reset_after_so_many_bytes() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::ResetAfter(BYTES as u64));
            let (mut producer, mut consumer) = trial.connect(way).await;
            push(&producer, BYTES - 1).await;
            receive(&mut consumer, BYTES - 1).await;
            push(&producer, 10).await;

            let (last, ended) = receive_all(&mut consumer).await;
            assert!(last.len() == 1 && is_reset(&ended), "{way:?}: {last:?}, {ended:?}");
            assert!(is_reset(&receive_all(&mut producer).await.1), "{way:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn both_ends_are_closed_after_so_many_bytes() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::CloseAfter(BYTES as u64));
            let (mut producer, mut consumer) = trial.connect(way).await;
            push(&producer, 3 * BYTES).await;

            let (bytes, ended) = receive_all(&mut consumer).await;
            assert!(bytes == pattern(BYTES) && ended.is_ok(), "{way:?}: {}, {ended:?}", bytes.len());
            assert!(receive_all(&mut producer).await.1.is_ok(), "{way:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn nothing_moves_any_more_after_so_many_bytes() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::HangAfter(BYTES as u64));
            let (mut producer, mut consumer) = trial.connect(way).await;
            let written = push(&producer, 16 * MIB).await;
            assert!(written < 512 * KIB, "{way:?}: {written}");

            assert!(receive(&mut consumer, BYTES).await == pattern(BYTES), "{way:?}");
            consumer.write_all(b"back").await.unwrap();
            assert!(is_silent(&mut consumer).await && is_silent(&mut producer).await, "{way:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn both_ends_are_reset_when_stalled_for_so_long() {
        let limit = Duration::from_millis(800);
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::ResetWhenStalled(limit));
            let (mut producer, mut consumer) = trial.connect(way).await;
            let began = Instant::now();
            push(&producer, 16 * MIB).await;
            assert!(is_reset(&receive_all(&mut producer).await.1), "{way:?}");
            assert!(began.elapsed() >= limit, "{way:?}");
            assert!(is_reset(&receive_all(&mut consumer).await.1), "{way:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn both_ends_are_closed_when_stalled_for_so_long() {
        let limit = Duration::from_millis(800);
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::CloseWhenStalled(limit));
            let (mut producer, mut consumer) = trial.connect(way).await;
            let began = Instant::now();
            push(&producer, 16 * MIB).await;
            assert!(receive_all(&mut producer).await.1.is_ok(), "{way:?}");
            assert!(began.elapsed() >= limit, "{way:?}");
            assert!(receive_all(&mut consumer).await.1.is_ok(), "{way:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn a_silence_closes_and_bytes_of_either_direction_break_it() {
        let limit = Duration::from_millis(700);
        let trial = Trial::of(Behaviour::EndsWhenIdle(limit));
        let (mut client, mut server) = trial.connect(Way::Upload).await;
        let mut last_move = Instant::now();
        for _ in 0..4 {
            assert!(is_silent(&mut server).await);
            last_move = Instant::now();
            client.write_all(b"x").await.unwrap();
            receive(&mut server, 1).await;
            std::mem::swap(&mut client, &mut server);
        }

        assert!(receive_all(&mut client).await.1.is_ok());
        assert!(last_move.elapsed() >= limit);
        assert!(receive_all(&mut server).await.1.is_ok());
    }
}
