//! Threads of their own for the ends of many streams.
//!
//! Thousands of floods on the threads that also carry control messages would give those a turn every few seconds: then
//! commands come late, and whoever is not heard of seems to be gone. The system divides its time between threads fairly.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::{Builder, Handle, Runtime};

/// So many streams at once have threads of their own.
const MANY: u32 = 64;

/// Where ends run. Clones share the threads, which are started when they are first needed.
#[derive(Debug, Clone, Default)]
pub struct Crew(Arc<Mutex<Threads>>);

#[derive(Debug, Default)]
struct Threads(Option<Runtime>);

impl Crew {
    /// Where one of so many streams runs that are measured at once: with everything else where these are few. Must be
    /// called on a runtime.
    pub fn place(&self, at_once: u32) -> io::Result<Handle> {
        if at_once < MANY {
            return Ok(Handle::current());
        }
        let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &threads.0 {
            return Ok(runtime.handle().clone());
        }
        let runtime = Builder::new_multi_thread().thread_name("streams").enable_time().build()?;
        let handle = runtime.handle().clone();
        threads.0 = Some(runtime);
        Ok(handle)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Who spawned there has waited; a thread must not block on threads that may be its own.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
