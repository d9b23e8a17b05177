//! The client of a pair: sends requests as go-backpressure's does, and measures what became of them.

mod carrier;
mod figures;
mod watch;

pub use figures::{Figures, Stalls};

use crate::open::OpenError;
use bytes::Bytes;
use carrier::Carrier;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use scenario::RequestRate;
use scenario::files::ClientFile;
use std::io;
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use units::{ByteSize, Clock, Timestamp};
use watch::Watch;

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// The connection could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It was, and ended at once.
    #[error("could not send anything to {address}")]
    Nothing {
        /// What was dialled.
        address: String,
        /// How it ended.
        source: io::Error,
    },
    /// It was asked to end before.
    #[error("interrupted before anything was sent to {0}")]
    Interrupted(String),
}

/// How a client came to its end.
#[derive(Debug)]
pub enum Ending {
    /// All was sent, and the server closed too, or had this long for it.
    Complete {
        /// None: it closed.
        waited: Option<Duration>,
    },
    /// The connection ended before.
    Broken(io::Error),
    /// It was asked to end.
    Interrupted,
}

/// What became of the requests.
#[derive(Debug)]
pub struct Outcome {
    /// What was measured.
    pub figures: Figures,
    /// How it ended.
    pub ending: Ending,
}

/// How long each step of the opening may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the server is given to close once all was sent.
const FAREWELL: Duration = Duration::from_secs(10);

/// The same for a client that was interrupted.
const HASTY_FAREWELL: Duration = Duration::from_secs(1);

/// Sends what `file` says until it is done or `stop` is cancelled; tells the number and length of each request that the kernel
/// took.
pub async fn run(
    file: &ClientFile,
    seed: u64,
    clock: Clock,
    stop: &CancellationToken,
    told: impl FnMut(u64, ByteSize),
) -> Result<Outcome, PairError> {
    let address = address(file);
    let opened = tokio::select! {
        opened = Carrier::open(file, &address, PATIENCE) => opened?,
        () = stop.cancelled() => return Err(PairError::Interrupted(address)),
    };
    let mut sender = Sender {
        carrier: opened,
        payloads: Payloads { random: Pcg64Mcg::seed_from_u64(seed), size: file.payload_size },
        clock,
        figures: Figures::new(file.requests_total, file.requests_per_second),
        told,
    };
    let mut watch = Watch::new(sender.carrier.socket(), clock);
    let ending = {
        let all = sender.run(file, stop);
        tokio::select! {
            ending = all => ending,
            never = watch.run() => match never {},
        }
    };
    let mut figures = sender.figures;
    figures.zero_window = watch.zero_window();
    match ending {
        Ending::Broken(source) if figures.fired == 0 && file.requests_total > 0 => {
            Err(PairError::Nothing { address, source })
        }
        Ending::Interrupted if figures.fired == 0 => Err(PairError::Interrupted(address)),
        ending => Ok(Outcome { figures, ending }),
    }
}

/// `HOST:PORT` of the server.
fn address(file: &ClientFile) -> String {
    let (host, port) = (&file.server_addr, file.server_port);
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Sends the requests.
struct Sender<T> {
    carrier: Carrier,
    payloads: Payloads,
    clock: Clock,
    figures: Figures,
    told: T,
}

impl<T: FnMut(u64, ByteSize)> Sender<T> {
    async fn run(&mut self, file: &ClientFile, stop: &CancellationToken) -> Ending {
        let began = self.clock.now();
        let fired = tokio::select! {
            fired = self.fire(began, file) => fired,
            () = stop.cancelled() => {
                self.figures.took = self.clock.now().since(began).unwrap_or_default();
                self.note_held();
                self.carrier.finish(Some("interrupted"), HASTY_FAREWELL).await.ok();
                return Ending::Interrupted;
            }
        };
        self.figures.took = self.clock.now().since(began).unwrap_or_default();
        if let Err(error) = fired {
            return Ending::Broken(error);
        }
        let farewell = tokio::select! {
            farewell = self.carrier.finish(None, FAREWELL) => farewell,
            () = stop.cancelled() => return Ending::Complete { waited: Some(self.waited(began)) },
        };
        match farewell {
            Ok(closed) => Ending::Complete { waited: (!closed).then(|| self.waited(began)) },
            Err(error) => Ending::Broken(error),
        }
    }

    /// How long the server was waited for after the last request.
    fn waited(&self, began: Timestamp) -> Duration {
        self.clock.now().since(began).unwrap_or_default().saturating_sub(self.figures.took)
    }

    /// Every request at its time, and what is late at once; ends, as go-backpressure's, with the last one's interval.
    async fn fire(&mut self, began: Timestamp, file: &ClientFile) -> io::Result<()> {
        let rate = file.requests_per_second;
        for request in 0..file.requests_total {
            let payload = self.payloads.next();
            self.wait_until(due(rate, request, began)).await?;
            let asked = self.clock.now();
            let sent = self.carrier.send(payload).await;
            let accepted = self.clock.now();
            self.figures.stalls.count(accepted.since(asked).unwrap_or_default());
            sent?;
            self.figures.fired += 1;
            if let Some(due) = due(rate, request, began) {
                self.figures.latency.record(accepted.since(due).unwrap_or_default());
            }
            (self.told)(request + 1, file.payload_size);
        }
        self.note_held();
        self.wait_until(due(rate, file.requests_total, began)).await
    }

    async fn wait_until(&mut self, due: Option<Timestamp>) -> io::Result<()> {
        let Some(left) = due.map(|due| self.clock.until(due)).filter(|left| !left.is_zero()) else {
            return Ok(());
        };
        tokio::select! {
            () = sleep(left) => Ok(()),
            error = self.carrier.lost() => Err(error),
        }
    }

    fn note_held(&mut self) {
        self.figures.held = socket::send_queue(self.carrier.socket()).ok();
    }
}

/// When a request, counted from 0, is to be sent; none: as soon as can be.
fn due(rate: RequestRate, request: u64, began: Timestamp) -> Option<Timestamp> {
    rate.time_for(request).map(|after| began.plus(after))
}

/// Random bytes from 0 to 254: 255 begins what is no payload.
struct Payloads {
    random: Pcg64Mcg,
    size: ByteSize,
}

impl Payloads {
    fn next(&mut self) -> Bytes {
        let mut payload = vec![0; usize::try_from(self.size.as_u64()).unwrap_or(usize::MAX)];
        self.random.fill_bytes(&mut payload);
        for byte in payload.iter_mut().filter(|byte| **byte == u8::MAX) {
            *byte = self.random.random_range(0..u8::MAX);
        }
        payload.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_come_from_the_seed_and_have_no_255() {
        let payloads = |seed| Payloads { random: Pcg64Mcg::seed_from_u64(seed), size: ByteSize::kib(64) };
        let payload = payloads(7).next();
        assert_eq!(payload, payloads(7).next());
        assert_ne!(payload, payloads(8).next());
        assert!((0..u8::MAX).all(|byte| payload.contains(&byte)) && !payload.contains(&u8::MAX));
    }

    #[test]
    fn requests_are_due_by_the_start_and_not_by_the_one_before() {
        let began = Timestamp::from_nanos(1_000);
        let rate = RequestRate::per_second(1_000_000.0).unwrap();
        assert_eq!(due(rate, 0, began), Some(began));
        assert_eq!(due(rate, 3, began), Some(Timestamp::from_nanos(4_000)));
        assert_eq!(due(RequestRate::per_second(0.0).unwrap(), 3, began), None);
    }

    #[test]
    fn an_ipv6_address_is_dialled_in_brackets() {
        let file = |host: &str| ClientFile::parse(&format!("server_addr: '{host}'"), "client.yml").unwrap();
        assert_eq!(address(&file("::1")), "[::1]:8080");
        assert_eq!(address(&file("localhost")), "localhost:8080");
    }
}
