//! Reads in bursts with long pauses while the far side accepts nothing: the path that looks blocked and is not.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    flow::Flow,
    pump::{Allowance, Rules, plain_room},
};

pub(super) struct Pauses {
    pause: Duration,
    burst: usize,
    /// What is left of this burst. It outlives a stall: many short stalls shall not make many bursts.
    left: usize,
    resumes_at: Option<Instant>,
}

impl Pauses {
    pub(super) fn new(pause: Duration, burst: usize) -> Self {
        Self { pause, burst, left: burst, resumes_at: None }
    }
}

impl Rules for Pauses {
    fn room(&mut self, flow: &Flow, now: Instant) -> Allowance {
        if flow.stalled_since.is_none() {
            return plain_room(flow);
        }
        if let Some(resumes_at) = self.resumes_at {
            if now < resumes_at {
                return Allowance::nothing_until(resumes_at);
            }
            self.resumes_at = None;
            self.left = self.burst;
        }
        Allowance::now(self.left)
    }

    fn take(&mut self, flow: &Flow, piece: &[u8]) -> Vec<u8> {
        if flow.stalled_since.is_some() {
            self.left -= piece.len();
            if self.left == 0 {
                self.resumes_at = Some(flow.moved_at + self.pause);
            }
        }
        piece.to_vec()
    }
}

mod tests {
    use std::time::Duration;

    use tokio::join;

    use crate::relay::{
        Behaviour,
        trial::{KIB, MIB, Trial, both_ways, pattern, push, push_for, receive},
    };

    #[tokio::test]
    async fn bytes_pass_freely_while_the_far_side_accepts() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::Pauses { pause: Duration::from_mins(1), burst: KIB });
            let (producer, mut consumer) = trial.connect(way).await;
            let (_, bytes) = join!(push(&producer, 4 * MIB), receive(&mut consumer, 4 * MIB));
            assert!(bytes == pattern(4 * MIB), "{way:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn a_stalled_stream_goes_on_in_bursts() {
        let burst = 512 * KIB;
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::Pauses { pause: Duration::from_millis(200), burst });
            let (producer, _consumer) = trial.connect(way).await;
            // Whatever the timing, this holds at least three pauses, and room for no more than five.
            let written = push_for(&producer, Duration::from_millis(900)).await;
            assert!((2 * burst..6 * burst + 512 * KIB).contains(&written), "{way:?}: {written}");
        })
        .await;
    }

    #[tokio::test]
    async fn nothing_moves_in_a_pause() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::Pauses { pause: Duration::from_mins(1), burst: MIB });
            let (producer, _consumer) = trial.connect(way).await;
            let written = push(&producer, 16 * MIB).await;
            assert!((MIB..MIB + 512 * KIB).contains(&written), "{way:?}: {written}");
        })
        .await;
    }
}
