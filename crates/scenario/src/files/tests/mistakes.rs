//! Every mistake is one line that says where it is.

use super::*;

fn server_mistake(text: &str) -> String {
    ServerFile::parse(text, "server.yml").unwrap_err().to_string()
}

fn client_mistake(text: &str) -> String {
    ClientFile::parse(text, "client.yml").unwrap_err().to_string()
}

#[test]
fn a_value_out_of_bounds_says_what_it_must_be_and_where_it_is() {
    for (text, message) in [
        ("port: 1\n\ndelay: -5\n", "server.yml:3:8: delay is -5; it must be 0 ms to 1 h"),
        ("delay: 2h", "server.yml:1:8: delay is 2h; it must be 0 ms to 1 h"),
        ("bufsize: 0", "server.yml:1:10: bufsize is 0; it must be 1 B to 16 MiB"),
        ("bufsize: 17MiB", "server.yml:1:10: bufsize is 17MiB; it must be 1 B to 16 MiB"),
        ("port: 65536", "server.yml:1:7: port is 65536; it must be a port, 0 to 65535"),
        ("port: ''", "server.yml:1:7: port is empty; it must be a port, 0 to 65535"),
        ("protocol: udp", "server.yml:1:11: protocol is udp; it must be `tcp` or `websocket`"),
        (
            "buffers: 65536",
            "server.yml:1:10: buffers is 65536; it must be `auto` or 1 KiB to 1023 MiB, with its unit",
        ),
        (
            "listen: localhost",
            "server.yml:1:9: listen is localhost; it must be an address and a port, such as `127.0.0.1:8080` or `[::1]:8080`",
        ),
    ] {
        assert_eq!(server_mistake(text), message);
    }
    for (text, message) in [
        (
            "requests_per_second: -1",
            "client.yml:1:22: requests_per_second is -1; it must be 0 for no pacing, or 0.001 to 1000000000 a second",
        ),
        (
            "requests_total: 1.5",
            "client.yml:1:17: requests_total is 1.5; it must be a whole number, 0 to 1000000000000",
        ),
        ("server_port: 0", "client.yml:1:14: server_port is 0; it must be a port, 1 to 65535"),
        (
            "server_addr: ws://here:80",
            "client.yml:1:14: server_addr is ws://here:80; it must be a host name or an address, without scheme and port",
        ),
        ("user_timeout: 5ms", "client.yml:1:15: user_timeout is 5ms; it must be 10 ms to 1 h, with its unit"),
        ("seed: -1", "client.yml:1:7: seed is -1; it must be a whole number, 0 to 18446744073709551615"),
    ] {
        assert_eq!(client_mistake(text), message);
    }
}

#[test]
fn an_unknown_key_is_refused_where_it_stands_and_the_near_one_proposed() {
    let known = "known are protocol, port, listen, message_max, tls, direction, payload_size, requests_per_second, rate, \
                 requests_total, duration, bufsize, delay, read, slow, buffers, seed, user_timeout, limits, output";
    assert_eq!(
        server_mistake("port: 1\ndealy: 5\n"),
        format!("server.yml:2:1: unknown key `dealy`; did you mean `delay`? {known}")
    );
    assert_eq!(server_mistake("colour: red"), format!("server.yml:1:1: unknown key `colour`; {known}"));
    assert_eq!(
        server_mistake("read:\n- {rate: 0, fro: 1s}\n"),
        "server.yml:2:13: read[0]: unknown key `fro`; did you mean `for`? known are rate, chunk, every, for, bytes"
    );
}

#[test]
fn keys_that_do_not_go_together_are_refused_at_the_later_one() {
    for (text, message) in [
        ("port: 1\ndelay: 1\nport: 2\n", "server.yml:3:1: `port` is given twice"),
        (
            "port: 1\nlisten: 1.2.3.4:5\n",
            "server.yml:2:1: `listen` does not go with `port`, which is given above; leave one of them out",
        ),
        (
            "read:\n- {rate: 0}\ndelay: 1\n",
            "server.yml:3:1: `delay` does not go with `read`, which is given above; leave one of them out",
        ),
        (
            "bufsize: 1\nread: []\n",
            "server.yml:2:1: `read` does not go with `bufsize`, which is given above; leave one of them out",
        ),
        (
            "read:\n- {rate: 0, chunk: 1B}\n",
            "server.yml:2:13: read[0]: `chunk` does not go with `rate`, which is given above; leave one of them out",
        ),
        (
            "read:\n- {for: 1s, bytes: 1B, rate: 0}\n",
            "server.yml:2:13: read[0]: `bytes` does not go with `for`, which is given above; leave one of them out",
        ),
    ] {
        assert_eq!(server_mistake(text), message);
    }
}

#[test]
fn a_path_and_headers_that_no_request_can_have_are_refused_where_they_stand() {
    for (text, message) in [
        (
            "path: ws\n",
            "client.yml:1:7: path is ws; it must be a path that begins with `/`, such as `/app/ws`",
        ),
        (
            "headers:\n  Host: a\n  X-Y: \"b\\nc\"\n",
            "client.yml:3:8: headers.X-Y is b\\nc; it must be a header's value, without control characters",
        ),
        ("headers: {Host: a, host: b}\n", "client.yml:1:20: headers: `host` is given twice"),
        ("headers: {a b: c}\n", "client.yml:1:11: headers: `a b` is no header's name, such as `Origin`"),
        (
            "protocol: tcp\nheaders: {Host: a}\n",
            "client.yml:2:1: `headers` has no effect, for raw TCP has no requests",
        ),
    ] {
        assert_eq!(client_mistake(text), message);
    }
}

#[test]
fn a_file_that_says_nothing_is_refused() {
    for text in ["", "\n# nothing\n", "---\n"] {
        assert_eq!(
            server_mistake(text),
            "server.yml:1:1: holds no key; write at least `protocol: websocket`, or `{}` for the defaults alone"
        );
    }
}

#[test]
fn a_key_without_effect_is_refused_where_it_stands() {
    assert_eq!(
        server_mistake("port: 1\nrate: 1MB/s\n"),
        "server.yml:2:1: `rate` has no effect, for with `direction: upload` this end reads"
    );
    assert_eq!(
        client_mistake("read: [{rate: 0}]\n"),
        "client.yml:1:1: `read` has no effect, for with `direction: upload` this end sends"
    );
    assert_eq!(
        client_mistake("{direction: download, payload_size: 5}"),
        "client.yml:1:23: `payload_size` has no effect, for with `direction: download` this end reads"
    );
    assert_eq!(
        client_mistake("half_close: true\n"),
        "client.yml:1:1: `half_close` needs `direction: download` and `protocol: tcp`"
    );
    assert_eq!(
        client_mistake("direction: download\nexpect: {max_latency: 1s}\n"),
        "client.yml:2:1: `expect` has `max_latency`, which only a producer's figures can meet, and this end reads"
    );
    assert_eq!(
        server_mistake("slow: {connections: 2}\n"),
        "server.yml:1:1: `slow` needs `read`, a list of phases"
    );
}

#[test]
fn a_mistake_below_a_key_is_refused_where_it_stands() {
    for (text, message) in [
        ("limits: {idle: 5}", "server.yml:1:16: limits.idle is 5; it must be 10 ms to 1 h, with its unit"),
        (
            "limits: {idel: 5s}",
            "server.yml:1:10: limits: unknown key `idel`; did you mean `idle`? known are idle, bytes, duration",
        ),
        (
            "limits: 5",
            "server.yml:1:9: limits: invalid type: integer `5`, expected keys such as `{idle: 30s, bytes: 1GiB}`",
        ),
    ] {
        assert_eq!(server_mistake(text), message);
    }
    for (text, message) in [
        (
            "ramp: 100",
            "client.yml:1:7: ramp is 100; it must be 0.1 to 100000 connections a second, such as `100/s`",
        ),
        (
            "rate: 10",
            "client.yml:1:7: rate is 10; it must be a rate of at least 1 B/s, with its unit, such as `10MB/s`",
        ),
        ("connections: 0", "client.yml:1:14: connections is 0; it must be a whole number, 1 to 50000"),
        ("direction: both", "client.yml:1:12: direction is both; it must be `upload` or `download`"),
        (
            "expect: {zero_window: yes}",
            "client.yml:1:23: expect.zero_window is yes; it must be `seen` or `none`",
        ),
    ] {
        assert_eq!(client_mistake(text), message);
    }
}

#[test]
fn a_plan_that_cannot_run_to_its_last_phase_is_refused() {
    for (text, message) in [
        ("read: []", "server.yml:1:7: read is empty; it must be a list of at least one phase"),
        (
            "read:\n  - {rate: unlimited}\n  - {rate: 0}\n",
            "server.yml:3:5: read[1] is never reached, for the phase before it has neither `for` nor `bytes`",
        ),
        (
            "read: [{rate: 0, bytes: 1MiB}]",
            "server.yml:1:8: read[0]: a phase of rate 0 reads no `bytes`, so it would never end; give it `for`",
        ),
        ("read: [{for: 1s}]", "server.yml:1:8: read[0]: a phase needs `rate`, or `chunk` and `every`"),
        ("read: [{chunk: 1B}]", "server.yml:1:8: read[0]: `chunk` needs `every`, the pause after each read"),
        (
            "read: [{every: 1s}]",
            "server.yml:1:8: read[0]: `every` needs `chunk`, the most that one read takes",
        ),
        (
            "read: [{rate: 0.1B/s}]",
            "server.yml:1:15: read[0].rate is 0.1B/s; it must be `unlimited`, 0 for a stall, or a rate of at least 1 B/s such as `64KiB/s`",
        ),
        (
            "read: [{rate: 0, for: 0}]",
            "server.yml:1:23: read[0].for is 0; it must be 1 ms to 1 h, with its unit",
        ),
    ] {
        assert_eq!(server_mistake(text), message);
    }
    let phases = "- {for: 1ms, rate: 0}\n".repeat(1001);
    assert_eq!(
        server_mistake(&format!("read:\n{phases}")),
        "server.yml:1002:3: read[1000]: a plan has at most 1000 phases"
    );
}

#[test]
fn what_is_no_file_of_keys_is_refused_in_one_line() {
    for (text, message) in [
        ("port: [8080]", "server.yml:1:7: port: invalid type: sequence, expected a port, 0 to 65535"),
        (
            "read: 5",
            "server.yml:1:7: read: invalid type: integer `5`, expected a list of phases, such as `- {for: 2s, rate: unlimited}`",
        ),
        (
            "read: [5]",
            "server.yml:1:8: read[0]: invalid type: integer `5`, expected a phase, such as `{for: 2s, rate: unlimited}`",
        ),
        (
            "- port: 1",
            "server.yml:1:1: invalid type: sequence, expected the keys of a server's file, such as `port: 8080`",
        ),
        ("? [a]\n: 1", "server.yml:1:3: invalid type: sequence, expected a key"),
        ("port: 1\n  delay: 2\n", "server.yml:2:8: mapping values are not allowed in this context"),
        ("port: *there\n", "server.yml:1:7: unknown anchor"),
        (
            "port: 1\n---\nport: 2\n",
            "server.yml: deserializing from YAML containing more than one document is not supported",
        ),
    ] {
        assert_eq!(server_mistake(text), message);
    }
}

#[test]
fn a_certificate_is_two_files() {
    for (text, message) in [
        (
            "port: 1\ntls:\n  cert: a.pem\n",
            "server.yml:3:3: tls: `key` is missing: the certificate's private key",
        ),
        ("tls: {key: a.key}", "server.yml:1:6: tls: `cert` is missing: the certificate"),
        (
            "tls: {cert: a.pem, keys: a.key}",
            "server.yml:1:20: tls: unknown key `keys`; did you mean `key`? known are cert, key",
        ),
        ("tls: {cert: '', key: a.key}", "server.yml:1:13: tls.cert is empty; it must be the name of a file"),
    ] {
        assert_eq!(server_mistake(text), message);
    }
    let file = ServerFile::parse("tls: {cert: a.pem, key: a.key}", "server.yml").unwrap();
    assert_eq!(file.tls, Some(CertificateFiles { cert: "a.pem".into(), key: "a.key".into() }));
}
