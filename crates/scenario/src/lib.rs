//! What will be run, every value in its type and its bounds, so that nothing downstream validates: a check, the two ends
//! of a pair from their files, and the plan by which a consumer reads.

mod bounds;
pub mod files;
mod production;
mod ramp;
mod read_plan;
mod reader;
mod request_rate;
mod scenario;
mod service;
mod share;
mod target;
mod token;
mod transport;

pub use bounds::{LIMITS, Limits, ScenarioError};
pub use production::{Production, RequestPace};
pub use ramp::{Ramp, RampError};
pub use read_plan::{Manner, PhaseEnd, ReadPhase, ReadPlan};
pub use reader::{Allowance, Reader};
pub use request_rate::RequestRate;
pub use scenario::{Expectations, Integrity, Scenario, Topology};
pub use service::{FirstMessage, SERVICE_LIMIT, SERVICE_PATIENCE, Service};
pub use share::Share;
pub use target::{Target, TargetError, parse_port, parse_service, parse_target};
pub use token::{Token, TokenError};
pub use transport::{
    HTTP_PATH, HTTP2_CONNECTION_WINDOW, HTTP2_STREAM_WINDOW, HttpRequest, HttpStream, Tls, Transport,
    WEBSOCKET_PATH,
};
