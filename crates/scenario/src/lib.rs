//! What will be run, every value in its type and its bounds, so that nothing downstream validates: a check, and the plan
//! by which a consumer reads.

mod bounds;
mod read_plan;
mod reader;
mod scenario;

pub use bounds::{LIMITS, Limits, ScenarioError};
pub use read_plan::{Manner, PhaseEnd, ReadPhase, ReadPlan};
pub use reader::{Allowance, Reader};
pub use scenario::{Expectations, Integrity, Scenario, Topology};
