//! What a check does where nothing else is asked of it.

use super::{Expectations, Integrity, Scenario, Topology};
use crate::ramp::Ramp;
use crate::share::Share;
use crate::transport::Transport;
use socket::Buffers;
use std::time::Duration;
use trace::{Direction, Verdict};
use units::{ByteSize, Span};

impl Scenario {
    /// One connection over loopback, both ways, which should propagate.
    pub fn usual() -> Self {
        let share = Share::of(1);
        Self {
            topology: Topology::Loopback,
            transport: Transport::Tcp,
            tls: None,
            token: None,
            directions: vec![Direction::Upload, Direction::Download],
            limit: share.limit,
            hold: Span(Duration::from_secs(2)),
            baseline: Span(Duration::from_secs(1)),
            deadline: Span(Duration::from_secs(30)),
            buffers: Buffers::Fixed(share.buffers),
            warm_up: ByteSize::bytes(0),
            message: share.message,
            rate: None,
            sample: Span(Duration::from_millis(1)),
            integrity: Integrity::Full,
            user_timeout: None,
            slow: None,
            connections: 1,
            ramp: Ramp::HUNDRED,
            neighbours: 0,
            seed: 1,
            repeat: 1,
            expectations: Expectations::of(Verdict::Propagates),
        }
    }
}

impl Expectations {
    /// That this is the verdict, and nothing more.
    pub fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            max_absorbed: None,
            max_path: None,
            max_onset: None,
            max_release: None,
            max_trickle: None,
            min_baseline: None,
            max_neighbour_slowdown: None,
        }
    }
}
