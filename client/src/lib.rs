//! The client role: dials, opens connections for a run, and carries its control messages.

mod control;
mod dial;
mod open;

pub use control::{ControlLink, open_control};
pub use dial::{DialError, dial};
pub use open::{OpenError, Opened, Route, open_stream};
