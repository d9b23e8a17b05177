use super::*;
use crate::loopback::{connection, strangers};
use scenario::{Tls, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use transport::{OwnCertificate, Remedies, TlsClient, Wire};

/// How long a peer has to say what it is.
const OPENING: Duration = Duration::from_millis(500);

fn settings(strangers: Option<Strangers>) -> (Settings, OwnCertificate) {
    let (tls, own) = TlsServer::with_own_certificate(vec!["localhost".to_owned()]).unwrap();
    let settings = Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        buffers: Buffers::Auto,
        limits: ServerLimits { opening: OPENING, ..ServerLimits::default() },
        tls: Some(tls),
        public: true,
        token: None,
        strangers,
    };
    (settings, own)
}

/// What comes of `peers` while a server of these settings is there for them.
async fn served<T>(settings: Settings, peers: impl AsyncFnOnce(SocketAddr) -> T) -> T {
    let clock = Clock::start();
    let server = Server::bind(settings, clock, Sampler::start(clock).unwrap()).unwrap();
    let (address, stop) = (server.local_addr().unwrap(), CancellationToken::new());
    let came = async {
        let came = peers(address).await;
        stop.cancel();
        came
    };
    let all = async { tokio::join!(server.serve(stop.clone()), came).1 };
    timeout(Duration::from_secs(20), all).await.expect("it ends")
}

async fn encrypted(tcp: TcpStream, own: Option<&OwnCertificate>) -> Option<Wire> {
    let client = TlsClient::new(&Tls::default(), own, Remedies::OPTIONS).unwrap();
    client.encrypt(Wire::plain(tcp).unwrap(), &Transport::Tcp, "localhost:1", OPENING).await.ok()
}

/// How a client of TLS begins.
async fn greeting() -> Vec<u8> {
    let (mut wire, far) = connection().await;
    let mut greeting = vec![0; 4096];
    let heard = async {
        let count = wire.read(&mut greeting).await.unwrap();
        drop(wire);
        count
    };
    let (count, _) = tokio::join!(heard, encrypted(far, None));
    greeting.truncate(count);
    greeting
}

/// How long a peer is kept that says this, and no more.
async fn kept(server: SocketAddr, said: &[u8]) -> Duration {
    let mut peer = TcpStream::connect(server).await.unwrap();
    peer.write_all(said).await.unwrap();
    let began = Instant::now();
    let heard = peer.read(&mut [0; 100]).await;
    assert!(!matches!(heard, Ok(1..)), "{} bytes: {heard:?}", said.len());
    began.elapsed()
}

#[tokio::test]
async fn a_peer_of_tls_that_does_not_say_in_time_what_it_is_is_closed() {
    let greeting = greeting().await;
    assert!(greeting.len() > 100, "{}", greeting.len());
    let (settings, own) = settings(None);
    let kept = served(settings, async |server| {
        let silent_within = async {
            let tcp = TcpStream::connect(server).await.unwrap();
            let mut silent = encrypted(tcp, Some(&own)).await.expect("it is served until then");
            let began = Instant::now();
            assert!(!matches!(silent.read(&mut [0; 100]).await, Ok(1..)), "nothing was asked");
            began.elapsed()
        };
        let silent = kept(server, &[]);
        let undecided = kept(server, &greeting[..3]);
        let half = kept(server, &greeting[..greeting.len() / 2]);
        <[Duration; 4]>::from(tokio::join!(silent, undecided, half, silent_within))
    })
    .await;
    assert!(kept.iter().all(|kept| (OPENING / 2..OPENING * 10).contains(kept)), "{kept:?}");
}

#[tokio::test]
async fn raw_bytes_within_tls_may_begin_as_late_as_without_it() {
    let sampler = Sampler::start(Clock::start()).unwrap();
    let (strangers, collection) = strangers("protocol: tcp\n", sampler);
    let (settings, own) = settings(Some(strangers));
    served(settings, async |server| {
        let tcp = TcpStream::connect(server).await.unwrap();
        let mut late = encrypted(tcp, Some(&own)).await.expect("TLS is served");
        let waited = timeout(2 * OPENING, late.read(&mut [0; 1])).await;
        assert!(waited.is_err(), "it is closed: {waited:?}");
        late.write_all(b"late").await.unwrap();
        late.shutdown().await.unwrap();
        late.read_to_end(&mut Vec::new()).await.unwrap();
    })
    .await;
    let totals = collection.lock().unwrap().document().totals;
    assert_eq!((totals.connections, totals.bytes), (1, 4));
}
