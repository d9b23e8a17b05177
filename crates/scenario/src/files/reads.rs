//! How a consumer reads, as its file says it.

use crate::bounds::LIMITS;
use crate::read_plan::ReadPlan;
use units::{ByteSize, Span};

/// How a consumer reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reads {
    /// As go-backpressure: a pause after each read, and over WebSocket a pause after each whole message, however long.
    Pausing {
        /// The most that one read of raw TCP takes.
        bufsize: ByteSize,
        /// The pause.
        delay: Span,
    },
    /// By a plan, which counts bytes whatever the protocol.
    Plan(ReadPlan),
}

impl Reads {
    /// The plan for whole messages: a pause after each of them, however long; a plan goes on counting bytes.
    pub fn plan_of_messages(&self) -> ReadPlan {
        match self {
            Self::Pausing { delay, .. } => ReadPlan::chunks(LIMITS.taken_message_max, *delay),
            Self::Plan(plan) => plan.clone(),
        }
    }

    /// The plan for bytes without messages.
    pub fn plan(&self) -> ReadPlan {
        match self {
            Self::Pausing { bufsize, delay } => ReadPlan::chunks(*bufsize, *delay),
            Self::Plan(plan) => plan.clone(),
        }
    }
}
