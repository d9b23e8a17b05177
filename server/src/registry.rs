//! The runs that a server serves at present.

use crate::places::Place;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use transport::Stream;
use wire::RunId;

/// Data connections of one run that may wait to be taken.
const WAITING_STREAMS: usize = 1024;

/// A connection that was opened for a stream of a run.
#[derive(Debug)]
pub(crate) struct DataConnection {
    pub(crate) stream: u32,
    pub(crate) connection: Stream,
    /// Its place among the server's connections, kept until its stream is over.
    pub(crate) place: Place,
}

/// Where a run's data connections go. Clones share the runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registry {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    runs: HashMap<RunId, mpsc::Sender<DataConnection>>,
    closed: bool,
}

/// A run's place in the registry, given back when dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    registry: Registry,
    run: RunId,
    pub(crate) streams: mpsc::Receiver<DataConnection>,
}

impl Registry {
    /// No run begins any more.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// There are runs.
    pub(crate) fn serves(&self) -> bool {
        !self.lock().runs.is_empty()
    }

    /// This run is served.
    pub(crate) fn has(&self, run: RunId) -> bool {
        self.lock().runs.contains_key(&run)
    }

    /// Makes a place for `run`; `None` when there is one, there are `most` already, or no run begins any more.
    pub(crate) fn register(&self, run: RunId, most: usize) -> Option<Registration> {
        let (sender, streams) = mpsc::channel(WAITING_STREAMS);
        let mut state = self.lock();
        if state.closed || state.runs.len() >= most || state.runs.contains_key(&run) {
            return None;
        }
        state.runs.insert(run, sender);
        drop(state);
        Some(Registration { registry: self.clone(), run, streams })
    }

    /// Gives a data connection to its run, or gives it back.
    pub(crate) fn deliver(&self, run: RunId, connection: DataConnection) -> Result<(), Box<DataConnection>> {
        match self.lock().runs.get(&run) {
            Some(sender) => sender.try_send(connection).map_err(|full| Box::new(full.into_inner())),
            None => Err(Box::new(connection)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.registry.lock().runs.remove(&self.run);
    }
}
