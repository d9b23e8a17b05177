//! Checks whose connections are encrypted: directly, to a server elsewhere, and where TLS ends in between.

mod refusals;

use crate::certificates::{Certificates, Until};
use crate::command::{self, Background, Checked, check, free_port, program};
use crate::figures::{absorbed, assert_propagates};
use crate::proxy::{Health, Proxy};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

const BOTH: [&str; 2] = ["upload", "download"];

#[test]
fn no_more_than_a_message_waits_in_the_producer() {
    let checked = check(&["--tls", "--message", "1KiB", "--hold", "300ms", "--limit", "64MiB"]);
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    for direction in BOTH {
        let held = absorbed(checked.direction(direction));
        assert!(held.producer <= 1024 + 22, "{direction}: {held:?}");
    }
}

#[test]
fn a_server_elsewhere_is_checked_over_tls_and_plainly_on_one_port() {
    let certificates = Certificates::for_name("127.0.0.1", Until::LongAfter);
    let (_server, address) =
        server_with(&["--tls-cert", &certificates.certificate(), "--tls-key", &certificates.key()]);
    for scheme in ["tls", "wss"] {
        let target = format!("{scheme}://{address}");
        assert_stopped(&check(&[
            "--target",
            &target,
            "--ca",
            &certificates.ca(),
            "--baseline",
            "300ms",
            "--hold",
            "500ms",
        ]));
    }
    assert_stopped(&check(&[
        "--target",
        &format!("tcp://{address}"),
        "--baseline",
        "300ms",
        "--hold",
        "500ms",
    ]));
}

#[test]
fn a_certificate_that_is_its_own_ca_is_trusted_where_it_is_named() {
    let certificates = Certificates::self_signed("localhost");
    let (_server, address) = server_of_file(&certificates);
    let (target, ca) = (format!("tls://localhost:{}", address.port()), certificates.ca());
    let checked = check(&["--target", &target, "--ca", &ca, "--baseline", "0s", "--hold", "300ms"]);
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
}

#[test]
fn a_name_that_is_asked_for_is_what_the_certificate_must_have() {
    let certificates = Certificates::for_name("app.example", Until::LongAfter);
    let (_server, address) = server_of_file(&certificates);
    let (target, ca) = (format!("wss://{address}/ws"), certificates.ca());
    let cold = ["--baseline", "0s", "--hold", "300ms"];
    let checked = check(&[&["--target", &target, "--ca", &ca, "--sni", "app.example"], &cold[..]].concat());
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
}

#[test]
fn that_nobody_was_checked_is_said_and_recorded() {
    let certificates = Certificates::for_name("elsewhere.example", Until::Past);
    let (_server, address) = server_of_file(&certificates);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let run = folder.path().join("run");
    let ended = program()
        .args(["check", "--insecure", "--baseline", "0s", "--hold", "300ms", "--target"])
        .arg(format!("tls://{address}"))
        .arg("--output")
        .arg(&run)
        .output()
        .expect("the program runs");
    let (said, complained) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{complained}");
    assert!(complained.contains("the certificate is not checked"), "{complained}");
    assert!(said.contains("tls, certificate unchecked"), "{said}");
    let recorded = fs::read_to_string(run.join("run.json")).expect("a recording was left");
    let recorded: serde_json::Value = serde_json::from_str(&recorded).expect("it is JSON");
    assert_eq!(recorded["scenario"]["tls"]["insecure"], true, "{recorded}");
}

#[test]
fn haproxy_that_ends_tls_passes_backpressure_on() {
    let certificates = Certificates::for_name("127.0.0.1", Until::LongAfter);
    for (mode, transport) in [("tcp", "tcp"), ("http", "websocket")] {
        let upstream = free_port();
        let proxy = Proxy::haproxy_tls(upstream, mode, &certificates.both());
        let options = ["--ca", &certificates.ca(), "--transport", transport];
        assert_held_by_the_path(&check_through(upstream, &proxy, &options));
    }
}

#[test]
fn haproxy_that_lets_tls_pass_reaches_a_server_whose_certificate_is_known() {
    let upstream = free_port();
    let proxy = Proxy::haproxy(upstream, Health::Unchecked);
    assert_held_by_the_path(&check_through(upstream, &proxy, &[]));
}

/// A server with these options beside.
fn server_with(options: &[&str]) -> (Background, SocketAddr) {
    command::server_with(program(), &[&["--listen", "127.0.0.1:0"], options].concat())
}

/// A server whose file names the certificate.
fn server_of_file(certificates: &Certificates) -> (Background, SocketAddr) {
    let folder = Path::new(&certificates.ca()).parent().expect("it is in a folder").join("server.yml");
    let (cert, key) = (certificates.certificate(), certificates.key());
    fs::write(&folder, format!("tls:\n  cert: {cert}\n  key: {key}\n")).expect("a file can be written");
    server_with(&[&folder.display().to_string()])
}

fn check_through(upstream: u16, proxy: &Proxy, options: &[&str]) -> Checked {
    let at = |port| SocketAddr::from(([127, 0, 0, 1], port)).to_string();
    let (listen, via) = (at(upstream), at(proxy.port()));
    check(&[&["--listen", &listen, "--via", &via, "--tls", "--hold", "500ms"], options].concat())
}

fn assert_stopped(checked: &Checked) {
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    for direction in BOTH {
        assert_propagates(checked.direction(direction));
    }
}

fn assert_held_by_the_path(checked: &Checked) {
    assert_stopped(checked);
    for direction in BOTH {
        let held = absorbed(checked.direction(direction));
        println!("{direction}: {held:?}");
        assert!(held.path > 0, "{direction}: {held:?}");
    }
}
