//! Reads at a steady low rate into a large buffer: the path that seems to make progress.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    flow::Flow,
    pump::{Allowance, Rules, plain_room},
};

pub(super) struct Drip {
    begins: Begins,
    /// Bytes a second.
    rate: u64,
    capacity: usize,
    /// While dripping: when the next piece may be read.
    next: Option<Instant>,
}

enum Begins {
    After(u64),
    WhenStalled,
}

impl Drip {
    /// Drips for ever, once `bytes` have passed at full speed.
    pub(super) fn after(bytes: u64, rate: u64, capacity: usize) -> Self {
        Self { begins: Begins::After(bytes), rate, capacity, next: None }
    }

    /// Drips while the far side accepts nothing.
    pub(super) fn when_stalled(rate: u64, capacity: usize) -> Self {
        Self { begins: Begins::WhenStalled, rate, capacity, next: None }
    }

    /// How much may pass freely now, or `None` while dripping.
    fn free(&self, flow: &Flow) -> Option<Allowance> {
        match self.begins {
            Begins::After(bytes) if flow.arrived < bytes => {
                let left = usize::try_from(bytes - flow.arrived).unwrap_or(usize::MAX);
                Some(plain_room(flow).at_most(left))
            }
            Begins::WhenStalled if flow.stalled_since.is_none() => Some(plain_room(flow)),
            _ => None,
        }
    }

    /// Bytes of one piece: what the rate gives in a tick.
    fn piece(&self) -> usize {
        usize::try_from(self.rate / TICKS_A_SECOND).unwrap_or(usize::MAX).max(1)
    }
}

impl Rules for Drip {
    fn room(&mut self, flow: &Flow, now: Instant) -> Allowance {
        if let Some(free) = self.free(flow) {
            self.next = None;
            return free;
        }
        let next = *self.next.get_or_insert(now + TICK);
        if now < next {
            return Allowance::nothing_until(next);
        }
        // What a late timer or a short gap in the stream lost is made up for, what a long pause lost is not.
        self.next = Some(next.max(now.checked_sub(CATCH_UP).unwrap_or(next)));
        Allowance::now(self.piece()).at_most(self.capacity.saturating_sub(flow.waiting()))
    }

    fn take(&mut self, _flow: &Flow, piece: &[u8]) -> Vec<u8> {
        if let Some(next) = &mut self.next {
            *next += Duration::from_nanos(piece.len() as u64 * 1_000_000_000 / self.rate);
        }
        piece.to_vec()
    }
}

const TICKS_A_SECOND: u64 = 100;
const TICK: Duration = Duration::from_millis(1000 / TICKS_A_SECOND);
const CATCH_UP: Duration = Duration::from_millis(100);

mod tests {
    use std::time::Duration;

    use tokio::{join, time::Instant};

    use crate::relay::{
        Behaviour,
        trial::{KIB, MIB, Trial, Way, both_ways, pattern, push, push_for, receive, receive_all},
    };

    #[tokio::test]
    async fn the_stream_is_slow_though_the_consumer_reads() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::Drip { capacity: 24 * MIB, rate: 2_000_000, after: 0 });
            let (producer, mut consumer) = trial.connect(way).await;
            let began = Instant::now();
            let (_, bytes) = join!(push(&producer, MIB), receive(&mut consumer, MIB));
            let took = began.elapsed();
            assert!(bytes == pattern(MIB), "{way:?}");
            assert!(took > Duration::from_millis(300) && took < Duration::from_secs(4), "{way:?}: {took:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn the_first_bytes_pass_at_full_speed() {
        let trial = Trial::of(Behaviour::Drip { capacity: 24 * MIB, rate: 100_000, after: 8 * MIB as u64 });
        let (producer, mut consumer) = trial.connect(Way::Upload).await;
        let began = Instant::now();
        join!(push(&producer, 8 * MIB), receive(&mut consumer, 8 * MIB));
        assert!(began.elapsed() < Duration::from_secs(8), "at the rate it takes 84 s");
        let more = push_for(&producer, Duration::from_millis(500)).await;
        assert!(more < MIB, "{more}");
    }

    #[tokio::test]
    async fn nothing_is_slow_while_the_far_side_accepts() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::DripWhenStalled { capacity: 24 * MIB, rate: 100_000 });
            let (producer, mut consumer) = trial.connect(way).await;
            let began = Instant::now();
            let (_, bytes) = join!(push(&producer, 16 * MIB), receive(&mut consumer, 16 * MIB));
            assert!(bytes == pattern(16 * MIB), "{way:?}");
            assert!(began.elapsed() < Duration::from_secs(8), "{way:?}: at the rate it takes 168 s");
        })
        .await;
    }

    #[tokio::test]
    async fn a_stalled_stream_goes_on_at_the_rate_until_the_buffer_is_full() {
        let (rate, capacity) = (1_000_000, MIB);
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::DripWhenStalled { capacity, rate });
            let (producer, mut consumer) = trial.connect(way).await;

            let filling = push_for(&producer, Duration::from_millis(200)).await;
            let dripping = push_for(&producer, Duration::from_millis(500)).await;
            let rest = push(&producer, 16 * MIB).await;
            drop(producer);

            assert!((150_000..900_000).contains(&dripping), "{way:?}: {dripping}");
            let written = filling + dripping + rest;
            assert!((capacity..capacity + 512 * KIB).contains(&written), "{way:?}: {written}");
            let (bytes, ended) = receive_all(&mut consumer).await;
            assert!(bytes.len() == written && ended.is_ok(), "{way:?}");
        })
        .await;
    }
}
