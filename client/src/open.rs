//! Opens a connection: says what it is for, and hears who answers.

use crate::dial::{DialError, dial};
use socket::Buffers;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use wire::{MAX_OPENING_LINE, Opening, OpeningError, Purpose, Reply, RunId};

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody was reached.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection stood, and nothing came back.
    #[error("{address} accepted the connection but did not answer within {} s", patience.as_secs())]
    Silent {
        /// What was dialled.
        address: String,
        /// How long an answer was awaited.
        patience: Duration,
    },
    /// The connection ended before an answer came.
    #[error("{address} accepted the connection and ended it without an answer")]
    Ended {
        /// What was dialled.
        address: String,
        /// How.
        source: io::Error,
    },
    /// The server is ours, and of another version.
    #[error("could not talk to {address}")]
    Version {
        /// What was dialled.
        address: String,
        /// Both versions.
        source: OpeningError,
    },
    /// The answer is not ours.
    #[error("{address} is no backpressure server")]
    Foreign {
        /// What was dialled.
        address: String,
        /// What is wrong with the answer.
        source: OpeningError,
    },
    /// The server refuses.
    #[error("the server behind {address} refused: {reason}")]
    Refused {
        /// What was dialled.
        address: String,
        /// The server process that answered.
        instance: RunId,
        /// Why.
        reason: String,
    },
}

/// A connection that was answered.
#[derive(Debug)]
pub struct Opened {
    /// The connection; nothing beyond the answer was read.
    pub tcp: TcpStream,
    /// The server process that answered.
    pub instance: RunId,
    /// From the opening's last byte to the answer's.
    pub round_trip: Duration,
}

/// Opens the data connection of a stream.
pub async fn open_stream(
    address: &str,
    run: RunId,
    stream: u32,
    buffers: Buffers,
    patience: Duration,
) -> Result<Opened, OpenError> {
    let opening = Opening { run, purpose: Purpose::Stream(stream) };
    open(address, opening, buffers, patience).await
}

pub(crate) async fn open(
    address: &str,
    opening: Opening,
    buffers: Buffers,
    patience: Duration,
) -> Result<Opened, OpenError> {
    let mut tcp = dial(address, buffers, patience).await?;
    let exchange = async {
        tcp.set_nodelay(true)?;
        tcp.write_all(&opening.encode()).await?;
        let asked = Instant::now();
        let line = transport::read_line(&mut tcp, MAX_OPENING_LINE).await?;
        Ok::<_, io::Error>((line, asked.elapsed()))
    };
    let address = address.to_owned();
    let (line, round_trip) = match timeout(patience, exchange).await {
        Err(_) => return Err(OpenError::Silent { address, patience }),
        Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
            let source = OpeningError::Stranger("a long line".to_owned());
            return Err(OpenError::Foreign { address, source });
        }
        Ok(Err(source)) => return Err(OpenError::Ended { address, source }),
        Ok(Ok(answer)) => answer,
    };
    match Reply::decode(&line) {
        Err(source @ OpeningError::Version { .. }) => Err(OpenError::Version { address, source }),
        Err(source) => Err(OpenError::Foreign { address, source }),
        Ok(Reply { instance, refused: Some(reason) }) => {
            Err(OpenError::Refused { address, instance, reason })
        }
        Ok(Reply { instance, refused: None }) => Ok(Opened { tcp, instance, round_trip }),
    }
}
