//! Real middleboxes: nginx, HAProxy and socat as their packages ship them, on loopback, in the foreground.

use crate::command::free_port;
use crate::waiting::until;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;
use tempfile::TempDir;

/// A middlebox between `127.0.0.1:<upstream>` and its own port, ended by its id when it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    process: Child,
    /// Its configuration and what it said.
    folder: TempDir,
}

/// How `HAProxy` finds out whether its upstream is there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Health {
    /// It takes that for granted.
    Unchecked,
    /// Connects and hangs up, five times a second.
    Connects,
    /// Connects and says something that is none of ours, five times a second.
    Speaks,
}

impl Proxy {
    /// nginx with its `stream` module: a master process and one worker.
    pub(crate) fn nginx(upstream: u16) -> Self {
        Self::start(|folder, port| {
            let path = folder.display();
            let text = format!(
                "daemon off;\n\
                 worker_processes 1;\n\
                 load_module {NGINX_STREAM};\n\
                 pid {path}/pid;\n\
                 error_log {path}/error;\n\
                 events {{ worker_connections 256; }}\n\
                 stream {{\n\
                   server {{ listen 127.0.0.1:{port}; proxy_pass 127.0.0.1:{upstream}; }}\n\
                 }}\n"
            );
            let mut nginx = Command::new("nginx");
            nginx.arg("-e").arg(folder.join("error")).arg("-c").arg(written(folder, &text));
            nginx
        })
    }

    /// nginx as an HTTP reverse proxy: under `/sub/` it passes `WebSocket`s on, as its documentation says, under `/plain/` it
    /// does nothing but what these directives say.
    pub(crate) fn nginx_http(upstream: u16, directives: &str) -> Self {
        Self::start(|folder, port| {
            let path = folder.display();
            let text = format!(
                "daemon off;\n\
                 worker_processes 1;\n\
                 pid {path}/pid;\n\
                 error_log {path}/error;\n\
                 events {{ worker_connections 256; }}\n\
                 http {{\n\
                   access_log off;\n\
                   client_body_temp_path {path}/body; proxy_temp_path {path}/proxy; fastcgi_temp_path {path}/fcgi;\n\
                   uwsgi_temp_path {path}/uwsgi; scgi_temp_path {path}/scgi;\n\
                   server {{\n\
                     listen 127.0.0.1:{port};\n\
                     location /sub/ {{\n\
                       proxy_pass http://127.0.0.1:{upstream}/;\n\
                       proxy_http_version 1.1;\n\
                       proxy_set_header Upgrade $http_upgrade;\n\
                       proxy_set_header Connection upgrade;\n\
                     }}\n\
                     location /plain/ {{ {directives} proxy_pass http://127.0.0.1:{upstream}/; }}\n\
                   }}\n\
                 }}\n"
            );
            let mut nginx = Command::new("nginx");
            nginx.arg("-e").arg(folder.join("error")).arg("-c").arg(written(folder, &text));
            nginx
        })
    }

    /// `HAProxy` in HTTP mode, which asks `/healthz` whether its upstream is there.
    pub(crate) fn haproxy_http(upstream: u16) -> Self {
        let options = "  option log-health-checks\n  option httpchk GET /healthz\n";
        Self::haproxy_in("http", upstream, options, "check inter 200ms")
    }

    /// `HAProxy` that ends TLS with the certificate and key in this file, in `tcp` or `http` mode.
    pub(crate) fn haproxy_tls(upstream: u16, mode: &str, pem: &str) -> Self {
        Self::haproxy_bound(mode, &format!(" ssl crt {pem} alpn http/1.1"), upstream, "", "")
    }

    /// `HAProxy` in TCP mode.
    pub(crate) fn haproxy(upstream: u16, health: Health) -> Self {
        let (options, check) = match health {
            Health::Unchecked => ("", ""),
            Health::Connects => ("  option log-health-checks\n", "check inter 200ms"),
            Health::Speaks => (
                "  option log-health-checks\n  option tcp-check\n  tcp-check connect\n  tcp-check send HELO\\r\\n\n",
                "check inter 200ms",
            ),
        };
        Self::haproxy_in("tcp", upstream, options, check)
    }

    fn haproxy_in(mode: &str, upstream: u16, options: &str, check: &str) -> Self {
        Self::haproxy_bound(mode, "", upstream, options, check)
    }

    fn haproxy_bound(mode: &str, bind: &str, upstream: u16, options: &str, check: &str) -> Self {
        Self::start(|folder, port| {
            let text = format!(
                "global\n  log stdout format raw local0\n  maxconn 256\n\
                 defaults\n  mode {mode}\n  log global\n\
                 \x20 timeout connect 5s\n  timeout client 1m\n  timeout server 1m\n  timeout tunnel 2m\n\
                 frontend front\n  bind 127.0.0.1:{port}{bind}\n  default_backend back\n\
                 backend back\n{options}  server upstream 127.0.0.1:{upstream} {check}\n"
            );
            let mut haproxy = Command::new("haproxy");
            haproxy.arg("-db").arg("-f").arg(written(folder, &text));
            haproxy
        })
    }

    /// socat, a process a connection.
    pub(crate) fn socat(upstream: u16) -> Self {
        Self::start(|_, port| {
            let mut socat = Command::new("socat");
            socat.arg(format!("TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr"));
            socat.arg(format!("TCP:127.0.0.1:{upstream}"));
            socat
        })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it said so far.
    pub(crate) fn said(&self) -> String {
        said(self.folder.path())
    }

    /// Starts a middlebox and waits until it lets somebody in, for whom it will dial its upstream.
    fn start(configure: impl FnOnce(&Path, u16) -> Command) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let mut command = configure(folder.path(), address.port());
        let log = File::create(folder.path().join(LOG)).expect("a file can be made");
        command.stdout(log.try_clone().expect("a file can be shared")).stderr(log);
        let process = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let mut proxy = Self { address, process, folder };
        until(PATIENCE, "the middlebox listens", || {
            let ended = proxy.process.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "{command:?} ended ({ended:?}): {}", proxy.said());
            TcpStream::connect(address).ok()
        });
        proxy
    }
}

impl Drop for Proxy {
    /// By SIGTERM, so that nginx's master takes its worker along.
    fn drop(&mut self) {
        let id = self.process.id().to_string();
        drop(Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status());
        for _ in 0..STOP_LOOKS {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::park_timeout(STOP_PAUSE);
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn written(folder: &Path, configuration: &str) -> std::path::PathBuf {
    let file = folder.join("configuration");
    fs::write(&file, configuration).expect("a file can be written");
    file
}

fn said(folder: &Path) -> String {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    [read(LOG), read("error")].concat()
}

/// Debian's `libnginx-mod-stream`.
const NGINX_STREAM: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";
const LOG: &str = "log";
const PATIENCE: Duration = Duration::from_secs(10);
const STOP_LOOKS: u32 = 250;
const STOP_PAUSE: Duration = Duration::from_millis(20);
