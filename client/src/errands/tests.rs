use super::*;
use crate::control::{ControlLink, open_control};
use scenario::Transport;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use units::Timestamp;
use wire::Reply;

/// What the path does to a request in which something is said.
#[derive(Debug, Clone, Copy)]
enum Mood {
    Answers,
    /// Answers, and closes the connection without having said that it would.
    AnswersAndCloses,
    /// Takes it, and closes the connection.
    Closes,
    /// Has no upstream at present.
    IsBusy,
    /// Takes it, and says nothing.
    IsSilent,
    Refuses,
}

/// A server behind a path of such moods, which answers when they are over.
#[derive(Debug, Default)]
struct Peer {
    moods: Mutex<VecDeque<Mood>>,
    /// The numbers of the messages that were taken.
    taken: Mutex<BTreeSet<u64>>,
    connections: Mutex<usize>,
}

impl Peer {
    async fn serve(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            connections.spawn(Arc::clone(&self).requests(tcp));
        }
    }

    async fn requests(self: Arc<Self>, tcp: TcpStream) {
        let mut tcp = BufReader::new(tcp);
        let mut said = false;
        while let Some((errand, body)) = request(&mut tcp).await {
            match errand {
                Errand::Ask(_) => {
                    let token = Some(RunId::from_random(2));
                    let reply = Reply { token, ..Reply::accepted(RunId::from_random(1)) };
                    answer(&mut tcp, "200 OK", &reply.encode()).await;
                }
                Errand::Hear { .. } => std::future::pending().await,
                Errand::Carry(_) => unreachable!("no stream is asked for"),
                Errand::Say { first, .. } => {
                    *self.connections.lock().unwrap() += usize::from(!said);
                    said = true;
                    let mood = self.moods.lock().unwrap().pop_front().unwrap_or(Mood::Answers);
                    match mood {
                        Mood::IsBusy => answer(&mut tcp, "502 Bad Gateway", b"").await,
                        Mood::Refuses => answer(&mut tcp, "410 Gone", b"").await,
                        // What it does to the request is its own affair; what it tells is nothing.
                        Mood::IsSilent => std::future::pending().await,
                        Mood::Closes => return,
                        Mood::Answers | Mood::AnswersAndCloses => {
                            let lines = String::from_utf8(body).unwrap().lines().count() as u64;
                            self.taken.lock().unwrap().extend(first..first + lines);
                            answer(&mut tcp, "200 OK", b"").await;
                        }
                    }
                    if matches!(mood, Mood::AnswersAndCloses) {
                        return;
                    }
                }
            }
        }
    }
}

async fn request(tcp: &mut BufReader<TcpStream>) -> Option<(Errand, Vec<u8>)> {
    let (mut name, mut about, mut length) = (String::new(), String::new(), 0);
    loop {
        let mut line = String::new();
        if tcp.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((Errand::NAME, value)) => value.clone_into(&mut name),
            Some((Errand::ABOUT, value)) => value.clone_into(&mut about),
            Some(("content-length", value)) => length = value.parse().unwrap(),
            None if line == "\r\n" => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    tcp.read_exact(&mut body).await.unwrap();
    Some((Errand::parse(name.as_bytes(), about.as_bytes()).unwrap(), body))
}

async fn answer(tcp: &mut BufReader<TcpStream>, status: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
    tcp.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
}

/// Says three things, one after the other, over a path of these moods.
async fn said(moods: &[Mood]) -> (io::Result<()>, Arc<Peer>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let route = Route {
        transport: Transport::http("/http"),
        tls: None,
        address: listener.local_addr().unwrap().to_string(),
        token: None,
        patience: Duration::from_millis(100),
    };
    let peer = Arc::new(Peer { moods: Mutex::new(moods.iter().copied().collect()), ..Peer::default() });
    let mut tasks = JoinSet::new();
    tasks.spawn(Arc::clone(&peer).serve(listener));
    let (link, carry) = open_control(&route, RunId::from_random(3)).await.unwrap();
    let ControlLink { say, hear: _hear, .. } = link;
    let talk = async {
        for number in 0..3 {
            say.send(ToServer::Ping { sent: Timestamp::from_nanos(number) }).await.unwrap_or_default();
            // One request each.
            while peer.taken.lock().unwrap().len() as u64 <= number && !say.is_closed() {
                tokio::task::yield_now().await;
            }
        }
        drop(say);
    };
    let (carried, ()) = tokio::join!(carry, talk);
    (carried, peer)
}

#[tokio::test]
async fn a_path_that_closes_connections_or_is_busy_or_slow_makes_messages_late_and_loses_none() {
    use Mood::*;
    let moods = [AnswersAndCloses, Answers, IsBusy, Closes, IsSilent, IsSilent, AnswersAndCloses];
    let (carried, peer) = said(&moods).await;
    carried.unwrap();
    assert_eq!(*peer.taken.lock().unwrap(), BTreeSet::from([0, 1, 2]));
    assert!(peer.moods.lock().unwrap().is_empty(), "each was met");
}

#[tokio::test]
async fn a_connection_that_stays_is_used_again() {
    let (carried, peer) = said(&[]).await;
    carried.unwrap();
    assert_eq!(*peer.connections.lock().unwrap(), 1);
}

#[tokio::test]
async fn what_the_server_refuses_is_not_said_again() {
    let (carried, peer) = said(&[Mood::Refuses]).await;
    let error = carried.unwrap_err();
    let cause = std::error::Error::source(error.get_ref().unwrap()).unwrap();
    assert_eq!(cause.to_string(), "it answered 410 Gone");
    assert!(peer.taken.lock().unwrap().is_empty());
}
