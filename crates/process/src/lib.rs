//! What the programs need of their process: arguments, files, standard streams, signals, threads.

mod arguments;
mod files;
mod printing;
mod runtime;
mod signals;
mod streams;

pub use arguments::arguments;
pub use files::{port_of, read_file};
pub use printing::{Printer, start_printing};
pub use runtime::{start_runtime, start_runtime_for};
pub use signals::{second_signal, stop_on_signal};
pub use streams::{fail, log_to_stderr, print, print_error};
