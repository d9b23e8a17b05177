//! One-sided checks of services that are not ours: Node.js, Python's `websockets`, nginx.

mod download;
mod recordings;
mod refusals;
mod upload;

use crate::command::{Background, Checked, check};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Somebody else's program that listens on a port of 127.0.0.1.
struct Service {
    process: Background,
    port: u16,
}

impl Service {
    /// Starts a program that says its port in its first line.
    fn start(command: &mut Command) -> Self {
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut process = started.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let mut first = String::new();
        let stdout = process.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut first).expect("it says its port");
        let port = first.trim().parse().unwrap_or_else(|_| panic!("no port: {first:?}"));
        Self { process: Background(process), port }
    }

    /// A service in JavaScript that does one of the things that [`NODE`] can do.
    fn node(does: &str) -> Self {
        Self::start(Command::new("node").args(["--expose-gc", "-e", NODE, does]))
    }

    fn pid(&self) -> String {
        self.process.0.id().to_string()
    }

    fn target(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.port)
    }
}

/// Runs a one-sided check.
fn one_sided(direction: &str, target: &str, options: &str) -> Checked {
    let mut all = vec!["--one-sided", direction, "--target", target];
    all.extend(options.split_whitespace());
    check(&all)
}

/// The figures that only a one-sided check has.
fn figures(checked: &Checked) -> &Value {
    &checked.only()["one_sided"]
}

/// A figure that must be there.
fn figure(checked: &Checked, name: &str) -> f64 {
    figures(checked)[name].as_f64().unwrap_or_else(|| panic!("no {name}: {}", checked.verdict))
}

/// Services over TCP and HTTP. The feeds make 128 KiB every 10 ms, the others take what they are sent. Garbage is collected
/// ten times a second, so that the memory they hold is what they keep.
const NODE: &str = r"
const net = require('net'), http = require('http');
const does = process.argv[1], block = () => Buffer.alloc(131072, 7);
setInterval(() => gc(), 100);
function feed(out, heedful) {
  let open = true;
  out.on('drain', () => { open = true; });
  out.on('error', () => {});
  const timer = setInterval(() => { if (open || !heedful) open = out.write(block()); }, 10);
  out.on('close', () => clearInterval(timer));
}
const all = [];
const tcp = {
  ignores: (socket) => feed(socket, false),
  drains: (socket) => feed(socket, true),
  resets: (socket) => { feed(socket, true); setTimeout(() => socket.resetAndDestroy(), 1500); },
  makes_up: (socket) => {
    const began = process.hrtime.bigint(), bytes = block();
    let sent = 0, open = true;
    const due = () => Number(process.hrtime.bigint() - began) / 1e9 * 12.5e6;
    const write = () => { while (open && sent < due()) { open = socket.write(bytes); sent += bytes.length; } };
    socket.on('drain', () => { open = true; write(); });
    socket.on('error', () => {});
    const timer = setInterval(write, 10);
    socket.on('close', () => clearInterval(timer));
  },
  silent: (socket) => socket.on('error', () => {}),
  short: (socket) => socket.end('that is all'),
  deaf: (socket) => { socket.pause(); socket.on('error', () => {}); },
  half_closes: (socket) => { socket.end(); socket.resume(); socket.on('error', () => {}); },
  sink: (socket) => { socket.resume(); socket.on('error', () => {}); },
  hoards: (socket) => { socket.on('data', (bytes) => all.push(Buffer.from(bytes))); socket.on('error', () => {}); },
  naps: (socket) => {
    socket.on('error', () => {});
    socket.pause();
    setTimeout(() => socket.resume(), 1200);
  },
};
const web = {
  response: (request, response) => feed(response, true),
  hasty: (request, response) => feed(response, false),
  events: (request, response) => {
    response.writeHead(200, {'content-type': 'text/event-stream'});
    const event = 'data: ' + 'x'.repeat(100000) + '\n\n';
    let open = true;
    response.on('drain', () => { open = true; });
    setInterval(() => { if (open) open = response.write(event); }, 10);
  },
  body: (request, response) => request.pause(),
  refuses: (request, response) => { response.writeHead(413); response.end(); },
  moved: (request, response) => { response.writeHead(302, {location: 'http://elsewhere.example/'}); response.end(); },
  absent: (request, response) => { response.writeHead(404); response.end(); },
};
const server = tcp[does] ? net.createServer(tcp[does]) : http.createServer(web[does]);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
";
