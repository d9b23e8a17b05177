//! Reads without any bound: the path that absorbs.

use tokio::time::Instant;

use super::{
    flow::Flow,
    pump::{Allowance, Rules},
};

pub(super) struct Unlimited;

impl Rules for Unlimited {
    fn room(&mut self, _flow: &Flow, _now: Instant) -> Allowance {
        Allowance::now(usize::MAX)
    }
}

mod tests {
    use crate::relay::{
        Behaviour,
        trial::{MIB, Trial, both_ways, pattern, push, receive_all},
    };

    #[tokio::test]
    async fn everything_is_swallowed_though_the_consumer_does_not_read_and_nothing_is_lost() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::Unlimited);
            let (producer, mut consumer) = trial.connect(way).await;

            let written = push(&producer, 64 * MIB).await;
            drop(producer);

            assert_eq!(written, 64 * MIB, "{way:?}");
            let (bytes, ended) = receive_all(&mut consumer).await;
            assert!(bytes == pattern(written) && ended.is_ok(), "{way:?}");
        })
        .await;
    }
}
