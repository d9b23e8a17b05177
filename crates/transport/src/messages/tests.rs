use super::*;
use crate::carrier::Carrier;
use crate::connect_messages;
use crate::loopback::{accept, wires};
use scenario::{HttpRequest, WEBSOCKET_PATH};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// The client's end, and the server's, which takes messages up to 1 MiB.
async fn pair() -> (Messages, Messages) {
    let (near, far) = wires(false).await;
    let request = HttpRequest { path: WEBSOCKET_PATH.to_owned(), host: None, headers: Vec::new() };
    let (client, server) = tokio::join!(connect_messages(near, &request, "localhost:80"), accept(far));
    (client.unwrap(), server)
}

fn binary(length: usize) -> Sent {
    Sent::Binary(vec![7; length].into())
}

/// Sends until the kernel takes no more.
async fn fill(sender: &mut Messages) {
    let flood = async {
        loop {
            sender.send(binary(300_000)).await.unwrap();
        }
    };
    assert!(timeout(Duration::from_millis(300), flood).await.is_err());
}

#[tokio::test]
async fn messages_keep_their_bounds_and_their_kind() {
    let (mut client, mut server) = pair().await;
    client.send(Sent::Text("{}".to_owned())).await.unwrap();
    client.send(binary(0)).await.unwrap();
    client.send(binary(70_000)).await.unwrap();
    client.close(&Close::normal()).await.unwrap();
    assert_eq!(server.next().await.unwrap(), Received::Text(Bytes::from_static(b"{}")));
    assert_eq!(server.next().await.unwrap(), Received::Binary(Bytes::new()));
    assert_eq!(server.next().await.unwrap().length(), 70_000);
    assert_eq!(server.next().await.unwrap(), Received::Close(Close::normal()));
    server.flush().await.unwrap();
    assert_eq!(client.next().await.unwrap(), Received::Close(Close::normal()));
}

#[tokio::test]
async fn a_stream_begins_with_the_message_that_was_read_already() {
    let (mut client, mut server) = pair().await;
    client.send(Sent::Binary(Bytes::from_static(b"first\n"))).await.unwrap();
    client.send(Sent::Binary(Bytes::from_static(b"second"))).await.unwrap();
    let Received::Binary(first) = server.next().await.unwrap() else { panic!("it is binary") };
    let mut stream = server.into_stream(first);
    let mut all = [0; 12];
    stream.read_exact(&mut all).await.unwrap();
    assert_eq!(&all, b"first\nsecond");
    assert_eq!(stream.counters().unread(), 0);
}

#[tokio::test]
async fn a_ping_is_answered_by_one_who_only_writes() {
    let (client, mut server) = pair().await;
    let mut stream = client.into_stream(Bytes::new());
    server.websocket.start(Message::Ping(Bytes::from_static(b"there?"))).unwrap();
    server.flush().await.unwrap();
    for _ in 0..20 {
        stream.write_all(&[7; 100]).await.unwrap();
        tokio::task::yield_now().await;
    }
    stream.flush().await.unwrap();
    for _ in 0..20 {
        assert_eq!(server.next().await.unwrap().length(), 100);
    }
    // Each frame of the client has a header of 6 bytes, and one of them was the answer.
    assert_eq!(server.websocket.framed_bytes_read(), 20 * 106 + 6 + 6);
}

#[tokio::test]
async fn what_comes_while_one_writes_is_there_to_be_read() {
    let (client, mut server) = pair().await;
    let mut stream = client.into_stream(Bytes::new());
    server.send(Sent::Binary(Bytes::from_static(b"said"))).await.unwrap();
    for _ in 0..5 {
        stream.write_all(&[7; 100]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut said = [0; 4];
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!((&said, stream.counters().unread()), (b"said", 0));
}

#[tokio::test]
async fn a_goodbye_is_heard_by_one_who_waits_to_send() {
    let (mut client, mut server) = pair().await;
    fill(&mut client).await;
    let goodbye = Close::new(Close::GOING_AWAY, "the server ends");
    server.close(&goodbye).await.unwrap();
    assert!(timeout(Duration::from_secs(5), client.send(binary(1))).await.is_ok_and(|sent| sent.is_err()));
    assert_eq!(client.next().await.unwrap(), Received::Close(goodbye));
}

#[tokio::test]
async fn a_message_whose_sending_was_given_up_goes_out_whole_before_the_next() {
    let (mut client, mut server) = pair().await;
    fill(&mut client).await;
    let rest = async {
        client.send(binary(1)).await.unwrap();
        client.close(&Close::normal()).await.unwrap();
    };
    let read = async {
        let mut lengths = Vec::new();
        while let received @ Received::Binary(_) = server.next().await.unwrap() {
            lengths.push(received.length());
        }
        lengths
    };
    let ((), lengths) = tokio::join!(rest, read);
    assert_eq!(lengths.last(), Some(&1));
    assert!(lengths.iter().rev().skip(1).all(|length| *length == 300_000), "{lengths:?}");
}

#[tokio::test]
async fn limited_reads_leave_in_the_kernel_what_is_not_asked_for() {
    let (mut client, mut server) = pair().await;
    server.socket().limit_reads(100);
    for _ in 0..50 {
        client.send(binary(1000)).await.unwrap();
    }
    assert_eq!(server.next().await.unwrap().length(), 1000);
    assert!(server.socket().counters().read() < 1500, "{:?}", server.socket().counters());
}

#[tokio::test]
async fn a_message_above_the_largest_is_refused_with_a_goodbye_that_arrives() {
    let (mut client, mut server) = pair().await;
    let told = async move {
        // What was begun goes on while the goodbye is heard.
        drop(client.send(binary(8 << 20)).await);
        client.next().await.unwrap()
    };
    let refused = async {
        let error = server.next().await.unwrap_err();
        let close = Close::after(&error).unwrap();
        server.close(&close).await.unwrap();
        drop(timeout(Duration::from_secs(5), server.forget_rest()).await);
        close
    };
    let (told, close) = tokio::join!(told, refused);
    assert_eq!((close.code, told), (Close::TOO_BIG, Received::Close(close)));
}

#[tokio::test]
async fn answers_to_pings_that_nobody_takes_stay_bounded() {
    let (mut client, mut server) = pair().await;
    // A kernel takes some of them by itself, so there are more than it has room for.
    let pings = async {
        for _ in 0..200_000 {
            client.websocket.start(Message::Ping(vec![7; 125].into())).unwrap();
            let sent = poll_fn(|context| client.websocket.poll_flush(context));
            if timeout(Duration::from_secs(1), sent).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = pings => {}
        received = server.next() => panic!("{received:?}"),
    }
    let waiting = server.websocket.unwritten(server.socket.counters());
    assert!((1..=(64 << 10) + 127).contains(&waiting), "{waiting}");
    let (sent, received) = tokio::join!(server.send(binary(3)), client.next());
    sent.unwrap();
    assert_eq!(received.unwrap().length(), 3);
    assert_eq!(server.websocket.unwritten(server.socket.counters()), 0);
}
