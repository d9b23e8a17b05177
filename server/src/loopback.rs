//! What a server consists of, for tests.

use crate::limits::ServerLimits;
use crate::session::Shared;
use crate::strangers::Strangers;
use endpoint::{Crew, Patterns, Sampler};
use pair::{Collection, Ledger, Watching};
use report::Lines;
use scenario::files::ServerFile;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use transport::Wire;
use units::Clock;
use wire::RunId;

/// A connection: its server's end, and its client's.
pub(crate) async fn connection() -> (Wire, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let far = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (Wire::plain(listener.accept().await.unwrap().0).unwrap(), far)
}

/// What a server of these limits has.
pub(crate) fn shared(limits: ServerLimits) -> Shared {
    let clock = Clock::start();
    Shared {
        instance: RunId::from_random(1),
        clock,
        sampler: Sampler::start(clock).unwrap(),
        patterns: Patterns::default(),
        crew: Crew::default(),
        limits,
        meter: Arc::default(),
    }
}

/// How a server of this file serves those who come for no check, and where what became of them is kept.
pub(crate) fn strangers(file: &str, sampler: Sampler) -> (Strangers, Arc<Mutex<Collection>>) {
    let ServerFile { protocol, end, message_max, .. } = ServerFile::parse(file, "server.yml").unwrap();
    let (direction, role) = (end.direction, Strangers::role_of(end.direction));
    let collection = Arc::new(Mutex::new(Collection::new(direction, role, Ledger::default())));
    let strangers = Strangers {
        protocol,
        end,
        seed: 1,
        message_max,
        lines: Lines::queue(1).0,
        watching: Watching::of(1, sampler, true),
        collection: Some(Arc::clone(&collection)),
    };
    (strangers, collection)
}
