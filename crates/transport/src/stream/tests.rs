use super::*;
use crate::loopback::{Carriage, carriages, streams};
use proptest::prelude::*;
use scenario::Transport;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

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
    /// Of the largest frame of a client.
    const FRAMING: u64 = 14;
    /// Of the records in which TLS 1.3 carries a message.
    const RECORDS: u64 = 5 * 22;
    let cases = carriages().flat_map(|transport| [(transport.clone(), false), (transport, true)]);
    for (transport, download) in cases {
        let (near, far) = streams(&transport).await;
        let (mut producer, consumer) = if download { (far, near) } else { (near, far) };
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
        let most = match (&transport.transport, transport.tls) {
            (Transport::Tcp, false) => 0,
            (Transport::Tcp, true) => (32 << 10) + RECORDS,
            (Transport::WebSocket(_) | Transport::Http(_), false) => MESSAGE + FRAMING,
            (Transport::WebSocket(_) | Transport::Http(_), true) => MESSAGE + FRAMING + RECORDS,
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_writes_are_read_as_written(
        writes in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..70_000), 1..12),
        reads in proptest::collection::vec(1usize..100_000, 1..8),
        message in 1u64..100_000,
        download: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for transport in carriages() {
            let (written, read) = runtime.block_on(carry(&transport, &writes, &reads, message, download));
            prop_assert!(written == read, "{} carried {} bytes as {}", transport, written.len(), read.len());
        }
    }
}

/// What was written, and what was read until the end.
async fn carry(
    transport: &Carriage,
    writes: &[Vec<u8>],
    reads: &[usize],
    message: u64,
    download: bool,
) -> (Vec<u8>, Vec<u8>) {
    let (near, far) = streams(transport).await;
    let (mut producer, mut consumer) = if download { (far, near) } else { (near, far) };
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
