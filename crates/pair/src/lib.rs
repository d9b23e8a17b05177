//! The two ends of a pair: what sends at a pace, and what reads by a plan, over raw TCP and over the messages of a WebSocket.
//!
//! Either may be a client or a server. Neither knows how its connection was made.

mod alive;
mod carrier;
mod collection;
mod consumer;
mod figures;
mod goodbye;
mod journal;
mod payloads;
mod producer;
mod reading;
mod source;
mod standstill;
mod watch;

pub use alive::{keep_alive, let_be};
pub use carrier::Carrier;
pub use collection::{Collection, Finished, describe};
pub use consumer::{Consumer, ConsumerEnding};
pub use figures::{Connection, Stalls};
pub use goodbye::{Goodbye, leave_messages};
pub use journal::{Journal, Ledger};
pub use payloads::Payloads;
pub use producer::{Producer, ProducerEnding};
pub use reading::reader_of;
pub use source::{Bytes, Source, Taken, Whole};
pub use watch::{Watch, Watching, watched};

#[cfg(test)]
mod laws;
