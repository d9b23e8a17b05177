//! What a one-sided check prints and leaves behind.

use super::Service;
use crate::command::{Background, program};
use crate::waiting::until;
use crate::workplace::{Workplace, ended, exit_of, json_of, names, signal, text_of};
use std::process::Stdio;
use std::time::Duration;

#[test]
fn a_report_is_made_again_from_the_recording_of_one_side() {
    let (place, service) = (Workplace::new(), Service::node("drains"));
    let options = "--baseline 2s --limit 8MiB --output run";
    let checked = place.run(&format!(
        "check --one-sided download --target {} --pid {} {options}",
        service.target("tcp"),
        service.pid()
    ));
    assert_eq!((checked.code, checked.stderr.as_str()), (0, ""), "{}", checked.stdout);
    for line in ["path", "verdict", "piled up", "timing", "process", "price", "window", "rate", "stall"] {
        assert!(
            checked.stdout.lines().any(|printed| printed.starts_with(line)),
            "{line}: {}",
            checked.stdout
        );
    }
    assert_eq!(place.run("report run"), checked);
    let run = place.path().join("run");
    let files = ["events.jsonl", "latency.hgrm", "latency.hlog", "run.json", "verdict.json", "windows.csv"];
    assert_eq!(names(&run), files);
    assert!(text_of(&run.join("events.jsonl")).contains("process_use"));
    let scenario = &json_of(&run.join("run.json"))["scenario"];
    assert_eq!(scenario["topology"]["service"]["process"].to_string(), service.pid());
    assert!(text_of(&run.join("windows.csv")).lines().count() > 100, "it was sampled");
}

#[test]
fn an_interrupted_one_sided_check_leaves_a_recording_of_what_was() {
    let (place, service) = (Workplace::new(), Service::node("drains"));
    let mut command = program();
    command.current_dir(place.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.args(["check", "--one-sided", "download", "--output", "run", "--target", &service.target("tcp")]);
    let mut check =
        Background(command.args(["--hold", "1min", "--deadline", "2min"]).spawn().expect("it starts"));
    // Its folder is made first; it reads, and stalls, for minutes then.
    until(Duration::from_secs(5), "the check runs", || place.path().join("run").is_dir().then_some(()));
    assert!(check.0.try_wait().expect("a child can be asked").is_none(), "it runs");
    crate::waiting::pause(Duration::from_secs(2));
    signal(&check, "INT");
    let status = exit_of(&mut check, Duration::from_secs(15));
    assert_eq!(status.code(), Some(1));
    let said = ended(check).stdout;
    assert!(said.contains("UNDECIDED: the check was interrupted"), "{said}");
    let reported = place.run("report run");
    assert_eq!((reported.code, reported.stderr.as_str()), (1, ""));
    assert!(reported.stdout.contains("unmeasured everything after the interruption"), "{}", reported.stdout);
}

#[test]
fn a_bound_on_what_may_pile_up_is_kept_or_told() {
    let service = Service::node("drains");
    let target = service.target("tcp");
    let place = Workplace::new();
    let checked = place.run(&format!(
        "check --one-sided download --target {target} --max-absorbed 1KiB --baseline 500ms --output none"
    ));
    assert_eq!(checked.code, 1, "{}", checked.stdout);
    assert!(checked.stdout.contains("at most 1 KiB was asked"), "{}", checked.stdout);
}
