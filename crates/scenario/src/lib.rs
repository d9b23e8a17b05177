//! A check as it will be run: every value in its type and its bounds, so that nothing downstream validates.

mod bounds;
mod scenario;

pub use bounds::{LIMITS, ScenarioError};
pub use scenario::{Expectations, Integrity, Scenario, Topology};
