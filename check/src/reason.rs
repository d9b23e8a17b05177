//! The verdict of one direction, and the sentence that explains it. No I/O, no clock.

use crate::course::{Conducted, Cut, Outcome};
use crate::figures::{Evidence, ms_between};
use crate::plan::bytes_max;
use report::{Absorbed, Bytes, Ended};
use scenario::Scenario;
use std::time::Duration;
use trace::{Direction, How, Party, Phase, Role, Verdict};
use units::{ByteRate, ByteSize, Timestamp, format_duration};

/// A verdict with its reason, and who ended the connection, if somebody did.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) reason: String,
    pub(crate) ended: Option<Ended>,
}

/// Judges a stream: an end before its time and damaged bytes weigh most, then what came of the stall.
pub(crate) fn judge(
    evidence: &Evidence<'_>,
    absorbed: Option<&Absorbed>,
    bytes: Option<&Bytes>,
    scenario: &Scenario,
) -> Judgement {
    let conducted = evidence.conducted;
    if let Some((ended, reason)) = ended(conducted, scenario) {
        return Judgement { verdict: Verdict::Breaks, reason, ended: Some(ended) };
    }
    let (verdict, reason) = if let Some(damage) = bytes.and_then(damage) {
        (Verdict::Breaks, damage)
    } else if conducted.cut.is_none() && conducted.stage.consumer.consumed().is_none() {
        (
            Verdict::Undecided,
            "what became of the bytes is unknown: the consumer's last word never came".to_owned(),
        )
    } else if let Some(cut) = conducted.cut {
        (Verdict::Undecided, cut_short(cut, conducted, scenario))
    } else {
        stall(evidence, absorbed, scenario)
    };
    Judgement { verdict, reason, ended: None }
}

fn stall(evidence: &Evidence<'_>, absorbed: Option<&Absorbed>, scenario: &Scenario) -> (Verdict, String) {
    match evidence.conducted.outcome {
        Outcome::Held => {
            let onset = evidence.conducted.marks.stalled.zip(evidence.last_write());
            let when = match onset.map(|(stalled, last)| ms_between(stalled, last)) {
                Some(onset) if onset > 0.0 => format!("{} after the consumer", format_ms(onset)),
                Some(onset) => format!("at once, its last write {} before the consumer", format_ms(-onset)),
                None => "after the consumer, at a time that was not seen".to_owned(),
            };
            // TCP's window is open, and nothing waits for it.
            let layer = scenario.transport.windows().filter(|_| evidence.tcp_stayed_open());
            let layer = layer.map_or_else(String::new, |layer| format!(": by {layer}, TCP's stayed open"));
            (Verdict::Propagates, format!("the producer was stopped {when}{layer}"))
        }
        Outcome::Limit => {
            let taken = absorbed.map_or(scenario.limit, |absorbed| ByteSize::bytes(absorbed.total_bytes));
            (Verdict::Absorbs, format!("the path took {taken} while the consumer read nothing"))
        }
        Outcome::Deadline => {
            let deadline = format_duration(scenario.deadline.0);
            let limit = scenario.limit;
            let why = match evidence.swallowing_rate() {
                Some(rate) if rate > 0.0 => format!(
                    "the path still took bytes at {} after {deadline}, below the limit of {limit}",
                    format_rate(rate)
                ),
                Some(_) => {
                    format!("the producer was quiet, but not for long enough to be sure, after {deadline}")
                }
                None => "nothing was heard of the producer while the consumer read nothing".to_owned(),
            };
            (Verdict::Undecided, why)
        }
        Outcome::CutShort => (Verdict::Undecided, "the stall was never measured".to_owned()),
    }
}

fn damage(bytes: &Bytes) -> Option<String> {
    let mut found = Vec::new();
    match bytes.lost_bytes {
        0 => {}
        lost if lost > 0 => found.push(format!("{lost} bytes were lost")),
        added => found.push(format!("{} bytes were added", added.unsigned_abs())),
    }
    let frames = [
        (bytes.reordered_frames, "arrived out of order"),
        (bytes.duplicated_frames, "arrived twice"),
        (bytes.corrupted_frames, "arrived changed"),
    ];
    for (count, what) in frames.into_iter().filter(|(count, _)| *count > 0) {
        found.push(format!("{count} {} {what}", if count == 1 { "frame" } else { "frames" }));
    }
    (!found.is_empty()).then(|| format!("the path changed the stream: {}", found.join(", ")))
}

fn cut_short(cut: Cut, conducted: &Conducted, scenario: &Scenario) -> String {
    match cut {
        Cut::Left(_) | Cut::Ended if let Some((role, why)) = conducted.left() => {
            match announced_and_used_up(conducted, scenario) {
                Some(length) => format!("the upload used up the {length} that --http-length announces"),
                None => format!("the {role} left before the end: {why}"),
            }
        }
        Cut::Left(role) => format!("the {role} left before the end"),
        Cut::Interrupted => "the check was interrupted".to_owned(),
        Cut::Lost(role) => format!("the connection to the {role}'s end for control was lost, or fell silent"),
        Cut::Gone => {
            "the server does not answer any more: whether it ended or the path to it did is not known"
                .to_owned()
        }
        Cut::Disobeyed(role) => format!("the {role} did not do as it was told in time"),
        Cut::Ended | Cut::Dead => "the connection ended, and no end told how".to_owned(),
    }
}

/// The length that the upload announced, where no more fits into it.
fn announced_and_used_up(conducted: &Conducted, scenario: &Scenario) -> Option<ByteSize> {
    let announced = scenario.transport.announced().filter(|_| conducted.direction == Direction::Upload)?;
    let most = bytes_max(scenario, Direction::Upload);
    (conducted.stage.producer.bytes() >= most.as_u64()).then_some(announced)
}

/// Who ended the connection, how, and when: by the end that saw it first.
fn ended(conducted: &Conducted, scenario: &Scenario) -> Option<(Ended, String)> {
    let (seen_by, at, how, detail) = match conducted.cut? {
        // What the ends saw after we cut them short is our own doing.
        Cut::Interrupted | Cut::Disobeyed(_) | Cut::Lost(_) | Cut::Left(_) | Cut::Gone => return None,
        Cut::Ended if conducted.left().is_some() => return None,
        Cut::Ended => {
            let (role, at, how, detail) = conducted.stage.first_end()?;
            (Some(role), at, how, detail)
        }
        Cut::Dead => {
            let at = conducted.cut_at.unwrap_or(conducted.marks.connected);
            (None, at, How::Timeout, String::new())
        }
    };
    let phase = conducted.phase_at(at);
    let gave_up = how == How::Timeout && seen_by == Some(Role::Producer) && scenario.user_timeout.is_some();
    let by = if gave_up { Party::Producer } else { Party::Path };
    let since = conducted.marks.stalled.filter(|stalled| *stalled <= at);
    let after_ms = ms_between(since.unwrap_or(conducted.marks.connected), at);
    let reason = sentence(&End { by, how, seen_by, detail, phase, after_ms, stalled: since });
    Some((Ended { by, how, phase, after_ms }, reason))
}

struct End {
    by: Party,
    how: How,
    seen_by: Option<Role>,
    detail: String,
    phase: Phase,
    after_ms: f64,
    stalled: Option<Timestamp>,
}

fn sentence(end: &End) -> String {
    let End { by, how, seen_by, detail, phase, after_ms, stalled } = end;
    let when = format!(
        "{} after {} (phase {phase})",
        format_ms(*after_ms),
        if stalled.is_some() { "the stall began" } else { "connecting" }
    );
    let Some(seen_by) = seen_by else {
        return format!("the path fell silent: nothing came through any more, noticed {when}");
    };
    match (by, how) {
        (Party::Producer, How::Timeout) => {
            format!("the producer's kernel gave up by its user timeout {when}")
        }
        (_, How::Fin) => format!("the path closed the connection at the {seen_by}'s end {when}"),
        (_, How::Broken) => format!("the path broke the connection at the {seen_by}'s end {when}: {detail}"),
        // A layer's own, such as HTTP/2's.
        (_, How::Reset) if !detail.contains("os error") && !detail.is_empty() => {
            format!("the path broke the connection at the {seen_by}'s end {when}: {detail}")
        }
        (_, How::Reset) => format!("the path reset the connection at the {seen_by}'s end {when}"),
        (_, How::Timeout) => {
            format!("the connection timed out at the {seen_by}'s end {when}: {detail}")
        }
    }
}

pub(crate) fn format_ms(ms: f64) -> String {
    format_duration(Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default())
}

fn format_rate(bytes_per_second: f64) -> String {
    ByteRate::nearest(bytes_per_second).to_string()
}

#[cfg(test)]
mod tests;
