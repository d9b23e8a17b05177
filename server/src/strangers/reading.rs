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
        let mut source = Bytes::new(wire);
        let (ending, bytes) = self.read(&mut source, false, told, peer).await;
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
        let mut source = Whole::new(messages);
        let (ending, bytes) = self.read(&mut source, true, told, peer).await;
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

    /// Reads to the end; gives how it ended, and how many bytes came. Where it is given up before, what was read is kept as well.
    pub(super) async fn read<S: Source + Send>(
        &self,
        source: &mut S,
        messages: bool,
        told: impl FnMut(&[u8]),
        peer: SocketAddr,
    ) -> (ConsumerEnding, u64) {
        let number = self.number();
        let (reader, at_once) = reader_of(&self.strangers.end, number, messages, self.clock.now());
        source.limit_reads(at_once);
        let watch = Watch::begin(&source.socket(), Role::Consumer, &self.strangers.watching)
            .inspect_err(|error| warn!(%peer, %error, "a connection is not watched"))
            .ok();
        let consumer = Consumer {
            source,
            reader,
            limits: self.strangers.end.limits,
            clock: self.clock,
            told,
            figures: pair::Connection::default(),
            journal: Journal::default(),
        };
        let mut guest = Guest { guests: self, number, peer, consumer, watch, ending: None };
        let ending = tokio::select! {
            ending = guest.consumer.run() => ending,
            gone = pair::watched(&mut guest.watch) => ConsumerEnding::Gone(gone),
            () = self.leave.cancelled() => ConsumerEnding::Interrupted,
        };
        guest.ending = Some((ending.to_string(), !ending.is_complete()));
        (ending, guest.consumer.figures.bytes)
    }
}

/// A guest that is read. What became of it is kept when this is dropped: whoever answers a request is dropped with that.
struct Guest<'a, S: Source + Send, T: FnMut(&[u8])> {
    guests: &'a Guests,
    number: u32,
    peer: SocketAddr,
    consumer: Consumer<&'a mut S, T>,
    watch: Option<Watch>,
    /// How it ended, and whether that was before its time; none: it has not.
    ending: Option<(String, bool)>,
}

impl<S: Source + Send, T: FnMut(&[u8])> Drop for Guest<'_, S, T> {
    fn drop(&mut self) {
        let Consumer { figures, journal, .. } = &mut self.consumer;
        let (figures, journal) = (std::mem::take(figures), std::mem::take(journal));
        let ending = self.ending.take().unwrap_or_else(|| {
            let how = "it was given up before its end";
            info!(peer = %self.peer, bytes = figures.bytes, "{how}");
            (how.to_owned(), true)
        });
        self.guests.keep(Finished::of(self.number, ending, figures, journal, self.watch.take()));
    }
}
