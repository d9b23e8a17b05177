//! The figures of an upload from one side.

use super::{Findings, Found, used};
use crate::figures::ms_between;
use crate::onesided::arrival::float;
use crate::onesided::decide::{self, UploadEvidence, UploadOutcome};
use crate::onesided::side::Side;
use crate::onesided::upload::last_write;
use report::OneSided;
use trace::Sample;
use units::Timestamp;

impl Findings<'_> {
    pub(super) fn upload(&self, samples: &[Sample], side: &Side<'_>) -> Found {
        let end = samples.last().map_or(self.connected, |sample| sample.at);
        let began = self.flooded.began.unwrap_or(self.connected);
        let measured = self.flooded.measured.unwrap_or(end);
        let at = |time: Timestamp| samples.iter().rev().find(|sample| sample.at <= time);
        // Nothing is written once the limit is reached, so what is known last is known best.
        let limited = self.flooded.outcome == Some(UploadOutcome::Limit);
        let last = if limited { samples.last() } else { at(measured) };
        let send_queue = last.map(|sample| sample.send_queue + sample.user_bytes);
        let written = last.map_or(0, |sample| sample.stream_bytes);
        let taken = written.saturating_sub(send_queue.unwrap_or_default());
        let last_write = last_write(samples, measured).unwrap_or(measured);
        let outcome = self.flooded.outcome.unwrap_or(UploadOutcome::Deadline);
        let onset = last_write.since(began).unwrap_or_default();
        let until = if outcome == UploadOutcome::Limit { last_write } else { measured };
        let lasted = until.since(began).unwrap_or_default();
        let window_limited = |time| at(time).and_then(|sample| sample.rwnd_limited_us);
        let window_limited = window_limited(until).map(|until| {
            let micros = until.saturating_sub(window_limited(began).unwrap_or_default());
            float(micros) / 1e6 / lasted.as_secs_f64().max(f64::MIN_POSITIVE)
        });
        let memory = side.gauge.as_ref().and_then(|gauge| used(gauge, (began, measured), None, None));
        let evidence = UploadEvidence { outcome, onset, taken, lasted, window_limited, memory };
        let (verdict, reason) = decide::upload(&evidence);
        let held = outcome == UploadOutcome::Held;
        let zero =
            |sample: &&Sample| sample.at >= began && sample.at <= measured && sample.snd_wnd == Some(0);
        let next =
            samples.iter().find(|sample| held && sample.at > measured && sample.stream_bytes > written);
        Found {
            verdict,
            reason,
            onset: held.then(|| ms_between(began, last_write)),
            zero_window: samples.iter().find(zero).map(|sample| ms_between(began, sample.at)),
            release: next.map(|sample| ms_between(last_write, sample.at)),
            blocked: held.then(|| ms_between(last_write, measured)),
            baseline: None,
            one_sided: OneSided {
                stall_ms: self.flooded.began.map(|began| ms_between(began, measured)),
                taken_bytes: Some(taken),
                send_queue_bytes: send_queue,
                window_limited_share: window_limited,
                went_on_by_itself: Some(self.flooded.went_on),
                memory,
                ..OneSided::default()
            },
        }
    }
}
