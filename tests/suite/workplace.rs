//! An empty folder to run the program in, and a deadline for whatever runs.

use crate::command::{Background, program};
use crate::waiting::until;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// An empty folder, gone with all that is in it when the test is over.
#[derive(Debug)]
pub(crate) struct Workplace(TempDir);

/// A process that ended by itself.
#[derive(Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder can be made"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs the program here; the arguments are parted by spaces.
    pub(crate) fn run(&self, arguments: &str) -> Ended {
        end_of(program().current_dir(self.path()).args(arguments.split_whitespace()))
    }

    /// A recording of a check of the loopback with these options, in the folder `name`.
    pub(crate) fn record(&self, name: &str, options: &str) -> PathBuf {
        let ended = self.run(&format!("check --output {name} {options}"));
        assert_eq!(ended.code, 0, "a check of the loopback is as expected: {ended:?}");
        self.path().join(name)
    }

    /// The names of all that lies here.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        names(self.path())
    }
}

/// The names of all that lies in a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> =
        entries.map(|entry| name(entry.expect("the folder can be listed"))).collect();
    names.sort();
    names
}

/// Runs `command` to its end.
pub(crate) fn end_of(command: &mut Command) -> Ended {
    let process = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    ended(Background(process))
}

/// As [`end_of`], of a process that runs already, with its output piped.
pub(crate) fn ended(mut process: Background) -> Ended {
    drop(process.0.stdin.take());
    let stdout = process.0.stdout.take().map(read_in_background);
    let stderr = process.0.stderr.take().map(read_in_background);
    let status = exit_of(&mut process, PATIENCE);
    let text = |reader: Option<thread::JoinHandle<String>>| {
        reader.map(|reader| reader.join().expect("a reader ends with what it reads")).unwrap_or_default()
    };
    let (stdout, stderr) = (text(stdout), text(stderr));
    let code = status.code().unwrap_or_else(|| panic!("it was killed ({status}): {stdout}{stderr}"));
    Ended { code, stdout, stderr }
}

/// Waits until a process ends by itself.
pub(crate) fn exit_of(process: &mut Background, patience: Duration) -> ExitStatus {
    until(patience, "the process ends", || process.0.try_wait().expect("a child can be waited for"))
}

/// Sends a signal, such as `TERM`, to a process that was started here.
pub(crate) fn signal(process: &Background, name: &str) {
    let id = process.0.id().to_string();
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} \"$0\""), &id]).status();
    assert!(sent.expect("there is a shell").success(), "{name} reaches process {id}");
}

/// A file of JSON.
pub(crate) fn json_of(file: &Path) -> Value {
    serde_json::from_str(&text_of(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A file of text.
pub(crate) fn text_of(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn read_in_background(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read to its end");
        String::from_utf8(bytes).expect("programs write UTF-8")
    })
}

/// Shorter than the time that nextest gives a test, so that the test says what it waited for.
const PATIENCE: Duration = Duration::from_secs(25);
