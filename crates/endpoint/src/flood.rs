//! The end that floods a service which is not ours with bytes, and hears what it says meanwhile.

use crate::end::Desk;
use crate::pattern::{Block, Pattern, Patterns};
use crate::pen::{Mode, Pen, Stop};
use crate::producer::Produced;
use std::io::IoSlice;
use std::sync::Arc;
use trace::Latencies;
use wire::Plan;

#[derive(Debug)]
pub(crate) struct Flood {
    pen: Pen,
    pattern: Arc<Pattern>,
    writes: Latencies,
}

impl Flood {
    pub(crate) fn new(desk: Desk, patterns: &Patterns, plan: &Plan) -> Self {
        let length = usize::try_from(plan.message.as_u64()).unwrap_or_default();
        let mut pen = Pen::new(desk, plan);
        pen.listen();
        Self { pen, pattern: patterns.of(plan.seed, length, false), writes: Latencies::default() }
    }

    /// Writes once it is told to, until the connection's end or an abort; then the connection is reset.
    pub(crate) async fn run(mut self) -> Produced {
        if let Err(Stop::Failed(error)) = self.flood().await {
            self.pen.outbox.failed(&error);
        } else if let Err(error) = self.pen.stream.reset_on_close() {
            tracing::debug!(%error, "an aborted connection will end by FIN");
        }
        Produced { bytes: self.pen.bytes, writes: self.writes }
    }

    async fn flood(&mut self) -> Result<(), Stop> {
        let mut message = 0;
        loop {
            self.pen.obey_waiting();
            match self.pen.mode {
                Mode::Idle | Mode::Trickle { .. } => self.pen.obey_next().await,
                Mode::Finish | Mode::Abort => return Ok(()),
                Mode::Flood { .. } => {
                    let began = self.pen.outbox.clock.now();
                    let Block { bytes, .. } = self.pattern.block(message);
                    self.pen.write_all(&mut [IoSlice::new(bytes)]).await?;
                    self.writes.record(self.pen.outbox.clock.now().since(began).unwrap_or_default());
                    message += 1;
                }
            }
        }
    }
}
