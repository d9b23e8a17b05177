use super::*;
use crate::handed::Handed;
use crate::limits::ServerLimits;
use crate::loopback::{connection, shared};
use crate::mailbox::Mailboxes;
use crate::metrics::Metrics;
use crate::passing::Passing;
use crate::registry::Registry;
use crate::runs::Runs;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is served over HTTP/1.1, and who asks on it.
async fn served(limits: ServerLimits) -> (impl Future<Output = io::Result<Became>>, TcpStream) {
    let (wire, far) = connection().await;
    let shared = shared(limits);
    let desk = Desk {
        metrics: Arc::new(Metrics::new(Arc::clone(&shared.meter))),
        shared,
        registry: Registry::default(),
        mailboxes: Mailboxes::default(),
        guests: None,
        public: true,
        token: None,
        peer: far.local_addr().unwrap(),
        socket: wire.handle(),
        runs: Runs::default(),
        handed: Handed::default(),
        passing: Passing::default(),
    };
    let site =
        Site { http2: false, patience: limits.opening, message_max: ByteSize::mib(1), pages: Err("none") };
    (serve(wire, site, desk), far)
}

#[tokio::test]
async fn a_download_that_goes_on_for_longer_than_a_stream_may_take_is_ended() {
    let duration = Duration::from_millis(500);
    let (serve, mut far) = served(ServerLimits { duration, ..ServerLimits::default() }).await;
    let began = Instant::now();
    let client = async {
        far.write_all(b"GET /http?bytes=1TiB HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut some = vec![0; 64 << 10];
        while far.read_exact(&mut some).await.is_ok() {}
    };
    let (became, ()) = tokio::join!(async { serve.await.unwrap() }, client);
    assert!(matches!(became, Became::Nothing), "{became:?}");
    assert!(began.elapsed() >= duration, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_websocket_is_asked_for_by_get_without_a_body() {
    let (serve, mut far) = served(ServerLimits::default()).await;
    let wanted = "Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    let client = async {
        for (method, body, status) in [
            ("POST", "", "426"),
            ("GET", "Content-Length: 1\r\n\r\nx", "426"),
            ("HEAD", "", "426"),
            ("GET", "", "101"),
        ] {
            let end = if body.is_empty() { "\r\n" } else { "" };
            let request = format!("{method} /ws HTTP/1.1\r\n{wanted}{body}{end}");
            far.write_all(request.as_bytes()).await.unwrap();
            let mut heard = vec![0; 4096];
            let count = far.read(&mut heard).await.unwrap();
            let heard = String::from_utf8_lossy(&heard[..count]);
            assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {body:?}: {heard}");
        }
    };
    let (became, ()) = tokio::join!(serve, client);
    assert!(matches!(became, Ok(Became::Messages { .. })), "{became:?}");
}

#[test]
fn a_page_of_another_site_is_foreign() {
    let is_foreign = |uri: &str, headers: &[(&str, &str)]| {
        let request = Request::builder().uri(uri);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        is_foreign(&request.body(()).unwrap())
    };
    let own = [("host", "a.example:8080"), ("origin", "http://a.example:8080")];
    assert!(!is_foreign("/http", &own));
    assert!(!is_foreign("/http", &own[..1]), "a program");
    assert!(is_foreign("/http", &[own[0], ("origin", "http://b.example")]));
    assert!(is_foreign("/http", &[own[0], ("origin", "null")]));
    let behind = [("host", "10.0.0.1"), ("x-forwarded-host", "a.example"), ("origin", "https://a.example")];
    assert!(!is_foreign("/http", &behind));
    let over_2 = "http://a.example:8080/http";
    assert!(!is_foreign(over_2, &own[1..]));
    assert!(is_foreign(over_2, &[("origin", "http://b.example")]));
    for (fetched, foreign) in
        [("same-origin", false), ("none", false), ("same-site", true), ("cross-site", true)]
    {
        assert_eq!(is_foreign("/http", &[own[0], ("sec-fetch-site", fetched)]), foreign, "{fetched}");
    }
}
