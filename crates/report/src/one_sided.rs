//! The figures that a one-sided check adds to those of a direction.

use serde::{Deserialize, Serialize};

/// What one side alone can tell of a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct OneSided {
    /// How long nothing was read, or how long the service was flooded.
    pub stall_ms: Option<f64>,
    /// Download: the live rate may be wrong by this much.
    pub baseline_uncertainty_bytes_per_second: Option<f64>,
    /// Download: what the service would have made in the stall at its live rate.
    pub due_bytes: Option<u64>,
    /// Download: what had piled up when reading went on, our own end included; none where it could not be told apart.
    pub piled_bytes: Option<u64>,
    /// By so much that may be wrong.
    pub piled_uncertainty_bytes: Option<u64>,
    /// Download: what of it waited at our own end.
    pub own_bytes: Option<u64>,
    /// Upload: what was written and acknowledged until the service took no more, or until the limit or the deadline.
    pub taken_bytes: Option<u64>,
    /// Upload: what was written beyond that, and waits in our own kernel.
    pub send_queue_bytes: Option<u64>,
    /// Upload: the share of the flood in which only the service's window held us back.
    pub window_limited_share: Option<f64>,
    /// Upload: how often the service stopped us for a while and went on by itself.
    pub went_on_by_itself: Option<u64>,
    /// What the service's process used, where it was named.
    pub memory: Option<Memory>,
}

/// What a process used, by the kernel's account of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Its id.
    pub process: u32,
    /// Resident memory before the stall, or the flood.
    pub before_bytes: u64,
    /// At the end of the stall, or the flood.
    pub stalled_bytes: u64,
    /// When all was over.
    pub after_bytes: u64,
    /// Share of a core that it used before the stall.
    pub cpu_live: Option<f64>,
    /// Share of a core that it used in the second half of the stall.
    pub cpu_stalled: Option<f64>,
}
