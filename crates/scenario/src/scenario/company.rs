//! Bounds of what a check asks beside one stalled connection: slow reading, neighbours, many at once.

use super::Scenario;
use crate::bounds::{LIMITS, ScenarioError};
use units::{Ratio, Span};

impl Scenario {
    /// Each is within its bounds, and goes with the others.
    pub(super) fn validate_company(&self) -> Result<(), ScenarioError> {
        self.validate_connections()?;
        self.validate_slow()?;
        self.validate_neighbours()
    }

    fn validate_connections(&self) -> Result<(), ScenarioError> {
        if !(1..=LIMITS.connections_max).contains(&self.connections) {
            return Err(ScenarioError::OutOfRange {
                option: "--connections",
                given: self.connections.to_string(),
                range: format!("1 to {}", LIMITS.connections_max),
            });
        }
        let opening = self.ramp.slot(self.connections);
        if opening > LIMITS.phase_max {
            return Err(ScenarioError::OutOfRange {
                option: "--ramp",
                given: self.ramp.to_string(),
                range: format!("fast enough to open all connections within {}", Span(LIMITS.phase_max)),
            });
        }
        if self.connections > 1 && self.neighbours > 0 {
            return Err(ScenarioError::Conflict(
                "--neighbours are measured beside one stalled connection: leave --connections out",
            ));
        }
        Ok(())
    }

    fn validate_neighbours(&self) -> Result<(), ScenarioError> {
        if self.neighbours > LIMITS.neighbours_max {
            return Err(ScenarioError::OutOfRange {
                option: "--neighbours",
                given: self.neighbours.to_string(),
                range: format!("0 to {}", LIMITS.neighbours_max),
            });
        }
        let Some(slowdown) = self.expectations.max_neighbour_slowdown else { return Ok(()) };
        if self.neighbours == 0 {
            return Err(ScenarioError::Conflict("--max-neighbour-slowdown needs --neighbours"));
        }
        if slowdown < Ratio::percent(100) {
            return Err(ScenarioError::OutOfRange {
                option: "--max-neighbour-slowdown",
                given: slowdown.to_string(),
                range: "100 %, which is no slowdown, or more".to_owned(),
            });
        }
        Ok(())
    }

    fn validate_slow(&self) -> Result<(), ScenarioError> {
        let Some(slow) = self.slow else { return Ok(()) };
        let (least, most) = LIMITS.slow;
        if !(least..=most).contains(&slow) {
            let range = format!("{least} to {most}");
            return Err(ScenarioError::OutOfRange { option: "--slow", given: slow.to_string(), range });
        }
        if self.baseline.0.is_zero() {
            return Err(ScenarioError::Conflict(
                "--slow needs a --baseline longer than 0: it is a share of its rate",
            ));
        }
        Ok(())
    }
}
