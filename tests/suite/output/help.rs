//! What the program tells of itself.

use crate::workplace::Workplace;

#[test]
fn help_of_every_task_tells_its_options() {
    let place = Workplace::new();
    for (task, told) in [
        ("", ["Examples:", "Commands:", "Exit codes:"]),
        ("check", ["Examples:", "--via <ADDR>", "Exit codes:"]),
        ("server", ["Options:", "--listen <ADDR>", "PORT"]),
        ("client", ["Options:", "--config <FILE>", "Usage:"]),
        ("config", ["Options:", "--schema", "Usage:"]),
        ("report", ["Arguments:", "--format <FORMAT>", "Usage:"]),
        ("merge", ["Arguments:", "<RECORDINGS>", "Usage:"]),
    ] {
        for flag in ["--help", "-h"] {
            let help = place.run(&format!("{task} {flag}"));
            assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{task} {flag}");
            for word in told {
                assert!(help.stdout.contains(word), "`{task} {flag}` does not tell {word}: {}", help.stdout);
            }
            assert!(!help.stdout.contains('\u{1b}'), "no colours without a terminal");
        }
    }
}

#[test]
fn every_option_of_a_check_is_explained_with_its_default() {
    let help = Workplace::new().run("check --help").stdout;
    for (option, default) in [
        ("--direction", "both"),
        ("--limit", "256MiB"),
        ("--hold", "2s"),
        ("--baseline", "1s"),
        ("--deadline", "30s"),
        ("--buffers", "64KiB"),
        ("--message", "64KiB"),
        ("--sample", "1ms"),
        ("--integrity", "full"),
        ("--repeat", "1"),
        ("--expect", "propagates"),
        ("--format", "text"),
    ] {
        let (_, rest) = help.split_once(&format!("{option} <")).unwrap_or_else(|| panic!("{option}: {help}"));
        let explained = rest.split("\n      -").next().unwrap_or_default();
        assert!(explained.contains(&format!("[default: {default}]")), "{option}: {explained}");
    }
    for option in ["--warm-up", "--rate", "--user-timeout", "--output", "--junit", "--seed", "--quiet"] {
        assert!(help.contains(option), "{option}: {help}");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = Workplace::new().run("--version");
    let expected = format!("backpressure {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((version.code, version.stdout, version.stderr.as_str()), (0, expected, ""));
}
