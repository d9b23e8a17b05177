//! Python's `websockets`, as client of our server and as server of our client.

use super::{GO_SERVER, PATIENCE, PairServer, client_ended, go_client, lines_of};
use crate::command::Background;
use crate::tools::{PYTHON, tool};
use crate::workplace::end_of;
use std::process::{Command, Stdio};

#[test]
fn a_python_client_sends_to_our_server_and_closes_in_order() {
    let server = PairServer::start(&GO_SERVER.replace("delay: 1000", "delay: 10"));
    let client = end_of(Command::new(tool(PYTHON)).args(["-c", CLIENT, &server.port.to_string()]));
    assert_eq!((client.code, client.stdout.trim()), (0, "closed with 1000"), "{}", client.stderr);
    server.reads(5000, 1000);
}

#[test]
fn a_message_beyond_the_servers_bound_is_told_so_however_much_is_on_its_way() {
    let server = PairServer::start("message_max: 1MiB\n");
    let client = end_of(Command::new(tool(PYTHON)).args(["-c", TOO_MUCH, &server.port.to_string()]));
    let told = "1009 a message may have 1048576 bytes at most";
    assert_eq!((client.code, client.stdout.trim()), (0, told), "{}", client.stderr);
}

#[test]
fn a_python_server_gets_the_parameters_and_every_message_of_our_client() {
    let mut server = Command::new(tool(PYTHON));
    let mut server = server.args(["-c", SERVER]).stdout(Stdio::piped()).spawn().expect("Python starts");
    let said = lines_of(server.stdout.take().expect("it is piped"));
    let _server = Background(server);
    let next = || said.recv_timeout(PATIENCE).expect("the server says more");
    let port = next().parse().expect("its first line is its port");
    let client = client_ended(&go_client("websocket", port, 10).replace("localhost", "127.0.0.1"));
    assert_eq!((client.code, client.stderr.as_str()), (0, ""), "{}", client.stdout);
    assert_eq!(next(), r#"first {"payloadSize":1000,"requestsTotal":5}"#);
    assert_eq!(next(), "then [1000, 1000, 1000, 1000, 1000], closed with 1000");
}

const CLIENT: &str = r#"
import asyncio, json, sys
from websockets.asyncio.client import connect

async def main():
    async with connect(f"ws://127.0.0.1:{sys.argv[1]}/ws") as socket:
        await socket.send(json.dumps({"payloadSize": 1000, "requestsTotal": 5}))
        for _ in range(5):
            await socket.send(bytes(1000))
    print("closed with", socket.close_code)

asyncio.run(main())
"#;

const TOO_MUCH: &str = r#"
import asyncio, json, sys
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

async def main():
    socket = await connect(f"ws://127.0.0.1:{sys.argv[1]}/ws")
    await socket.send(json.dumps({"payloadSize": 20 << 20, "requestsTotal": 5}))
    try:
        await socket.send(bytes(20 << 20))
        await socket.recv()
    except ConnectionClosed as closed:
        print(closed.rcvd.code, closed.rcvd.reason)

asyncio.run(main())
"#;

const SERVER: &str = r#"
import asyncio
from websockets.asyncio.server import serve

async def main():
    over = asyncio.Event()

    async def take(socket):
        first, *others = [message async for message in socket]
        print("first", first, flush=True)
        print(f"then {[len(other) for other in others]}, closed with {socket.close_code}", flush=True)
        over.set()

    async with serve(take, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await over.wait()

asyncio.run(main())
"#;
