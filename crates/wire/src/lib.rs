//! What client and server say to each other: openings, frames, control messages, clock exchanges. No I/O.

mod clock;
mod control;
mod errand;
mod frame;
mod inspector;
mod opening;
mod sequence;

pub use clock::{ClockOffset, Exchange};
pub use control::{Command, FromServer, MAX_CONTROL_LINE, Plan, Report, ToServer, TrickleShape};
pub use errand::Errand;
pub use frame::{FRAME_HEADER, FrameHeader, FrameKind, payload_crc};
pub use inspector::{Inspector, READ_SPACE};
pub use opening::{
    MAX_OPENING_LINE, OPENING_BYTE, Opening, OpeningError, PROTOCOL_VERSION, Purpose, Reply, RunId,
};
