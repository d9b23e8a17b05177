//! Numbers in files: with their unit, or bare where go-backpressure has them bare.

use super::sections::Seen;
use super::value::FromText;
use crate::bounds::LIMITS;
use crate::read_plan::Manner;
use crate::request_rate::RequestRate;
use schemars::{Schema, json_schema};
use socket::Buffers;
use std::time::Duration;
use units::{ByteRate, ByteSize, Span};

/// [`phase_max`](crate::Limits::phase_max) in milliseconds.
pub(super) const PHASE_MAX_MS: u64 = LIMITS.phase_max.as_secs() * 1000;

/// `LEAST` to `MOST` bytes with a unit; if `BARE`, a number without one is bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size<const LEAST: u64, const MOST: u64, const BARE: bool>(pub(super) ByteSize);

impl<const LEAST: u64, const MOST: u64, const BARE: bool> FromText for Size<LEAST, MOST, BARE> {
    fn from_text(text: &str) -> Option<Self> {
        let bare = text.parse().ok().filter(|_| BARE).map(ByteSize::bytes);
        let size = bare.or_else(|| text.parse().ok())?;
        (LEAST..=MOST).contains(&size.as_u64()).then_some(Self(size))
    }

    fn must_be() -> String {
        format!("{} to {}{}", ByteSize::bytes(LEAST), ByteSize::bytes(MOST), unit_note(BARE))
    }

    fn schema() -> Schema {
        with_unit(BARE, (LEAST, MOST), "64KiB")
    }
}

/// `LEAST` to `MOST` milliseconds with a unit; if `BARE`, a number without one is milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time<const LEAST: u64, const MOST: u64, const BARE: bool>(pub(super) Span);

impl<const LEAST: u64, const MOST: u64, const BARE: bool> FromText for Time<LEAST, MOST, BARE> {
    fn from_text(text: &str) -> Option<Self> {
        let bare = text.parse().ok().filter(|_| BARE).map(|ms| Span(Duration::from_millis(ms)));
        let span = bare.or_else(|| text.parse().ok())?;
        let bounds = Duration::from_millis(LEAST)..=Duration::from_millis(MOST);
        bounds.contains(&span.0).then_some(Self(span))
    }

    fn must_be() -> String {
        format!("{} to {}{}", spoken(LEAST), spoken(MOST), unit_note(BARE))
    }

    fn schema() -> Schema {
        with_unit(BARE, (LEAST, MOST), "250ms")
    }
}

/// `LEAST` to `MOST`, whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count<const LEAST: u64, const MOST: u64>(pub(super) u64);

impl<const LEAST: u64, const MOST: u64> FromText for Count<LEAST, MOST> {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().filter(|count| (LEAST..=MOST).contains(count)).map(Self)
    }

    fn must_be() -> String {
        format!("a whole number, {LEAST} to {MOST}")
    }

    fn schema() -> Schema {
        json_schema!({ "type": "integer", "minimum": LEAST, "maximum": MOST })
    }
}

impl FromText for RequestRate {
    fn from_text(text: &str) -> Option<Self> {
        Self::per_second(text.parse().ok()?)
    }

    fn must_be() -> String {
        let (least, most) = LIMITS.request_rate;
        format!("0 for no pacing, or {least} to {most} a second")
    }

    fn schema() -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": LIMITS.request_rate.1 })
    }
}

impl FromText for Buffers {
    fn from_text(text: &str) -> Option<Self> {
        let (least, most) = LIMITS.buffers;
        text.parse().ok().filter(|buffers| match buffers {
            Self::Auto => true,
            Self::Fixed(size) => (least..=most).contains(size),
        })
    }

    fn must_be() -> String {
        let (least, most) = LIMITS.buffers;
        format!("`auto` or {least} to {most}{}", unit_note(false))
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "examples": ["auto", "64KiB"] })
    }
}

/// The `rate` of a producer.
impl FromText for ByteRate {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().filter(|rate: &Self| rate.as_u64() > 0)
    }

    fn must_be() -> String {
        "a rate of at least 1 B/s, with its unit, such as `10MB/s`".to_owned()
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "examples": ["10MB/s"] })
    }
}

impl FromText for bool {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn must_be() -> String {
        "`true` or `false`".to_owned()
    }

    fn schema() -> Schema {
        json_schema!({ "type": "boolean" })
    }
}

impl FromText for Seen {
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "seen" => Some(Self::Seen),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    fn must_be() -> String {
        "`seen` or `none`".to_owned()
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "enum": ["seen", "none"] })
    }
}

/// The `rate` of a phase.
impl FromText for Manner {
    fn from_text(text: &str) -> Option<Self> {
        if text == "unlimited" {
            return Some(Self::Unlimited);
        }
        let rate: ByteRate = text.parse().ok()?;
        if rate.as_u64() > 0 {
            return Some(Self::Paced(rate));
        }
        // Less than half a byte a second is rounded to 0, and yet was not meant as a stall.
        let number = text.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        number.bytes().all(|byte| matches!(byte, b'0' | b'.')).then_some(Self::Stalled)
    }

    fn must_be() -> String {
        "`unlimited`, 0 for a stall, or a rate of at least 1 B/s such as `64KiB/s`".to_owned()
    }

    fn schema() -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "const": 0 }], "examples": ["unlimited", 0, "64KiB/s"] })
    }
}

fn unit_note(bare: bool) -> &'static str {
    if bare { "" } else { ", with its unit" }
}

/// `milliseconds` in the largest unit that leaves a whole number.
fn spoken(milliseconds: u64) -> String {
    match milliseconds {
        ms if ms > 0 && ms.is_multiple_of(3_600_000) => format!("{} h", ms / 3_600_000),
        ms if ms > 0 && ms.is_multiple_of(1000) => format!("{} s", ms / 1000),
        ms => format!("{ms} ms"),
    }
}

/// A string with a unit, or an integer within `bounds` where one may be `bare`; 0 always may.
fn with_unit(bare: bool, (least, most): (u64, u64), example: &str) -> Schema {
    if bare {
        json_schema!({ "type": ["integer", "string"], "minimum": least, "maximum": most, "examples": [1000, example] })
    } else if least == 0 {
        json_schema!({ "type": ["integer", "string"], "minimum": 0, "maximum": 0, "examples": [0, example] })
    } else {
        json_schema!({ "type": "string", "examples": [example] })
    }
}
