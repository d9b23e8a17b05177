//! The pair over TLS.

use super::{PairServer, client_ended};
use crate::certificates::{Certificates, Until};

/// A server with these certificates, and keys of its own.
fn server(certificates: &Certificates, keys: &str) -> PairServer {
    let (certificate, key) = (certificates.certificate(), certificates.key());
    PairServer::start(&format!("tls: {{cert: {certificate}, key: {key}}}\n{keys}"))
}

fn client(protocol: &str, port: u16, keys: &str) -> String {
    format!("protocol: {protocol}\nserver_port: {port}\n{keys}\n")
}

#[test]
fn requests_pass_in_either_direction_over_tls_and_beside_it() {
    let certificates = Certificates::for_name("localhost", Until::LongAfter);
    let ca = format!("tls: {{ca: {}}}", certificates.ca());
    let reads = server(&certificates, "bufsize: 1000\n");
    let sends = server(&certificates, "direction: download\nrequests_per_second: 0\n");
    for protocol in ["tcp", "websocket"] {
        for tls in [&ca, ""] {
            let up = client_ended(&client(protocol, reads.port, &format!("requests_per_second: 0\n{tls}")));
            assert_eq!((up.code, up.stderr.as_str()), (0, ""), "{protocol} {tls}: {}", up.stdout);
            reads.reads(5000, 1000);
            if protocol == "websocket" {
                assert_eq!(reads.says(), "websocket: close 1000 (normal)");
            }
            let expected = "direction: download\nexpect: {min_bytes: 5000B}";
            let down = client_ended(&client(protocol, sends.port, &format!("{expected}\n{tls}")));
            assert_eq!((down.code, down.stderr.as_str()), (0, ""), "{protocol} {tls}: {}", down.stdout);
        }
    }
}

#[test]
fn a_server_that_is_not_trusted_is_named_and_trusted_by_insecure_alone() {
    let certificates = Certificates::self_signed("other.example");
    let server = server(&certificates, "");
    let ended = client_ended(&client("websocket", server.port, "requests_per_second: 0\ntls: {}"));
    assert_eq!((ended.code, ended.stderr.lines().count()), (2, 1), "{}", ended.stderr);
    assert!(ended.stderr.contains("could not begin TLS with localhost"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("`tls: {insecure: true}`") && !ended.stderr.contains("--"),
        "{}",
        ended.stderr
    );
    let insecure = "requests_per_second: 0\ntls: {insecure: true}";
    let ended = client_ended(&client("websocket", server.port, insecure));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.starts_with("warning: insecure"), "{}", ended.stderr);
}
