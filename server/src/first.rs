//! What a connection is, by its first bytes.

use std::io;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use transport::Wire;
use wire::OPENING_BYTE;

/// What a connection is.
#[derive(Debug)]
pub(crate) enum First {
    /// It was closed.
    Nothing,
    /// Its peer said nothing in time.
    Silent,
    /// Its peer said too little to tell.
    Undecided,
    /// One of ours.
    Opening,
    /// The greeting of a TLS client.
    Tls,
    /// A request of HTTP/1.
    Http,
    /// The preface of HTTP/2.
    Http2,
    /// Something else, which begins like this.
    Strange(Vec<u8>),
}

/// Time between two looks at a beginning that is too short to tell what it is.
const PEEK_PAUSE: Duration = Duration::from_millis(10);

/// How requests of HTTP/1.1 begin.
const METHODS: [&[u8]; 9] =
    [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"CONNECT ", b"OPTIONS ", b"TRACE ", b"PATCH "];

/// How HTTP/2 begins (RFC 9113 §3.4), as far as it is looked at.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n";

/// Looks without taking anything: waits for the first byte for at most `silence`, and for what decides for `patience` from then.
pub(crate) async fn first_bytes(wire: &mut Wire, silence: Duration, patience: Duration) -> io::Result<First> {
    match timeout(silence, wire.peek(&mut [0])).await {
        Err(_) => return Ok(First::Silent),
        Ok(peeked) => peeked?,
    };
    timeout(patience, decided(wire)).await.unwrap_or(Ok(First::Undecided))
}

/// Decides at the first byte that differs from all that is known.
async fn decided(wire: &mut Wire) -> io::Result<First> {
    let mut first = [0; 24];
    loop {
        let seen = wire.peek(&mut first).await?;
        let seen = first.get(..seen).unwrap_or_default();
        match seen {
            [] => return Ok(First::Nothing),
            [OPENING_BYTE, ..] => return Ok(First::Opening),
            // RFC 8446 §5.1: a handshake record, version 3.x, two bytes of length; §4: that holds a ClientHello.
            [0x16, 3, _, _, _, 1, ..] => return Ok(First::Tls),
            [0x16] | [0x16, 3] | [0x16, 3, _] | [0x16, 3, _, _] | [0x16, 3, _, _, _] => {
                sleep(PEEK_PAUSE).await;
            }
            _ if METHODS.iter().any(|method| seen.starts_with(method)) => return Ok(First::Http),
            _ if seen.starts_with(PREFACE) => return Ok(First::Http2),
            _ if PREFACE.starts_with(seen) => sleep(PEEK_PAUSE).await,
            // Too short to tell: what is seen stays where it is, so nothing says that more came.
            _ if METHODS.iter().any(|method| method.starts_with(seen)) => sleep(PEEK_PAUSE).await,
            strange => return Ok(First::Strange(strange.to_vec())),
        }
    }
}
