//! Guests that listen: each is sent what the file says.

use super::Guests;
use pair::{Carrier, Finished, Journal, Payloads, Producer, ProducerEnding, Watch};
use std::io;
use std::net::SocketAddr;
use trace::Role;
use tracing::{info, warn};
use units::ByteSize;

impl Guests {
    pub(super) async fn send(&self, carrier: Carrier, peer: SocketAddr, what: &'static str) {
        let number = self.number();
        let (end, lines) = (&self.strangers.end, &self.strangers.lines);
        let mut watch = Watch::begin(&carrier.socket(), Role::Producer, &self.strangers.watching)
            .inspect_err(|error| warn!(%peer, %error, "a connection is not watched"))
            .ok();
        let seed = self.strangers.seed.wrapping_add(u64::from(number - 1));
        let mut producer = Producer {
            carrier,
            production: end.production,
            limits: end.limits,
            payloads: Payloads::new(seed, end.production.payload),
            clock: self.clock,
            ledger: self.strangers.watching.ledger.clone(),
            told: |request, size: ByteSize| {
                lines.say(format!("req: {request} (wrote {} bytes)", size.as_u64()));
            },
            figures: pair::Connection::default(),
            journal: Journal::default(),
        };
        let ending = tokio::select! {
            ending = producer.run(&self.leave) => ending,
            gone = pair::watched(&mut watch) => {
                ProducerEnding::Broken(io::Error::new(io::ErrorKind::TimedOut, gone))
            }
        };
        let (ending, early) = match ending {
            ProducerEnding::Complete { waited: None } => {
                ("all was sent, and the peer closed".to_owned(), false)
            }
            ProducerEnding::Complete { waited: Some(_) } => {
                ("all was sent, and the peer had not closed in time".to_owned(), false)
            }
            ProducerEnding::Broken(error) => (error.to_string(), true),
            ProducerEnding::Limited(how) => (format!("a limit was reached: {how}"), true),
            ProducerEnding::Interrupted => ("the server ends".to_owned(), true),
        };
        info!(%peer, bytes = producer.figures.bytes, %ending, "{what} is over");
        let (figures, journal) = producer.into_findings();
        if figures.heard > 0 {
            warn!(%peer, bytes = figures.heard, "the peer sent too, unread: give both files the same `direction`");
        }
        self.keep(Finished::of(number, (ending, early), figures, journal, watch));
    }
}
