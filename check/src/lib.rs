//! The check: a fast producer and a consumer that stops reading at the two ends of a path, and what becomes of it.

mod arrival;
mod bench;
mod bridge;
mod company;
mod conduct;
mod connection;
mod course;
mod crowd;
mod decisions;
mod direction;
mod encryption;
mod error;
mod evaluate;
#[cfg(test)]
mod example;
mod figures;
mod judge;
mod kept;
mod live;
mod neighbours;
mod nothing;
mod onesided;
mod opener;
mod plan;
mod rates;
mod reason;
mod run;
mod slow;
mod stage;
mod stretch;
mod sum;
mod together;
mod unmeasured;

pub use error::CheckError;
pub use live::Live;
pub use run::{Check, CheckResult, run};
