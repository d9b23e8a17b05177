//! Looks at the server's window while requests are sent.

use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use transport::SocketHandle;
use units::{Clock, Timestamp};

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Adds up how long the server's window was closed.
pub(super) struct Watch {
    socket: SocketHandle,
    clock: Clock,
    closed: Closed,
}

impl Watch {
    pub(super) fn new(socket: SocketHandle, clock: Clock) -> Self {
        Self { socket, clock, closed: Closed::default() }
    }

    /// Looks until it is dropped.
    pub(super) async fn run(&mut self) -> Infallible {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let window = socket::tcp_info(&self.socket).ok().and_then(|info| info.snd_wnd);
            self.closed.saw(window, self.clock.now());
        }
    }

    /// How long the window was closed; none where the kernel does not tell.
    pub(super) fn zero_window(&self) -> Option<Duration> {
        self.closed.known.then_some(self.closed.all)
    }
}

/// A window is taken to have been closed from a look that found it closed to the next look.
#[derive(Debug, Default)]
struct Closed {
    known: bool,
    since: Option<Timestamp>,
    all: Duration,
}

impl Closed {
    fn saw(&mut self, window: Option<u32>, now: Timestamp) {
        if let Some(since) = self.since.take() {
            self.all += now.since(since).unwrap_or_default();
        }
        self.known |= window.is_some();
        self.since = (window == Some(0)).then_some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_counts_as_closed_from_look_to_look() {
        let mut closed = Closed::default();
        for (window, ms) in [(Some(10), 0), (Some(0), 10), (Some(0), 20), (Some(5), 35), (None, 50)] {
            closed.saw(window, Timestamp::from_nanos(ms * 1_000_000));
        }
        assert_eq!((closed.known, closed.all), (true, Duration::from_millis(25)));
        assert!(!Closed::default().known);
    }
}
