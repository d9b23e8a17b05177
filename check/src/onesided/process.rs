//! What the kernel tells of another process: its memory and its processor time, from `/proc`.

use std::fs;
use std::io;
use std::time::Duration;
use trace::{Event, Timed};
use units::{Clock, Timestamp};

/// Time between two looks.
const INTERVAL: Duration = Duration::from_millis(100);

/// Looks that are kept: more than three hours of them.
const MOST: usize = 120_000;

/// A process that is watched, and what it used so far.
#[derive(Debug)]
pub(crate) struct Gauge {
    process: u32,
    clock: Clock,
    uses: Vec<Use>,
    /// It was gone when it was looked at.
    gone: bool,
}

/// What it had used at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) at: Timestamp,
    /// `VmRSS`: `smaps_rollup` is more exact, but walks the process's pages under its lock and so disturbs what it measures.
    pub(crate) resident: u64,
    /// Time on processors: exact while no thread has ended or where all are there, else in ticks of 10 ms.
    pub(crate) cpu: Duration,
}

impl Gauge {
    /// Looks at the process for the first time.
    pub(crate) fn start(process: u32, clock: Clock) -> io::Result<Self> {
        let first = look(process, clock.now())?;
        Ok(Self { process, clock, uses: vec![first], gone: false })
    }

    /// Looks, if it is time.
    pub(crate) fn tick(&mut self) {
        let now = self.clock.now();
        let last = self.uses.last().map_or(Timestamp::default(), |last| last.at);
        if now.since(last) >= Some(INTERVAL) {
            self.look();
        }
    }

    /// Looks now.
    pub(crate) fn look(&mut self) {
        match look(self.process, self.clock.now()) {
            Ok(found) if self.uses.len() < MOST => self.uses.push(found),
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, process = self.process, "a process could not be looked at");
                self.gone = true;
            }
        }
    }

    pub(crate) fn process(&self) -> u32 {
        self.process
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone
    }

    /// The last look at or before `at`; the first where there is none.
    pub(crate) fn at(&self, at: Timestamp) -> Option<Use> {
        self.uses.iter().rev().find(|used| used.at <= at).or(self.uses.first()).copied()
    }

    /// The share of a core that it used between two times.
    pub(crate) fn share(&self, from: Timestamp, until: Timestamp) -> Option<f64> {
        let (first, last) = (self.at(from)?, self.at(until)?);
        let time = last.at.since(first.at).filter(|time| *time >= INTERVAL)?;
        // When a thread ends, what is known of its time falls by a tick or two at most.
        Some(last.cpu.saturating_sub(first.cpu).as_secs_f64() / time.as_secs_f64())
    }

    /// As events of the recording.
    pub(crate) fn events(&self) -> impl Iterator<Item = Timed> {
        self.uses.iter().map(|used| Timed {
            at: used.at,
            event: Event::ProcessUse {
                resident_bytes: used.resident,
                cpu_us: u64::try_from(used.cpu.as_micros()).unwrap_or(u64::MAX),
            },
        })
    }
}

fn look(process: u32, at: Timestamp) -> io::Result<Use> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let resident = resident(&status).ok_or_else(|| io::Error::other("it has no memory of its own"))?;
    let cpu = used_by_all(on_processors(process), cpu(&stat))
        .ok_or_else(|| io::Error::other("its processor time is unreadable"))?;
    Ok(Use { at, resident, cpu })
}

/// Neither is more than what was used: `exact` lacks the threads that ended, `ticks` what is less than a tick.
fn used_by_all(exact: Option<Duration>, ticks: Option<Duration>) -> Option<Duration> {
    exact.max(ticks)
}

/// Of all threads that are there (`schedstat`: nanoseconds on a processor, and waiting for one).
fn on_processors(process: u32) -> Option<Duration> {
    let of_thread = |thread: io::Result<fs::DirEntry>| {
        let statistics = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        statistics.split(' ').next()?.parse::<u64>().ok()
    };
    let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let times: Vec<u64> = threads.filter_map(of_thread).collect();
    (!times.is_empty()).then(|| Duration::from_nanos(times.into_iter().fold(0, u64::saturating_add)))
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Fields 14 and 15 (proc(5)), counted behind the name, which may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11);
    let ticks = times.next()?.parse::<u64>().ok()? + times.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks.saturating_mul(1000 / TICKS_PER_SECOND)))
}

/// `USER_HZ`, which is 100 on every architecture this runs on.
const TICKS_PER_SECOND: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_time_are_found_whatever_the_process_is_called() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t    1234 kB\nRssAnon:\t 1 kB\n"), Some(1234 * 1024));
        assert_eq!(resident("Name:\tkthreadd\n"), None);
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 30 12 0 0 20 0 1 0 5 1 1";
        assert_eq!(cpu(stat), Some(Duration::from_millis(420)));
        assert_eq!(cpu("7 (x"), None);
    }

    #[test]
    fn a_thread_that_ended_has_used_its_time_all_the_same() {
        let gauge = |uses: [(Duration, Duration); 2]| Gauge {
            process: 1,
            clock: Clock::start(),
            uses: uses
                .into_iter()
                .zip([0, 1_000_000_000])
                .map(|((exact, ticks), at)| Use {
                    at: Timestamp::from_nanos(at),
                    resident: 1,
                    cpu: used_by_all(Some(exact), Some(ticks)).unwrap(),
                })
                .collect(),
            gone: false,
        };
        let ms = Duration::from_millis;
        let (start, end) = (Timestamp::from_nanos(0), Timestamp::from_nanos(1_000_000_000));
        let share = |gauge: &Gauge| gauge.share(start, end).unwrap();
        let all_there = gauge([(ms(1_005), ms(1_000)), (ms(1_508), ms(1_500))]);
        assert!((share(&all_there) - 0.503).abs() < 1e-9);
        let one_ended = gauge([(ms(1_005), ms(1_000)), (ms(200), ms(1_900))]);
        assert!((share(&one_ended) - 0.895).abs() < 1e-9, "{}", share(&one_ended));
    }

    #[test]
    fn this_process_uses_memory() {
        let gauge = Gauge::start(std::process::id(), Clock::start()).unwrap();
        assert!(gauge.at(Timestamp::default()).unwrap().resident > 0);
        assert_eq!(gauge.events().count(), 1);
        assert!(Gauge::start(u32::MAX, Clock::start()).is_err());
    }
}
