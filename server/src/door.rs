//! What a connection's first bytes make of it.

mod requests;

use crate::answer::{NO_ROOM, NOT_SERVED, TOKEN_MISSING, refuse};
use crate::control;
use crate::errands::is_shown;
use crate::first::{First, first_bytes};
use crate::mailbox::Mailboxes;
use crate::metrics::{Metrics, Reason};
use crate::places::Place;
use crate::registry::{DataConnection, Registry};
use crate::runs::Runs;
use crate::session::Shared;
use crate::strangers::Guests;
use scenario::Token;
use scenario::files::Protocol;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing::{debug, info};
use transport::{Stream, TlsServer, Wire};
use wire::{Opening, OpeningError, Purpose, RunId};

/// What every connection's handler needs.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) registry: Registry,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) runs: Runs,
    pub(crate) shared: Shared,
    pub(crate) tls: Option<TlsServer>,
    pub(crate) public: bool,
    pub(crate) guests: Option<Arc<Guests>>,
    pub(crate) token: Option<Token>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Door {
    /// Serves a connection, whatever it is, until it is over.
    pub(crate) async fn receive(&self, tcp: TcpStream, peer: SocketAddr, place: Place) {
        // Bytes without an opening can show nothing.
        let raw = self.guests.as_deref().filter(|guests| guests.take(Protocol::Tcp) && self.token.is_none());
        let raw = raw.inspect(|_| pair::keep_alive(&tcp));
        let begun = match Wire::plain(tcp) {
            Ok(wire) => self.look(wire, peer, raw).await,
            Err(error) => Err(error),
        };
        let (wire, first) = match begun {
            Ok(begun) => begun,
            Err(error) => return debug!(%peer, %error, "lost before its opening"),
        };
        if matches!(first, First::Opening | First::Http | First::Http2) {
            // Of a check, silence is what is measured.
            pair::let_be(&wire.handle());
        }
        match (first, raw) {
            // It sends nothing, and may listen.
            (First::Nothing | First::Silent, Some(guests)) if guests.speak_after().is_some() => {
                guests.serve_bytes(wire, peer).await;
            }
            (First::Nothing, _) => debug!(%peer, "closed before it said anything"),
            (First::Opening, _) => self.open(Stream::plain(wire), peer, place).await,
            (First::Http, _) => self.receive_http(wire, false, peer, place).await,
            (First::Http2, _) => self.receive_http(wire, true, peer, place).await,
            (First::Tls, None) => self.turn_away(peer, "it speaks TLS, for which there is no certificate"),
            (First::Undecided | First::Strange(_) | First::Tls, Some(guests)) => {
                guests.serve_bytes(wire, peer).await;
            }
            (First::Silent, _) | (First::Undecided, None) => self.turn_away(peer, "said nothing in time"),
            (First::Strange(bytes), None) => {
                if let Err(reason) = Opening::decode(&bytes) {
                    self.turn_away(peer, reason);
                }
            }
        }
    }

    /// What a connection is: in TLS, where it begins with that and we have a certificate.
    async fn look(
        &self,
        mut wire: Wire,
        peer: SocketAddr,
        raw: Option<&Guests>,
    ) -> io::Result<(Wire, First)> {
        let opening = self.shared.limits.opening;
        let patience = raw.and_then(Guests::speak_after).unwrap_or(opening);
        // As with a go-backpressure server, who sends raw TCP need not begin at once.
        let silence = raw.map_or(opening, Guests::begins_within);
        let first = first_bytes(&mut wire, silence, patience).await?;
        let (First::Tls, Some(tls)) = (&first, &self.tls) else { return Ok((wire, first)) };
        let mut wire = tls.encrypt(wire, opening).await.map_err(|error| {
            self.turn_away(peer, &error);
            io::Error::other(error)
        })?;
        let first = first_bytes(&mut wire, silence, patience).await?;
        Ok((wire, first))
    }

    /// A stream of ours by its first byte, or by the way in which it was asked for.
    async fn open(&self, mut stream: Stream, peer: SocketAddr, place: Place) {
        let line = transport::read_line(&mut stream, wire::MAX_OPENING_LINE);
        let opening = match timeout(self.shared.limits.opening, line).await {
            Ok(Ok(line)) => Opening::decode(&line),
            Ok(Err(error)) => return debug!(%peer, %error, "lost before its opening"),
            Err(_) => return self.turn_away(peer, "said nothing in time"),
        };
        match opening {
            Ok(opening @ Opening { purpose: Purpose::Stream(_), .. }) => {
                self.admit_stream(opening, stream, peer, place).await;
            }
            Ok(Opening { run, purpose: Purpose::Control, token }) if self.public => {
                if is_shown(self.token.as_ref(), token.as_deref()) {
                    self.begin_run(stream, peer, run).await;
                } else {
                    self.turn_away(peer, TOKEN_MISSING);
                    refuse(&mut stream, &self.shared, TOKEN_MISSING).await;
                }
            }
            Ok(Opening { purpose: Purpose::Control, .. }) => {
                debug!(%peer, "another run's control connection: closed");
            }
            Err(reason) => {
                self.turn_away(peer, &reason);
                // A client of another version is told so; a stranger hears nothing.
                if self.public && matches!(reason, OpeningError::Version { .. }) {
                    refuse(&mut stream, &self.shared, &reason.to_string()).await;
                }
            }
        }
    }

    fn turn_away(&self, peer: SocketAddr, reason: impl Display) {
        self.metrics.turned_away(Reason::Stranger);
        info!(%peer, %reason, "stranger: closed");
    }

    async fn admit_stream(
        &self,
        Opening { run, purpose, .. }: Opening,
        connection: Stream,
        peer: SocketAddr,
        place: Place,
    ) {
        match purpose {
            Purpose::Stream(stream) => self.deliver(run, DataConnection { stream, connection, place }).await,
            Purpose::Control => debug!(%peer, "control messages have no stream over HTTP: closed"),
        }
    }

    async fn begin_run(&self, mut stream: Stream, peer: SocketAddr, run: RunId) {
        if let Some(place) = self.registry.register(run, self.shared.limits.runs) {
            control::serve(stream, peer, self.shared.clone(), place).await;
        } else {
            refuse(&mut stream, &self.shared, NO_ROOM).await;
        }
    }

    async fn deliver(&self, run: RunId, connection: DataConnection) {
        if let Err(mut unwanted) = self.registry.deliver(run, connection)
            && self.public
        {
            refuse(&mut unwanted.connection, &self.shared, NOT_SERVED).await;
        }
    }
}
