//! What a run leaves behind: samples, events, latencies, and the recording they are written to.

mod event;
mod histogram;
mod latency;
mod names;
pub mod recording;
mod sample;
mod sample_log;
mod summary;

pub use event::{Event, EventRecord, Timed};
pub use latency::{Latencies, LatencyError, Tag};
pub use names::{Direction, How, Party, Phase, Role, Verdict};
pub use recording::{Interval, RecordingError, StreamTrace, printable};
pub use sample::{Sample, SampleError, make_room, samples_from_csv, samples_to_csv};
pub use sample_log::SampleLog;
pub use summary::{ConsumerSummary, EndSummary, Integrity, ProducerSummary, SamplerCost, TrickleArrival};
