//! The figures of a download from one side.

use super::{Findings, Found, used};
use crate::figures::ms_between;
use crate::onesided::arrival::{Backlog, Live, Resumption};
use crate::onesided::decide::{self, DownloadEvidence, stopped_after};
use crate::onesided::download::{Marks, baseline_of, passed, tail};
use crate::onesided::side::Side;
use report::OneSided;
use trace::{Event, Sample, Verdict};
use units::{ByteSize, Timestamp};

impl Findings<'_> {
    pub(super) fn download(&self, samples: &[Sample], side: &Side<'_>) -> Found {
        let Marks { baseline, stalled, resumed, .. } = self.marks;
        let end = samples.last().map_or(self.connected, |sample| sample.at);
        let stall_end = resumed.unwrap_or(end);
        let within =
            |sample: &&Sample| stalled.is_some_and(|stalled| sample.at >= stalled) && sample.at <= stall_end;
        let shut =
            samples.iter().filter(within).find(|sample| sample.rcv_wnd == Some(0)).map(|sample| sample.at);
        let shut = shut.or(self.marks.shut);
        let last = samples.iter().rfind(within);
        let own = last.map(|sample| sample.receive_queue + sample.user_bytes);
        let live = baseline_of(samples, &self.marks);
        let stall = stalled.and_then(|stalled| stall_end.since(stalled)).unwrap_or_default();
        let backlog = live.zip(resumed).map_or(Backlog::Hidden, |(before, resumed)| {
            self.backlog(samples, (resumed, side), own.unwrap_or_default(), before)
        });
        let memory = stalled.zip(side.gauge.as_ref()).and_then(|(stalled, gauge)| {
            let middle = stalled.plus(stall / 2);
            let live = baseline.and_then(|baseline| gauge.share(baseline, stalled));
            used(gauge, (stalled, stall_end), live, gauge.share(middle, stall_end))
        });
        let evidence = live.map(|live| DownloadEvidence {
            live,
            stall,
            shut: shut.is_some(),
            backlog,
            memory,
            limit: self.scenario.limit,
        });
        let (verdict, reason) = evidence.as_ref().map_or_else(
            || (Verdict::Undecided, "nothing arrived in the second half of the baseline".to_owned()),
            |evidence| if self.marks.complete { over(evidence) } else { decide::download(evidence) },
        );
        let due = match backlog {
            Backlog::Seen { live, .. } => Some(live),
            Backlog::AtLeast { .. } | Backlog::Hidden => live,
        };
        let onset = evidence.as_ref().filter(|_| !self.marks.complete).and_then(stopped_after);
        let (piled, uncertainty) = match backlog {
            Backlog::Seen { bytes, uncertainty, .. } => (Some(bytes), Some(uncertainty)),
            Backlog::AtLeast { bytes } => (Some(bytes), None),
            Backlog::Hidden => (None, None),
        };
        let at_resume = last.and_then(|sample| sample.bytes_received);
        let released = resumed.and_then(|resumed| {
            let more = |sample: &&Sample| sample.at >= resumed && sample.bytes_received > at_resume;
            Some(ms_between(resumed, samples.iter().find(more)?.at))
        });
        Found {
            verdict,
            reason,
            onset: onset.map(|onset| onset.as_secs_f64() * 1e3),
            zero_window: stalled.zip(shut).map(|(stalled, shut)| ms_between(stalled, shut)),
            release: released,
            blocked: shut.map(|shut| ms_between(shut, stall_end)),
            baseline: live.map(|live| live.bytes_per_second),
            one_sided: OneSided {
                stall_ms: stalled.map(|stalled| ms_between(stalled, stall_end)),
                baseline_uncertainty_bytes_per_second: live.map(|live| live.uncertainty),
                due_bytes: due.map(|live| whole(live.bytes_in(stall))),
                piled_bytes: piled.map(whole),
                piled_uncertainty_bytes: uncertainty.map(whole),
                own_bytes: own,
                memory,
                ..OneSided::default()
            },
        }
    }

    fn backlog(
        &self,
        samples: &[Sample],
        (resumed, side): (Timestamp, &Side<'_>),
        own: u64,
        before: Live,
    ) -> Backlog {
        let bytes = side.track.find(|timed| match timed.event {
            Event::Resumed { bytes } => Some(bytes),
            _ => None,
        });
        let mut curve = vec![(resumed, bytes.unwrap_or_default())];
        curve.extend(passed(samples, resumed, Timestamp::from_nanos(u64::MAX)));
        let resumption = Resumption { passed: &curve, tail: tail(self.scenario), own, before };
        if self.marks.complete { resumption.ended() } else { resumption.backlog() }
    }
}

/// The service ended its stream soon after the resume.
fn over(evidence: &DownloadEvidence) -> (Verdict, String) {
    let (verdict, reason) = decide::download(evidence);
    if verdict == Verdict::Absorbs {
        return (verdict, reason);
    }
    let why = "its stream ended after the resume, before the live rate was seen again";
    (
        Verdict::Undecided,
        format!("{why}: whether it was over or did not outlive the stall, this side cannot know"),
    )
}

fn whole(bytes: f64) -> u64 {
    ByteSize::nearest(bytes).as_u64()
}
