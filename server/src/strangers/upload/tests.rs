use super::*;
use crate::loopback::{connection, strangers};
use endpoint::{Meter, Sampler};
use pair::Collection;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use trace::Direction;
use units::Clock;

/// A server's guests by its file, where what passes is added up, and where what became of them is kept.
fn guests(file: &str) -> (Guests, Arc<Meter>, Arc<Mutex<Collection>>) {
    let (clock, meter) = (Clock::start(), Arc::<Meter>::default());
    let (strangers, collection) = strangers(file, Sampler::start(clock).unwrap());
    (Guests::new(strangers, clock, Arc::clone(&meter)), meter, collection)
}

#[tokio::test]
async fn uploads_of_one_connection_are_counted_by_themselves() {
    let (guests, meter, collection) = guests("bufsize: 1000\n");
    let (mut wire, mut far) = connection().await;
    let peer = far.local_addr().unwrap();
    for body in ["0123456789", "01234"] {
        // What else passes the socket is none of theirs.
        far.write_all(b"a head").await.unwrap();
        wire.read_exact(&mut [0; 6]).await.unwrap();
        let upload = Upload::new(Body::from(body), &wire.handle(), true);
        assert_eq!(guests.serve_upload(upload, peer).await.unwrap(), body.len() as u64);
    }
    assert_eq!(meter.flow(Direction::Upload).bytes, 15);
    let document = collection.lock().unwrap().document();
    assert_eq!((document.totals.connections, document.totals.bytes), (2, 15));
}

#[tokio::test]
async fn an_upload_narrows_reads_only_while_it_lasts_and_only_where_it_is_alone() {
    let (mut wire, mut far) = connection().await;
    far.write_all(&[7; 100]).await.unwrap();
    let mut buffer = [0; 64];
    for (alone, narrow) in [(true, 10), (false, 64)] {
        let mut upload = Upload::new(Body::from("0123456789abcdef"), &wire.handle(), alone);
        upload.limit_reads(Some(10));
        assert!(matches!(upload.read(usize::MAX).await, Ok(Taken::Bytes(_))));
        assert_eq!(wire.read(&mut buffer).await.unwrap(), narrow, "alone: {alone}");
        drop(upload);
        if alone {
            far.write_all(&[7; 100]).await.unwrap();
            assert_eq!(wire.read(&mut buffer).await.unwrap(), 64, "it is over");
        }
    }
}

#[tokio::test]
async fn an_upload_that_is_given_up_is_kept() {
    let (guests, _, collection) = guests("read: [{rate: 0}]\n");
    let (wire, far) = connection().await;
    let upload = Upload::new(Body::from("0123456789"), &wire.handle(), true);
    let served = guests.serve_upload(upload, far.local_addr().unwrap());
    assert!(timeout(Duration::from_millis(50), served).await.is_err(), "its plan reads nothing");
    let document = collection.lock().unwrap().document();
    assert_eq!((document.totals.connections, document.totals.ended_early), (1, 1));
    assert_eq!(document.connections[0].ending, "it was given up before its end");
}
