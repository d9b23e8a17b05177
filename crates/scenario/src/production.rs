//! What a producing end of a pair sends, and when.

use crate::request_rate::RequestRate;
use std::time::Duration;
use units::{ByteRate, ByteSize, Span};

/// What a producing end sends on each connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Production {
    /// Bytes a request.
    pub payload: ByteSize,
    /// How fast requests follow each other.
    pub pace: RequestPace,
    /// How many requests it makes; none: as many as there is time for.
    pub requests: Option<u64>,
    /// After this long it makes no more; none: not before all are made.
    pub duration: Option<Span>,
}

/// How fast requests follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RequestPace {
    /// So many a second.
    Requests(RequestRate),
    /// As many as make this rate, which is above 0.
    Bytes(ByteRate),
}

impl Production {
    /// How long after the first the `n`th request, counted from 0, is due; `None` where they are not paced.
    pub fn due(&self, request: u64) -> Option<Duration> {
        match self.pace {
            RequestPace::Requests(rate) => rate.time_for(request),
            RequestPace::Bytes(rate) => {
                rate.time_for(ByteSize::bytes(self.payload.as_u64().saturating_mul(request)))
            }
        }
    }

    /// How many requests are made where nothing holds them up, and how long that takes; none: as many as go, or as long as it takes.
    pub fn expected(&self) -> (Option<u64>, Option<Duration>) {
        let duration = self.duration.map(|duration| duration.0);
        let Some(requests) = self.requests else { return (None, duration) };
        match (self.due(requests), duration) {
            (Some(time), Some(most)) if time > most => (Some(self.due_before(most, requests)), Some(most)),
            (time, _) => (Some(requests), time),
        }
    }

    /// How many of `requests` are due before `end`.
    fn due_before(&self, end: Duration, requests: u64) -> u64 {
        let (mut least, mut most) = (0, requests);
        while least < most {
            let middle = least + (most - least) / 2;
            if self.due(middle).is_none_or(|due| due < end) { least = middle + 1 } else { most = middle }
        }
        least
    }

    /// Whether `request`, counted from 0, is one of those to be made.
    pub fn includes(&self, request: u64) -> bool {
        self.requests.is_none_or(|requests| request < requests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paced(pace: RequestPace) -> Production {
        Production { payload: ByteSize::kib(1), pace, requests: Some(2), duration: None }
    }

    #[test]
    fn requests_are_due_by_their_rate_or_by_that_of_their_bytes() {
        let rate = RequestRate::per_second(4.0).unwrap();
        assert_eq!(paced(RequestPace::Requests(rate)).due(2), Some(Duration::from_millis(500)));
        let bytes = paced(RequestPace::Bytes(ByteRate::bytes_per_second(4096)));
        assert_eq!(bytes.due(2), Some(Duration::from_millis(500)));
        let free = RequestRate::per_second(0.0).unwrap();
        assert_eq!(paced(RequestPace::Requests(free)).due(2), None);
        assert!(bytes.includes(1) && !bytes.includes(2));
    }

    #[test]
    fn no_more_is_expected_than_there_is_time_for() {
        let rate = |rate| RequestPace::Requests(RequestRate::per_second(rate).unwrap());
        let expected = |pace, requests, seconds| {
            let duration = Some(Span(Duration::from_secs(seconds)));
            Production { requests, duration, ..paced(pace) }.expected()
        };
        assert_eq!(expected(rate(4.0), Some(100), 2), (Some(8), Some(Duration::from_secs(2))));
        assert_eq!(expected(rate(4.0), Some(4), 2), (Some(4), Some(Duration::from_secs(1))));
        assert_eq!(expected(rate(4.0), None, 2), (None, Some(Duration::from_secs(2))));
        assert_eq!(expected(rate(0.0), Some(7), 2), (Some(7), None));
    }
}
