//! One-sided checks that cannot be: one clear line each.

use super::Service;
use crate::bad_input::refused_naming;
use crate::command::free_port;

#[test]
fn an_answer_that_is_no_stream_is_named() {
    for (does, named) in [
        ("absent", &["404 Not Found"][..]),
        ("moved", &["302 Found", "http://elsewhere.example/"]),
        ("refuses", &["413 Payload Too Large"]),
    ] {
        let service = Service::node(does);
        refused_naming(&format!("check --one-sided download --target {}", service.target("http")), named);
        if does != "refuses" {
            refused_naming(&format!("check --one-sided upload --target {}", service.target("http")), named);
        }
        let target = service.target("ws");
        let words = [&["could not begin a stream", "it answered"], named].concat();
        refused_naming(&format!("check --one-sided download --target {target}"), &words);
    }
}

#[test]
fn a_service_that_speaks_something_else_or_nothing_is_told() {
    let silent = Service::node("silent");
    refused_naming(
        &format!("check --one-sided download --target {}", silent.target("tcp")),
        &["sent nothing within 5 s", "--send"],
    );
    refused_naming(
        &format!("check --one-sided download --target {}", silent.target("http")),
        &["did not answer within 5 s"],
    );
    let feed = Service::node("drains");
    for direction in ["download", "upload"] {
        let check = format!("check --one-sided {direction} --target {}", feed.target("http"));
        refused_naming(&check, &["HTTP server"]);
    }
    refused_naming(
        &format!("check --one-sided download --target {}", feed.target("ws")),
        &["WebSocket server"],
    );
    refused_naming(
        &format!("check --one-sided download --target {}", feed.target("tls")),
        &["could not begin TLS"],
    );
    let short = Service::node("short");
    refused_naming(
        &format!("check --one-sided download --target {}", short.target("tcp")),
        &["ended its stream after 11 B", "before anything could be measured"],
    );
    refused_naming(
        &format!("check --one-sided upload --target tcp://127.0.0.1:{}", free_port()),
        &["could not connect"],
    );
}

#[test]
fn a_process_that_is_not_there_is_told_before_anybody_is_asked() {
    let feed = Service::node("drains");
    let target = feed.target("tcp");
    refused_naming(
        &format!("check --one-sided download --target {target} --pid 4194305"),
        &["process 4194305"],
    );
}

#[test]
fn options_that_need_two_sides_are_refused_with_one_and_the_other_way_about() {
    for (options, named) in [
        ("--one-sided download", &["--target"][..]),
        ("--send x", &["--one-sided"]),
        ("--pid 1", &["--one-sided"]),
        ("--one-sided upload --target http://h/ --http2", &["--http2", "--one-sided"]),
        ("--one-sided upload --target http://h/ --http-length=1GiB", &["--http-length", "--one-sided"]),
        ("--one-sided download --target http://h/ --transport sse", &["--transport", "--one-sided"]),
        ("--one-sided sideways --target tcp://h:1", &["download, upload"]),
        ("--one-sided upload --target tcp://h:1 --direction both", &["--direction"]),
        ("--one-sided upload --target tcp://h:1 --rate 1MB/s", &["--rate"]),
        ("--one-sided upload --target http://h/ --send x", &["--send"]),
        ("--one-sided upload --target tcp://h:1 --warm-up 1MiB", &["--warm-up"]),
        ("--one-sided download --target tcp://h:1 --max-path 1MiB", &["--max-path"]),
        ("--one-sided download --target tcp://h:1 --baseline 0s", &["--baseline", "200ms"]),
        ("--one-sided download --target tcp://h:1 --send @/no/such/file", &["/no/such/file"]),
        ("--one-sided download --target gopher://h:1", &["gopher", "not known"]),
    ] {
        refused_naming(&format!("check {options}"), named);
    }
}
