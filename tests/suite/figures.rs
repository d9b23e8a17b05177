//! Figures of a direction as numbers, and what holds for every sound measurement of a path.

use serde_json::Value;

/// The default message, and what a figure may move by where a message is under way.
pub(crate) const MESSAGE: u64 = 64 * 1024;

/// Where the absorbed bytes sat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Absorbed {
    pub(crate) total: u64,
    pub(crate) producer: u64,
    pub(crate) send_queue: u64,
    pub(crate) path: i64,
    pub(crate) receive_queue: u64,
    pub(crate) consumer: u64,
}

/// The absorbed bytes of a direction, whose parts must add up.
pub(crate) fn absorbed(direction: &Value) -> Absorbed {
    let bytes = |name: &str| {
        let part = &direction["absorbed"][format!("{name}_bytes")];
        part.as_i64().unwrap_or_else(|| panic!("{name} bytes were measured: {direction}"))
    };
    let parts = ["producer", "send_queue", "path", "receive_queue", "consumer"];
    assert_eq!(parts.map(bytes).iter().sum::<i64>(), bytes("total"), "the parts add up: {direction}");
    let count = |name| u64::try_from(bytes(name)).expect("only the remainder may be negative");
    Absorbed {
        total: count("total"),
        producer: count("producer"),
        send_queue: count("send_queue"),
        path: bytes("path"),
        receive_queue: count("receive_queue"),
        consumer: count("consumer"),
    }
}

/// A figure in milliseconds.
pub(crate) fn milliseconds(direction: &Value, name: &str) -> f64 {
    direction[name].as_f64().unwrap_or_else(|| panic!("{name} was measured: {direction}"))
}

/// The producer was stopped, every byte arrived as it was sent, and nobody ended the connection.
pub(crate) fn assert_propagates(direction: &Value) {
    assert_eq!(direction["verdict"], "propagates", "{direction}");
    assert_eq!(direction["ended"], Value::Null, "{direction}");
    for damage in ["lost_bytes", "reordered_frames", "corrupted_frames", "duplicated_frames"] {
        assert_eq!(direction["integrity"][damage], 0, "{damage}: {direction}");
    }
    let read = direction["integrity"]["bytes"].as_u64().expect("bytes are counted");
    assert!(read >= absorbed(direction).total, "what was absorbed arrived: {direction}");
}
