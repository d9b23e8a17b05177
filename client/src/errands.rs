//! Control messages in complete requests and responses, where the path has no place for a connection of lines.

use crate::dial::DialError;
use crate::open::{OpenError, Route};
use bytes::Bytes;
use socket::Buffers;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;
use transport::{Apart, Exchanges, HandshakeError, Refusal, TlsError};
use wire::{Errand, FromServer, MAX_CONTROL_LINE, RunId, ToServer};

/// Messages that are sent at once have at most about this many bytes.
const BATCH: usize = 32 << 10;

/// The most that one answer holds: as much as the server puts together, and a line beyond it.
const MOST_HEARD: usize = MAX_CONTROL_LINE + (512 << 10);

/// How long the server takes at most to say that there is no news, and what the path may add.
const NEWS: Duration = Duration::from_secs(20);

/// A message that is held up for longer than this is lost; the server thinks a client gone that is silent for twice as long.
const LATE: Duration = Duration::from_mins(1);

/// Rest before a fresh connection is dialled where the one before was of no use.
const PAUSE: Duration = Duration::from_millis(200);

/// Carries messages both ways until all of ours are said, or the server is gone.
pub(crate) async fn carry(
    route: &Route,
    server: &Apart,
    token: Option<RunId>,
    from_us: mpsc::Receiver<ToServer>,
    to_us: mpsc::Sender<FromServer>,
) -> Result<(), OpenError> {
    let token = token.ok_or_else(|| route.failed(io::Error::from(io::ErrorKind::InvalidData).into()))?;
    tokio::select! {
        said = say(Errands::new(route, server), token, from_us) => said,
        heard = hear(Errands::new(route, server), token, to_us) => heard,
    }
}

async fn say(
    mut errands: Errands<'_>,
    token: RunId,
    mut from_us: mpsc::Receiver<ToServer>,
) -> Result<(), OpenError> {
    let mut first = 0;
    while let Some(message) = from_us.recv().await {
        let (mut lines, mut next) = (Vec::new(), Some(message));
        let mut count = 0;
        while let Some(message) = next {
            serde_json::to_writer(&mut lines, &message).map_err(|error| errands.failed(error.into()))?;
            lines.push(b'\n');
            count += 1;
            next = if lines.len() < BATCH { from_us.try_recv().ok() } else { None };
        }
        errands.run(Errand::Say { token, first }, lines.into(), errands.route.patience).await?;
        first += count;
    }
    Ok(())
}

async fn hear(
    mut errands: Errands<'_>,
    token: RunId,
    to_us: mpsc::Sender<FromServer>,
) -> Result<(), OpenError> {
    let mut received = 0;
    loop {
        let lines = errands.run(Errand::Hear { token, received }, Bytes::new(), NEWS).await?;
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let message = serde_json::from_slice(line).map_err(|error| errands.failed(error.into()))?;
            received += 1;
            if to_us.send(message).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// Errands, one after the other, on a connection that is dialled anew where it was closed.
struct Errands<'a> {
    route: &'a Route,
    server: &'a Apart,
    exchanges: Option<Exchanges>,
}

impl<'a> Errands<'a> {
    fn new(route: &'a Route, server: &'a Apart) -> Self {
        Self { route, server, exchanges: None }
    }

    /// Runs an errand, again where the path lost it or holds it up: over TCP, messages would be late and no more. Numbers make it
    /// harmless that one is run twice. An answer is awaited for `patience`, and each time that none came for twice as long.
    async fn run(&mut self, errand: Errand, body: Bytes, mut patience: Duration) -> Result<Bytes, OpenError> {
        let began = Instant::now();
        let deadline = began + LATE;
        loop {
            let used = self.exchanges.is_some();
            let wait = patience.min(deadline - Instant::now());
            let failed = match self.attempt(&errand, &body, wait).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if !may_pass(&failed, used) || Instant::now() >= deadline {
                return Err(match failed {
                    OpenError::Silent { address, .. } => {
                        OpenError::Silent { address, patience: began.elapsed() }
                    }
                    failed => failed,
                });
            }
            debug!(error = %failed, used, "an errand is run again");
            if matches!(failed, OpenError::Silent { .. }) {
                patience *= 2;
            } else if !used {
                sleep_until(deadline.min(Instant::now() + PAUSE)).await;
            }
        }
    }

    async fn attempt(
        &mut self,
        errand: &Errand,
        body: &Bytes,
        patience: Duration,
    ) -> Result<Bytes, OpenError> {
        let mut exchanges = match self.exchanges.take() {
            Some(exchanges) => exchanges,
            None => Self::dial(self.route, self.server).await?,
        };
        let asked = exchanges.ask(self.server, errand.clone(), body.clone(), MOST_HEARD);
        match timeout(patience, asked).await {
            Ok(Ok(answer)) => {
                self.exchanges = Some(exchanges);
                Ok(answer)
            }
            Ok(Err(error)) => Err(self.route.failed(error)),
            Err(_) => Err(OpenError::Silent { address: self.route.address.clone(), patience }),
        }
    }

    async fn dial(route: &Route, server: &Apart) -> Result<Exchanges, OpenError> {
        let wire = route.dial(Buffers::Auto).await?;
        Exchanges::on(wire, server).await.map_err(|error| route.failed(error))
    }

    fn failed(&self, error: io::Error) -> OpenError {
        self.route.failed(error.into())
    }
}

/// The path may do better the next time: it is slow, or busy, or has closed a connection that it was done with. One that answered
/// before (`used`) may also end in the protocol's own way, such as HTTP/2's GOAWAY.
fn may_pass(error: &OpenError, used: bool) -> bool {
    match error {
        OpenError::Silent { .. }
        | OpenError::Ended { .. }
        // It was found before.
        | OpenError::Dial(DialError::Resolve { .. })
        | OpenError::Handshake { source: HandshakeError::Io(_), .. }
        | OpenError::Tls { source: TlsError::Io(_) | TlsError::Ended, .. } => true,
        OpenError::Dial(DialError::Connect { source, .. }) => {
            // Where nobody listens, the server is gone.
            source.kind() != io::ErrorKind::ConnectionRefused
        }
        OpenError::Handshake { source: HandshakeError::ForeignHttp(_), .. } => used,
        OpenError::Handshake { source: HandshakeError::Refused(Refusal::Status { status, .. }), .. } => {
            matches!(status.as_u16(), 408 | 502..=504)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
