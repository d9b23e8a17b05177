//! A server under attack, and what can be seen of it from outside.

use crate::command::{Background, program, server_with};
use crate::waiting::until;
use crate::workplace::{Workplace, exit_of, signal, text_of};
use serde_json::Value;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::time::Instant;

/// A `backpressure server` whose log is kept.
#[derive(Debug)]
pub(super) struct Victim {
    process: Background,
    address: SocketAddr,
    place: Workplace,
}

impl Victim {
    /// A server of checks alone.
    pub(super) fn start() -> Self {
        Self::with(&[], Workplace::new())
    }

    /// A server that also reads what clients of a pair send, by its file.
    pub(super) fn of_the_pair(file: &str) -> Self {
        let place = Workplace::new();
        fs::write(place.path().join("server.yml"), file).expect("the folder is ours");
        Self::with(&["server.yml"], place)
    }

    fn with(arguments: &[&str], place: Workplace) -> Self {
        let mut command = program();
        command.current_dir(place.path());
        command.stderr(File::create(place.path().join(LOG)).expect("the folder is ours"));
        let (process, address) = server_with(command, &[&["--listen", "127.0.0.1:0"], arguments].concat());
        Self { process, address, place }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    fn target(&self) -> String {
        format!("tcp://{}", self.address)
    }

    /// After `attack` it serves a check as before, with the memory and the descriptors that it had.
    pub(super) fn stays_unharmed_by(self, attack: impl FnOnce(SocketAddr)) {
        self.serves_a_check();
        let (descriptors, memory) = (self.settled_descriptors(), self.resident());
        attack(self.address);
        self.awaits_descriptors(descriptors, Duration::from_secs(8));
        self.serves_a_check();
        let grown = self.resident().saturating_sub(memory);
        assert!(grown < MEMORY, "memory grew by {} KiB from {} KiB", grown >> 10, memory >> 10);
        self.did_not_panic();
    }

    /// A check of both directions finds that loopback propagates.
    pub(super) fn serves_a_check(&self) {
        let options = "--baseline 0s --hold 100ms --deadline 5s --format json --output none";
        let check = self.place.run(&format!("check --target {} {options}", self.target()));
        assert_eq!(check.code, 0, "{}{}{}", check.stdout, check.stderr, self.log());
        let verdict: Value = serde_json::from_str(&check.stdout).expect("it tells its verdict");
        for direction in ["upload", "download"] {
            let found = &verdict["directions"][direction];
            assert_eq!(found["verdict"], "propagates", "{verdict}");
            for damage in ["lost_bytes", "reordered_frames", "corrupted_frames"] {
                assert_eq!(found["integrity"][damage], 0, "{verdict}");
            }
        }
    }

    /// Starts a check that leaves its recording in the folder `run` of `place`.
    pub(super) fn start_check(&self, place: &Workplace, options: &[&str]) -> Background {
        let check = program()
            .current_dir(place.path())
            .args(["check", "--format", "json", "--output", "run", "--target", &self.target()])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Background(check.expect("the program starts"))
    }

    /// Waits until there are so many descriptors, and the connections among them move nothing any more.
    pub(super) fn awaits_a_stalled_stream(&self, descriptors: usize) {
        let mut before = None;
        let mut unchanged = 0;
        until(Duration::from_secs(10), "a stream stalls", || {
            let now = (self.descriptors() >= descriptors).then(|| self.queues());
            let stalled = now.as_ref().is_some_and(|queues| queues.iter().any(|bytes| *bytes > 0));
            unchanged = if stalled && now == before { unchanged + 1 } else { 0 };
            before = now;
            (unchanged >= 10).then_some(())
        });
    }

    /// The bytes in the queues of the server's connections.
    fn queues(&self) -> Vec<u64> {
        let port = format!(":{:04X}", self.address.port());
        let table = text_of(&PathBuf::from(format!("/proc/{}/net/tcp", self.process.0.id())));
        let queues = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let ours = words.get(1)?.ends_with(&port);
            let (send, receive) = words.get(4).filter(|_| ours)?.split_once(':')?;
            let bytes = |hexadecimal| u64::from_str_radix(hexadecimal, 16).ok();
            Some(bytes(send)? + bytes(receive)?)
        };
        table.lines().filter_map(queues).collect()
    }

    /// The number of descriptors once it does not change any more.
    pub(super) fn settled_descriptors(&self) -> usize {
        let (mut last, mut unchanged) = (0, 0);
        until(Duration::from_secs(10), "the descriptors settle", || {
            let now = self.descriptors();
            unchanged = if now == last { unchanged + 1 } else { 0 };
            last = now;
            (unchanged >= 20).then_some(now)
        })
    }

    pub(super) fn awaits_descriptors(&self, most: usize, patience: Duration) {
        let mut now = 0;
        let deadline = Instant::now() + patience;
        until(patience + Duration::from_secs(1), "descriptors are closed", || {
            now = self.descriptors();
            assert!(Instant::now() < deadline, "{now} descriptors after {patience:?}, there were {most}");
            (now <= most).then_some(())
        });
    }

    fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.process.0.id())).expect("the server lives").count()
    }

    /// Resident memory, bytes.
    fn resident(&self) -> u64 {
        let status = text_of(&PathBuf::from(format!("/proc/{}/status", self.process.0.id())));
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).expect("a process has memory");
        kib.parse::<u64>().expect("it is a number") << 10
    }

    /// Ends it by SIGTERM: it must leave within 8 s with exit code 0. Gives the time that it took.
    pub(super) fn terminate(&mut self) -> Duration {
        let began = Instant::now();
        signal(&self.process, "TERM");
        let status = exit_of(&mut self.process, Duration::from_secs(8));
        assert_eq!(status.code(), Some(0), "{}", self.log());
        self.did_not_panic();
        began.elapsed()
    }

    /// Ends it by SIGKILL.
    pub(super) fn kill(&mut self) {
        signal(&self.process, "KILL");
        exit_of(&mut self.process, Duration::from_secs(8));
    }

    fn did_not_panic(&self) {
        let log = self.log();
        assert!(!log.contains("panicked"), "{log}");
    }

    fn log(&self) -> String {
        text_of(&self.place.path().join(LOG))
    }
}

const LOG: &str = "server.log";
/// By how much its memory may grow, bytes.
const MEMORY: u64 = 32 << 20;
