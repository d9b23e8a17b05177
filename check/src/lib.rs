//! The check: a fast producer and a consumer that stops reading at the two ends of a path, and what becomes of it.

mod bench;
mod bridge;
mod conduct;
mod course;
mod direction;
mod encryption;
mod environment;
mod error;
#[cfg(test)]
mod example;
mod figures;
mod judge;
mod live;
mod nothing;
mod rates;
mod reason;
mod run;
mod slow;
mod stage;
mod unmeasured;

pub use error::CheckError;
pub use live::Live;
pub use run::{Check, CheckResult, run};
