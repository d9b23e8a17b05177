//! go-backpressure's first message, and what it prints.

use serde::Deserialize;

/// What a client is about to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    /// Bytes a message.
    pub(super) payload_size: u64,
    /// Messages.
    pub(super) requests_total: u64,
}

impl Parameters {
    /// From the first message; the error says what is wrong with it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(text).map_err(|error| error.to_string())
    }
}

/// How much of what was announced has come.
#[derive(Debug)]
pub(super) struct Progress {
    expected: u64,
    received: u64,
}

impl Progress {
    /// Nothing of it.
    pub(super) fn of(parameters: Parameters) -> Self {
        let expected = parameters.payload_size.saturating_mul(parameters.requests_total);
        Self { expected, received: 0 }
    }

    /// Counts a read, and gives its line.
    pub(super) fn read(&mut self, bytes: usize) -> String {
        self.received += bytes as u64;
        let Self { expected, received } = *self;
        if expected == 0 {
            return format!("read {bytes} bytes ({received} in all)");
        }
        let percent = u128::from(received) * 100 / u128::from(expected);
        format!("read {bytes} bytes ({received} of {expected}, {percent} %)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_backpressures_first_message_is_understood() {
        let parameters = Parameters::parse(br#"{"payloadSize":1000,"requestsTotal":5}"#);
        assert_eq!(parameters, Ok(Parameters { payload_size: 1000, requests_total: 5 }));
    }

    #[test]
    fn another_first_message_is_refused_with_what_is_wrong() {
        for text in ["", "hello", "{}", r#"{"payloadSize":-1,"requestsTotal":5}"#, "[1,2]extra"] {
            assert!(Parameters::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn totals_run_and_do_not_overflow() {
        let mut progress = Progress::of(Parameters { payload_size: 1000, requests_total: 5 });
        assert_eq!(progress.read(1000), "read 1000 bytes (1000 of 5000, 20 %)");
        assert_eq!(progress.read(4500), "read 4500 bytes (5500 of 5000, 110 %)");
        let mut endless = Progress::of(Parameters { payload_size: u64::MAX, requests_total: u64::MAX });
        assert!(endless.read(1).ends_with(", 0 %)"));
        let mut nothing = Progress::of(Parameters { payload_size: 0, requests_total: 0 });
        assert_eq!(nothing.read(0), "read 0 bytes (0 in all)");
    }
}
