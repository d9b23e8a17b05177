//! What the measurement depends on beside the path: kernel, sysctls, privileges. Read once, as far as it can be.

use std::collections::BTreeMap;
use std::fs;

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
pub(crate) struct Environment {
    pub(crate) kernel: String,
    pub(crate) sysctls: BTreeMap<String, String>,
    pub(crate) congestion_control: Option<String>,
    pub(crate) privileges: Option<String>,
}

impl Environment {
    pub(crate) fn read() -> Self {
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
