//! Whole processes: the built program against relays, middleboxes, other networks, and other people's tools.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that finds something else than it expects is over"
)]

mod bad_input;
mod burners;
mod certificates;
mod command;
mod connections;
mod curl;
mod figures;
mod hostile;
mod judges;
mod middleboxes;
mod namespace;
mod namespaces;
mod neighbours;
mod onesided;
mod output;
mod pair;
mod proxy;
mod relay;
mod relays;
mod service;
mod stepped_clock;
mod tls;
mod tools;
mod underway;
mod waiting;
mod workplace;
