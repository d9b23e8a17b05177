//! What is thrown at a server: bytes, mutations, and whole runs that ask for the absurd.

use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Sends `bytes` and gives what is answered until the server closes, which it must do soon.
///
/// Unless `listens`, the connection is dropped at once instead.
pub(super) fn throw(server: SocketAddr, bytes: &[u8], listens: bool) -> Vec<u8> {
    let mut peer = connect(server);
    // The server may have closed already, having seen enough.
    let sent = peer.write_all(bytes).and_then(|()| peer.shutdown(Shutdown::Write));
    drop(sent);
    let mut heard = Vec::new();
    if listens && let Err(error) = peer.read_to_end(&mut heard) {
        let ended = matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
        assert!(ended, "the server keeps a connection whose client has left: {error}");
    }
    heard
}

fn connect(server: SocketAddr) -> TcpStream {
    let peer = TcpStream::connect_timeout(&server, PATIENCE).expect("the server listens");
    peer.set_read_timeout(Some(PATIENCE)).expect("it is a timeout");
    peer.set_write_timeout(Some(PATIENCE)).expect("it is a timeout");
    peer
}

/// Up to 3,000 bytes: any, or text, some of them behind the beginning of an opening.
pub(super) fn random_bytes(random: &mut StdRng) -> Vec<u8> {
    let mut bytes = vec![0; random.random_range(0..3000)];
    random.fill_bytes(&mut bytes);
    if random.random() {
        for byte in &mut bytes {
            *byte = b' ' + *byte % 95;
        }
    }
    let beginnings: [&[u8]; 6] =
        [b"", b"\xFF", b"\xFFbackpressure/1 ", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00\x01", b"\n"];
    let beginning = beginnings[random.random_range(0..beginnings.len())];
    let end: &[u8] = if random.random() { b"\n" } else { b"" };
    [beginning, &bytes, end].concat()
}

/// Changes `bytes` in one to four places.
pub(super) fn mutate(random: &mut StdRng, bytes: &mut Vec<u8>) {
    for _ in 0..random.random_range(1..=4) {
        let at = random.random_range(0..=bytes.len());
        let to = random.random_range(at..=bytes.len());
        match random.random_range(0..6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..to)),
            2 => bytes.splice(at..at, bytes[at..to].to_vec()).for_each(drop),
            3 => bytes.insert(at, random.random()),
            4 => bytes[at..to].reverse(),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.random_range(0..8);
                }
            }
        }
    }
}

/// A run's id.
pub(super) fn nonce(random: &mut StdRng) -> String {
    format!("{:032x}", random.random::<u128>())
}

/// The first line of a connection.
pub(super) fn opening(run: &str, purpose: &Value) -> Vec<u8> {
    let opening = json!({"run": run, "purpose": purpose});
    [b"\xFFbackpressure/1 ".as_slice(), opening.to_string().as_bytes(), b"\n"].concat()
}

/// A plan such as a check makes.
pub(super) fn plan(direction: &str) -> Value {
    json!({
        "direction": direction,
        "message": 65536,
        "buffers": "65536B",
        "rate": null,
        "check_payloads": true,
        "seed": 1,
        "trickle": {"messages": 40, "spacing": "20ms", "message": 128},
        "sample": "1ms",
        "stall_max": "35s",
        "total_max": "6m",
        "bytes_max": 1u64 << 40,
        "user_timeout": null,
        "producer_to_consumer": 0,
    })
}

/// A run whose control connection is open.
/// A command to the server's end of a stream.
pub(super) fn command_to(stream: u32, command: &Value) -> Value {
    json!({"command": {"stream": stream, "command": command}})
}

#[derive(Debug)]
pub(super) struct Run {
    server: SocketAddr,
    nonce: String,
    control: BufReader<TcpStream>,
}

impl Run {
    pub(super) fn begin(server: SocketAddr, random: &mut StdRng) -> Self {
        let nonce = nonce(random);
        let mut control = connect(server);
        control.write_all(&opening(&nonce, &json!("control"))).expect("the server reads");
        let mut control = BufReader::new(control);
        let reply = read_line(&mut control);
        assert!(reply.contains("instance") && !reply.contains("refused"), "{reply}");
        Self { server, nonce, control }
    }

    /// Runs a stream by `plan` if it is granted, with every command there is, and says goodbye.
    pub(super) fn play(mut self, plan: &Value) {
        let upload = plan["direction"] == "upload";
        let Some(mut stream) = self.open_stream(plan) else { return };
        let commands = ["trickle", "flood", "stall", "trickle", "flood", "resume", "finish"];
        for command in commands {
            self.say(&command_to(1, &json!(command)));
            self.say(&command_to(1, &json!({"limit": {"bytes": u64::MAX}})));
        }
        stream.set_read_timeout(Some(GLANCE)).expect("it is a timeout");
        stream.set_write_timeout(Some(GLANCE)).expect("it is a timeout");
        // What comes of it is the server's affair.
        if upload {
            drop(stream.write_all(&vec![0x42; 300_000]));
        } else {
            drop(stream.read_exact(&mut vec![0; 300_000]));
        }
        self.bye();
    }

    /// Has the plan granted, and opens its stream; `None` where the server refuses or hangs up.
    pub(super) fn open_stream(&mut self, plan: &Value) -> Option<TcpStream> {
        self.say(&json!({"prepare": {"stream": 1, "plan": plan}}));
        let answer = read_line(&mut self.control);
        if answer.is_empty() || answer.contains("\"refused\"") {
            return None;
        }
        assert!(answer.contains("\"prepared\""), "{answer}");
        let mut stream = connect(self.server);
        stream.write_all(&opening(&self.nonce, &json!({"stream": 1}))).expect("the server reads");
        Some(stream)
    }

    pub(super) fn say(&mut self, message: &Value) {
        // A server that hung up shows when it is asked next.
        drop(self.control.get_mut().write_all(format!("{message}\n").as_bytes()));
    }

    /// Ends the run and waits until the server has heard it.
    pub(super) fn bye(mut self) {
        self.say(&json!("bye"));
        let mut rest = Vec::new();
        if let Err(error) = self.control.read_to_end(&mut rest) {
            assert_eq!(
                error.kind(),
                ErrorKind::ConnectionReset,
                "the server hangs up after a goodbye: {error}"
            );
        }
    }
}

/// A line; nothing where the connection ended.
fn read_line(reader: &mut impl BufRead) -> String {
    let mut line = Vec::new();
    match reader.read_until(b'\n', &mut line) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "no answer: {error}"),
    }
    String::from_utf8_lossy(&line).into_owned()
}

/// Frames with good headers whose numbers, places, lengths and times are any.
pub(super) fn lying_frames(random: &mut StdRng, count: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..count {
        let sequence = match random.random_range(0..3) {
            0 => random.random(),
            1 => u64::MAX - number,
            _ => 2 * number,
        };
        let length = if random.random_bool(0.1) { random.random() } else { 0 };
        // Neither the first two kinds, nor an unknown one, end the stream.
        let kind = [1, 2, 9][random.random_range(0..3)];
        let mut header = Vec::with_capacity(52);
        header.extend([0xFF, b'B', b'P', b'1', kind, 0, 0, 0]);
        header.extend(u32::to_le_bytes(length));
        header.extend(u32::to_le_bytes(0));
        header.extend(
            [sequence, random.random(), random.random(), random.random()].map(u64::to_le_bytes).concat(),
        );
        header.extend(crc32c(&header).to_le_bytes());
        bytes.extend(header);
    }
    bytes
}

/// CRC-32C (RFC 3720 §12.1), bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let mut sum = !0u32;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0x82F6_3B78 & (sum & 1).wrapping_neg());
        }
    }
    !sum
}

/// Beyond the server's own deadline for an opening.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a stream of the absurd is looked at.
const GLANCE: Duration = Duration::from_millis(100);
