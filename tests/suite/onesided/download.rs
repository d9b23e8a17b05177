//! Services that produce, of which we stop reading.

use super::{Service, figure, figures, one_sided};
use crate::certificates::Certificates;
use crate::command::{Background, free_port};
use crate::tools::{PYTHON, tool};
use crate::waiting::until;
use crate::workplace::Workplace;
use std::fs::{self, File};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn a_node_server_that_ignores_what_write_answers_absorbs_and_its_memory_agrees_with_what_piled_up() {
    let service = Service::node("ignores");
    let options = format!("{STEADY} --limit 64MiB --expect absorbs --pid {}", service.pid());
    let found = one_sided("download", &service.target("tcp"), &options);
    assert_eq!((found.code, found.word()), (0, "absorbs"), "{}", found.verdict);
    let (piled, due) = (figure(&found, "piled_bytes"), figure(&found, "due_bytes"));
    let memory = &figures(&found)["memory"];
    let held = |when: &str| memory[when].as_f64().expect("its memory was seen");
    let grown = held("stalled_bytes") - held("before_bytes");
    println!("piled up {piled}, of {due} due; memory grew by {grown}");
    assert!(piled >= 64.0 * 1_048_576.0, "{}", found.verdict);
    assert!((piled / due - 1.0).abs() < 0.3, "most of what was due came: {}", found.verdict);
    assert!((grown / piled - 1.0).abs() < 0.2, "memory grew by {grown}, and {piled} piled up");
    assert!(held("after_bytes") < held("stalled_bytes"), "it gave the memory back: {memory}");
}

#[test]
fn a_node_server_that_waits_for_drain_propagates() {
    let service = Service::node("drains");
    let found = one_sided("download", &service.target("tcp"), &format!("{STEADY} --max-absorbed 16MiB"));
    assert_eq!((found.code, found.word()), (0, "propagates"), "{}", found.verdict);
    let (piled, own) = (figure(&found, "piled_bytes"), figure(&found, "own_bytes"));
    assert!(piled >= own && piled < 0.5 * figure(&found, "due_bytes"), "{}", found.verdict);
    let onset = found.only()["last_write_ms"].as_f64().expect("it is known from the rate");
    assert!(onset < figure(&found, "stall_ms"), "{}", found.verdict);
    assert!(found.only()["zero_window_ms"].as_f64().is_some(), "our window closed: {}", found.verdict);
}

#[test]
fn a_response_over_http_that_waits_for_drain_propagates() {
    let heedful = Service::node("response");
    let found = one_sided("download", &heedful.target("http"), STEADY);
    assert_eq!((found.code, found.word()), (0, "propagates"), "{}", found.verdict);
}

#[test]
fn a_response_over_http_that_ignores_what_write_answers_absorbs() {
    let hasty = Service::node("hasty");
    let found = one_sided("download", &hasty.target("http"), &format!("{STEADY} --expect absorbs"));
    assert_eq!((found.code, found.word()), (0, "absorbs"), "{}", found.verdict);
}

#[test]
fn a_stream_of_events_is_a_response_like_any_other() {
    let service = Service::node("events");
    let found = one_sided("download", &service.target("http"), STEADY);
    assert_eq!((found.code, found.word()), (0, "propagates"), "{}", found.verdict);
}

#[test]
fn pythons_websockets_is_stopped_after_it_was_told_to_begin() {
    let service = Service::start(Command::new(tool(PYTHON)).args(["-c", FEED]));
    let found = one_sided("download", &service.target("ws"), &format!("{STEADY} --send begin"));
    assert_eq!((found.code, found.word()), (0, "propagates"), "{}", found.verdict);
    assert!(figure(&found, "piled_bytes") < 0.5 * figure(&found, "due_bytes"), "{}", found.verdict);
}

#[test]
fn a_file_that_nginx_sends_as_fast_as_it_can_needs_a_look_at_its_process() {
    let (_place, nginx, port) = nginx();
    let target = format!("http://127.0.0.1:{port}/file");
    let found = one_sided("download", &target, "--baseline 500ms");
    assert_eq!((found.code, found.word()), (1, "undecided"), "{}", found.verdict);
    assert!(found.reason().contains("--pid"), "{}", found.reason());
    let found = one_sided("download", &target, &format!("--baseline 500ms --pid {}", nginx.0.id()));
    assert_eq!((found.code, found.word()), (0, "propagates"), "{}", found.verdict);
    assert!(found.reason().contains("came to rest"), "{}", found.reason());
}

#[test]
fn openssl_s_server_is_stopped_under_tls_and_under_http_within_it() {
    let certificates = Certificates::self_signed("localhost");
    let place = Workplace::new();
    for (scheme, mode, path) in [("https", Some("-WWW"), "/file"), ("tls", None, "")] {
        large_file(&place);
        let port = free_port();
        let mut openssl = Command::new("openssl");
        openssl.current_dir(place.path()).args([
            "s_server",
            "-quiet",
            "-accept",
            &format!("127.0.0.1:{port}"),
        ]);
        openssl.args(["-cert", &certificates.certificate(), "-key", &certificates.key()]).args(mode);
        let zeros = File::open("/dev/zero").expect("there is one");
        let started = openssl.stdin(zeros).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut openssl = Background(started.expect("openssl is installed"));
        listens(&mut openssl, port);
        let target = format!("{scheme}://localhost:{port}{path}");
        let options = format!("--baseline 500ms --ca {} --pid {}", certificates.ca(), openssl.0.id());
        let found = one_sided("download", &target, &options);
        assert_eq!((found.code, found.word()), (0, "propagates"), "{scheme}: {}", found.verdict);
        assert!(found.reason().contains("came to rest"), "{scheme}: {}", found.reason());
    }
}

#[test]
fn what_is_made_up_for_after_the_stall_is_not_taken_for_what_was_kept() {
    let service = Service::node("makes_up");
    let found = one_sided("download", &service.target("tcp"), &format!("{STEADY} --pid {}", service.pid()));
    assert_eq!((found.code, found.word()), (1, "undecided"), "{}", found.verdict);
    assert!(found.reason().contains("made that later"), "{}", found.reason());
}

#[test]
fn a_service_that_ends_the_stalled_connection_breaks() {
    let service = Service::node("resets");
    let found = one_sided("download", &service.target("tcp"), "--baseline 500ms --expect breaks");
    assert_eq!((found.code, found.word()), (0, "breaks"), "{}", found.verdict);
    assert_eq!(found.only()["ended"]["how"], "reset", "{}", found.verdict);
}

/// So long that a busy machine does not spoil the live rate.
const STEADY: &str = "--baseline 2s";

/// nginx as a single process that serves a large file full of nothing.
fn nginx() -> (Workplace, Background, u16) {
    let (place, port) = (Workplace::new(), free_port());
    let path = place.path().display();
    large_file(&place);
    let text = format!(
        "daemon off;\nmaster_process off;\npid {path}/pid;\nerror_log {path}/error;\nevents {{ worker_connections 64; }}\n\
         http {{ access_log off; sendfile on;\n\
         client_body_temp_path {path}/1; proxy_temp_path {path}/2; fastcgi_temp_path {path}/3;\n\
         uwsgi_temp_path {path}/4; scgi_temp_path {path}/5;\n\
         server {{ listen 127.0.0.1:{port}; root {path}; }} }}\n"
    );
    fs::write(place.path().join("conf"), text).expect("a file can be written");
    let mut nginx = Command::new("nginx");
    nginx.arg("-e").arg(place.path().join("error")).arg("-c").arg(place.path().join("conf"));
    let started = nginx.stdin(Stdio::null()).spawn().expect("nginx is installed");
    let mut nginx = Background(started);
    listens(&mut nginx, port);
    (place, nginx, port)
}

/// A file full of nothing, larger than anybody sends in a test.
fn large_file(place: &Workplace) {
    let file = File::create(place.path().join("file")).expect("a file can be made");
    file.set_len(256 << 30).expect("a file may have holes");
}

/// Waits until somebody lets us in.
fn listens(process: &mut Background, port: u16) {
    until(Duration::from_secs(10), "it listens", || {
        assert!(process.0.try_wait().expect("a child can be asked").is_none(), "it ended");
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
}

/// Sends 64 KiB every 5 ms, as far as `send` lets it, once it was told to begin.
const FEED: &str = r#"
import asyncio
from websockets.asyncio.server import serve

async def feed(socket):
    assert await socket.recv() == "begin"
    try:
        while True:
            await socket.send(bytes(65536))
            await asyncio.sleep(0.005)
    except Exception:
        pass

async def main():
    async with serve(feed, "127.0.0.1", 0, compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()

asyncio.run(main())
"#;
