//! Which fields the documents have, and of which kind.

use serde_json::Value;

/// That `value` is an object with at least these fields, each of its kind.
#[track_caller]
pub(super) fn shape(value: &Value, name: &str, fields: &[(&str, Kind)]) {
    assert!(value.is_object(), "{name}: {value}");
    for (field, kind) in fields {
        let found = value.get(field).unwrap_or_else(|| panic!("{name}: no field `{field}` in {value}"));
        let fits = match kind {
            Kind::Whole => found.is_u64() || found.is_i64(),
            Kind::Number => found.is_number(),
            Kind::Text => found.as_str().is_some_and(|text| !text.is_empty()),
            Kind::Flag => found.is_boolean(),
            Kind::List => found.is_array(),
            Kind::Object => found.is_object(),
            Kind::Word(words) => found.as_str().is_some_and(|word| words.contains(&word)),
            Kind::NumberOrNull => found.is_number() || found.is_null(),
            Kind::ObjectOrNull => found.is_object() || found.is_null(),
            Kind::TextOrNull => found.is_string() || found.is_null(),
        };
        assert!(fits, "{name}: `{field}` is {found}, no {kind:?}");
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Whole,
    Number,
    Text,
    Flag,
    List,
    Object,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A number, or null where it was not seen.
    NumberOrNull,
    /// An object, or null where it was not seen.
    ObjectOrNull,
    TextOrNull,
}

/// `verdict.json`.
pub(super) const DOCUMENT: [(&str, Kind); 6] = [
    ("format", Kind::Whole),
    ("verdict", VERDICT),
    ("reason", Kind::Text),
    ("expected", Kind::Flag),
    ("directions", Kind::Object),
    ("unmeasured", Kind::List),
];

/// A direction of a path that propagates, after a baseline.
pub(super) const DIRECTION: [(&str, Kind); 12] = [
    ("verdict", VERDICT),
    ("reason", Kind::Text),
    ("baseline_bytes_per_second", Kind::Number),
    ("trickle_held_ms", Kind::Number),
    ("absorbed", Kind::Object),
    ("last_write_ms", Kind::Number),
    ("zero_window_ms", Kind::Number),
    ("window_probes", Kind::Whole),
    ("release_ms", Kind::Number),
    // Null where the rate is not back within 5 s, as on a machine that is busy otherwise.
    ("recovery_ms", Kind::NumberOrNull),
    ("integrity", Kind::Object),
    ("ended", Kind::ObjectOrNull),
];

/// The same without a baseline.
pub(super) const DIRECTION_COLD: [(&str, Kind); 12] = {
    let mut fields = DIRECTION;
    fields[2].1 = Kind::NumberOrNull;
    fields
};

pub(super) const ABSORBED: [(&str, Kind); 6] = [
    ("total_bytes", Kind::Whole),
    ("producer_bytes", Kind::Whole),
    ("send_queue_bytes", Kind::Whole),
    ("path_bytes", Kind::Whole),
    ("receive_queue_bytes", Kind::Whole),
    ("consumer_bytes", Kind::Whole),
];

pub(super) const INTEGRITY: [(&str, Kind); 4] = [
    ("bytes", Kind::Whole),
    ("lost_bytes", Kind::Whole),
    ("reordered_frames", Kind::Whole),
    ("corrupted_frames", Kind::Whole),
];

pub(super) const ENDED: [(&str, Kind); 4] = [
    ("by", Kind::Word(&["producer", "consumer", "path"])),
    ("how", Kind::Word(&["fin", "reset", "timeout", "broken"])),
    (
        "phase",
        Kind::Word(&[
            "connect",
            "neighbours",
            "trickle",
            "baseline",
            "stall",
            "hold",
            "resume",
            "slow",
            "verify",
        ]),
    ),
    ("after_ms", Kind::Number),
];

/// `run.json`.
pub(super) const RUN: [(&str, Kind); 12] = [
    ("format", Kind::Whole),
    ("tool_version", Kind::Text),
    ("started_at", Kind::Text),
    ("epoch_unix_ns", Kind::Whole),
    ("scenario", Kind::Object),
    ("path", Kind::Object),
    ("kernel", Kind::Text),
    ("sysctls", Kind::Object),
    ("congestion_control", Kind::TextOrNull),
    ("mss", Kind::Object),
    ("privileges", Kind::TextOrNull),
    ("unmeasured", Kind::List),
];

/// A line of `events.jsonl`.
pub(super) const EVENT: [(&str, Kind); 5] = [
    ("run", Kind::Whole),
    ("direction", WAY),
    ("at", Kind::Whole),
    ("event", Kind::Text),
    ("end", Kind::TextOrNull),
];

const VERDICT: Kind = Kind::Word(&["propagates", "absorbs", "breaks", "undecided"]);

const WAY: Kind = Kind::Word(&["upload", "download"]);
