//! What the measurement depends on beside the path: kernel, sysctls, privileges. Read once, as far as it can be.

use std::collections::BTreeMap;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};
use units::Clock;

/// The sysctls that decide buffers, windows and congestion control.
const SYSCTLS: [&str; 12] = [
    "net/core/rmem_max",
    "net/core/wmem_max",
    "net/ipv4/tcp_adv_win_scale",
    "net/ipv4/tcp_congestion_control",
    "net/ipv4/tcp_moderate_rcvbuf",
    "net/ipv4/tcp_no_metrics_save",
    "net/ipv4/tcp_notsent_lowat",
    "net/ipv4/tcp_retries2",
    "net/ipv4/tcp_rmem",
    "net/ipv4/tcp_timestamps",
    "net/ipv4/tcp_window_scaling",
    "net/ipv4/tcp_wmem",
];

/// This machine, as far as it tells.
#[derive(Debug)]
pub struct Environment {
    /// Its kernel's release.
    pub kernel: String,
    /// TCP sysctls of the network namespace, by name.
    pub sysctls: BTreeMap<String, String>,
    /// Congestion control of new connections.
    pub congestion_control: Option<String>,
    /// Effective capabilities of the process, as in `/proc/self/status`.
    pub privileges: Option<String>,
}

impl Environment {
    /// What it tells now.
    pub fn read() -> Self {
        let line = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
        let sysctls: BTreeMap<String, String> = SYSCTLS
            .iter()
            .filter_map(|name| Some((name.replace('/', "."), line(&format!("/proc/sys/{name}"))?)))
            .collect();
        let privileges = fs::read_to_string("/proc/self/status").ok().and_then(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
            Some(line.trim().to_owned())
        });
        Self {
            kernel: line("/proc/sys/kernel/osrelease").unwrap_or_else(|| "unknown".to_owned()),
            congestion_control: sysctls.get("net.ipv4.tcp_congestion_control").cloned(),
            sysctls,
            privileges,
        }
    }
}

/// The one place where the wall clock is read.
#[derive(Debug)]
pub struct Started {
    /// The wall clock's nanoseconds since 1970 at the clock's time 0.
    pub epoch_unix_ns: u64,
    /// The wall clock, RFC 3339.
    pub text: String,
}

impl Started {
    /// Now.
    pub fn now(clock: Clock) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the recording's header says when it was made")]
        let wall = SystemTime::now();
        let since_1970 = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX);
        Self {
            epoch_unix_ns: now.saturating_sub(clock.now().as_nanos()),
            text: humantime::format_rfc3339_seconds(wall).to_string(),
        }
    }
}
