//! Wakes a thread at every multiple of an interval.

use rustix::io::read;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;
use units::{Clock, Timestamp};

/// A `timerfd`: the kernel arms it anew by itself, which costs a quarter less than sleeping until each tick.
#[derive(Debug)]
pub(crate) struct Ticker {
    timer: OwnedFd,
    interval: Duration,
}

impl Ticker {
    pub(crate) fn new() -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
        Ok(Self { timer, interval: Duration::ZERO })
    }

    /// Blocks until the next multiple of `interval` on `clock`. Ticks that were missed are missed.
    pub(crate) fn tick(&mut self, clock: Clock, interval: Duration) -> io::Result<()> {
        if interval != self.interval {
            let now = clock.now();
            let first = next_due(now, interval).since(now).unwrap_or(interval);
            let setting = Itimerspec { it_interval: timespec(interval)?, it_value: timespec(first)? };
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &setting)?;
            self.interval = interval;
        }
        let mut expirations = [0; 8];
        read(&self.timer, &mut expirations)?;
        Ok(())
    }
}

/// The next multiple of `interval`: sockets watched at one pace are looked at in one go.
pub(crate) fn next_due(now: Timestamp, interval: Duration) -> Timestamp {
    let interval = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX).max(1);
    Timestamp::from_nanos((now.as_nanos() / interval + 1).saturating_mul(interval))
}

fn timespec(duration: Duration) -> io::Result<Timespec> {
    Ok(Timespec {
        tv_sec: i64::try_from(duration.as_secs()).map_err(io::Error::other)?,
        tv_nsec: i64::from(duration.subsec_nanos()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_fall_on_multiples_of_the_interval() {
        let ms = Duration::from_millis(1);
        assert_eq!(next_due(Timestamp::from_nanos(1_999_999), ms), Timestamp::from_nanos(2_000_000));
        assert_eq!(next_due(Timestamp::from_nanos(2_000_000), ms), Timestamp::from_nanos(3_000_000));
    }

    #[test]
    fn a_ticker_ticks_as_often_as_it_is_asked_to() {
        let clock = Clock::start();
        let mut ticker = Ticker::new().unwrap();
        let began = clock.now();
        for _ in 0..5 {
            ticker.tick(clock, Duration::from_millis(2)).unwrap();
        }
        assert!(clock.now().since(began).unwrap() >= Duration::from_millis(8));
    }
}
