//! One connection of a paired client: opened, and sent to or read from.

use super::{Client, PairError, Remark};
use crate::dial::dial;
use crate::open::OpenError;
use pair::{
    Bytes, Carrier, Consumer, ConsumerEnding, Finished, Goodbye, Journal, Payloads, Producer, ProducerEnding,
    Source, Watch, Whole, reader_of,
};
use scenario::Transport;
use scenario::files::{ClientFile, Protocol};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};
use trace::Direction;
use tracing::debug;
use transport::{Close, HandshakeError, Messages, Sent, SocketHandle, Wire};
use units::{ByteSize, Timestamp, format_duration};

/// How long each step of the opening may take, and the first byte of a server that sends.
const PATIENCE: Duration = Duration::from_secs(10);

/// What there is to say where nothing comes.
const WHO_SENDS: &str = "a server that sends has `direction: download` in its file";

/// How long a server is given to answer a goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

/// A connection that is over, and what there is to say of it.
type Over = (Finished, Option<Remark>);

/// An open connection.
enum Open {
    Bytes(Wire),
    Messages(Box<Messages>),
}

/// Opens the connection of this number at its time, and does with it what the file says.
pub(super) async fn connect(client: Arc<Client>, number: u32, at: Timestamp) -> Result<Over, PairError> {
    let address = client.address();
    let opened = async {
        sleep(client.clock.until(at)).await;
        open(&client, &address).await
    };
    let opened = tokio::select! {
        opened = opened => opened?,
        () = client.stop.cancelled() => return Err(PairError::Interrupted(address)),
    };
    match (client.file.end.direction, opened) {
        (Direction::Upload, opened) => send(&client, number, opened, address).await,
        (Direction::Download, Open::Bytes(mut wire)) => {
            if client.file.half_close {
                let what = "close one direction of the connection to";
                let failed = |source| PairError::Nothing { what, address: address.clone(), source };
                wire.shutdown().await.map_err(failed)?;
            }
            let mut source = Bytes::new(wire);
            let (over, _) = read(&client, number, &mut source, false, address).await;
            left(source.leave(FAREWELL).await);
            over
        }
        (Direction::Download, Open::Messages(messages)) => {
            let mut source = Whole::new(*messages);
            let (over, goodbye) = read(&client, number, &mut source, true, address).await;
            left(pair::leave_messages(source.into_messages(), &goodbye, FAREWELL).await);
            over
        }
    }
}

/// Dials `address`, and tells a WebSocket server what is about to come.
async fn open(client: &Client, address: &str) -> Result<Open, OpenError> {
    let file = &client.file;
    let tcp = dial(address, file.end.buffers, PATIENCE).await?;
    let ended = |source| OpenError::Ended { address: address.to_owned(), source };
    pair::keep_alive(&tcp);
    if let Some(user_timeout) = file.end.user_timeout {
        socket::set_user_timeout(&tcp, user_timeout.0).map_err(ended)?;
    }
    let plain = Wire::plain(tcp).map_err(ended)?;
    let socket = plain.handle();
    let wire = match &client.tls {
        Some(tls) => {
            let transport = match file.protocol {
                Protocol::Tcp => Transport::Tcp,
                Protocol::WebSocket => Transport::WebSocket(file.request.clone()),
            };
            let encrypted = tls.encrypt(plain, &transport, address, PATIENCE).await;
            encrypted.map_err(|source| OpenError::Tls { address: address.to_owned(), source })?
        }
        None => plain,
    };
    let begun = timeout(PATIENCE, begin(wire, file, address)).await;
    let address = address.to_owned();
    match begun {
        Ok(Ok(open)) => Ok(open),
        _ if client.tls.is_none() && socket.hears_tls() => {
            Err(OpenError::SpeaksTls { address, remedy: "give the client's file `tls: {}`" })
        }
        Ok(Err(HandshakeError::Io(source))) => Err(OpenError::Ended { address, source }),
        Ok(Err(source)) => Err(OpenError::Handshake { what: "a WebSocket", address, source }),
        Err(_) => Err(OpenError::Silent { address, patience: PATIENCE }),
    }
}

async fn begin(wire: Wire, file: &ClientFile, address: &str) -> Result<Open, HandshakeError> {
    if file.protocol == Protocol::Tcp {
        return Ok(Open::Bytes(wire));
    }
    let mut messages = transport::connect_messages(wire, &file.request, address).await?;
    if file.end.direction == Direction::Upload {
        messages.send(Sent::Text(parameters(file))).await?;
    }
    Ok(Open::Messages(Box::new(messages)))
}

/// go-backpressure's first message.
fn parameters(file: &ClientFile) -> String {
    let production = &file.end.production;
    // Where there is no total, what has come is a share of nothing.
    let total = production.requests.unwrap_or(0);
    format!(r#"{{"payloadSize":{},"requestsTotal":{total}}}"#, production.payload.as_u64())
}

/// The words before a line of one connection among several.
fn prefix(client: &Client, number: u32) -> String {
    if client.file.connections > 1 { format!("{number}: ") } else { String::new() }
}

fn watch(client: &Client, socket: &SocketHandle) -> Result<Watch, PairError> {
    Watch::begin(socket, client.role(), &client.watching).map_err(PairError::Watch)
}

async fn send(client: &Client, number: u32, opened: Open, address: String) -> Result<Over, PairError> {
    let carrier = match opened {
        Open::Bytes(wire) => Carrier::bytes(wire),
        Open::Messages(messages) => Carrier::messages(*messages, 0),
    };
    let mut watch = watch(client, &carrier.socket())?;
    let production = client.file.end.production;
    let prefix = prefix(client, number);
    let mut producer = Producer {
        carrier,
        production,
        limits: client.file.end.limits,
        payloads: Payloads::new(client.seed.wrapping_add(u64::from(number - 1)), production.payload),
        clock: client.clock,
        ledger: client.watching.ledger.clone(),
        told: |request, size: ByteSize| {
            client.lines.say(format!("{prefix}req: {request} (wrote {} bytes)", size.as_u64()));
        },
        figures: pair::Connection::default(),
        journal: Journal::default(),
    };
    let ending = tokio::select! {
        ending = producer.run(&client.stop) => ending,
        gone = watch.run() => ProducerEnding::Broken(io::Error::new(io::ErrorKind::TimedOut, gone)),
    };
    let (figures, journal) = producer.into_findings();
    let fired = figures.requests;
    let requests = match production.requests {
        Some(all) => format!("{fired} of {all} requests"),
        None => format!("{fired} requests"),
    };
    let (ending, early, note) = match ending {
        ProducerEnding::Broken(source) if fired == 0 && production.includes(0) => {
            return Err(PairError::Nothing { what: "send anything to", address, source });
        }
        ProducerEnding::Interrupted if fired == 0 => return Err(PairError::Interrupted(address)),
        ProducerEnding::Complete { waited: None } => ("the server closed".to_owned(), false, None),
        ProducerEnding::Complete { waited: Some(waited) } => {
            let note = format!("the server had not closed after {}", format_duration(waited));
            (note.clone(), false, Some(Remark::Note(note)))
        }
        ProducerEnding::Broken(error) => {
            (format!("the connection ended after {requests}: {error}"), true, None)
        }
        ProducerEnding::Limited(how) => {
            (format!("the connection was ended after {requests} by its limit: {how}"), true, None)
        }
        ProducerEnding::Interrupted => (format!("interrupted after {requests}"), true, None),
    };
    Ok((Finished::of(number, (ending, early), figures, journal, Some(watch)), note))
}

/// Reads to the end, and gives what is left to be said then.
async fn read<S: Source + Send>(
    client: &Client,
    number: u32,
    source: &mut S,
    messages: bool,
    address: String,
) -> (Result<Over, PairError>, Goodbye) {
    let leaves = || Goodbye::going_away("the client ends");
    let socket = source.socket();
    let mut watch = match watch(client, &socket) {
        Ok(watch) => watch,
        Err(error) => return (Err(error), leaves()),
    };
    let (reader, at_once) = reader_of(&client.file.end, number, messages, client.clock.now());
    source.limit_reads(at_once);
    let prefix = prefix(client, number);
    let mut consumer = Consumer {
        source,
        reader,
        limits: client.file.end.limits,
        clock: client.clock,
        told: |bytes: &[u8]| client.lines.say(format!("{prefix}read {} bytes", bytes.len())),
        figures: pair::Connection::default(),
        journal: Journal::default(),
    };
    let ending = tokio::select! {
        ending = consumer.run() => ending,
        gone = watch.run() => ConsumerEnding::Gone(gone),
        silent = silence(&socket) => ConsumerEnding::Failed(silent),
        () = client.stop.cancelled() => ConsumerEnding::Interrupted,
    };
    let Consumer { figures, journal, .. } = consumer;
    let goodbye = match &ending {
        ConsumerEnding::Close(_) => Goodbye::Answer,
        ConsumerEnding::Failed(error) if let Some(close) = Close::after(error) => Goodbye::Say(close),
        _ => leaves(),
    };
    let (ending, early) = match ending {
        ConsumerEnding::Failed(source) if figures.bytes == 0 => {
            return (Err(PairError::Nothing { what: "read anything from", address, source }), goodbye);
        }
        // What waits to be read is worth a recording.
        ConsumerEnding::Interrupted if figures.bytes == 0 && !waits(&socket) => {
            return (Err(PairError::Interrupted(address)), goodbye);
        }
        ending if ending.is_complete() && figures.requests == 0 => {
            (format!("nothing came; {WHO_SENDS}"), true)
        }
        ending if ending.is_complete() => ("the server closed".to_owned(), false),
        ending => {
            let bytes = figures.bytes;
            (format!("the connection ended after {bytes} bytes: {ending}"), true)
        }
    };
    (Ok((Finished::of(number, (ending, early), figures, journal, Some(watch)), None)), goodbye)
}

/// Ends when nothing has come for as long as a server has to begin.
async fn silence(socket: &SocketHandle) -> io::Error {
    let before = socket.counters().read();
    sleep(PATIENCE).await;
    if socket.counters().read() > before || waits(socket) {
        return std::future::pending().await;
    }
    let seconds = PATIENCE.as_secs();
    let why = format!("it sent nothing within {seconds} s; {WHO_SENDS}");
    io::Error::new(io::ErrorKind::TimedOut, why)
}

/// Bytes came that nobody read.
fn waits(socket: &SocketHandle) -> bool {
    socket::receive_queue(socket).is_ok_and(|waiting| waiting > ByteSize::bytes(0))
}

fn left(ended: io::Result<()>) {
    if let Err(error) = ended {
        debug!(%error, "a connection did not end in order");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_message_is_go_backpressures_byte_for_byte() {
        let file = ClientFile::parse("{}", "client.yml").unwrap();
        assert_eq!(parameters(&file), r#"{"payloadSize":1000,"requestsTotal":5}"#);
    }
}
