//! The neighbours' streams, led together: they send, or pause, and at last tell what arrived.

use crate::connection::Connection;
use crate::neighbours::Neighbour;
use std::time::Duration;
use trace::ConsumerSummary;
use units::Clock;
use wire::Command;

/// How long all of them may take to send their end, and to tell their last word.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections beside the measured one; none, mostly.
#[derive(Debug, Default)]
pub(crate) struct Company {
    connections: Vec<Connection>,
    /// Between two messages of one of them.
    spacing: Duration,
}

impl Company {
    pub(crate) fn new(connections: Vec<Connection>, spacing: Duration) -> Self {
        Self { connections, spacing }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    pub(crate) fn spacing(&self) -> Duration {
        self.spacing
    }

    /// Each sends a small message now and then.
    pub(crate) fn begin(&self) {
        self.tell(Command::Trickle);
    }

    /// None sends anything new.
    pub(crate) fn pause(&self) {
        self.tell(Command::Pause);
    }

    /// Ends them, and gathers what arrived.
    pub(crate) async fn finish(mut self, clock: Clock) -> Vec<Neighbour> {
        self.tell(Command::Finish);
        let deadline = clock.now().plus(PATIENCE);
        let mut told = Vec::new();
        for connection in &mut self.connections {
            let stage = &mut connection.stage;
            stage.disregard_interruption();
            while !stage.is_closed() && clock.now() < deadline {
                stage.next().await;
            }
            stage.producer.tell(Command::Abort);
            stage.consumer.tell(Command::Abort);
            // What arrived until then is told by a consumer that is still there.
            let latest = clock.now().plus(PATIENCE / 5);
            while !stage.is_closed() && clock.now() < latest {
                stage.next().await;
            }
            told.push(stage.consumer.consumed().map_or_else(nothing_told, neighbour));
        }
        told
    }

    fn tell(&self, command: Command) {
        for connection in &self.connections {
            connection.stage.producer.tell(command);
        }
    }
}

fn neighbour(summary: &ConsumerSummary) -> Neighbour {
    let found = &summary.integrity;
    let damaged = found.reordered_frames + found.duplicated_frames + found.corrupted_frames;
    let intact = found.complete && found.lost_bytes == 0 && damaged == 0;
    Neighbour { arrivals: summary.trickle.clone(), intact }
}

fn nothing_told() -> Neighbour {
    Neighbour { arrivals: Vec::new(), intact: false }
}
