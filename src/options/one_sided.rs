//! The options of a check whose other end is a service that is not ours.

use anyhow::Context;
use clap::{Args, ValueEnum};
use scenario::{FirstMessage, LIMITS};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use trace::Direction;

#[derive(Debug, Args)]
#[command(next_help_heading = "One side")]
pub(crate) struct OneSidedOptions {
    /// The target is a service that is not ours: read from it, stop, and read again, or flood it; and tell what this side
    /// alone can know. Its URL: tcp://HOST:PORT, ws://HOST:PORT/PATH or http://HOST:PORT/PATH (a response or SSE is read, a
    /// POST's body is written), or tls://, wss://, https://.
    #[arg(long, value_enum, requires = "target", conflicts_with_all = ["direction", "listen", "via"])]
    one_sided: Option<Way>,
    /// Say this first: bytes over TCP, a text message over WebSocket, the body of a POST instead of a GET over HTTP.
    #[arg(long, value_name = "TEXT|@FILE", requires = "one_sided")]
    send: Option<String>,
    /// The service's process, on this machine: its memory and processor time stand beside what this side sees, and help decide.
    #[arg(long, value_name = "N", requires = "one_sided")]
    pid: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// The service produces, and we stop reading.
    Download,
    /// We produce, as fast as we can.
    Upload,
}

impl OneSidedOptions {
    /// The direction, where the check is one-sided.
    pub(crate) fn direction(&self) -> Option<Direction> {
        self.one_sided.map(|way| match way {
            Way::Download => Direction::Download,
            Way::Upload => Direction::Upload,
        })
    }

    /// What is said first.
    pub(crate) fn first(&self) -> anyhow::Result<Option<FirstMessage>> {
        let Some(send) = &self.send else { return Ok(None) };
        let bytes = match send.strip_prefix('@') {
            Some(path) => read(Path::new(path)).with_context(|| format!("could not read --send {send}"))?,
            None => send.clone().into_bytes(),
        };
        Ok(Some(FirstMessage::new(bytes)))
    }

    /// The service's process.
    pub(crate) fn process(&self) -> Option<u32> {
        self.pid
    }
}

/// Never more of a file than may be sent, and a byte, which the scenario then refuses.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMITS.file_max.as_u64() + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
