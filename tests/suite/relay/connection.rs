//! One connection through a relay, from dialling the upstream to its end.

use std::{future::pending, io, net::SocketAddr, time::Duration};

use socket2::SockRef;
use tokio::{
    io::Interest,
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::{
    behaviour::Carrier,
    fix_buffers,
    pump::{End, pump, shut_down},
    turns::take_turns,
};

pub(super) async fn relay(client: TcpStream, upstream: SocketAddr, carrier: Carrier) {
    let Ok(server) = dial(&client, upstream).await else {
        return reset(client);
    };
    let ended = tokio::select! {
        ended = carry(&client, &server, carrier) => ended,
        () = broken(&client) => Err(End::Reset),
        () = broken(&server) => Err(End::Reset),
    };
    match ended {
        Ok(()) => {}
        Err(End::Reset) => {
            reset(client);
            reset(server);
        }
        Err(End::Close) => close(&client, &server).await,
        Err(End::Hang) => pending().await,
    }
}

/// Closes at once, by RST, and forgets what was not yet sent.
pub(super) fn reset(socket: TcpStream) {
    SockRef::from(&socket).set_linger(Some(Duration::ZERO)).expect("an open socket can linger");
    drop(socket);
}

async fn dial(client: &TcpStream, upstream: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    fix_buffers(&socket);
    let server = socket.connect(upstream).await?;
    // What waits shall wait in the relay, not for an acknowledgement.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    Ok(server)
}

async fn carry(client: &TcpStream, server: &TcpStream, carrier: Carrier) -> Result<(), End> {
    match carrier {
        Carrier::Pumps([mut up, mut down]) => {
            tokio::try_join!(pump(client, server, &mut *up), pump(server, client, &mut *down))?;
        }
        Carrier::Turns(buffer) => {
            tokio::try_join!(take_turns(client, server, &buffer), take_turns(server, client, &buffer))?;
        }
    }
    Ok(())
}

/// Waits for a reset, which a relay that is not reading would otherwise miss.
async fn broken(socket: &TcpStream) {
    // An error of the wait itself is one of the socket too.
    drop(socket.ready(Interest::ERROR).await);
}

/// Closing with unread bytes would send RST: half-close, then throw away what comes.
async fn close(client: &TcpStream, server: &TcpStream) {
    let both = async { tokio::join!(half_close(client), half_close(server)) };
    drop(timeout(LINGER, both).await);
}

async fn half_close(socket: &TcpStream) -> io::Result<()> {
    shut_down(socket)?;
    let mut piece = vec![0; 64 * 1024];
    loop {
        socket.readable().await?;
        match socket.try_read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

const LINGER: Duration = Duration::from_secs(5);
