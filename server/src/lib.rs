//! The server role: accepts connections, tells ours from strangers', and runs its end of each stream as told.

mod accept;
mod answer;
mod control;
mod door;
mod errands;
mod first;
mod handed;
mod head_time;
mod http;
mod limits;
mod listen;
#[cfg(test)]
mod loopback;
mod mailbox;
mod metrics;
mod pages;
mod passing;
mod places;
pub mod program;
mod registry;
mod runs;
mod session;
mod strangers;
mod transfers;

pub use accept::{Server, Settings};
pub use limits::ServerLimits;
pub use session::SessionLink;
pub use strangers::Strangers;
