use super::{HTTP_1_1, HTTP_2};
use crate::loopback::Carriage;
use crate::loopback::{sockets, streams, wires};
use crate::{Remedies, Stream, TlsClient, TlsError, TlsServer, Wire};
use base64::prelude::{BASE64_STANDARD, Engine};
use scenario::{HttpStream, Tls, Transport};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use trace::Direction;
use units::ByteSize;

const PATIENCE: Duration = Duration::from_secs(10);

fn encrypted() -> Carriage {
    Carriage { transport: Transport::Tcp, tls: true, direction: Direction::Upload }
}

/// What a client that dials `name` makes of a server with a certificate for localhost.
async fn outcome(tls: &Tls, trusts: bool, name: &str) -> Result<Wire, TlsError> {
    let (near, far) = sockets().await;
    let (server, own) = TlsServer::with_own_certificate(vec!["localhost".to_owned()]).unwrap();
    let client = TlsClient::new(tls, trusts.then_some(&own), Remedies::OPTIONS).unwrap();
    let (client, _) = tokio::join!(
        client.encrypt(Wire::plain(near).unwrap(), &Transport::Tcp, name, PATIENCE),
        server.encrypt(Wire::plain(far).unwrap(), PATIENCE)
    );
    client
}

fn told(outcome: Result<Wire, TlsError>) -> String {
    outcome.unwrap_err().to_string()
}

#[tokio::test]
async fn a_certificate_is_accepted_by_whom_and_what_it_names() {
    let asked = Tls::default();
    assert!(outcome(&asked, true, "localhost:1").await.is_ok());
    let wrong = told(outcome(&asked, true, "a.example:1").await);
    assert_eq!(wrong, "its certificate is not for `a.example` but for localhost");
    let by_sni = Tls { sni: Some("localhost".to_owned()), ..Tls::default() };
    assert!(outcome(&by_sni, true, "a.example:1").await.is_ok());
    let unknown = told(outcome(&asked, false, "localhost:1").await);
    assert!(unknown.contains("signed by nobody who is trusted here"), "{unknown}");
    let insecure = Tls { insecure: true, ..Tls::default() };
    assert!(outcome(&insecure, false, "[::1]:1").await.is_ok());
}

#[test]
fn a_damaged_certificate_among_those_to_be_trusted_is_no_silence() {
    let (_, own) = TlsServer::with_own_certificate(vec!["localhost".to_owned()]).unwrap();
    let pem = |bytes: &str| format!("-----BEGIN CERTIFICATE-----\n{bytes}\n-----END CERTIFICATE-----\n");
    let whole = pem(&BASE64_STANDARD.encode(&own.0));
    let path = std::env::temp_dir().join(format!("backpressure-damaged-{}.pem", std::process::id()));
    let trusting = |text: &str| {
        std::fs::write(&path, text).unwrap();
        TlsClient::new(&Tls { ca: Some(path.clone()), ..Tls::default() }, None, Remedies::OPTIONS).map(drop)
    };
    assert!(trusting(&whole).is_ok());
    for damaged in [pem("AAAA"), pem("no base64!")] {
        let error = trusting(&format!("{whole}{damaged}")).unwrap_err().to_string();
        assert!(error.starts_with("could not read certificate 2 in "), "{error}");
    }
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_agree_on_http2_is_told() {
    let Transport::Http(http) = Transport::http("/") else { panic!("it is HTTP") };
    let http2 = Transport::Http(HttpStream { http2: true, ..http });
    let asked = async |protocols: &[&[u8]]| {
        let (near, far) = sockets().await;
        let (server, own) = TlsServer::with_own_certificate(vec!["localhost".to_owned()]).unwrap();
        let (client, server) = (
            TlsClient::new(&Tls::default(), Some(&own), Remedies::OPTIONS).unwrap(),
            server.speaking(protocols),
        );
        let (client, _) = tokio::join!(
            client.encrypt(Wire::plain(near).unwrap(), &http2, "localhost:1", PATIENCE),
            server.encrypt(Wire::plain(far).unwrap(), PATIENCE)
        );
        client
    };
    assert!(asked(&[HTTP_2]).await.is_ok());
    // One that speaks something else says no, one that knows of no protocols says nothing.
    for protocols in [&[HTTP_1_1][..], &[]] {
        let error = told(asked(protocols).await);
        assert!(error.contains("does not agree to speak the version of HTTP"), "{error}");
    }
}

#[tokio::test]
async fn a_peer_that_speaks_no_tls_is_told() {
    let client = TlsClient::new(&Tls { insecure: true, ..Tls::default() }, None, Remedies::OPTIONS).unwrap();
    let asks = |near: TcpStream, patience| {
        let (client, wire) = (client.clone(), Wire::plain(near).unwrap());
        async move { told(client.encrypt(wire, &Transport::Tcp, "localhost:1", patience).await) }
    };
    let (near, mut far) = sockets().await;
    far.write_all(b"220 mail.example.net ESMTP\r\n").await.unwrap();
    assert_eq!(asks(near, PATIENCE).await, "it does not speak TLS");
    let (near, far) = sockets().await;
    far.into_std().unwrap().shutdown(std::net::Shutdown::Write).unwrap();
    let closed = asks(near, PATIENCE).await;
    assert!(closed.contains("in the handshake"), "{closed}");
    let (near, _far) = sockets().await;
    let silent = asks(near, Duration::from_millis(50)).await;
    assert!(silent.contains("had not finished the handshake"), "{silent}");
}

#[tokio::test]
async fn what_is_looked_at_is_still_read() {
    let (mut near, mut far) = wires(true).await;
    near.write_all(b"GE").await.unwrap();
    let mut seen = [0; 24];
    assert_eq!(far.peek(&mut seen).await.unwrap(), 2);
    near.write_all(b"T /").await.unwrap();
    while far.peek(&mut seen).await.unwrap() < 5 {
        tokio::task::yield_now().await;
    }
    assert!(seen.starts_with(b"GET /"));
    let mut all = [0; 5];
    far.read_exact(&mut all).await.unwrap();
    assert_eq!(&all, b"GET /");
}

#[tokio::test]
async fn the_end_of_an_unfinished_record_is_no_end_of_the_stream() {
    let (near, mut far) = streams(&encrypted()).await;
    let mut raw = std::fs::File::from(near.socket().as_fd().try_clone_to_owned().unwrap());
    // The header of a record of application data, and no more.
    raw.write_all(&[23, 3, 3, 1, 0]).unwrap();
    let mut rest = [0; 8];
    let read = timeout(Duration::from_millis(100), far.read(&mut rest)).await;
    assert!(read.is_err(), "{read:?}");
    assert_eq!(far.counters().unread(), 5);
    drop(near);
    drop(raw);
    let ended = far.read(&mut rest).await.unwrap_err();
    assert_eq!(ended.kind(), io::ErrorKind::UnexpectedEof);
    assert!(ended.to_string().contains("close_notify"), "{ended}");
}

#[tokio::test]
async fn a_direction_that_is_closed_leaves_the_other_open() {
    let (mut near, mut far) = streams(&encrypted()).await;
    near.write_all(b"question").await.unwrap();
    near.shutdown().await.unwrap();
    let mut question = Vec::new();
    far.read_to_end(&mut question).await.unwrap();
    far.write_all(b"answer").await.unwrap();
    far.shutdown().await.unwrap();
    let mut answer = Vec::new();
    near.read_to_end(&mut answer).await.unwrap();
    assert_eq!((question.as_slice(), answer.as_slice()), (&b"question"[..], &b"answer"[..]));
}

/// What the kernel was given is what is told to be written less what is told to wait, but for the records' framing.
#[tokio::test]
async fn what_waits_in_user_space_is_told_to_the_byte() {
    let (mut producer, mut consumer) = streams(&encrypted()).await;
    producer.begin(ByteSize::kib(8)).unwrap();
    consumer.gate().close();
    let counters = producer.counters();
    let payload = vec![7; 100_000];
    let flood = async { while producer.write_all(&payload).await.is_ok() {} };
    assert!(timeout(Duration::from_millis(300), flood).await.is_err());
    let (written, waits) = (counters.written(), counters.unwritten());
    assert!(waits > 0 && waits <= (8 << 10) + 22, "{waits}");
    let queued = |stream: &Stream| stream.socket();
    let in_kernel = socket::send_queue(queued(&producer)).unwrap().as_u64()
        + socket::receive_queue(queued(&consumer)).unwrap().as_u64();
    // Each write of 100,000 bytes is twelve records of 8 KiB and a smaller one, 22 bytes around each.
    let records = (written / 100_000) * 13 + (written % 100_000).div_ceil(8 << 10);
    assert_eq!(in_kernel + waits, written + records * 22);
    consumer.gate().open();
    let mut first = [0; 1];
    consumer.read_exact(&mut first).await.unwrap();
    assert!(consumer.counters().unread() > 0);
}
