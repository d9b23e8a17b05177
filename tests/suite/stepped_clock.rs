//! A wall clock that a test can step for chosen processes, without touching the machine's.
//!
//! `CLOCK_REALTIME` has no namespace, and stepping the machine's would move the timestamps of everything else
//! that is measured meanwhile. So every reading of it by the process is shifted, by a small preloaded library.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// The wall clock of the processes that were put under it.
#[derive(Debug)]
pub(crate) struct SteppedClock {
    folder: TempDir,
}

impl SteppedClock {
    /// One that shows the machine's time until it is stepped.
    pub(crate) fn new() -> Self {
        let clock = Self { folder: tempfile::tempdir().expect("a folder can be made") };
        clock.set(0);
        let source = clock.folder.path().join("clock.c");
        fs::write(&source, include_str!("stepped_clock.c")).expect("a file can be written");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O2", "-o"]).arg(clock.library()).arg(source).arg("-ldl");
        assert!(compiler.status().expect("a linker for Rust is a compiler for C").success());
        clock
    }

    /// Puts a process that is about to start under this clock.
    pub(crate) fn govern(&self, command: &mut Command) {
        command.env("LD_PRELOAD", self.library()).env("STEPPED_CLOCK", self.offset());
    }

    /// Steps it to so many seconds ahead of the machine's, or behind.
    pub(crate) fn set(&self, seconds: i64) {
        // Renamed into place: no reading may find it half written.
        let fresh = self.folder.path().join("fresh");
        fs::write(&fresh, seconds.to_string()).expect("a file can be written");
        fs::rename(fresh, self.offset()).expect("a file can be renamed");
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("clock.so")
    }

    fn offset(&self) -> PathBuf {
        self.folder.path().join("offset")
    }
}
