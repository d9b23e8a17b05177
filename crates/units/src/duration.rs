//! Lengths of time: parsed with their unit, printed short.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Parses `250ms`, `2s` or `1m 30s`; a bare number is refused, 0 excepted.
pub fn parse_duration(text: &str) -> Result<Duration, humantime::DurationError> {
    humantime::parse_duration(text)
}

/// A duration as people say it, to two figures below 10: `38 ms`, `3.3 ms`, `1.68 s`.
pub fn format_duration(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1e3;
    match milliseconds {
        m if m < 0.95 => format!("{:.0} µs", m * 1e3),
        m if m < 9.95 => format!("{m:.1} ms"),
        m if m < 999.5 => format!("{m:.0} ms"),
        m if m < 9_995.0 => format!("{:.2} s", m / 1e3),
        m => format!("{:.1} s", m / 1e3),
    }
}

/// A length of time that is written with its unit, in options, files and on the wire (`250ms`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = humantime::DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_duration(text).map(Self)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&humantime::format_duration(self.0).to_string())
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| serde::de::Error::custom(format!("`{text}` is no duration: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_unless_they_are_zero() {
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("0"), Ok(Duration::ZERO));
        assert!(parse_duration("250").is_err());
    }

    #[test]
    fn durations_print_to_what_is_known_of_them() {
        let printed = [3, 940, 3_300, 38_000, 999_700, 1_678_000, 12_340_000]
            .map(|us| format_duration(Duration::from_micros(us)));
        assert_eq!(printed, ["3 µs", "940 µs", "3.3 ms", "38 ms", "1.00 s", "1.68 s", "12.3 s"]);
    }

    #[test]
    fn a_span_comes_back_from_its_own_text() {
        let span = Span(Duration::from_millis(90_250));
        assert_eq!(span.to_string().parse(), Ok(span));
    }
}
