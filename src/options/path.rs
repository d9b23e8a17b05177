//! The options that say where the two sides are, and what carries the streams between them.

use super::encryption::TlsOptions;
use super::one_sided::OneSidedOptions;
use crate::arguments::parse_listen_anywhere;
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use scenario::{
    HTTP_PATH, HttpRequest, Service, Target, Tls, Token, Topology, Transport, WEBSOCKET_PATH, parse_port,
    parse_service, parse_target,
};
use std::net::SocketAddr;
use trace::Direction;
use units::ByteSize;

#[derive(Debug, Args)]
#[command(next_help_heading = "Path")]
pub(crate) struct PathOptions {
    /// Listen here: the upstream of the middlebox that --via dials; without one, the port of a direct check.
    #[arg(long, value_name = "ADDR", value_parser = parse_listen_anywhere)]
    listen: Option<SocketAddr>,
    /// A middlebox is in between: dial it here, HOST:PORT or :PORT on this machine (with --listen).
    #[arg(long, value_name = "ADDR", requires = "listen", conflicts_with = "target")]
    via: Option<String>,
    /// The server runs elsewhere (`backpressure server`), behind whatever lies between: tcp://HOST:PORT, ws://HOST:PORT/PATH or
    /// http://HOST:PORT/PATH, and over TLS tls://, wss:// and https://. With --one-sided, somebody else's service.
    #[arg(long, value_name = "URL", conflicts_with = "listen", env = "BACKPRESSURE_TARGET")]
    target: Option<String>,
    /// What carries the streams between --listen and --via, or on loopback (tcp, where nothing is said); a --target's URL
    /// says it itself, but for `sse`.
    #[arg(long, value_enum, env = "BACKPRESSURE_TRANSPORT")]
    transport: Option<TransportOption>,
    /// Where the WebSocket (/ws) or the stream over HTTP (/http) is asked for, as the middlebox knows it.
    #[arg(long, value_name = "PATH", conflicts_with = "target")]
    path: Option<String>,
    /// A header to send with the requests of a WebSocket or of HTTP, `NAME: VALUE`; Host and Origin too. May be repeated.
    #[arg(long, value_name = "HEADER")]
    header: Vec<String>,
    /// Uploads over HTTP announce this length (64MiB at least), and send at most as much, instead of coming in chunks.
    #[arg(long, value_name = "SIZE", num_args = 0..=1, require_equals = true, default_missing_value = "1024GiB")]
    http_length: Option<ByteSize>,
    /// Speak HTTP/2 instead of HTTP/1.1: agreed on by TLS, or known beforehand without it.
    #[arg(long)]
    http2: bool,
    /// Which way the measured stream runs.
    #[arg(long, value_enum, default_value_t = Directions::Both, env = "BACKPRESSURE_DIRECTION")]
    direction: Directions,
    /// What is shown to a `backpressure server --token`.
    #[arg(
        long,
        value_name = "SECRET",
        requires = "target",
        env = "BACKPRESSURE_TOKEN",
        hide_env_values = true
    )]
    token: Option<Token>,
    #[command(flatten)]
    tls: TlsOptions,
    #[command(flatten)]
    one_sided: OneSidedOptions,
}

/// How the client reaches the server.
pub(crate) struct Reach {
    /// What lies between them.
    pub(crate) topology: Topology,
    /// What carries the streams.
    pub(crate) transport: Transport,
    /// What encrypts them.
    pub(crate) tls: Option<Tls>,
    /// What is shown to the server.
    pub(crate) token: Option<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Directions {
    /// The client produces.
    Upload,
    /// The server produces.
    Download,
    /// One after the other, each on a fresh connection.
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TransportOption {
    /// TCP alone.
    Tcp,
    /// Binary messages of a WebSocket.
    Websocket,
    /// The body of a request upwards, of a response downwards.
    Http,
    /// The same, but downloads are server-sent events.
    Sse,
}

impl PathOptions {
    /// The directions to measure, one after the other.
    pub(crate) fn directions(&self) -> Vec<Direction> {
        if let Some(direction) = self.one_sided.direction() {
            return vec![direction];
        }
        match self.direction {
            Directions::Upload => vec![Direction::Upload],
            Directions::Download => vec![Direction::Download],
            Directions::Both => vec![Direction::Upload, Direction::Download],
        }
    }

    /// The other end is a service that is not ours.
    pub(crate) fn is_one_sided(&self) -> bool {
        self.one_sided.direction().is_some()
    }

    /// How the client reaches the server.
    pub(crate) fn reach(&self) -> anyhow::Result<Reach> {
        let (topology, mut transport, encrypted) = match (&self.target, self.listen, &self.via) {
            (Some(target), ..) if self.is_one_sided() => {
                let Target { transport, tls, address } =
                    parse_service(target).with_context(|| format!("could not use --target {target}"))?;
                let (first, process) = (self.one_sided.first()?, self.one_sided.process());
                (Topology::Service(Service { address, first, process }), transport, tls)
            }
            (Some(target), ..) => {
                let Target { transport, tls, address } =
                    parse_target(target).with_context(|| format!("could not use --target {target}"))?;
                (Topology::Target { address }, transport, tls)
            }
            (None, Some(listen), via) => (
                Topology::Via { listen, via: via.as_deref().map(dialled).transpose()? },
                self.transport()?,
                false,
            ),
            _ => (Topology::Loopback, self.transport()?, false),
        };
        self.shape(&mut transport)?;
        match transport.request_mut() {
            Some(request) => self.header.iter().try_for_each(|header| request.add_header(header))?,
            None if !self.header.is_empty() => {
                bail!("--header needs a transport that has headers: websocket, http or sse")
            }
            None => {}
        }
        let token = self.token.clone();
        Ok(Reach { topology, transport, tls: self.tls.tls(encrypted)?, token })
    }

    /// What --transport and --path say.
    fn transport(&self) -> anyhow::Result<Transport> {
        let path = |usual| self.path.as_deref().unwrap_or(usual);
        self.path.as_deref().map_or(Ok(()), |path| HttpRequest::to_written(path).map(drop))?;
        Ok(match self.transport {
            None | Some(TransportOption::Tcp) if self.path.is_some() => {
                bail!("--path needs a transport that has paths: websocket, http or sse")
            }
            None | Some(TransportOption::Tcp) => Transport::Tcp,
            Some(TransportOption::Websocket) => Transport::websocket(path(WEBSOCKET_PATH)),
            Some(TransportOption::Http | TransportOption::Sse) => Transport::http(path(HTTP_PATH)),
        })
    }

    /// What else is said about a transport, which a URL does not say.
    fn shape(&self, transport: &mut Transport) -> anyhow::Result<()> {
        let given = [
            (self.transport.is_some(), "--transport"),
            (self.http_length.is_some(), "--http-length"),
            (self.http2, "--http2"),
        ];
        if let Some((_, option)) = given.into_iter().find(|(given, _)| *given && self.is_one_sided()) {
            bail!("{option} is for checks between two ends of ours, not for --one-sided");
        }
        let wanted = self.transport.filter(|_| self.target.is_some());
        match (wanted, &mut *transport) {
            (None, Transport::Http(http)) => http.events = self.transport == Some(TransportOption::Sse),
            (Some(TransportOption::Sse), Transport::Http(http)) => http.events = true,
            (None, _)
            | (Some(TransportOption::Tcp), Transport::Tcp)
            | (Some(TransportOption::Websocket), Transport::WebSocket(_))
            | (Some(TransportOption::Http), Transport::Http(_)) => {}
            (Some(_), other) => bail!("--transport contradicts --target, whose URL says {other}"),
        }
        match &mut *transport {
            Transport::Http(http) => http.http2 = self.http2,
            _ if self.http2 => bail!("--http2 needs a transport over HTTP: http or sse"),
            _ => {}
        }
        match (self.http_length, transport) {
            (Some(length), Transport::Http(http)) => http.length = Some(length),
            (Some(_), _) => bail!("--http-length needs a transport over HTTP: http or sse"),
            (None, _) => {}
        }
        Ok(())
    }
}

/// `HOST:PORT`, or `:PORT` for this machine.
fn dialled(address: &str) -> anyhow::Result<String> {
    let Some((host, port)) = address.rsplit_once(':') else {
        bail!("`{address}` has no port; use HOST:PORT");
    };
    let port = parse_port(port).with_context(|| format!("could not dial `{address}`"))?;
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    Ok(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_dialled_on_this_machine() {
        assert_eq!(dialled(":8080").unwrap(), "127.0.0.1:8080");
        assert_eq!(dialled("[::1]:80").unwrap(), "[::1]:80");
        assert!(dialled("localhost").is_err());
        assert!(dialled("localhost:0").is_err());
    }
}
