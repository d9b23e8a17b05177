//! The two ends of a measured stream: the producer, the consumer, and the sampler that watches both.
//!
//! An end acts on commands and tells what it saw; it decides nothing.

mod consumer;
mod crew;
mod end;
mod flood;
mod intake;
mod meter;
mod outbox;
mod pattern;
mod pen;
mod producer;
mod queue;
mod sampler;
mod series;
mod subject;
mod ticker;

pub use crew::Crew;
pub use end::{End, EndHandle, EndLink, link, run, run_alone};
pub use meter::{Flow, Meter, Tally};
pub use pattern::Patterns;
pub use queue::{Receiver, SendError, Sender};
pub use sampler::{Sampler, Watch};
pub use series::Series;
pub use subject::Target;

/// How long a producer leaves its direction open for a consumer that has not yet closed.
pub(crate) const CLOSE_PATIENCE: std::time::Duration = std::time::Duration::from_secs(3);

/// How long an end waits for the other to close, once the stream is complete.
pub(crate) const CLOSE_DEADLINE: std::time::Duration = std::time::Duration::from_secs(5);
