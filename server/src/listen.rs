//! The port of a server.

use socket::Buffers;
use socket2::SockRef;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::{TcpListener, TcpSocket};

/// Listens on `address`, which for all those of IPv6 means all those of IPv4 too; what it accepts has these buffers.
pub(crate) fn listen(address: SocketAddr, buffers: Buffers) -> io::Result<TcpListener> {
    let everywhere = address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    match listen_on(address, buffers) {
        Err(error) if everywhere && error.kind() != io::ErrorKind::AddrInUse => {
            // Where there is no IPv6, all addresses are those of IPv4.
            listen_on(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())), buffers)
        }
        listener => listener,
    }
}

fn listen_on(address: SocketAddr, buffers: Buffers) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if address.is_ipv6() {
        SockRef::from(&socket).set_only_v6(address.ip() != IpAddr::V6(Ipv6Addr::UNSPECIFIED))?;
    }
    socket.set_reuseaddr(true)?;
    socket::apply_buffers(&socket, buffers)?;
    socket.bind(address)?;
    socket.listen(1024)
}
