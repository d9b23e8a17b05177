//! Connections of HTTP: what their requests make of them.

use super::Door;
use crate::errands::Desk;
use crate::handed::Handed;
use crate::http::{self, Became, Site};
use crate::passing::Passing;
use crate::places::Place;
use crate::strangers::{self, Guests};
use pair::Goodbye;
use scenario::files::Protocol;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::time::timeout;
use tracing::debug;
use transport::{Close, Messages, Received, Wire};
use wire::OPENING_BYTE;

impl Door {
    pub(super) async fn receive_http(&self, wire: Wire, http2: bool, peer: SocketAddr, place: Place) {
        let patience = self.shared.limits.opening;
        let guests = self.guests.as_deref();
        let site = Site {
            http2,
            patience,
            message_max: guests.map_or(self.shared.limits.message, Guests::message_max),
            pages: self.serves_pages(),
        };
        let desk = Desk {
            shared: self.shared.clone(),
            registry: self.registry.clone(),
            mailboxes: self.mailboxes.clone(),
            guests: self.guests.clone(),
            public: self.public,
            token: self.token.clone(),
            metrics: Arc::clone(&self.metrics),
            peer,
            socket: wire.handle(),
            runs: self.runs.clone(),
            handed: Handed::default(),
            passing: Passing::default(),
        };
        match http::serve(wire, site, desk).await {
            Ok(Became::Messages { messages, shown }) => {
                self.receive_messages(*messages, shown, peer, place).await;
            }
            Ok(Became::Stream(opening, stream)) => self.admit_stream(opening, *stream, peer, place).await,
            Ok(Became::Nothing) => {}
            Err(error) => debug!(%peer, %error, "HTTP ended"),
        }
    }

    /// Whether a browser's client has somebody to talk to.
    fn serves_pages(&self) -> Result<(), &'static str> {
        match self.guests.as_deref() {
            Some(guests) if guests.take(Protocol::WebSocket) => Ok(()),
            Some(_) => Err(
                "this page talks over WebSocket, and this server is told to speak raw TCP alone: leave `protocol: tcp` \
                            out of its file, or make it `protocol: websocket`",
            ),
            None if self.public => {
                Err("this page needs a server of a pair, and this one serves checks alone: start it with a \
                                        file, such as `backpressure server configs/server.yml`")
            }
            None => Err("nothing is served here but one check"),
        }
    }

    /// An opening shows what must be shown by itself; guests have `shown` it with their request, or are none.
    async fn receive_messages(&self, mut messages: Messages, shown: bool, peer: SocketAddr, place: Place) {
        let patience = self.shared.limits.opening;
        let guests = self.guests.as_deref().filter(|_| shown);
        let speak_after = guests.and_then(Guests::speak_after);
        let first = match timeout(speak_after.unwrap_or(patience), messages.next()).await {
            Ok(Ok(first)) => first,
            Ok(Err(error)) => {
                debug!(%peer, %error, "lost before its opening");
                if let Some(close) = Close::after(&error) {
                    strangers::say_goodbye(messages, Goodbye::Say(close)).await;
                }
                return;
            }
            Err(_) if let (Some(guests), Some(_)) = (guests, speak_after) => {
                return guests.serve_messages(messages, None, peer).await;
            }
            Err(_) => {
                self.turn_away(peer, "said nothing in time");
                return strangers::refuse(messages, "nothing was said in time: this server reads").await;
            }
        };
        match (first, guests) {
            (Received::Binary(first), _) if first.starts_with(&[OPENING_BYTE]) => {
                self.open(messages.into_stream(first), peer, place).await;
            }
            (first, Some(guests)) => guests.serve_messages(messages, Some(&first), peer).await,
            (Received::Binary(_) | Received::Text(_), None) => {
                let reason = if self.guests.is_some() {
                    "this server asks for its token"
                } else {
                    "this server serves checks alone"
                };
                self.turn_away(peer, reason);
                strangers::refuse(messages, reason).await;
            }
            (Received::Close(_) | Received::End, None) => {
                debug!(%peer, "closed before it said anything");
                strangers::say_goodbye(messages, Goodbye::Answer).await;
            }
        }
    }
}
