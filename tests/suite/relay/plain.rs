//! Does nothing wrong: the control among the relays.

use super::pump::Rules;

pub(super) struct Plain;

impl Rules for Plain {}

mod tests {
    use std::net::Ipv4Addr;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpSocket,
    };

    use crate::relay::{
        Behaviour, Relay,
        connection::reset,
        trial::{
            MIB, Trial, Way, both_ways, is_reset, is_reset_at_once, pattern, push, receive, receive_all, soon,
        },
    };

    #[tokio::test]
    async fn bytes_pass_unchanged_in_both_directions_at_once() {
        let trial = Trial::of(Behaviour::Plain);
        let (mut client, mut server) = trial.connect(Way::Upload).await;
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();

        let bytes = pattern(4 * MIB);
        let (mut up, mut down) = (vec![0; bytes.len()], vec![0; bytes.len()]);
        let all = async {
            tokio::try_join!(
                to_client.write_all(&bytes),
                to_server.write_all(&bytes),
                from_server.read_exact(&mut up),
                from_client.read_exact(&mut down),
            )
        };
        soon(all).await.unwrap();

        assert!(up == bytes && down == bytes);
    }

    #[tokio::test]
    async fn a_consumer_that_does_not_read_stops_the_producer() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::Plain);
            let (producer, mut consumer) = trial.connect(way).await;

            let written = push(&producer, 16 * MIB).await;
            drop(producer);

            assert!(written < MIB, "{way:?}: {written}");
            let (bytes, ended) = receive_all(&mut consumer).await;
            assert!(bytes == pattern(written) && ended.is_ok(), "{way:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn a_half_close_passes_and_the_other_direction_lives_on() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::Plain);
            let (mut producer, mut consumer) = trial.connect(way).await;

            producer.shutdown().await.unwrap();
            let (bytes, ended) = receive_all(&mut consumer).await;
            assert!(bytes.is_empty() && ended.is_ok(), "{way:?}");

            consumer.write_all(b"still here").await.unwrap();
            assert_eq!(receive(&mut producer, 10).await, b"still here", "{way:?}");
            drop(consumer);
            assert!(receive_all(&mut producer).await.1.is_ok(), "{way:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn a_reset_passes_from_either_end() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::Plain);
            let (producer, mut consumer) = trial.connect(way).await;
            reset(producer);
            assert!(is_reset(&receive_all(&mut consumer).await.1), "{way:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn a_reset_passes_while_the_relay_waits_to_write() {
        both_ways(async |way| {
            let trial = Trial::of(Behaviour::Plain);
            let (producer, mut consumer) = trial.connect(way).await;
            push(&producer, 16 * MIB).await;
            reset(producer);
            assert!(is_reset(&receive_all(&mut consumer).await.1), "{way:?}");

            let (mut producer, consumer) = trial.connect(way).await;
            push(&producer, 16 * MIB).await;
            reset(consumer);
            assert!(is_reset(&receive_all(&mut producer).await.1), "{way:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn an_upstream_that_refuses_resets_the_client() {
        let refusing = TcpSocket::new_v4().unwrap();
        refusing.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let relay = Relay::start(refusing.local_addr().unwrap(), Behaviour::Plain);
        assert!(is_reset_at_once(relay.address()).await);
    }
}
