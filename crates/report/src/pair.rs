//! What one end of a pair leaves behind. It has figures and no verdict: whether a path lets "slow down" through takes both ends,
//! and a consumer that is known to stop.

mod document;
mod merge;
mod recording;
mod text;

pub use document::{PairConnection, PairDocument, PairLatency, PairRun, PairTotals};
pub use merge::{PairMergeError, merge_pairs};
pub use recording::PairRecording;
pub use text::pair_text;

/// `pair.json`, and what `--format json` prints: JSON over several lines, the last one ended.
pub fn pair_json(document: &PairDocument) -> String {
    crate::folder::pretty(document)
}
