//! Services that are flooded.

use super::{Service, figure, figures, one_sided};
use crate::tools::{PYTHON, tool};
use std::process::Command;

#[test]
fn a_service_that_does_not_read_pushes_back_over_every_transport() {
    let (tcp, http) = (Service::node("deaf"), Service::node("body"));
    let websocket = Service::start(Command::new(tool(PYTHON)).args(["-c", DEAF]));
    for (target, named) in
        [(tcp.target("tcp"), "tcp"), (http.target("http"), "http"), (websocket.target("ws"), "ws")]
    {
        let found = one_sided("upload", &target, "--hold 500ms --max-absorbed 32MiB --max-onset 3s");
        assert_eq!((found.code, found.word()), (0, "propagates"), "{named}: {}", found.verdict);
        assert!(figure(&found, "taken_bytes") > 0.0, "{named}: {}", found.verdict);
        assert_eq!(figures(&found)["went_on_by_itself"], 0, "{named}: {}", found.verdict);
    }
}

#[test]
fn what_a_service_does_with_a_flood_that_it_takes_only_its_memory_tells() {
    let hoards = Service::node("hoards");
    let options = format!("--limit 128MiB --expect absorbs --pid {}", hoards.pid());
    let found = one_sided("upload", &hoards.target("tcp"), &options);
    assert_eq!((found.code, found.word()), (0, "absorbs"), "{}", found.verdict);
    let sink = Service::node("sink");
    for options in ["--limit 128MiB".to_owned(), format!("--limit 128MiB --pid {}", sink.pid())] {
        let found = one_sided("upload", &sink.target("tcp"), &options);
        assert_eq!((found.code, found.word()), (1, "undecided"), "{}", found.verdict);
    }
}

#[test]
fn a_service_that_says_nothing_and_closes_its_own_direction_is_flooded_all_the_same() {
    let service = Service::node("half_closes");
    let found = one_sided("upload", &service.target("tcp"), "--limit 64MiB");
    assert_eq!((found.code, found.word()), (1, "undecided"), "{}", found.verdict);
    // All but what the send queue still holds.
    assert!(figure(&found, "taken_bytes") >= f64::from(63 << 20), "{}", found.verdict);
}

#[test]
fn a_service_that_goes_on_by_itself_is_seen_to() {
    let service = Service::node("naps");
    let found = one_sided("upload", &service.target("tcp"), "--limit 64MiB --hold 3s");
    assert_eq!(found.word(), "undecided", "{}", found.verdict);
    assert_eq!(figures(&found)["went_on_by_itself"], 1, "{}", found.verdict);
}

#[test]
fn a_body_that_is_too_large_for_the_service_breaks_with_its_answer() {
    let service = Service::node("refuses");
    let found = one_sided("upload", &service.target("http"), "--expect breaks");
    assert_eq!((found.code, found.word()), (0, "breaks"), "{}", found.verdict);
    assert!(found.reason().contains("413 Payload Too Large"), "{}", found.reason());
}

/// Takes the handshake and not one message more than its queue holds.
const DEAF: &str = r#"
import asyncio
from websockets.asyncio.server import serve

async def main():
    async def wait(socket):
        await asyncio.sleep(60)
    async with serve(wait, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()

asyncio.run(main())
"#;
