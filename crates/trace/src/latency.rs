//! Latency histograms: HdrHistogram in nanoseconds, three significant figures.

mod counts;

use crate::histogram;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use counts::Counts;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::time::Duration;

/// The histograms of a recording, by the tag they bear in `latency.hlog`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "explained where each is recorded")]
pub enum Tag {
    Latency,
    HeldBack,
    InPath,
    Write,
    Rtt,
    ZeroWindow,
}

impl Tag {
    /// All tags, in the order in which they are written.
    pub const ALL: [Self; 6] =
        [Self::Latency, Self::HeldBack, Self::InPath, Self::Write, Self::Rtt, Self::ZeroWindow];

    /// The tag as written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::HeldBack => "held_back",
            Self::InPath => "in_path",
            Self::Write => "write",
            Self::Rtt => "rtt",
            Self::ZeroWindow => "zero_window",
        }
    }
}

/// A histogram of durations up to one hour. What does not fit is counted, never clamped.
#[derive(Debug, Clone, PartialEq)]
pub struct Latencies {
    counts: Counts,
    unfit: u64,
}

/// A text that holds no histogram.
#[derive(Debug, thiserror::Error)]
#[error("could not read a histogram: {0}")]
pub struct LatencyError(String);

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: Counts::Few(Vec::new()), unfit: 0 }
    }
}

impl Latencies {
    /// Counts one duration.
    pub fn record(&mut self, duration: Duration) {
        self.record_nanos(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX));
    }

    /// Counts one signed duration: a negative one, which only an uncertain clock can give, as unfit.
    pub fn record_nanos(&mut self, nanoseconds: i64) {
        let fits = u64::try_from(nanoseconds).is_ok_and(|value| self.counts.record(value, 1));
        if !fits {
            self.unfit += 1;
        }
    }

    /// Adds all of `other`.
    pub fn add(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        self.unfit += other.unfit;
    }

    /// How many durations were recorded.
    pub fn len(&self) -> u64 {
        self.counts.len()
    }

    /// Nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.counts.len() == 0
    }

    /// How many were below zero or above an hour, and are in no percentile.
    pub fn unfit(&self) -> u64 {
        self.unfit
    }

    /// The same durations, and this many that were unfit.
    #[must_use]
    pub fn with_unfit(self, unfit: u64) -> Self {
        Self { unfit, ..self }
    }

    /// The duration that `percentile` of 100 do not exceed; `None` where nothing was recorded.
    pub fn percentile(&self, percentile: f64) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_nanos(self.to_histogram().value_at_percentile(percentile)))
    }

    /// The longest duration recorded.
    pub fn max(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_nanos(self.to_histogram().max()))
    }

    /// As the library's histogram, for its writers.
    pub fn to_histogram(&self) -> Histogram<u64> {
        self.counts.to_histogram()
    }

    /// From a histogram that was read from a recording.
    pub fn from_histogram(histogram: &Histogram<u64>) -> Result<Self, LatencyError> {
        let mut ours = counts::empty();
        ours.add(histogram).map_err(|error| LatencyError(error.to_string()))?;
        Ok(Self { counts: Counts::Many(Box::new(ours)), unfit: 0 })
    }

    fn to_text(&self) -> Result<String, LatencyError> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&self.to_histogram(), &mut bytes)
            .map_err(|error| LatencyError(error.to_string()))?;
        Ok(BASE64.encode(bytes))
    }
}

/// The form on the wire.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnTheWire {
    /// `HdrHistogram` V2 deflate in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hdr: Option<String>,
    /// Or a few values, and how often each occurred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    few: Vec<(u64, u64)>,
    unfit: u64,
}

impl Serialize for Latencies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (hdr, few) = match &self.counts {
            Counts::Few(few) => (None, few.clone()),
            Counts::Many(_) => (Some(self.to_text().map_err(serde::ser::Error::custom)?), Vec::new()),
        };
        OnTheWire { hdr, few, unfit: self.unfit }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Latencies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let OnTheWire { hdr, few, unfit } = OnTheWire::deserialize(deserializer)?;
        let mut latencies = match hdr {
            Some(hdr) => histogram::decode(&hdr).map_err(serde::de::Error::custom)?,
            None => Self::default(),
        };
        for (value, count) in few {
            if count > histogram::MOST_COUNTS || !latencies.counts.record(value, count) {
                return Err(serde::de::Error::custom("a histogram counts what cannot have happened"));
            }
        }
        if latencies.len() > histogram::MOST_COUNTS {
            return Err(serde::de::Error::custom("a histogram counts more than can have happened"));
        }
        Ok(latencies.with_unfit(unfit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_crosses_the_wire_whole() {
        let mut sent = Latencies::default();
        sent.record(Duration::from_millis(3));
        sent.record_nanos(-1);
        let received: Latencies = serde_json::from_str(&serde_json::to_string(&sent).unwrap()).unwrap();
        assert_eq!(received, sent);
        assert_eq!((received.len(), received.unfit()), (1, 1));
    }

    #[test]
    fn a_large_histogram_crosses_the_wire_whole() {
        let mut sent = Latencies::default();
        (0..5_000).for_each(|step| sent.record(Duration::from_micros(step)));
        let text = serde_json::to_string(&sent).unwrap();
        assert!(text.contains("hdr"), "{text}");
        assert_eq!(serde_json::from_str::<Latencies>(&text).unwrap(), sent);
    }

    #[test]
    fn counts_that_would_overflow_are_an_error() {
        for few in ["[[1,18446744073709551615],[2,18446744073709551615]]", "[[18446744073709551615,1]]"] {
            let text = format!(r#"{{"few":{few},"unfit":0}}"#);
            assert!(serde_json::from_str::<Latencies>(&text).is_err(), "{few}");
        }
    }

    #[test]
    fn a_broken_histogram_is_an_error() {
        assert!(serde_json::from_str::<Latencies>(r#"{"hdr":"AAAA","unfit":0}"#).is_err());
    }
}
