//! The accept loop: reads each connection's first line, and decides by it.

use crate::control;
use crate::http;
use crate::limits::ServerLimits;
use crate::registry::{DataConnection, Registry};
use crate::session::{Session, SessionLink, Shared, answer};
use endpoint::Sampler;
use rand::random;
use socket::Buffers;
use socket2::SockRef;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use transport::{Socket, Stream};
use units::Clock;
use wire::{OPENING_BYTE, Opening, OpeningError, Purpose, RunId};

/// How long the loop rests after an accept that failed, for example because there are too many descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Time between two looks at a beginning that is too short to tell what it is.
const PEEK_PAUSE: Duration = Duration::from_millis(10);

/// How often a server that drains looks whether it still serves a run.
const DRAIN_LOOK: Duration = Duration::from_millis(50);

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Socket buffers of the listener, inherited by what it accepts; a plan may still change them.
    pub buffers: Buffers,
    /// What clients may ask for.
    pub limits: ServerLimits,
    /// Serve whoever comes; else only the runs begun in this process, and nobody else is answered.
    pub public: bool,
}

/// A bound server.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    door: Arc<Door>,
}

/// What every connection's handler needs.
#[derive(Debug)]
struct Door {
    registry: Registry,
    shared: Shared,
    public: bool,
    places: Arc<Semaphore>,
}

impl Server {
    /// Binds the port; nobody is served yet.
    pub fn bind(settings: &Settings, clock: Clock, sampler: Sampler) -> io::Result<Self> {
        let everywhere = settings.listen.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let listener = match listen(settings.listen, settings.buffers) {
            Err(error) if everywhere && error.kind() != io::ErrorKind::AddrInUse => {
                // Where there is no IPv6, all addresses are those of IPv4.
                let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, settings.listen.port()));
                listen(address, settings.buffers)?
            }
            listener => listener?,
        };
        let shared =
            Shared { instance: RunId::from_random(random()), clock, sampler, limits: settings.limits };
        let door = Door {
            registry: Registry::default(),
            shared,
            public: settings.public,
            places: Arc::new(Semaphore::new(settings.limits.connections)),
        };
        Ok(Self { listener, door: Arc::new(door) })
    }

    /// The address it listens on, with the real port.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Begins a run from within this process; its session must be driven by the returned future.
    pub fn begin(&self, run: RunId) -> Option<(SessionLink, impl Future<Output = ()> + Send + 'static)> {
        let place = self.door.registry.register(run, self.door.shared.limits.runs)?;
        let (session, link) = Session::new(self.door.shared.clone(), place);
        Some((link, session.run()))
    }

    /// Serves until `stop`, then begins nothing new, and waits for the runs it serves as long as its limits say.
    pub async fn serve(self, stop: CancellationToken) {
        let Self { listener, door } = self;
        let drain = door.shared.limits.drain;
        let mut handlers = JoinSet::new();
        tokio::select! {
            () = stop.cancelled() => {}
            never = door.accept(&listener, &mut handlers) => match never {},
        }
        door.registry.close();
        // Runs go on, and open the connections that they need.
        let drained = async {
            while door.registry.serves() {
                tokio::select! {
                    never = door.accept(&listener, &mut handlers) => match never {},
                    () = sleep(DRAIN_LOOK) => {}
                }
            }
        };
        if timeout(drain, drained).await.is_err() {
            warn!(seconds = drain.as_secs(), "runs were still going on at the end of the drain");
        }
        handlers.shutdown().await;
    }
}

impl Door {
    async fn accept(self: &Arc<Self>, listener: &TcpListener, handlers: &mut JoinSet<()>) -> Infallible {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((tcp, peer)) => self.admit(tcp, peer, handlers),
                    Err(error) => {
                        warn!(%error, "could not accept a connection");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(ended) = handlers.join_next() => if let Err(error) = ended {
                    warn!(%error, "a connection's handler failed");
                },
            }
        }
    }

    fn admit(self: &Arc<Self>, tcp: TcpStream, peer: SocketAddr, handlers: &mut JoinSet<()>) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            warn!(%peer, "too many connections: closed");
            return;
        };
        let door = Arc::clone(self);
        handlers.spawn(async move {
            door.receive(tcp, peer, place).await;
        });
    }

    async fn receive(&self, tcp: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        let first = match timeout(self.shared.limits.opening, first_bytes(&tcp)).await {
            Ok(Ok(first)) => first,
            Ok(Err(error)) => return debug!(%peer, %error, "lost before its opening"),
            Err(_) => return info!(%peer, "stranger: said nothing in time: closed"),
        };
        match first {
            First::Nothing => debug!(%peer, "closed before it said anything"),
            First::Opening => match Socket::new(tcp) {
                Ok(socket) => self.open(Stream::plain(socket), peer, place).await,
                Err(error) => debug!(%peer, %error, "lost before its opening"),
            },
            First::Http => match http::serve(tcp, self.shared.limits.opening).await {
                Ok(Some(stream)) => self.open(stream, peer, place).await,
                Ok(None) => {}
                Err(error) => debug!(%peer, %error, "HTTP ended"),
            },
            First::Strange(bytes) => {
                if let Err(reason) = Opening::decode(&bytes) {
                    info!(%peer, %reason, "stranger: closed");
                }
            }
        }
    }

    /// A stream of ours by its first byte, or by the way in which it was asked for.
    async fn open(&self, mut stream: Stream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        let line = transport::read_line(&mut stream, wire::MAX_OPENING_LINE);
        let opening = match timeout(self.shared.limits.opening, line).await {
            Ok(Ok(line)) => Opening::decode(&line),
            Ok(Err(error)) => return debug!(%peer, %error, "lost before its opening"),
            Err(_) => return info!(%peer, "stranger: said nothing in time: closed"),
        };
        match opening {
            Ok(Opening { run, purpose: Purpose::Control }) if self.public => {
                self.begin_run(stream, peer, run).await;
            }
            Ok(Opening { purpose: Purpose::Control, .. }) => {
                debug!(%peer, "another run's control connection: closed");
            }
            Ok(Opening { run, purpose: Purpose::Stream(number) }) => {
                self.deliver(run, DataConnection { stream: number, connection: stream, place }).await;
            }
            Err(reason) => {
                info!(%peer, %reason, "stranger: closed");
                // A client of another version is told so; a stranger hears nothing.
                if self.public && matches!(reason, OpeningError::Version { .. }) {
                    answer(&mut stream, self.shared.instance, Some(reason.to_string())).await;
                }
            }
        }
    }

    async fn begin_run(&self, mut stream: Stream, peer: SocketAddr, run: RunId) {
        if let Some(place) = self.registry.register(run, self.shared.limits.runs) {
            control::serve(stream, peer, self.shared.clone(), place).await;
        } else {
            let reason = "the server serves as many runs as it may, or is about to end".to_owned();
            answer(&mut stream, self.shared.instance, Some(reason)).await;
        }
    }

    async fn deliver(&self, run: RunId, connection: DataConnection) {
        if let Err(mut unwanted) = self.registry.deliver(run, connection)
            && self.public
        {
            let reason = "this run is not served here".to_owned();
            answer(&mut unwanted.connection, self.shared.instance, Some(reason)).await;
        }
    }
}

fn listen(address: SocketAddr, buffers: Buffers) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if address.is_ipv6() {
        SockRef::from(&socket).set_only_v6(address.ip() != IpAddr::V6(Ipv6Addr::UNSPECIFIED))?;
    }
    socket.set_reuseaddr(true)?;
    socket::apply_buffers(&socket, buffers)?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// What a connection is, by its first bytes.
enum First {
    /// It was closed.
    Nothing,
    /// One of ours.
    Opening,
    Http,
    Strange(Vec<u8>),
}

/// Decides at the first byte that differs from all that is known.
async fn first_bytes(tcp: &TcpStream) -> io::Result<First> {
    let mut first = [0; 24];
    loop {
        let seen = tcp.peek(&mut first).await?;
        let seen = first.get(..seen).unwrap_or_default();
        match seen {
            [] => return Ok(First::Nothing),
            [OPENING_BYTE, ..] => return Ok(First::Opening),
            _ if METHODS.iter().any(|method| seen.starts_with(method)) => return Ok(First::Http),
            // Too short to tell: what is seen stays where it is, so nothing says that more came.
            _ if METHODS.iter().any(|method| method.starts_with(seen)) => sleep(PEEK_PAUSE).await,
            strange => return Ok(First::Strange(strange.to_vec())),
        }
    }
}

/// How requests of HTTP/1.1 begin.
const METHODS: [&[u8]; 9] =
    [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"CONNECT ", b"OPTIONS ", b"TRACE ", b"PATCH "];
