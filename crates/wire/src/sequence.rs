//! Which sequence numbers have arrived: in order, late, or twice.

use std::collections::BTreeMap;

/// Gaps beyond this number are no longer remembered; a frame from a forgotten gap counts as a duplicate.
const MAX_GAPS: usize = 4096;

/// How a sequence number arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Not below any before it.
    Expected,
    /// Below one before it, for the first time (RFC 4737 §3.3: `s < NextExp`).
    Reordered,
    /// It had arrived already.
    Duplicate,
}

/// The numbers that arrived so far: all below `next`, except the gaps.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    next: u64,
    /// First missing number of each gap → first number after it.
    gaps: BTreeMap<u64, u64>,
}

impl Sequence {
    /// The number that is expected next.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Notes that `number` arrived.
    pub(crate) fn arrived(&mut self, number: u64) -> Arrival {
        if number >= self.next {
            if number > self.next && self.gaps.len() < MAX_GAPS {
                self.gaps.insert(self.next, number);
            }
            self.next = number.saturating_add(1);
            return Arrival::Expected;
        }
        let gap = self.gaps.range(..=number).next_back().map(|(first, after)| (*first, *after));
        let Some((first, after)) = gap.filter(|(_, after)| number < *after) else {
            return Arrival::Duplicate;
        };
        self.gaps.remove(&first);
        if first < number {
            self.gaps.insert(first, number);
        }
        if number + 1 < after {
            self.gaps.insert(number + 1, after);
        }
        Arrival::Reordered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_late_number_is_reordered_once_and_then_a_duplicate() {
        use Arrival::{Duplicate, Expected, Reordered};
        let mut sequence = Sequence::default();
        let orders = [0, 2, 1, 1, 2, 3].map(|number| sequence.arrived(number));
        assert_eq!(orders, [Expected, Expected, Reordered, Duplicate, Duplicate, Expected]);
    }

    proptest! {
        #[test]
        fn every_number_is_new_exactly_once(numbers in proptest::collection::vec(0u64..60, 0..200)) {
            let mut sequence = Sequence::default();
            let mut seen = std::collections::HashSet::new();
            for number in numbers {
                let new = sequence.arrived(number) != Arrival::Duplicate;
                prop_assert_eq!(new, seen.insert(number));
            }
        }
    }
}
