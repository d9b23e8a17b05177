//! Any text is read or refused: in one short line, in bounded time, without a panic.

use super::*;
use proptest::prelude::*;

const PLAN: &str = "listen: 127.0.0.1:1\nbuffers: 64KiB\nread:\n  - {for: 2s, rate: unlimited}\n  - &a {for: 5s, rate: 0}\n  - {bytes: 10MiB, rate: 64KiB/s}\n  - *a\n  - {chunk: 512B, every: 10ms}\n";

/// Reads `text` as both files.
fn try_both(text: &str) {
    let errors = [ServerFile::parse(text, "f").err(), ClientFile::parse(text, "f").err()];
    for error in errors.into_iter().flatten() {
        let line = error.to_string();
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(line.chars().count() < 5000, "{line}");
    }
}

#[test]
fn a_file_that_is_too_long_is_refused_unread() {
    let text = " ".repeat(1024 * 1024 + 1);
    let error = ServerFile::parse(&text, "server.yml").unwrap_err();
    assert_eq!(error.to_string(), "server.yml: holds 1048577 bytes; it may hold 1 MiB");
    assert!(ServerFile::parse(&format!("{{}}{}", " ".repeat(1024 * 1024 - 2)), "server.yml").is_ok());
}

#[test]
fn brackets_that_would_take_the_scanner_long_are_refused_unread() {
    for text in ["[".repeat(1 << 20), "{".repeat(10_001), "[ #]\n".repeat(10_001)] {
        let error = ServerFile::parse(&text, "server.yml").unwrap_err();
        assert_eq!(error.to_string(), "server.yml: opens more than 10000 brackets");
    }
    try_both(&"[".repeat(10_000));
}

#[test]
fn aliases_that_multiply_are_not_followed() {
    use std::fmt::Write;
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let before = level - 1;
        let aliases = vec![format!("*a{before}"); 9].join(", ");
        writeln!(text, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    try_both(&text);
    try_both(&format!("read:\n- &r {{for: 1s, rate: 0}}\n{}", "- *r\n".repeat(100_000)));
    try_both("read: &r [*r]");
    try_both("read: &r\n- *r\n");
    let nested = "read: &a [&b [&c [x, x], *c, *c], *b, *b]";
    try_both(nested);
}

#[test]
fn long_and_strange_texts_end_in_one_short_line() {
    for text in [
        "x".repeat(1 << 20),
        format!("{}: 1", "k".repeat(1000)),
        format!("delay: {}", "9".repeat(1 << 19)),
        format!("\"{}\": 1", "\\n\\e[2J".repeat(1 << 10)),
        format!("port: \"{}\"", "\\r\\0".repeat(1 << 10)),
        "- ".repeat(1 << 12),
        "? ".repeat(1 << 12),
        "\u{feff}port: 1".to_owned(),
        "port: !!binary AAAA".to_owned(),
        "port: !!null 5".to_owned(),
        "!x {port: 1}".to_owned(),
        "<<: {port: 1}".to_owned(),
        "\0".to_owned(),
        "%YAML 9.9\n---\n".to_owned(),
    ] {
        try_both(&text);
    }
}

/// `text` with some of its characters replaced, left out or doubled.
fn mutated(text: &str, changes: &[(usize, u8, char)]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for (place, kind, character) in changes {
        let place = place % characters.len();
        match kind % 4 {
            0 => characters[place] = *character,
            1 => characters.insert(place, *character),
            2 => characters.truncate(place + 1),
            _ => drop(characters.remove(place)),
        }
        if characters.is_empty() {
            return String::new();
        }
    }
    characters.into_iter().collect()
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        try_both(&text);
    }

    #[test]
    fn any_text_of_yamls_own_characters_is_read_or_refused(text in "[-a-c:&*!|>'\"%@`{}\\[\\],#?<~0-9 \n\t]{0,80}") {
        try_both(&text);
    }

    #[test]
    fn a_file_with_any_typing_mistakes_is_read_or_refused(
        text in prop::sample::select(vec![GO_SERVER, GO_CLIENT, PLAN]),
        changes in prop::collection::vec((any::<usize>(), any::<u8>(), prop::sample::select("-a0:&*!|{}[],#?\n\t \"'".chars().collect::<Vec<_>>())), 1..6),
    ) {
        try_both(&mutated(text, &changes));
    }

    #[test]
    fn any_value_of_any_key_is_read_or_refused(
        key in prop::sample::select(vec!["protocol", "port", "bufsize", "delay", "listen", "buffers", "message_max",
            "server_addr", "server_port", "payload_size", "requests_per_second", "requests_total", "seed", "user_timeout",
            "direction", "rate", "duration", "connections", "ramp", "half_close", "output", "limits", "expect", "slow"]),
        value in "[-+.0-9a-zA-Z/ ]{0,30}",
    ) {
        try_both(&format!("{key}: {value}"));
    }
}
