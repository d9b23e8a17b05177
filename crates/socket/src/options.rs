//! What is set on a socket before and while it carries a stream.

use serde::{Deserialize, Serialize};
use socket2::SockRef;
use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::str::FromStr;
use std::time::Duration;
use units::{ByteSize, QuantityError};

/// `SO_SNDBUF` and `SO_RCVBUF` of both ends. The kernel doubles what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Buffers {
    /// The kernel grows them as it sees fit; what a path absorbs then depends on what it carried before.
    Auto,
    /// Asked for before `listen` or `connect`, so that the window scale fits too.
    Fixed(ByteSize),
}

impl FromStr for Buffers {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "auto" { Ok(Self::Auto) } else { text.parse().map(Self::Fixed) }
    }
}

impl fmt::Display for Buffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Fixed(size) => write!(f, "{size}"),
        }
    }
}

impl From<Buffers> for String {
    fn from(buffers: Buffers) -> Self {
        match buffers {
            Buffers::Auto => "auto".to_owned(),
            // To the byte, which the printed form is not.
            Buffers::Fixed(size) => format!("{}B", size.as_u64()),
        }
    }
}

impl TryFrom<String> for Buffers {
    type Error = QuantityError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Closes our direction: the peer reads an end after the bytes before it. A connection that ended has none to close.
pub fn shut_down_writing(socket: impl AsFd) -> io::Result<()> {
    match SockRef::from(&socket).shutdown(Shutdown::Write) {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        shut => shut,
    }
}

/// Sets both buffers, or leaves both to the kernel.
pub fn apply_buffers(socket: impl AsFd, buffers: Buffers) -> io::Result<()> {
    let Buffers::Fixed(size) = buffers else { return Ok(()) };
    let size = usize::try_from(size.as_u64()).map_err(io::Error::other)?;
    let socket = SockRef::from(&socket);
    socket.set_send_buffer_size(size)?;
    socket.set_recv_buffer_size(size)
}

/// The smaller of both buffers, as one would have to ask for it: the kernel doubles, and caps, what is asked for.
pub fn granted_buffers(socket: impl AsFd) -> io::Result<ByteSize> {
    let socket = SockRef::from(&socket);
    let granted = socket.send_buffer_size()?.min(socket.recv_buffer_size()?) / 2;
    Ok(ByteSize::bytes(granted as u64))
}

/// Sets `TCP_USER_TIMEOUT`: the kernel ends the connection when data stays unacknowledged, or a window closed, that long.
pub fn set_user_timeout(socket: impl AsFd, timeout: Duration) -> io::Result<()> {
    SockRef::from(&socket).set_tcp_user_timeout(Some(timeout))
}

/// Enters the delayed-acknowledgement mode of a conversation (`TCP_QUICKACK` off); the kernel leaves it as it sees fit.
pub fn delay_acknowledgements(socket: impl AsFd) -> io::Result<()> {
    SockRef::from(&socket).set_tcp_quickack(false)
}

/// Makes the coming close send RST instead of FIN (`SO_LINGER` with 0).
pub fn reset_on_close(socket: impl AsFd) -> io::Result<()> {
    SockRef::from(&socket).set_linger(Some(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn fixed_buffers_are_doubled_by_the_kernel() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        apply_buffers(&listener, Buffers::Fixed(ByteSize::kib(64))).unwrap();
        assert_eq!(SockRef::from(&listener).recv_buffer_size().unwrap(), 128 * 1024);
    }

    #[test]
    fn buffers_keep_their_size_to_the_byte_on_the_wire() {
        let odd = Buffers::Fixed(ByteSize::bytes(65_537));
        assert_eq!(Buffers::try_from(String::from(odd)), Ok(odd));
        assert_eq!("auto".parse(), Ok(Buffers::Auto));
    }
}
