//! Peers that are not who they should be, or do not speak what they should: one clear line each.

use super::server_with;
use crate::bad_input::refused_naming;
use crate::certificates::{Certificates, Until};
use crate::command::{free_port, server};
use crate::proxy::Proxy;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::thread;

#[test]
fn a_certificate_that_does_not_do_is_told() {
    let good = Certificates::for_name("app.example", Until::LongAfter);
    let expired = Certificates::for_name("127.0.0.1", Until::Past);
    for (certificates, ca, named) in [
        (&good, Some(&good), ["is not for `127.0.0.1` but for app.example", "could not begin TLS"]),
        (&expired, Some(&expired), ["expired at 2020-01-02T00:00:00Z", "could not begin TLS"]),
        // Another CA of the same name.
        (&good, Some(&expired), ["signed by another key", "could not begin TLS"]),
        (&good, None, ["signed by nobody who is trusted here", "--insecure"]),
    ] {
        let (_server, address) =
            server_with(&["--tls-cert", &certificates.certificate(), "--tls-key", &certificates.key()]);
        let ca = ca.map(|ca| format!(" --ca {}", ca.ca())).unwrap_or_default();
        for scheme in ["tls", "wss"] {
            refused_naming(&format!("check --target {scheme}://{address}{ca}"), &named);
        }
    }
}

#[test]
fn a_peer_that_speaks_no_tls_is_told() {
    let ca = Certificates::for_name("127.0.0.1", Until::LongAfter);
    let (_server, ours) = server();
    for (peer, named) in [
        (ours, "it may not speak TLS"),
        (answering(b"220 mail.example.net ESMTP\r\n"), "it does not speak TLS"),
        (answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "it does not speak TLS"),
        (answering(b""), "it may not speak TLS"),
    ] {
        for target in
            [format!("--target tls://{peer}"), format!("--listen :{} --via {peer} --tls", free_port())]
        {
            let named = ["could not begin TLS", &peer.to_string(), named];
            refused_naming(&format!("check {target} --ca {}", ca.ca()), &named);
        }
    }
}

#[test]
fn a_handshake_that_hangs_is_told() {
    let ca = Certificates::for_name("127.0.0.1", Until::LongAfter);
    let silent = TcpListener::bind("127.0.0.1:0").expect("port 0 is always free");
    let peer = silent.local_addr().expect("a bound socket has an address");
    let named = ["had not finished the handshake after 5 s", &peer.to_string()];
    refused_naming(&format!("check --target wss://{peer} --ca {}", ca.ca()), &named);
}

#[test]
fn a_peer_that_wants_tls_is_told() {
    let certificates = Certificates::for_name("127.0.0.1", Until::LongAfter);
    // HAProxy ends the connection without a word; an alert is what RFC 8446 asks for.
    let alert = answering(&[21, 3, 3, 0, 2, 2, 70]);
    for scheme in ["tcp", "ws"] {
        refused_naming(&format!("check --target {scheme}://{alert}"), &["speaks TLS", "tls://"]);
    }
    let proxy = Proxy::haproxy_tls(free_port(), "tcp", &certificates.both());
    refused_naming(&format!("check --target tcp://127.0.0.1:{}", proxy.port()), &["127.0.0.1"]);
}

#[test]
fn files_that_are_no_certificates_are_told() {
    let certificates = Certificates::for_name("127.0.0.1", Until::LongAfter);
    let other = Certificates::for_name("127.0.0.1", Until::LongAfter);
    let (cert, key) = (certificates.certificate(), certificates.key());
    let server = "server --listen 127.0.0.1:0";
    for (command, named) in [
        (format!("check --target tls://127.0.0.1:1 --ca {key}"), "holds no certificate in PEM"),
        ("check --tls --ca /nowhere/ca.pem".to_owned(), "could not read /nowhere/ca.pem"),
        (format!("{server} --tls-cert {key} --tls-key {key}"), "holds no certificate in PEM"),
        (format!("{server} --tls-cert {cert} --tls-key {cert}"), "holds no private key in PEM"),
        (format!("{server} --tls-cert {cert} --tls-key {}", other.key()), "could not use the certificate"),
        (format!("{server} --tls-cert {cert}"), "--tls-key"),
        ("check --insecure".to_owned(), "--insecure needs TLS"),
        ("check --target ws://127.0.0.1:1 --sni a.example".to_owned(), "--sni needs TLS"),
        ("check --tls --sni a..b".to_owned(), "no name that can be asked for"),
    ] {
        refused_naming(&command, &[named]);
    }
}

/// A server that answers whatever comes like this, and closes.
fn answering(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port 0 is always free");
    let address = listener.local_addr().expect("a bound socket has an address");
    thread::spawn(move || {
        for peer in listener.incoming() {
            let mut peer = peer.expect("a server of the tests can accept");
            let mut first = [0; 4096];
            // Unread bytes would make a reset of the close.
            drop(std::io::Read::read(&mut peer, &mut first));
            drop(peer.write_all(answer));
        }
    });
    address
}
