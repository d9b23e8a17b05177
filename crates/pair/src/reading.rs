//! By which plan a connection is read.

use scenario::Reader;
use scenario::files::{PairEnd, Reads};
use units::Timestamp;

/// How the connection of this number, from 1, is read from `now` on, and the most that one read of the socket takes where
/// `messages` are read; none: what the plan allows.
pub fn reader_of(end: &PairEnd, number: u32, messages: bool, now: Timestamp) -> (Reader, Option<usize>) {
    if let Some(slow) = end.slow.as_ref().filter(|slow| u64::from(number) <= slow.connections) {
        return (Reader::new(&slow.plan, now), None);
    }
    let plan = if messages { end.reads.plan_of_messages() } else { end.reads.plan() };
    let at_once = match &end.reads {
        Reads::Pausing { bufsize, .. } => usize::try_from(bufsize.as_u64()).ok(),
        Reads::Plan(_) => None,
    };
    (Reader::new(&plan, now), at_once)
}
