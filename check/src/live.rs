//! What a person may watch while a check runs.

use tokio::sync::watch;
use trace::{Direction, Phase, Role, Sample};
use units::Timestamp;

/// The state of a running check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Live {
    /// Which of the repeated runs, from 1.
    pub run: u32,
    /// How many there are.
    pub runs: u32,
    /// The direction being measured.
    pub direction: Direction,
    /// Its phase.
    pub phase: Phase,
    /// Bytes a second that the producer hands over.
    pub rate: f64,
    /// The receive window that the producer sees, bytes; ours, where we are the only end that can be asked.
    pub window: Option<u32>,
    /// Handed over by the producer and not yet given to the consumer, bytes; known only while the consumer stalls,
    /// as both ends tell of different moments.
    pub in_path: Option<u64>,
}

/// Keeps a [`Live`] up to date for whoever watches.
#[derive(Debug)]
pub(crate) struct LiveView<'a> {
    shown: Option<&'a watch::Sender<Option<Live>>>,
    state: Live,
    before: Option<(Timestamp, u64)>,
}

impl<'a> LiveView<'a> {
    /// Of one of `runs` runs, at its beginning.
    pub(crate) fn new(
        shown: Option<&'a watch::Sender<Option<Live>>>,
        (run, runs): (u32, u32),
        direction: Direction,
    ) -> Self {
        let (rate, window, in_path) = (0.0, None, None);
        let state = Live { run, runs, direction, phase: Phase::Connect, rate, window, in_path };
        Self { shown, state, before: None }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.state.phase
    }

    pub(crate) fn begin(&mut self, phase: Phase) {
        self.state.phase = phase;
        self.show();
    }

    /// Takes the producer's latest sample.
    pub(crate) fn producer(&mut self, sample: &Sample, in_path: u64) {
        let still = matches!(self.state.phase, Phase::Stall | Phase::Hold);
        self.state.in_path = Some(in_path).filter(|_| still);
        self.alone(Role::Producer, sample);
    }

    /// Takes the latest sample of an end whose other end is not ours.
    pub(crate) fn alone(&mut self, role: Role, sample: &Sample) {
        self.state.window = match role {
            Role::Producer => sample.snd_wnd,
            Role::Consumer => sample.rcv_wnd,
        };
        if let Some((at, bytes)) = self.before.replace((sample.at, sample.stream_bytes))
            && let Some(time) = sample.at.since(at).filter(|time| !time.is_zero())
        {
            #[expect(clippy::cast_precision_loss, reason = "printed to one decimal")]
            let written = sample.stream_bytes.saturating_sub(bytes) as f64;
            self.state.rate = written / time.as_secs_f64();
        }
        self.show();
    }

    fn show(&self) {
        if let Some(shown) = self.shown {
            shown.send_replace(Some(self.state));
        }
    }
}
