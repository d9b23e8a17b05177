use super::*;
use crate::loopback::{Carriage, carriages, streams};
use proptest::prelude::*;
use scenario::Transport;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use trace::Direction;

#[tokio::test]
async fn a_closed_gate_lets_no_byte_pass_and_an_open_one_lets_the_read_go_on() {
    for transport in carriages() {
        let (mut near, mut far) = streams(&transport).await;
        let (gate, counters) = (far.gate(), far.counters());
        gate.close();
        near.write_all(b"hello").await.unwrap();
        near.flush().await.unwrap();
        let mut buffer = [0; 5];
        let read = far.read_exact(&mut buffer);
        tokio::pin!(read);
        assert!(timeout(Duration::from_millis(50), &mut read).await.is_err(), "{transport}");
        assert_eq!(counters.read(), 0, "{transport}");
        gate.open();
        read.await.unwrap();
        assert_eq!((counters.read(), near.counters().written()), (5, 5), "{transport}");
    }
}

#[tokio::test]
async fn what_was_read_with_other_bytes_does_not_pass_a_closed_gate() {
    for transport in carriages() {
        let (mut near, mut far) = streams(&transport).await;
        near.write_all(b"first").await.unwrap();
        near.write_all(b"second").await.unwrap();
        near.flush().await.unwrap();
        let mut buffer = [0; 5];
        far.read_exact(&mut buffer).await.unwrap();
        far.gate().close();
        let mut rest = [0; 6];
        assert!(timeout(Duration::from_millis(50), far.read(&mut rest)).await.is_err(), "{transport}");
        far.gate().open();
        far.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"second", "{transport}");
    }
}

#[tokio::test]
async fn a_write_that_the_kernel_does_not_take_is_seen_to_wait_and_no_more_than_one_message_waits_above_it() {
    const MESSAGE: u64 = 64 << 10;
    /// Of the records in which TLS 1.3 carries a message.
    const RECORDS: u64 = 7 * 22;
    for transport in carriages() {
        let (mut producer, consumer) = streams(&transport).await;
        producer.begin(ByteSize::bytes(MESSAGE)).unwrap();
        consumer.gate().close();
        let counters = producer.counters();
        let payload = vec![7; 300_000];
        let flood = async {
            loop {
                producer.write_all(&payload).await.unwrap();
            }
        };
        assert!(timeout(Duration::from_millis(300), flood).await.is_err(), "{transport}");
        assert!(counters.waiting() && counters.written() > 0, "{transport}");
        let records = if transport.tls { RECORDS } else { 0 };
        let message = ByteSize::bytes(MESSAGE);
        let most = match (&transport.transport, transport.tls) {
            (Transport::Tcp, false) => 0,
            (Transport::Tcp, true) => (32 << 10) + records,
            (other, _) => MESSAGE + other.framing(MESSAGE, message, transport.direction) + records,
        };
        assert!(counters.unwritten() <= most, "{transport}: {}", counters.unwritten());
        drop(consumer);
    }
}

#[tokio::test]
async fn a_peer_that_says_goodbye_ends_the_stream() {
    for transport in carriages() {
        let (mut near, mut far) = streams(&transport).await;
        near.write_all(b"last").await.unwrap();
        near.shutdown().await.unwrap();
        let mut all = Vec::new();
        far.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"last", "{transport}");
    }
}

#[tokio::test]
async fn a_server_of_http2_stays_until_its_client_has_all() {
    for carriage in
        carriages().filter(|carriage| matches!(&carriage.transport, Transport::Http(http) if http.http2))
    {
        let (near, far) = streams(&carriage).await;
        let (mut client, mut server) = match carriage.direction {
            Direction::Upload => (near, far),
            Direction::Download => (far, near),
        };
        let mut rest = [0; 16];
        if carriage.direction == Direction::Download {
            server.write_all(b"last").await.unwrap();
            server.shutdown().await.unwrap();
            assert!(timeout(Duration::from_millis(50), server.read(&mut rest)).await.is_err(), "{carriage}");
            let mut all = Vec::new();
            client.read_to_end(&mut all).await.unwrap();
            assert_eq!(all, b"last", "{carriage}");
        } else {
            client.shutdown().await.unwrap();
            assert_eq!(server.read(&mut rest).await.unwrap(), 0, "the request is over");
            server.shutdown().await.unwrap();
            assert!(timeout(Duration::from_millis(50), server.read(&mut rest)).await.is_err(), "{carriage}");
        }
        drop(client);
        let closed = timeout(Duration::from_secs(5), server.read(&mut rest)).await.unwrap();
        assert!(matches!(closed, Ok(0) | Err(_)), "{carriage}: {closed:?}");
    }
}

#[tokio::test]
async fn an_announced_length_need_not_be_reached() {
    let mut transport = Transport::http("/http");
    if let Transport::Http(http) = &mut transport {
        http.length = Some(ByteSize::mib(1));
    }
    let carriage = Carriage { transport, tls: false, direction: Direction::Upload };
    let (mut producer, mut consumer) = streams(&carriage).await;
    producer.begin(ByteSize::kib(64)).unwrap();
    producer.write_all(b"all there is").await.unwrap();
    producer.shutdown().await.unwrap();
    assert_eq!(producer.counters().unwritten(), 0);
    drop(producer);
    // Whether all there is had come is for the payload to say: HTTP cannot know.
    let mut all = Vec::new();
    let error = consumer.read_to_end(&mut all).await.unwrap_err();
    assert_eq!((all.as_slice(), error.kind()), (&b"all there is"[..], ErrorKind::ConnectionAborted));
}

#[tokio::test]
async fn a_body_that_is_cut_off_does_not_end_in_order() {
    for carriage in carriages().filter(|carriage| matches!(carriage.transport, Transport::Http(_))) {
        let (mut producer, mut consumer) = streams(&carriage).await;
        producer.write_all(b"abc").await.unwrap();
        producer.flush().await.unwrap();
        drop(producer);
        let mut all = Vec::new();
        let error = consumer.read_to_end(&mut all).await.unwrap_err();
        // HTTP/2 has frames to say so.
        let kinds = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset];
        assert_eq!(
            (all.as_slice(), kinds.contains(&error.kind())),
            (&b"abc"[..], true),
            "{carriage}: {error}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_writes_are_read_as_written(
        writes in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..70_000), 1..12),
        reads in proptest::collection::vec(1usize..100_000, 1..8),
        message in 1u64..100_000,
        carriage in proptest::sample::select(carriages().collect::<Vec<_>>()),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (written, read) = runtime.block_on(carry(&carriage, &writes, &reads, message));
        prop_assert!(written == read, "{} carried {} bytes as {}", carriage, written.len(), read.len());
    }
}

/// What was written, and what was read until the end.
async fn carry(
    transport: &Carriage,
    writes: &[Vec<u8>],
    reads: &[usize],
    message: u64,
) -> (Vec<u8>, Vec<u8>) {
    let (mut producer, mut consumer) = streams(transport).await;
    // A message a byte would take its time.
    producer.begin(ByteSize::bytes(message.max(1_000))).unwrap();
    let write = async {
        for bytes in writes {
            producer.write_all(bytes).await.unwrap();
        }
        producer.shutdown().await.unwrap();
    };
    let read = async {
        let mut all = Vec::new();
        for size in reads.iter().cycle() {
            let mut buffer = vec![0; *size];
            match consumer.read(&mut buffer).await.unwrap() {
                0 => break,
                count => all.extend_from_slice(buffer.get(..count).unwrap()),
            }
        }
        assert_eq!(consumer.counters().unread(), 0);
        all
    };
    let ((), all) = tokio::join!(write, read);
    (writes.concat(), all)
}
