//! The client's side of a stream: until its request is on its way, or answered.

use super::HttpBytes;
use super::accounts::{Extent, Reading, Writing};
use super::driver::Driver;
use super::incoming::Incoming;
use super::outgoing::Outgoing;
use crate::SocketHandle;
use crate::carrier::Carrier;
use std::future::poll_fn;
use std::io;
use std::task::Poll;

impl HttpBytes {
    /// A request that was handed to hyper; nothing of it is written yet.
    pub(super) fn asking(
        driver: Driver,
        socket: SocketHandle,
        incoming: Incoming,
        outgoing: Option<Outgoing>,
        extent: Extent,
    ) -> Self {
        Self {
            driver,
            socket,
            incoming,
            reading: Reading::default(),
            outgoing,
            writing: Writing { extent, ..Writing::default() },
            serves: false,
            respond: None,
            answering: Some(0),
        }
    }

    /// The response's body is events.
    pub(super) fn reads_events(mut self, events: bool) -> Self {
        self.reading = Reading::new(events);
        self
    }

    /// Waits until the kernel has the head of the request.
    pub(super) async fn head_is_written(&mut self) -> io::Result<()> {
        poll_fn(|context| {
            if let Poll::Ready(Err(error)) = self.incoming.poll_head(context) {
                return Poll::Ready(Err(error));
            }
            let over = self.drive(context)?;
            match self.waits() {
                true if over => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                true => Poll::Pending,
                false => Poll::Ready(Ok(())),
            }
        })
        .await?;
        self.answering = None;
        Ok(())
    }

    /// Waits until the response begins, and is what is wanted.
    pub(super) async fn is_answered(&mut self) -> io::Result<()> {
        poll_fn(|context| self.poll_answered(context)).await?;
        self.answering = None;
        Ok(())
    }
}
