//! A check as it will be run: every value in its type and its bounds, so that nothing downstream validates.

mod bounds;
mod scenario;
mod transport;

pub use bounds::{LIMITS, ScenarioError};
pub use scenario::{Expectations, Integrity, Scenario, Topology};
pub use transport::{HttpRequest, TargetError, Transport, WEBSOCKET_PATH, parse_target};
