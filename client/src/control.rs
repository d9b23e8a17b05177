//! The control connection of a run: JSON lines to and from the server.

use crate::errands;
use crate::open::{Introduced, OpenError, Route, introduce};
use socket::Buffers;
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, ReadHalf, WriteHalf, split};
use tokio::sync::mpsc;
use transport::{Place, Stream};
use wire::{FromServer, MAX_CONTROL_LINE, Opening, Purpose, RunId, ToServer};

/// Messages that may wait in either direction.
const WAITING_MESSAGES: usize = 32;

/// An open control connection.
#[derive(Debug)]
pub struct ControlLink {
    /// To the server.
    pub say: mpsc::Sender<ToServer>,
    /// From the server; closed when the connection is lost.
    pub hear: mpsc::Receiver<FromServer>,
    /// The server process at the other side.
    pub instance: RunId,
}

/// Opens the control connection of `run`; the returned future carries its messages and must be driven.
pub async fn open_control(
    route: &Route,
    run: RunId,
) -> Result<(ControlLink, impl Future<Output = io::Result<()>> + Send + 'static), OpenError> {
    let token = route.token.as_ref().map(|token| token.secret().to_owned());
    let opening = Opening { run, purpose: Purpose::Control, token };
    let Introduced { place, reply, .. } = introduce(route, opening, Buffers::Auto).await?;
    let (say, from_us) = mpsc::channel(WAITING_MESSAGES);
    let (to_us, hear) = mpsc::channel(WAITING_MESSAGES);
    let route = route.clone();
    let carry = async move {
        match place {
            Place::Here(stream) => carry_lines(stream, from_us, to_us).await,
            Place::Apart(server) => {
                errands::carry(&route, &server, reply.token, from_us, to_us).await.map_err(io::Error::other)
            }
        }
    };
    Ok((ControlLink { say, hear, instance: reply.instance }, carry))
}

async fn carry_lines(
    stream: Stream,
    from_us: mpsc::Receiver<ToServer>,
    to_us: mpsc::Sender<FromServer>,
) -> io::Result<()> {
    let (reader, writer) = split(stream);
    tokio::select! {
        read = read_messages(reader, to_us) => read,
        written = write_messages(writer, from_us) => written,
    }
}

async fn read_messages(reader: ReadHalf<Stream>, to_us: mpsc::Sender<FromServer>) -> io::Result<()> {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bounded = (&mut reader).take(MAX_CONTROL_LINE as u64);
        if bounded.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if to_us.send(serde_json::from_slice(&line)?).await.is_err() {
            return Ok(());
        }
    }
}

async fn write_messages(
    mut writer: WriteHalf<Stream>,
    mut from_us: mpsc::Receiver<ToServer>,
) -> io::Result<()> {
    while let Some(message) = from_us.recv().await {
        let mut line = serde_json::to_vec(&message)?;
        line.push(b'\n');
        writer.write_all(&line).await?;
        writer.flush().await?;
    }
    // Everything was said: the server hears the end of it.
    writer.shutdown().await
}
