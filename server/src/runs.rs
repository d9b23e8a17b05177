//! Runs whose clients speak in requests: they go on without the connection of the request that began them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::JoinSet;

/// The runs of a server, as many as its registry has places for. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Runs {
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl Runs {
    /// Begins a run.
    pub(crate) fn begin(&self, run: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(run);
    }

    /// Ends those that are left.
    pub(crate) async fn shut_down(&self) {
        let mut tasks = std::mem::take(&mut *self.lock());
        tasks.shutdown().await;
    }

    fn lock(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
