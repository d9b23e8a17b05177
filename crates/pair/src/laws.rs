//! What holds for any read plan, any sizes, and any fragmentation on the way.

use crate::{Bytes, Carrier, Connection, Consumer, ConsumerEnding, Journal, Source, Whole, reader_of};
use bytes::Bytes as Buffer;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use scenario::files::{Limits, ServerFile};
use scenario::{HttpRequest, WEBSOCKET_PATH};
use std::convert::Infallible;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use transport::{Close, Messages, SocketHandle, Wire};
use units::{ByteSize, Clock};

/// What is sent, how it is cut on its way, and how it is read.
#[derive(Debug, Clone)]
struct Case {
    messages: Vec<usize>,
    /// Sizes of the pieces that pass, one after the other and over again.
    pieces: Vec<usize>,
    plan: String,
    /// Bytes that one read of the socket takes, where there are messages.
    at_once: usize,
}

/// The largest message of a case.
const LARGEST: usize = 8_000;

fn cases() -> impl Strategy<Value = Case> {
    let phase = prop_oneof![
        (1u32..20).prop_map(|ms| format!("{{for: {ms}ms, rate: 0}}")),
        (1u32..20).prop_map(|ms| format!("{{for: {ms}ms, rate: unlimited}}")),
        (1u32..20, 1u32..5000).prop_map(|(ms, kb)| format!("{{for: {ms}ms, rate: {kb}kB/s}}")),
        (1u32..20_000, 100u32..50_000).prop_map(|(bytes, kb)| format!("{{bytes: {bytes}B, rate: {kb}kB/s}}")),
        (1u32..20, 1u32..3000)
            .prop_map(|(ms, chunk)| format!("{{for: {ms}ms, chunk: {chunk}B, every: 1ms}}")),
    ];
    // The last phase stays, and must come to an end of the bytes.
    let last = prop_oneof![
        Just("{rate: unlimited}".to_owned()),
        Just("{rate: 20MB/s}".to_owned()),
        (1u32..20_000).prop_map(|chunk| format!("{{chunk: {chunk}B, every: 0}}")),
    ];
    let plan = (prop::collection::vec(phase, 0..5), last)
        .prop_map(|(phases, last)| [phases, vec![last]].concat().join(", "));
    let messages = prop::collection::vec(1..LARGEST, 1..12);
    let pieces = prop::collection::vec(1usize..3000, 1..6);
    (messages, pieces, plan, 1usize..5000).prop_map(|(messages, pieces, plan, at_once)| Case {
        messages,
        pieces,
        plan,
        at_once,
    })
}

/// The byte at this place of the stream.
fn byte(place: usize) -> u8 {
    u8::try_from(place * 31 % 251).unwrap_or_default()
}

async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

/// Passes what comes from one side on to the other in pieces of these sizes.
async fn cut(from: TcpStream, to: TcpStream, pieces: Vec<usize>) {
    let (mut from_read, mut from_write) = from.into_split();
    let (mut to_read, mut to_write) = to.into_split();
    let forth = async {
        for size in pieces.into_iter().cycle() {
            let mut piece = vec![0; size];
            match from_read.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(count) => to_write.write_all(&piece[..count]).await?,
            }
        }
        to_write.shutdown().await
    };
    let back = async {
        tokio::io::copy(&mut to_read, &mut from_write).await?;
        from_write.shutdown().await
    };
    drop(tokio::join!(forth, back));
}

/// The one request, which asks for a WebSocket, is answered.
async fn accept(tcp: TcpStream) -> Messages {
    let (tell, told) = std::sync::mpsc::channel();
    let answer = service_fn(move |mut request| {
        let (response, upgrade) = transport::upgrade::<_, String>(&mut request);
        tell.send(upgrade.expect("a WebSocket is asked for")).unwrap();
        async { Ok::<_, Infallible>(response) }
    });
    let socket = TokioIo::new(Wire::plain(tcp).unwrap());
    http1::Builder::new().serve_connection(socket, answer).with_upgrades().await.unwrap();
    told.recv().unwrap().messages(ByteSize::mib(1)).await.unwrap()
}

/// Sends all messages, one after the other, and closes.
async fn send(mut carrier: Carrier, messages: &[usize]) -> io::Result<()> {
    let mut place = 0;
    for length in messages {
        let message: Vec<u8> = (place..place + length).map(byte).collect();
        place += length;
        let before = carrier.socket().counters().written();
        carrier.send(Buffer::from(message)).await?;
        // No message waits in user space once it is said to be sent.
        assert!(carrier.socket().counters().written() >= before + *length as u64);
    }
    let closed = carrier.finish(&Close::normal(), Duration::from_secs(10)).await?;
    assert!(closed, "the reader closes too");
    Ok(())
}

/// Reads by the plan; every byte must be the one that was sent, and of those that the socket gave no more than `held` may
/// wait in user space.
async fn read(source: impl Source, plan: &str, whole: bool, held: u64) -> (ConsumerEnding, usize) {
    let clock = Clock::start();
    let file = ServerFile::parse(&format!("read: [{plan}]"), "plan").unwrap();
    let (reader, _) = reader_of(&file.end, 1, whole, clock.now());
    let socket: SocketHandle = source.socket();
    let before = socket.counters().read();
    let mut place = 0;
    let mut consumer = Consumer {
        source,
        reader,
        limits: Limits::default(),
        clock,
        told: |bytes: &[u8]| {
            assert!(bytes.iter().zip(place..).all(|(got, place)| *got == byte(place)), "at {place}");
            let waiting = (socket.counters().read() - before).saturating_sub(place as u64);
            assert!(waiting <= held, "{waiting} bytes in user space, {held} are allowed");
            place += bytes.len();
        },
        figures: Connection::default(),
        journal: Journal::default(),
    };
    let ending = consumer.run().await;
    (ending, place)
}

/// What one read of bytes takes where the plan sets no bound.
const READ_AT_ONCE: u64 = 64 << 10;

/// The headers of all frames of a case, which the socket counts and the payload does not.
const HEADERS: usize = 14 * 12;

async fn passes_whole(case: Case, websocket: bool) {
    let ((near, relayed), (onward, far)) = (sockets().await, sockets().await);
    let all: usize = case.messages.iter().sum();
    let sent = async {
        let carrier = if websocket {
            let request = HttpRequest { path: WEBSOCKET_PATH.to_owned(), host: None, headers: Vec::new() };
            let messages = transport::connect_messages(Wire::plain(near).unwrap(), &request, "localhost:80")
                .await
                .unwrap();
            Carrier::messages(messages, 0)
        } else {
            Carrier::bytes(Wire::plain(near).unwrap())
        };
        send(carrier, &case.messages).await
    };
    let received = async {
        if websocket {
            let messages = accept(far).await;
            // A message, what is read beyond its end, and the frames' headers.
            let held = (LARGEST + case.at_once + HEADERS) as u64;
            let mut source = Whole::new(messages);
            source.limit_reads(Some(case.at_once));
            read(source, &case.plan, true, held).await
        } else {
            read(Bytes::new(Wire::plain(far).unwrap()), &case.plan, false, READ_AT_ONCE).await
        }
    };
    let moved = async {
        let (sent, (ending, read), ()) =
            tokio::join!(sent, received, cut(relayed, onward, case.pieces.clone()));
        sent.unwrap();
        assert!(matches!(ending, ConsumerEnding::Fin | ConsumerEnding::Close(_)), "{ending:?}");
        assert_eq!(read, all);
    };
    tokio::time::timeout(Duration::from_secs(20), moved).await.expect("it comes to its end");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_byte_arrives_in_order_whatever_the_plan_the_sizes_and_the_fragments(
        case in cases(),
        websocket in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(passes_whole(case, websocket));
    }
}
