//! Options whose values mean nothing.

use super::{one_clear_line, refused_naming};
use crate::command::program;
use crate::workplace::{Workplace, end_of};
use std::process::Command;

#[test]
fn an_option_with_an_unknown_value_is_named() {
    for (options, named) in [
        ("--direction sideways", ["--direction", "upload, download, both"]),
        ("--format yaml", ["--format", "text, json"]),
        ("--expect maybe", ["--expect", "propagates, absorbs, breaks"]),
        ("--integrity some", ["--integrity", "full, off"]),
        ("--buffers many", ["--buffers", "`many` does not start with a number"]),
        ("--slow down", ["--slow", "`down` is no ratio"]),
        ("--ramp fast", ["--ramp", "`100/s`"]),
        ("--seed dice", ["--seed", "invalid digit"]),
        ("--nonsense", ["--nonsense", "unexpected argument"]),
        ("extra", ["extra", "unexpected argument"]),
    ] {
        refused_naming(&format!("check {options}"), &named);
    }
    refused_naming("nonsense", &["nonsense", "subcommand"]);
    for option in ["--connections", "--connections-per-address"] {
        refused_naming(&format!("server --listen 127.0.0.1:0 {option} 0"), &[option, "1.."]);
    }
}

#[test]
fn a_number_without_its_unit_is_refused() {
    for (options, named) in [
        ("--limit 64", ["--limit", "`64KiB`"]),
        ("--message 1000", ["--message", "`1000KiB`"]),
        ("--max-path 5", ["--max-path", "`5KiB`"]),
        ("--hold 5", ["--hold", "5sec"]),
        ("--rate 5", ["--rate", "`5MB/s`"]),
        ("--rate 5MB", ["--rate", "MB/s"]),
        ("--limit 64parsec", ["--limit", "MiB"]),
    ] {
        refused_naming(&format!("check {options}"), &named);
    }
}

#[test]
fn a_value_out_of_its_bounds_is_refused_with_them() {
    for (options, named) in [
        ("--rate 0", ["--rate", "above 0"]),
        ("--rate 8kB/s", ["--rate", "smaller --message"]),
        ("--message 10B", ["--message", "128 B to 16 MiB"]),
        ("--message 1GiB", ["--message", "128 B to 16 MiB"]),
        ("--limit 1KiB", ["--limit", "64 KiB"]),
        ("--sample 0", ["--sample", "100us to 1s"]),
        ("--hold 0", ["--hold", "100ms"]),
        ("--repeat 0", ["--repeat", "1 to 100"]),
        ("--deadline 2s --hold 2s", ["--deadline", "longer than --hold"]),
        ("--baseline 0s --warm-up 1MiB", ["--warm-up", "--baseline"]),
        ("--connections 0", ["--connections", "1 to 50000"]),
        ("--connections 5 --neighbours 5", ["--neighbours", "leave --connections out"]),
        ("--connections 50000 --ramp 1/s", ["--ramp", "within 1h"]),
        ("--ramp 0/s", ["--ramp", "0.1/s to 100000/s"]),
        ("--neighbours 65", ["--neighbours is 65", "0 to 64"]),
        ("--max-neighbour-slowdown 2", ["--max-neighbour-slowdown", "needs --neighbours"]),
        ("--neighbours 1 --max-neighbour-slowdown 50%", ["--max-neighbour-slowdown is 50 %", "100 %"]),
        ("--slow 0", ["--slow", "1 % to 90 %"]),
        ("--slow 2", ["--slow is 200 %", "1 % to 90 %"]),
        ("--slow 10% --baseline 0s", ["--slow", "--baseline"]),
        ("--transport http --http-length=63MiB", ["--http-length is 63 MiB", "64 MiB to 1 TiB"]),
    ] {
        refused_naming(&format!("check {options}"), &named);
    }
}

#[test]
fn socket_buffers_that_no_kernel_can_have_are_refused() {
    // Above 2 GiB the size no longer fits the kernel's integer: 4 GiB would be taken for 0.
    refused_naming("check --buffers 4GiB --direction upload --baseline 0s --hold 100ms", &["--buffers"]);
}

#[test]
fn a_wrong_value_in_the_environment_is_refused_as_on_the_command_line() {
    let place = Workplace::new();
    let mut command = program();
    command.current_dir(place.path()).arg("check").env("BACKPRESSURE_LIMIT", "64");
    let complaint = one_clear_line(&end_of(&mut command));
    assert!(complaint.contains("--limit") && complaint.contains("`64KiB`"), "{complaint}");
}

#[test]
fn via_needs_listen_and_both_exclude_a_target() {
    refused_naming("check --via :8080", &["--listen"]);
    let all = "check --listen :9000 --via :8080 --target tcp://h:1";
    refused_naming(all, &["--target", "cannot be used with"]);
}

#[test]
fn too_few_descriptors_are_told_before_anything_starts() {
    for limit in [6, 16] {
        let mut limited = Command::new("sh");
        limited.arg("-c").arg(format!("ulimit -n {limit}; exec \"$0\" check --output none"));
        limited.arg(program().get_program());
        let complaint = one_clear_line(&end_of(&mut limited));
        assert!(complaint.contains("ulimit -n") && complaint.contains("32"), "{complaint}");
    }
    let mut crowded = Command::new("sh");
    crowded.arg("-c").arg("ulimit -n 500; exec \"$0\" check --connections 400 --output none");
    crowded.arg(program().get_program());
    let complaint = one_clear_line(&end_of(&mut crowded));
    assert!(complaint.contains("is 500, at least 830 are needed"), "{complaint}");
}
