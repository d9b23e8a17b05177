//! The report on the screen.

mod connections;
mod direction;
mod latency;
mod neighbours;
mod one_sided;
mod page;
mod price;
mod slow;
mod sparkline;
mod spread;
mod timeline;
mod timing;

use crate::recording::Recording;
use page::Page;
use std::collections::BTreeSet;

/// How the report is laid out.
#[derive(Debug, Clone)]
pub struct TextOptions {
    /// Columns of the screen; the curves over time adapt to it.
    pub width: usize,
    /// Colours may be used. Without them, the text holds no control character but line feeds.
    pub colour: bool,
    /// Where the recording lies, if anywhere.
    pub folder: Option<String>,
}

/// The recording in words and figures: a block for each direction, then what concerns all.
///
/// Figures that were not seen are said to be so. What the recording holds cannot steer a terminal.
pub fn text(recording: &Recording, options: &TextOptions) -> String {
    let mut page = Page::new(options.colour);
    for (direction, report) in &recording.verdict.directions {
        direction::write(&mut page, recording, (*direction, report), options);
        page.gap();
    }
    if recording.verdict.directions.is_empty() {
        page.line("path", &direction::path(&recording.run.path, None));
        page.verdict(recording.verdict.verdict, &recording.verdict.reason);
        page.gap();
    }
    latency::write(&mut page, &recording.latencies);
    let mut said = BTreeSet::new();
    for sentence in recording.verdict.unmeasured.iter().chain(&recording.run.unmeasured) {
        if said.insert(sentence) {
            page.line("unmeasured", sentence);
        }
    }
    for sentence in &recording.verdict.unexpected {
        page.line("unexpected", sentence);
    }
    page.finish()
}

#[cfg(test)]
mod tests;
