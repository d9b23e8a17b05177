//! The server role: accepts connections, tells ours from strangers', and runs its end of each stream as told.

mod accept;
mod control;
mod first;
mod http;
mod limits;
mod listen;
mod metrics;
mod pages;
pub mod program;
mod registry;
mod session;
mod strangers;

pub use accept::{Server, Settings};
pub use limits::ServerLimits;
pub use session::SessionLink;
pub use strangers::Strangers;
