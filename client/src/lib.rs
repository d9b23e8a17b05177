//! The client role: dials, opens connections for a run, carries its control messages, and is one end of a pair.

mod control;
mod dial;
mod errands;
mod open;
pub mod pair;
pub mod program;
mod service;

pub use control::{ControlLink, open_control};
pub use dial::{DialError, dial};
pub use open::{OpenError, Opened, Route, open_stream};
pub use service::{ServiceError, ServiceStream, open_service};
