//! Both files, as people write them.

mod hostile;
mod mistakes;

use super::*;
use crate::production::{Production, RequestPace};
use crate::read_plan::{Manner, PhaseEnd, ReadPhase, ReadPlan};
use crate::request_rate::RequestRate;
use crate::transport::{HttpRequest, Tls};
use socket::Buffers;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use trace::Direction;
use units::{ByteRate, Span};

const GO_SERVER: &str = "protocol: websocket\nport: 8080\nbufsize: 1000\ndelay: 1000\n";
const GO_CLIENT: &str = "protocol: websocket\nserver_addr: localhost\nserver_port: 8080\npayload_size: 1000\nrequests_per_second: 1\nrequests_total: 5\n";

fn server(text: &str) -> ServerFile {
    ServerFile::parse(text, "server.yml").unwrap()
}

fn client(text: &str) -> ClientFile {
    ClientFile::parse(text, "client.yml").unwrap()
}

fn milliseconds(ms: u64) -> Span {
    Span(Duration::from_millis(ms))
}

/// Neither our own keys nor go-backpressure's.
fn plain_end() -> PairEnd {
    PairEnd {
        direction: Direction::Upload,
        production: Production {
            payload: ByteSize::bytes(1000),
            pace: RequestPace::Requests(RequestRate::ONE),
            requests: Some(5),
            duration: None,
        },
        reads: Reads::Pausing { bufsize: ByteSize::kib(64), delay: milliseconds(0) },
        slow: None,
        buffers: Buffers::Auto,
        seed: None,
        user_timeout: None,
        limits: Limits::default(),
        output: None,
    }
}

#[test]
fn go_backpressures_server_file_means_what_it_meant() {
    let reads = Reads::Pausing { bufsize: ByteSize::bytes(1000), delay: milliseconds(1000) };
    let expected = ServerFile {
        protocol: Some(Protocol::WebSocket),
        listen: Listen::Everywhere(8080),
        message_max: ByteSize::mib(16),
        tls: None,
        end: PairEnd { reads, ..plain_end() },
    };
    assert_eq!(server(GO_SERVER), expected);
    assert_eq!(server(&GO_SERVER.replace("8080", "\"8080\"")), expected);
}

#[test]
fn go_backpressures_client_file_says_what_is_the_default() {
    let expected = ClientFile {
        protocol: Protocol::WebSocket,
        request: HttpRequest::to("/ws"),
        server_addr: "localhost".to_owned(),
        server_port: 8080,
        tls: None,
        connections: 1,
        ramp: None,
        half_close: false,
        end: plain_end(),
        expect: PairExpectations::default(),
    };
    assert_eq!(client(GO_CLIENT), expected);
    assert_eq!(client("{}"), expected);
}

#[test]
fn an_empty_server_file_speaks_both_protocols_and_reads_without_pause() {
    for text in ["port:\n", "delay: ~\n", "{}"] {
        let file = server(text);
        assert_eq!(file.protocol, None);
        assert_eq!(file.listen, Listen::Everywhere(8080));
        assert_eq!(file.end.reads, Reads::Pausing { bufsize: ByteSize::kib(64), delay: milliseconds(0) });
    }
}

#[test]
fn our_own_keys_carry_units() {
    let file =
        server("listen: '[::1]:0'\nbufsize: 64KiB\ndelay: 250ms\nbuffers: 128KiB\nmessage_max: 1MiB\n");
    assert_eq!(file.listen, Listen::At(SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 0))));
    assert_eq!(file.end.reads, Reads::Pausing { bufsize: ByteSize::kib(64), delay: milliseconds(250) });
    assert_eq!(file.end.buffers, Buffers::Fixed(ByteSize::kib(128)));
    assert_eq!(file.message_max, ByteSize::mib(1));

    let file = client(
        "protocol: tcp\nserver_addr: '[fe80::1%eth0]'\npayload_size: 16MiB\nrequests_per_second: 0.5\nrequests_total: 0\n\
         buffers: auto\nseed: 18446744073709551615\nuser_timeout: 30s\n",
    );
    assert_eq!((file.protocol, file.server_addr.as_str()), (Protocol::Tcp, "fe80::1%eth0"));
    assert_eq!(file.end.production.payload, ByteSize::mib(16));
    assert_eq!(file.end.production.due(1), Some(Duration::from_secs(2)));
    assert_eq!((file.end.production.requests, file.end.seed), (Some(0), Some(u64::MAX)));
    assert_eq!(file.end.user_timeout, Some(milliseconds(30_000)));
}

#[test]
fn a_read_plan_has_its_phases_in_order_and_the_last_one_stays() {
    let file = server(
        "read:                       # phases run in order, the last one stays\n\
         \x20 - {for: 2s, rate: unlimited}\n\
         \x20 - {for: 5s, rate: 0}                      # a stall: zero window\n\
         \x20 - {bytes: 10MiB, rate: 64KiB/s}\n\
         \x20 - {chunk: 512B, every: 10ms, for: 3s}\n",
    );
    let ending = vec![
        ReadPhase { manner: Manner::Unlimited, end: PhaseEnd::After(milliseconds(2000)) },
        ReadPhase { manner: Manner::Stalled, end: PhaseEnd::After(milliseconds(5000)) },
        ReadPhase {
            manner: Manner::Paced(ByteRate::bytes_per_second(65_536)),
            end: PhaseEnd::Bytes(ByteSize::mib(10)),
        },
    ];
    let last = Manner::Chunks { chunk: ByteSize::bytes(512), every: milliseconds(10) };
    assert_eq!(file.end.reads, Reads::Plan(ReadPlan::of_checked(ending, last)));
}

#[test]
fn bufsize_and_delay_are_a_plan_of_one_phase() {
    let plan = server(GO_SERVER).end.reads.plan();
    assert_eq!(plan, ReadPlan::chunks(ByteSize::bytes(1000), milliseconds(1000)));
    assert!(plan.ending().is_empty());
}

#[test]
fn a_plan_may_have_a_thousand_phases_and_aliases() {
    let phases = "  - {for: 1ms, rate: unlimited}\n".repeat(999);
    let file = server(&format!("read:\n{phases}  - {{rate: 0}}\n"));
    assert_eq!(file.end.reads.plan().ending().len(), 999);
    let file = server("read: [&stall {for: 1s, rate: 0}, {for: 1s, rate: unlimited}, *stall]\n");
    assert_eq!(file.end.reads.plan().last(), Manner::Stalled);
}

#[test]
fn either_end_may_produce_and_the_other_one_reads() {
    let file = server(
        "direction: download\nrate: 10MB/s\npayload_size: 64KiB\nduration: 3s\nlimits: {idle: 5s, bytes: 1GiB}\n",
    );
    assert_eq!(file.end.direction, Direction::Download);
    let expected = Production {
        payload: ByteSize::kib(64),
        pace: RequestPace::Bytes(ByteRate::bytes_per_second(10_000_000)),
        requests: None,
        duration: Some(milliseconds(3000)),
    };
    assert_eq!(file.end.production, expected);
    let limits = Limits { idle: Some(milliseconds(5000)), bytes: Some(ByteSize::mib(1024)), duration: None };
    assert_eq!(file.end.limits, limits);

    let file = client(
        "direction: download\nprotocol: tcp\nbufsize: 10\ndelay: 20\nconnections: 8\nramp: 100/s\nhalf_close: true\n\
         slow: {read: [{rate: 1kB/s}]}\nexpect: {min_rate: 1MB/s, zero_window: seen}\noutput: runs/x\n",
    );
    assert_eq!(file.end.reads, Reads::Pausing { bufsize: ByteSize::bytes(10), delay: milliseconds(20) });
    assert_eq!((file.connections, file.half_close), (8, true));
    assert_eq!(file.ramp.unwrap().slot(50), Duration::from_millis(500));
    assert_eq!(file.end.slow.unwrap().connections, 1);
    assert_eq!(file.expect.zero_window, Some(Seen::Seen));
    assert_eq!(client("tls: {}").tls, Some(Tls::default()));
    let tls = Tls { ca: Some("ca.pem".into()), insecure: false, sni: Some("a.example".to_owned()) };
    assert_eq!(client("tls: {ca: ca.pem, sni: a.example}").tls, Some(tls));
    assert_eq!(file.end.output.as_deref(), Some(Path::new("runs/x")));
}

#[test]
fn every_file_that_is_shipped_parses_and_says_how_to_run_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let mut pairs = 0;
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let (name, text) = (path.display().to_string(), std::fs::read_to_string(&path).unwrap());
            let (kind, mistake) = match path.file_name().unwrap().to_str().unwrap() {
                "server.yml" => ("server", ServerFile::parse(&text, &name).err()),
                "client.yml" => ("client", ClientFile::parse(&text, &name).err()),
                other => panic!("{other} is neither"),
            };
            assert_eq!(mistake, None);
            let command = format!("./backpressure -{kind} configs/");
            assert!(text.starts_with("# ") && text.contains(&command), "{name} says how to run it");
        }
        assert!(folder.join("server.yml").exists() && folder.join("client.yml").exists());
        pairs += 1;
    }
    assert_eq!(pairs, 10);
    assert_eq!(server(include_str!("../../../../configs/server.yml")), server(GO_SERVER));
    assert_eq!(client(include_str!("../../../../configs/client.yml")), client(GO_CLIENT));
}
