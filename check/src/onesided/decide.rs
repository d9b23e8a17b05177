//! The verdict of a one-sided check, and the sentence that explains it. No I/O, no clock.
//!
//! **Download.** `due` is what the service would have made in the stall at its live rate, `piled` what came at once after it.
//!
//! 1. Our window never closed: the stall did not reach the service, `undecided`.
//! 2. `piled` is not seen whole, and the process's memory grew by the limit in the stall: `absorbs`. (What is seen whole and is less
//!    contradicts the memory, which then grew for another reason.)
//! 3. `piled` is seen, and is surely beyond the limit: `absorbs`, whether the service was stopped then or never. But where the process is
//!    known and its memory did not grow by a quarter of that, it made it afterwards, keeps it elsewhere, or uses memory
//!    again that it had freed and kept: `undecided`.
//! 4. `piled` is seen, surely below the limit, and for half a second and a quarter of the stall, at least, nothing was made: the service was
//!    stopped, `propagates`. Else `undecided`: all that was due came, and kernels alone hold megabytes; or it is too close to tell.
//! 5. `piled` is hidden, for the service floods: what it used of its processor decides, if its process is known. It fell to a
//!    tenth in the second half of the stall, and memory did not grow by the limit: `propagates`.
//! 6. All else is `undecided`.
//!
//! **Upload.** Blocked through the hold, as the judge of two-sided checks has it: `propagates`. A service that took the limit may
//! have used what it took or keep it, which only its memory tells: `absorbs` where that grew by half as much, else `undecided`: what
//! it had freed and kept takes bytes without any growth.
//! One that still takes bytes at the deadline, held back by its window most of the time, and whose memory grew by no more than a
//! tenth of them, slows us to its own pace: `propagates`.

use super::arrival::{Backlog, Live, float};
use report::Memory;
use std::time::Duration;
use trace::Verdict;
use units::{ByteRate, ByteSize, format_duration};

/// What a download showed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DownloadEvidence {
    /// The live rate before the stall.
    pub(crate) live: Live,
    pub(crate) stall: Duration,
    /// Our window closed in the stall.
    pub(crate) shut: bool,
    pub(crate) backlog: Backlog,
    pub(crate) memory: Option<Memory>,
    pub(crate) limit: ByteSize,
}

/// What an upload showed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UploadEvidence {
    pub(crate) outcome: UploadOutcome,
    /// From the first write to the last.
    pub(crate) onset: Duration,
    /// Bytes that the service's side took: written, less what is not acknowledged.
    pub(crate) taken: u64,
    pub(crate) lasted: Duration,
    /// The share of the flood in which only its window held us back.
    pub(crate) window_limited: Option<f64>,
    pub(crate) memory: Option<Memory>,
}

/// What came of a flood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadOutcome {
    /// It was blocked through the hold.
    Held,
    /// The limit was reached.
    Limit,
    /// The deadline came.
    Deadline,
}

/// The share of what was due that may be missing where nobody was stopped.
const ALL_BUT: f64 = 0.1;

/// What must be missing for somebody to have been stopped: this share of the stall, and this long.
const STOPPED_SHARE: f64 = 0.25;
const STOPPED: Duration = Duration::from_millis(500);

/// Memory that holds what piled up grew by at least this share of it.
const KEPT: f64 = 0.25;

/// A live rate that may be wrong by more than this share of itself tells a flood from nothing.
const UNSTEADY: f64 = 0.2;

/// A process that made something used this share of a core, and one that was stopped a tenth of what it did.
const WORKING: f64 = 0.01;
const IDLING: f64 = 0.1;

/// The moment at which the service was stopped, as far as it can be known.
pub(crate) fn stopped_after(evidence: &DownloadEvidence) -> Option<Duration> {
    let Backlog::Seen { bytes, live, .. } = evidence.backlog else { return None };
    let (verdict, _) = download(evidence);
    let until = Duration::try_from_secs_f64(bytes / live.bytes_per_second).ok()?;
    (verdict == Verdict::Propagates).then_some(until)
}

/// Decides a download by the rules above.
pub(crate) fn download(evidence: &DownloadEvidence) -> (Verdict, String) {
    let DownloadEvidence { live, stall, backlog, memory, limit, .. } = *evidence;
    let time = format_duration(stall);
    if !evidence.shut {
        let rate = rate(live.bytes_per_second);
        let why = format!(
            "at {rate} a stall of {time} did not fill our own buffer, so the service never heard of it"
        );
        return (Verdict::Undecided, why);
    }
    let grown = memory.map(|memory| growth(&memory)).filter(|grown| *grown >= float(limit.as_u64()));
    if let (Some(grown), Backlog::AtLeast { .. } | Backlog::Hidden) = (grown, backlog) {
        let reason = format!("its process grew by {} while nothing was read for {time}", size(grown));
        return (Verdict::Absorbs, reason);
    }
    match backlog {
        Backlog::Seen { bytes, uncertainty, live } => seen(evidence, live, (bytes, uncertainty)),
        Backlog::AtLeast { bytes } if bytes >= float(limit.as_u64()) => {
            (Verdict::Absorbs, format!("{} at least had piled up in a stall of {time}", size(bytes)))
        }
        Backlog::AtLeast { bytes } => {
            let why = "the service had not come back to its live rate when the time was up";
            (Verdict::Undecided, format!("{} at least had piled up: {why}", size(bytes)))
        }
        Backlog::Hidden => hidden(live, memory.as_ref(), stall),
    }
}

/// What had piled up is known, within an uncertainty.
fn seen(evidence: &DownloadEvidence, live: Live, (piled, may_err): (f64, f64)) -> (Verdict, String) {
    let DownloadEvidence { stall, memory, limit, .. } = *evidence;
    let due = live.bytes_in(stall);
    let uncertainty = may_err + live.uncertainty * stall.as_secs_f64();
    let limit = float(limit.as_u64());
    let time = format_duration(stall);
    let came = format!("{} had piled up of {} that were due in {time}", size(piled), size(due));
    let all = due - piled <= uncertainty.max(ALL_BUT * due) && uncertainty <= STOPPED_SHARE * due;
    let surely_missing = due - piled - uncertainty;
    let stopped = surely_missing >= (STOPPED_SHARE * due).max(live.bytes_in(STOPPED));
    let onset = Duration::try_from_secs_f64(piled / live.bytes_per_second).unwrap_or(stall);
    let onset = format_duration(onset);
    if piled - may_err >= limit {
        if let Some(memory) = memory
            && growth(&memory) < KEPT * piled
        {
            let grown = size(growth(&memory).max(0.0));
            let why = "it made that later, keeps it elsewhere, or uses memory again that it had freed";
            return (Verdict::Undecided, format!("{came}, but its process had grown by {grown} only: {why}"));
        }
        let reason = if all {
            format!(
                "the service was not stopped: all that was due in a stall of {time} came at once after it, {}",
                size(piled)
            )
        } else if stopped {
            format!("the service was stopped too late, about {onset} after us: {came}")
        } else {
            format!("the service went on: {came}")
        };
        return (Verdict::Absorbs, reason);
    }
    if stopped && piled + may_err < limit {
        return (Verdict::Propagates, format!("the service was stopped about {onset} after us: {came}"));
    }
    let why = if piled + may_err >= limit {
        format!("give or take {}: too close to the limit", size(may_err))
    } else if all {
        "which may be what kernels hold: stall longer, or lower --limit".to_owned()
    } else {
        format!("give or take {}, too close to tell whether it was stopped; stall longer", size(uncertainty))
    };
    (Verdict::Undecided, format!("{came}, {why}"))
}

fn hidden(live: Live, memory: Option<&Memory>, stall: Duration) -> (Verdict, String) {
    let why = if live.uncertainty > UNSTEADY * live.bytes_per_second {
        let (live_rate, by) = (rate(live.bytes_per_second), rate(live.uncertainty));
        format!(
            "its live rate, {live_rate} ± {by}, is too unsteady to tell what had piled up from what it made later"
        )
    } else {
        "it sends as fast as it is read, so that what had piled up cannot be told from what it made later"
            .to_owned()
    };
    let Some(memory) = memory else {
        return (
            Verdict::Undecided,
            format!("{why}; a longer --baseline, or --pid on its own machine, may tell"),
        );
    };
    match (memory.cpu_live, memory.cpu_stalled) {
        (Some(live), Some(stalled)) if live >= WORKING && stalled <= IDLING * live => {
            let time = format_duration(stall);
            let grown = size(growth(memory).max(0.0));
            let reason = format!(
                "the service's process came to rest, from {:.0} % of a core to {:.0} %, and grew by {grown} only, while nothing was read for {time}",
                live * 100.0,
                stalled * 100.0
            );
            (Verdict::Propagates, reason)
        }
        _ => (Verdict::Undecided, format!("{why}, and its process gives no sign")),
    }
}

/// Decides an upload by the rules above.
pub(crate) fn upload(evidence: &UploadEvidence) -> (Verdict, String) {
    let UploadEvidence { outcome, onset, taken, lasted, window_limited, memory } = *evidence;
    let (bytes, time) = (size(float(taken)), format_duration(lasted));
    let grown = memory.map(|memory| growth(&memory));
    let grew = |grown: f64| size(grown.max(0.0));
    match (outcome, grown) {
        (UploadOutcome::Held, _) => {
            let onset = format_duration(onset);
            (Verdict::Propagates, format!("it took {bytes} and then no more, {onset} after the flood began"))
        }
        (UploadOutcome::Limit, Some(grown)) if grown >= float(taken) / 2.0 => (
            Verdict::Absorbs,
            format!(
                "it took {bytes} in {time} without pushing back, and its process grew by {}",
                grew(grown)
            ),
        ),
        (UploadOutcome::Limit, Some(grown)) => {
            let why = format!(
                "it took {bytes} in {time} without pushing back, and its process grew by {} only: it uses what it takes, keeps it elsewhere, or uses memory again that it had freed",
                grew(grown)
            );
            (Verdict::Undecided, why)
        }
        (UploadOutcome::Limit, None) => {
            let why = format!(
                "it took {bytes} in {time} without pushing back; whether it uses that or keeps it, this side cannot know (--pid may tell)"
            );
            (Verdict::Undecided, why)
        }
        (UploadOutcome::Deadline, Some(grown))
            if grown <= ALL_BUT * float(taken) && window_limited.is_some_and(|share| share >= 0.5) =>
        {
            let pace = rate(float(taken) / lasted.as_secs_f64().max(f64::MIN_POSITIVE));
            (
                Verdict::Propagates,
                format!(
                    "it holds us to its own pace of {pace} by its window, and its process grew by {} only",
                    grew(grown)
                ),
            )
        }
        (UploadOutcome::Deadline, _) => {
            let pace = rate(float(taken) / lasted.as_secs_f64().max(f64::MIN_POSITIVE));
            let why = format!(
                "it still took bytes after {time}, at {pace}; whether it uses them or keeps them, this side cannot know"
            );
            (Verdict::Undecided, why)
        }
    }
}

/// Bytes by which the process grew while it was stalled, or flooded.
fn growth(memory: &Memory) -> f64 {
    float(memory.stalled_bytes) - float(memory.before_bytes)
}

fn size(bytes: f64) -> String {
    ByteSize::nearest(bytes).to_string()
}

fn rate(bytes_per_second: f64) -> String {
    ByteRate::nearest(bytes_per_second).to_string()
}

#[cfg(test)]
mod tests;
