//! Lets each byte go a fixed time after it came: the long path.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    flow::Flow,
    pump::{Allowance, Rules},
};

pub(super) struct Delay(pub(super) Duration);

impl Rules for Delay {
    /// Nothing while stalled: what waits is then overdue, and reading on would hide the stall.
    fn room(&mut self, flow: &Flow, _now: Instant) -> Allowance {
        let room = if flow.stalled_since.is_some() { 0 } else { CAPACITY.saturating_sub(flow.waiting()) };
        Allowance::now(room)
    }

    fn due(&mut self, flow: &Flow, now: Instant) -> Allowance {
        match flow.oldest().or(flow.ended_at).map(|arrived| arrived + self.0) {
            Some(leaves) if now < leaves => Allowance::nothing_until(leaves),
            _ => Allowance::now(flow.front().len()),
        }
    }
}

const CAPACITY: usize = 64 << 20;

mod tests {
    use tokio::{
        io::AsyncWriteExt,
        join,
        time::{Duration, Instant},
    };

    use crate::relay::{
        Behaviour,
        trial::{KIB, MIB, Trial, Way, both_ways, pattern, push, receive, receive_all},
    };

    #[tokio::test]
    async fn bytes_and_the_half_close_come_late() {
        let delay = Duration::from_millis(150);
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::Delay(delay));
            let (mut producer, mut consumer) = trial.connect(way).await;
            let wrote = Instant::now();
            producer.write_all(b"late").await.unwrap();
            assert_eq!(receive(&mut consumer, 4).await, b"late");
            assert!(wrote.elapsed() >= delay, "{way:?}: {:?}", wrote.elapsed());

            let closed = Instant::now();
            producer.shutdown().await.unwrap();
            assert!(receive_all(&mut consumer).await.1.is_ok(), "{way:?}");
            assert!(closed.elapsed() >= delay, "{way:?}: {:?}", closed.elapsed());
        })
        .await;
    }

    #[tokio::test]
    async fn many_bytes_are_under_way_at_once_and_keep_their_order() {
        let trial = Trial::of(Behaviour::Delay(Duration::from_millis(200)));
        let (producer, mut consumer) = trial.connect(Way::Upload).await;
        let began = Instant::now();
        let (_, bytes) = join!(push(&producer, 16 * MIB), receive(&mut consumer, 16 * MIB));
        assert!(bytes == pattern(16 * MIB));
        assert!(began.elapsed() < Duration::from_secs(8), "a buffer's content a delay would take 25 s");
    }

    #[tokio::test]
    async fn a_consumer_that_does_not_read_stops_the_producer() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::Delay(Duration::ZERO));
            let (producer, _consumer) = trial.connect(way).await;
            let written = push(&producer, 16 * MIB).await;
            assert!(written < MIB + 512 * KIB, "{way:?}: {written}");
        })
        .await;
    }
}
