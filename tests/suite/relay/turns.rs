//! Directions, or connections, that take turns over one buffer: who waits to write keeps it.

use std::{io, sync::Arc};

use tokio::{net::TcpStream, sync::Mutex};

use super::pump::{End, shut_down};

pub(super) type Buffer = Arc<Mutex<Vec<u8>>>;

pub(super) fn buffer() -> Buffer {
    Arc::new(Mutex::new(vec![0; CAPACITY]))
}

/// Carries one direction until its half-close has been passed on. The mutex is fair, so that whoever waits
/// for the buffer gets it next.
pub(super) async fn take_turns(from: &TcpStream, to: &TcpStream, buffer: &Buffer) -> Result<(), End> {
    loop {
        from.readable().await?;
        let mut buffer = buffer.lock().await;
        match from.try_read(&mut buffer) {
            Ok(0) => return Ok(shut_down(to)?),
            Ok(count) => write_all(to, buffer.split_at(count).0).await?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn write_all(to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(count) => bytes = bytes.split_at(count).1,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

const CAPACITY: usize = 16 * 1024;

mod tests {
    use tokio::io::AsyncWriteExt;

    use crate::relay::{
        Behaviour,
        trial::{MIB, Trial, Way, both_ways, is_silent, pattern, push, receive, receive_all},
    };

    #[tokio::test]
    async fn bytes_and_half_closes_pass_in_turns() {
        for behaviour in [Behaviour::StallsBoth, Behaviour::SharedBuffer] {
            let trial = Trial::of(behaviour);
            for way in Way::BOTH {
                let (mut producer, mut consumer) = trial.connect(way).await;
                let (_, bytes) = tokio::join!(push(&producer, MIB), receive(&mut consumer, MIB));
                assert!(bytes == pattern(MIB), "{way:?}");
                producer.shutdown().await.unwrap();
                assert!(receive_all(&mut consumer).await.1.is_ok(), "{way:?}");
                consumer.write_all(b"back").await.unwrap();
                assert_eq!(receive(&mut producer, 4).await, b"back", "{way:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_stalled_direction_stops_the_other_and_no_other_connection() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::StallsBoth);
            let (mut producer, mut consumer) = trial.connect(way).await;
            let (mut free_producer, mut free_consumer) = trial.connect(way).await;
            let written = push(&producer, 16 * MIB).await;
            assert!(written < MIB, "{way:?}: {written}");

            consumer.write_all(b"back").await.unwrap();
            assert!(is_silent(&mut producer).await, "{way:?}");
            free_producer.write_all(b"free").await.unwrap();
            assert_eq!(receive(&mut free_consumer, 4).await, b"free", "{way:?}");

            receive(&mut consumer, written).await;
            assert_eq!(receive(&mut producer, 4).await, b"back", "{way:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn a_stalled_connection_stops_all() {
        let trial = Trial::of(Behaviour::SharedBuffer);
        for way in Way::BOTH {
            let (producer, mut consumer) = trial.connect(way).await;
            let (mut other_producer, mut other_consumer) = trial.connect(way).await;
            let written = push(&producer, 16 * MIB).await;

            other_producer.write_all(b"held").await.unwrap();
            assert!(is_silent(&mut other_consumer).await, "{way:?}");

            receive(&mut consumer, written).await;
            assert_eq!(receive(&mut other_consumer, 4).await, b"held", "{way:?}");
        }
    }
}
