//! The counts of a histogram: a short list while they are few, `HdrHistogram`'s table of 270 KB from then on.
//!
//! Of ten thousand connections, each has a handful of durations.

use hdrhistogram::Histogram;

/// One hour in nanoseconds.
pub(super) const HIGHEST: u64 = 3_600_000_000_000;

/// Buckets that are listed one by one, 16 bytes each.
const FEW: usize = 256;

/// The library's buckets for three significant figures: twice ten to the third, as a power of two.
const SUB_BUCKET_BITS: u32 = 11;

/// How often a duration fell into each bucket.
#[derive(Debug, Clone)]
pub(super) enum Counts {
    /// The lowest value of each bucket that has any, in order, and its count.
    Few(Vec<(u64, u64)>),
    Many(Box<Histogram<u64>>),
}

impl Counts {
    /// Counts `value` so many times; false where it does not fit.
    pub(super) fn record(&mut self, value: u64, times: u64) -> bool {
        if value > HIGHEST {
            return false;
        }
        let few = match self {
            Self::Many(histogram) => return histogram.record_n(value, times).is_ok(),
            Self::Few(few) => few,
        };
        let bucket = lowest_equivalent(value);
        match few.binary_search_by_key(&bucket, |(value, _)| *value) {
            Ok(place) => {
                if let Some((_, count)) = few.get_mut(place) {
                    *count = count.saturating_add(times);
                }
            }
            Err(place) if few.len() < FEW => few.insert(place, (bucket, times)),
            Err(_) => {
                let mut histogram = self.to_histogram();
                let recorded = histogram.record_n(value, times).is_ok();
                *self = Self::Many(Box::new(histogram));
                return recorded;
            }
        }
        true
    }

    /// Adds all of `other`.
    pub(super) fn add(&mut self, other: &Self) {
        match (&mut *self, other) {
            (_, Self::Few(few)) => {
                for (value, count) in few {
                    self.record(*value, *count);
                }
            }
            (Self::Many(histogram), Self::Many(other)) => {
                histogram.add(&**other).expect("both have the same bounds");
            }
            (Self::Few(_), Self::Many(other)) => {
                let mut histogram = other.clone();
                histogram.add(self.to_histogram()).expect("both have the same bounds");
                *self = Self::Many(histogram);
            }
        }
    }

    /// How many durations there are.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Few(few) => few.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count)),
            Self::Many(histogram) => histogram.len(),
        }
    }

    /// As the library's histogram.
    pub(super) fn to_histogram(&self) -> Histogram<u64> {
        match self {
            Self::Few(few) => {
                let mut histogram = empty();
                for (value, count) in few {
                    histogram.record_n(*value, *count).expect("what is listed fits");
                }
                histogram
            }
            Self::Many(histogram) => (**histogram).clone(),
        }
    }
}

impl PartialEq for Counts {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Few(ours), Self::Few(theirs)) => ours == theirs,
            (Self::Many(ours), Self::Many(theirs)) => ours == theirs,
            (Self::Few(_), Self::Many(many)) => self.to_histogram() == **many,
            (Self::Many(many), Self::Few(_)) => other.to_histogram() == **many,
        }
    }
}

/// A histogram of the bounds that all of ours have.
pub(super) fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, HIGHEST, 3).expect("the bounds are constant and valid")
}

/// The lowest value that falls into the same bucket.
fn lowest_equivalent(value: u64) -> u64 {
    let bits = u64::BITS - value.leading_zeros();
    let shift = bits.saturating_sub(SUB_BUCKET_BITS);
    value >> shift << shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn buckets_are_the_librarys(value in 0..=HIGHEST) {
            prop_assert_eq!(lowest_equivalent(value), empty().lowest_equivalent(value));
        }

        #[test]
        fn few_and_many_count_alike(values in proptest::collection::vec(0..=HIGHEST, 0..400)) {
            let (mut counts, mut histogram) = (Counts::Few(Vec::new()), empty());
            for value in &values {
                prop_assert!(counts.record(*value, 1));
                histogram.record(*value).unwrap();
            }
            prop_assert_eq!(counts.len(), values.len() as u64);
            for percentile in [0.0, 50.0, 99.0, 100.0] {
                prop_assert_eq!(
                    counts.to_histogram().value_at_percentile(percentile),
                    histogram.value_at_percentile(percentile)
                );
            }
            prop_assert_eq!(&counts, &Counts::Many(Box::new(counts.to_histogram())));
        }

        #[test]
        fn sums_do_not_depend_on_the_form(
            ours in proptest::collection::vec(0..=HIGHEST, 0..300),
            theirs in proptest::collection::vec(0..=HIGHEST, 0..300),
        ) {
            let of = |values: &[u64]| {
                let mut counts = Counts::Few(Vec::new());
                for value in values {
                    assert!(counts.record(*value, 1));
                }
                counts
            };
            let (mut one, mut other) = (of(&ours), of(&theirs));
            one.add(&of(&theirs));
            other.add(&of(&ours));
            prop_assert_eq!(one.len(), other.len());
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut counts = Counts::Few(Vec::new());
        assert!(!counts.record(HIGHEST + 1, 1));
        assert_eq!(counts.len(), 0);
    }
}
