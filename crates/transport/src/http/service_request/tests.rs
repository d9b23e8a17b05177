use crate::loopback::wires;
use crate::{HandshakeError, Stream, Wire, connect_service};
use scenario::{FirstMessage, Transport};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use trace::Direction;
use units::ByteSize;

fn http() -> Transport {
    Transport::http("/feed")
}

/// Of the records in which TLS 1.3 carries a chunk.
const RECORDS: u64 = 7 * 22;

/// The head of a request, up to its empty line.
async fn head(far: &mut Wire) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(far.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// A request of ours, and what a server answers to it.
async fn asked(
    direction: Direction,
    first: Option<&FirstMessage>,
    answer: &[u8],
) -> (Result<Stream, HandshakeError>, String, Wire) {
    asked_over(wires(false).await, direction, first, answer).await
}

async fn asked_over(
    (near, mut far): (Wire, Wire),
    direction: Direction,
    first: Option<&FirstMessage>,
    answer: &[u8],
) -> (Result<Stream, HandshakeError>, String, Wire) {
    let transport = http();
    let connect = connect_service(near, &transport, "localhost:80", direction, first);
    let serve = async {
        let head = head(&mut far).await;
        far.write_all(answer).await.unwrap();
        far.flush().await.unwrap();
        head
    };
    let (stream, head) = tokio::join!(connect, serve);
    (stream, head, far)
}

#[tokio::test]
async fn a_response_is_read_as_bytes_until_it_ends() {
    let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
    let (stream, head, _far) = asked(Direction::Download, None, answer).await;
    assert!(head.starts_with("GET /feed HTTP/1.1\r\n") && head.contains("host: localhost:80"), "{head}");
    let mut all = Vec::new();
    stream.unwrap().read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"abcdefg");
}

#[tokio::test]
async fn what_is_said_first_is_the_body_of_a_post() {
    let first = FirstMessage::new(b"hello".to_vec());
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let (stream, head, mut far) = asked(Direction::Download, Some(&first), answer).await;
    assert!(head.starts_with("POST /feed ") && head.contains("content-length: 5"), "{head}");
    let mut body = [0; 5];
    far.read_exact(&mut body).await.unwrap();
    assert_eq!(&body, b"hello");
    let mut all = String::new();
    stream.unwrap().read_to_string(&mut all).await.unwrap();
    assert_eq!(all, "ok");
}

#[tokio::test]
async fn an_answer_that_refuses_is_named_with_where_it_leads() {
    let answer =
        b"HTTP/1.1 301 Moved Permanently\r\nLocation: https://other.example/\r\nContent-Length: 0\r\n\r\n";
    let (stream, ..) = asked(Direction::Download, None, answer).await;
    let error = stream.unwrap_err().to_string();
    assert_eq!(
        error,
        "it answered 301 Moved Permanently and leads to https://other.example/, where nobody was asked"
    );
    let (stream, ..) = asked(Direction::Download, None, b"220 mail.example.net ESMTP\r\n").await;
    assert!(stream.unwrap_err().to_string().contains("as an HTTP server does"));
}

#[tokio::test]
async fn a_body_that_is_cut_off_does_not_end_in_order() {
    let lengths = ["Content-Length: 100\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"];
    for rest in lengths {
        let answer = format!("HTTP/1.1 200 OK\r\n{rest}");
        let (stream, _, far) = asked(Direction::Download, None, answer.as_bytes()).await;
        let mut stream = stream.unwrap();
        drop(far);
        let mut body = Vec::new();
        let error = stream.read_to_end(&mut body).await.unwrap_err();
        assert_eq!(
            (body.as_slice(), error.kind()),
            (&b"abc"[..], io::ErrorKind::ConnectionAborted),
            "{rest}"
        );
    }
}

#[tokio::test]
async fn a_closed_gate_lets_nothing_of_a_response_pass() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc";
    for tls in [false, true] {
        let (stream, _, mut far) = asked_over(wires(tls).await, Direction::Download, None, answer).await;
        let mut stream = stream.unwrap();
        let mut byte = [0; 1];
        stream.read_exact(&mut byte).await.unwrap();
        stream.gate().close();
        far.write_all(b"defg").await.unwrap();
        far.flush().await.unwrap();
        assert!(timeout(Duration::from_millis(50), stream.read(&mut byte)).await.is_err());
        stream.gate().open();
        let mut rest = [0; 6];
        stream.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"bcdefg");
    }
}

#[tokio::test]
async fn an_upload_holds_one_chunk_at_most_and_tells_of_a_refusal() {
    for (tls, most) in [(false, (64 << 10) + 9), (true, (64 << 10) + 9 + RECORDS)] {
        let (near, mut far) = wires(tls).await;
        let transport = http();
        let connect = connect_service(near, &transport, "localhost:80", Direction::Upload, None);
        let (stream, head) = tokio::join!(connect, head(&mut far));
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        let mut stream = stream.unwrap();
        stream.begin(ByteSize::kib(64)).unwrap();
        let block = vec![7; 64 << 10];
        let flood = async { while stream.write_all(&block).await.is_ok() {} };
        assert!(timeout(Duration::from_millis(300), flood).await.is_err(), "nobody reads, so it waits");
        let counters = stream.counters();
        assert!(counters.waiting());
        assert!(counters.unwritten() > 0 && counters.unwritten() <= most, "{tls}: {}", counters.unwritten());
        far.write_all(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        far.flush().await.unwrap();
        let error = stream.read(&mut [0; 1]).await.unwrap_err();
        assert!(matches!(HandshakeError::of(&error), Some(HandshakeError::Refused(_))), "{error:?}");
        assert_eq!(error.to_string(), "it answered 413 Payload Too Large");
    }
}

#[tokio::test]
async fn what_tls_holds_of_an_upload_is_told() {
    let (near, mut far) = wires(true).await;
    let transport = http();
    let connect = connect_service(near, &transport, "localhost:80", Direction::Upload, None);
    let (stream, _) = tokio::join!(connect, head(&mut far));
    let mut stream = stream.unwrap();
    // TLS takes all of such a chunk at once, whatever the kernel does.
    stream.begin(ByteSize::kib(16)).unwrap();
    let block = vec![7; 16 << 10];
    let flood = async { while stream.write_all(&block).await.is_ok() {} };
    assert!(timeout(Duration::from_millis(300), flood).await.is_err(), "nobody reads, so it waits");
    let held = stream.counters().unwritten();
    assert!(held > 0, "the write that waits was not begun, so the one before is not all with the kernel");
}

#[tokio::test]
async fn an_upload_that_nobody_reads_beside_tells_of_an_answer_too() {
    let (stream, _, mut far) = asked(Direction::Upload, None, b"220 mail.example.net ESMTP\r\n").await;
    let mut stream = stream.unwrap();
    stream.begin(ByteSize::kib(64)).unwrap();
    let block = vec![7; 64 << 10];
    let flood = async {
        loop {
            if let Err(error) = stream.write_all(&block).await {
                return error;
            }
        }
    };
    let mut sink = tokio::io::sink();
    let error = tokio::select! {
        error = flood => error,
        taken = tokio::io::copy(&mut far, &mut sink) => panic!("nobody was told of the answer: {taken:?}"),
    };
    assert!(matches!(HandshakeError::of(&error), Some(HandshakeError::ForeignHttp(_))), "{error:?}");
}
