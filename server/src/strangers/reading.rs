//! Guests that send: each is read by the file's plan.

use super::parameters::{Parameters, Progress};
use super::{FAREWELL, Guests, say_goodbye};
use pair::{
    Bytes, Consumer, ConsumerEnding, Finished, Goodbye, Journal, Source, Watch, Whole, leave_messages,
    reader_of,
};
use std::net::SocketAddr;
use trace::Role;
use tracing::{debug, info, warn};
use transport::{Close, Messages, Wire};

impl Guests {
    pub(super) async fn read_bytes(&self, wire: Wire, peer: SocketAddr) {
        let lines = &self.strangers.lines;
        let told = |bytes: &[u8]| lines.say(format!("read {} bytes", bytes.len()));
        let (ending, bytes, source) = self.read(Bytes::new(wire), false, told, peer).await;
        info!(%peer, bytes, %ending, "raw TCP is over");
        if !matches!(ending, ConsumerEnding::Gone(_) | ConsumerEnding::Failed(_)) {
            let closed = source.leave(FAREWELL).await;
            debug!(%peer, ?closed, "raw TCP was closed");
        }
    }

    pub(super) async fn read_messages(&self, messages: Messages, parameters: Parameters, peer: SocketAddr) {
        info!(%peer, payload = parameters.payload_size, requests = parameters.requests_total, "session begins");
        let lines = &self.strangers.lines;
        let mut progress = Progress::of(parameters);
        let told = |bytes: &[u8]| lines.say(progress.read(bytes.len()));
        let (ending, bytes, source) = self.read(Whole::new(messages), true, told, peer).await;
        info!(%peer, bytes, %ending, "session is over");
        match &ending {
            ConsumerEnding::Close(close) => {
                lines.say(close.to_string());
                let answered = leave_messages(source.into_messages(), &Goodbye::Answer, FAREWELL).await;
                debug!(%peer, ?answered, "goodbye was answered");
            }
            ConsumerEnding::Interrupted => {
                say_goodbye(source.into_messages(), Goodbye::going_away("the server ends")).await;
            }
            ConsumerEnding::Limited(_) => {
                say_goodbye(source.into_messages(), Goodbye::going_away(&ending.to_string())).await;
            }
            ConsumerEnding::Fin | ConsumerEnding::Gone(_) => {}
            ConsumerEnding::Failed(error) => {
                warn!(%peer, %error, "a session failed");
                if let Some(close) = Close::after(error) {
                    say_goodbye(source.into_messages(), Goodbye::Say(close)).await;
                }
            }
        }
    }

    /// Reads to the end; gives how it ended, how many bytes came, and what was read from.
    pub(super) async fn read<S: Source>(
        &self,
        mut source: S,
        messages: bool,
        told: impl FnMut(&[u8]),
        peer: SocketAddr,
    ) -> (ConsumerEnding, u64, S) {
        let number = self.number();
        let (reader, at_once) = reader_of(&self.strangers.end, number, messages, self.clock.now());
        source.limit_reads(at_once);
        let mut watch = Watch::begin(&source.socket(), Role::Consumer, &self.strangers.watching)
            .inspect_err(|error| warn!(%peer, %error, "a connection is not watched"))
            .ok();
        let mut consumer = Consumer {
            source,
            reader,
            limits: self.strangers.end.limits,
            clock: self.clock,
            told,
            figures: pair::Connection::default(),
            journal: Journal::default(),
        };
        let ending = tokio::select! {
            ending = consumer.run() => ending,
            gone = pair::watched(&mut watch) => ConsumerEnding::Gone(gone),
            () = self.leave.cancelled() => ConsumerEnding::Interrupted,
        };
        let Consumer { source, figures, journal, .. } = consumer;
        let bytes = figures.bytes;
        self.keep(Finished::of(number, (ending.to_string(), !ending.is_complete()), figures, journal, watch));
        (ending, bytes, source)
    }
}
