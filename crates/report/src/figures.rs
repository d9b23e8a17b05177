//! Figures of the documents as people read them. Whatever a document holds, something honest is printed.

use std::time::Duration;
use units::{ByteRate, ByteSize, format_duration};

/// A time in ms, to two figures: `38 ms`. A negative one, which only two clocks can give, keeps its sign.
pub(crate) fn time(milliseconds: f64) -> String {
    match Duration::try_from_secs_f64(milliseconds.abs() / 1e3) {
        Ok(_) if milliseconds == 0.0 => "0 ms".to_owned(),
        Ok(duration) if milliseconds < 0.0 => format!("-{}", format_duration(duration)),
        Ok(duration) => format_duration(duration),
        Err(_) => format!("{milliseconds:e} ms"),
    }
}

/// A length of time that someone chose, without the zeros that a measurement would have: `2 s`.
pub(crate) fn round_time(duration: Duration) -> String {
    let text = format_duration(duration);
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

/// A number of bytes: `8.2 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    ByteSize::bytes(bytes).to_string()
}

/// A rate: `1.6 GB/s`.
pub(crate) fn rate(bytes_per_second: f64) -> String {
    if bytes_per_second > 0.0 && bytes_per_second < 1.0 {
        return "less than 1 B/s".to_owned();
    }
    ByteRate::nearest(bytes_per_second).to_string()
}

/// A count with its thousands apart, and what is counted: `1 frame`, `1,460 frames`.
pub(crate) fn count(number: u64, thing: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Two figures as a range, their unit once where it is the same: `258–317 KiB`.
pub(crate) fn range(least: &str, greatest: &str) -> String {
    match (least.rsplit_once(' '), greatest.rsplit_once(' ')) {
        _ if least == greatest => least.to_owned(),
        (Some((number, unit)), Some((_, other))) if unit == other => format!("{number}–{greatest}"),
        _ => format!("{least}–{greatest}"),
    }
}

/// Parts of a size, without their unit, in the unit in which the whole is printed, to one decimal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartsOf {
    unit: f64,
}

impl PartsOf {
    /// For parts of `total` bytes.
    pub(crate) fn total(total: u64) -> Self {
        let steps = total.checked_ilog(1024).unwrap_or(0).min(4);
        Self { unit: f64::from(1u32 << 10).powi(steps.cast_signed()) }
    }

    /// `bytes` of it. One that is too small for the decimal is not made to look like nothing.
    pub(crate) fn part(self, bytes: i64) -> String {
        #[expect(clippy::cast_precision_loss, reason = "one decimal is printed")]
        let part = bytes as f64 / self.unit;
        match bytes {
            0 => "0".to_owned(),
            _ if self.unit <= 1.0 => bytes.to_string(),
            1.. if part < 0.05 => "< 0.1".to_owned(),
            ..0 if part > -0.05 => "> -0.1".to_owned(),
            _ => format!("{part:.1}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_keep_their_sign() {
        assert_eq!([38.2, -0.25, 0.0, 2_040.0].map(time), ["38 ms", "-250 µs", "0 ms", "2.04 s"]);
        assert_eq!(round_time(Duration::from_secs(2)), "2 s");
        assert_eq!(round_time(Duration::from_millis(2_500)), "2.5 s");
        assert_eq!(round_time(Duration::from_millis(200)), "200 ms");
    }

    #[test]
    fn parts_share_the_unit_of_their_whole() {
        let parts = PartsOf::total(8_598_323);
        assert_eq!(
            [2_831_155, 0, 104_858, 10, -10].map(|bytes| parts.part(bytes)),
            ["2.7", "0", "0.1", "< 0.1", "> -0.1"]
        );
        assert_eq!(PartsOf::total(1_000).part(999), "999");
    }

    #[test]
    fn a_range_names_its_unit_once_if_it_can() {
        assert_eq!(range("258 KiB", "317 KiB"), "258–317 KiB");
        assert_eq!(range("940 µs", "1.2 ms"), "940 µs–1.2 ms");
        assert_eq!(range("3 ms", "3 ms"), "3 ms");
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(
            [1, 999, 1_460, 1_234_567].map(|n| count(n, "byte")),
            ["1 byte", "999 bytes", "1,460 bytes", "1,234,567 bytes"]
        );
    }

    #[test]
    fn a_trickle_of_a_rate_is_not_none() {
        assert_eq!([0.0, 0.3, 1.6e9].map(rate), ["0 B/s", "less than 1 B/s", "1.6 GB/s"]);
    }

    proptest! {
        #[test]
        fn any_figure_prints(figure in any::<f64>(), bytes in any::<i64>(), total in any::<u64>()) {
            prop_assert!(!time(figure).is_empty() && !rate(figure).is_empty());
            prop_assert!(!PartsOf::total(total).part(bytes).is_empty());
        }
    }
}
