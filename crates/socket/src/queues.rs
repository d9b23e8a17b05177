//! How many bytes wait in a socket's queues.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use units::ByteSize;

/// Bytes written but not yet acknowledged by the peer (`SIOCOUTQ`).
pub fn send_queue(socket: impl AsFd) -> io::Result<ByteSize> {
    queue_length(&socket, libc::TIOCOUTQ)
}

/// Bytes received in order but not yet read (`SIOCINQ`). After a FIN with an empty queue the kernel says 0.
pub fn receive_queue(socket: impl AsFd) -> io::Result<ByteSize> {
    queue_length(&socket, libc::FIONREAD)
}

fn queue_length(socket: &impl AsFd, request: libc::c_ulong) -> io::Result<ByteSize> {
    let mut length: libc::c_int = 0;
    #[cfg_attr(
        not(target_env = "musl"),
        expect(clippy::useless_conversion, reason = "musl's ioctl takes the request as a signed int")
    )]
    let request = request.try_into().map_err(io::Error::other)?;
    // SAFETY: the descriptor is borrowed for the call, and these requests write one int.
    let result = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), request, &raw mut length) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    u64::try_from(length).map(ByteSize::bytes).map_err(|_| io::Error::other("negative queue length"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn bytes_that_nobody_reads_wait_in_the_receive_queue() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        near.write_all(&[7; 1000]).unwrap();
        far.read_exact(&mut [0; 400]).unwrap();
        assert_eq!(receive_queue(&far).unwrap(), ByteSize::bytes(600));
    }

    #[test]
    fn bytes_beyond_the_peers_window_wait_in_the_send_queue() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        near.set_nonblocking(true).unwrap();
        let payload = vec![7; 65536];
        let mut written = 0u64;
        #[expect(clippy::disallowed_methods, reason = "the count of a short write is what is tested")]
        while let Ok(n) = near.write(&payload) {
            written += n as u64;
        }
        let queued = send_queue(&near).unwrap().as_u64() + receive_queue(&far).unwrap().as_u64();
        assert!(send_queue(&near).unwrap() > ByteSize::bytes(0));
        assert!(queued >= written, "{queued} of {written}");
    }
}
