//! Control messages in complete requests and responses, where the path has no place for a connection of lines.

use crate::open::{OpenError, Route};
use bytes::Bytes;
use socket::Buffers;
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use transport::{Apart, Exchanges, HandshakeError};
use wire::{Errand, FromServer, MAX_CONTROL_LINE, RunId, ToServer};

/// Messages that are sent at once have at most about this many bytes.
const BATCH: usize = 32 << 10;

/// The most that one answer holds: as much as the server puts together, and a line beyond it.
const MOST_HEARD: usize = MAX_CONTROL_LINE + (512 << 10);

/// How long the server takes at most to say that there is no news, and what the path may add.
const NEWS: Duration = Duration::from_secs(20);

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

    /// Numbers make it harmless that an errand is run twice, where a connection was closed before its answer.
    async fn run(&mut self, errand: Errand, body: Bytes, patience: Duration) -> Result<Bytes, OpenError> {
        loop {
            let fresh = self.exchanges.is_none();
            let mut exchanges = match self.exchanges.take() {
                Some(exchanges) => exchanges,
                None => Self::dial(self.route, self.server).await?,
            };
            let asked = exchanges.ask(self.server, errand.clone(), body.clone(), MOST_HEARD);
            match timeout(patience, asked).await {
                Ok(Ok(answer)) => {
                    self.exchanges = Some(exchanges);
                    return Ok(answer);
                }
                Ok(Err(HandshakeError::Io(_))) if !fresh => {}
                Ok(Err(error)) => return Err(self.route.failed(error)),
                Err(_) => return Err(OpenError::Silent { address: self.route.address.clone(), patience }),
            }
        }
    }

    async fn dial(route: &Route, server: &Apart) -> Result<Exchanges, OpenError> {
        let wire = route.dial(Buffers::Auto).await?;
        Exchanges::on(wire, server).await.map_err(|error| route.failed(error.into()))
    }

    fn failed(&self, error: io::Error) -> OpenError {
        self.route.failed(error.into())
    }
}
