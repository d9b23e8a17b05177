//! What could not be measured, in sentences.

use crate::course::{Conducted, Cut};
use crate::figures::Evidence;
use scenario::Scenario;
use socket::Buffers;
use trace::{Direction, Role};

/// A sentence for each thing that a stream left unmeasured.
pub(crate) fn unmeasured_by(conducted: &Conducted, direction: Direction, scenario: &Scenario) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut note = |what: String| sentences.push(format!("{direction}: {what}"));
    if let Some(Cut::Lost(role)) = conducted.cut {
        note(format!("what the {role} did after its control connection was lost"));
    }
    for role in [Role::Producer, Role::Consumer] {
        let track = conducted.stage.track(role);
        if track.summary.is_none() {
            note(format!("the {role}'s last word, and all but a few of its samples"));
        }
        if let (Some(granted), Buffers::Fixed(asked)) = (track.granted_buffers(), scenario.buffers)
            && granted < asked
        {
            let sysctls = "net.core.rmem_max, wmem_max";
            note(format!(
                "what buffers of {asked} would do: the {role}'s kernel granted {granted} ({sysctls})"
            ));
        }
        let first = track.first_sample();
        if first.is_some_and(|sample| sample.snd_wnd.is_none()) {
            note(format!("the {role}'s view of its peer's window (its kernel is older than 5.4)"));
        }
    }
    if let Some(produced) = conducted.stage.producer.produced() {
        if produced.pauses_left_out > 0 {
            note(format!("{} pauses of the producer beyond the first 2000", produced.pauses_left_out));
        }
        if produced.sampler.lost > 0 {
            note(format!("{} samples of the producer", produced.sampler.lost));
        }
    }
    if let Some(consumed) = conducted.stage.consumer.consumed() {
        let unfit = [&consumed.latency, &consumed.in_path, &consumed.held_back]
            .iter()
            .fold(0u64, |sum, latencies| sum.saturating_add(latencies.unfit()));
        if unfit > 0 {
            note(format!(
                "{unfit} latencies that came out below zero, because the clocks' offset is uncertain"
            ));
        }
    }
    if conducted.marks.measured.is_some() && Evidence::new(conducted).absorbed(scenario).is_none() {
        note("where the absorbed bytes sat: there are no samples of that moment from both ends".to_owned());
    }
    if conducted.marks.cool {
        note("the path after its warm-up: it had not carried as many bytes after two minutes".to_owned());
    }
    if conducted.stage.consumer.consumed().is_some_and(|consumed| consumed.trickle.is_empty()) {
        note("how long small messages are held: none arrived".to_owned());
    }
    if scenario.slow.is_some() && Evidence::new(conducted).slow().is_none() {
        note("whether the producer follows a consumer that reads slowly".to_owned());
    }
    if scenario.neighbours > 0 && Evidence::new(conducted).neighbours().is_none() {
        note("what the stall did to the neighbours".to_owned());
    }
    if conducted.marks.unfinished {
        note("the bytes that were still on the way when the verification's time was up".to_owned());
    }
    sentences
}
