use super::*;
use proptest::prelude::*;

const MIB: f64 = 1_048_576.0;

const LIVE: Live = Live { bytes_per_second: 10.0 * MIB, uncertainty: 0.1 * MIB, idle: 0.9 };

/// A feed of 10 MiB/s that nobody read from for 4 s, so that 40 MiB were due; the limit is 16 MiB.
fn evidence(piled: f64) -> DownloadEvidence {
    DownloadEvidence {
        live: LIVE,
        stall: Duration::from_secs(4),
        shut: true,
        backlog: Backlog::Seen { bytes: piled, uncertainty: 0.1 * MIB, live: LIVE },
        memory: None,
        limit: ByteSize::mib(16),
    }
}

fn memory(grown_mib: u64, cpu: Option<(f64, f64)>) -> Memory {
    let before_bytes = 50 << 20;
    Memory {
        process: 7,
        before_bytes,
        stalled_bytes: before_bytes + (grown_mib << 20),
        after_bytes: before_bytes,
        cpu_live: cpu.map(|(live, _)| live),
        cpu_stalled: cpu.map(|(_, stalled)| stalled),
    }
}

fn verdict(evidence: &DownloadEvidence) -> Verdict {
    download(evidence).0
}

#[test]
fn all_that_was_due_came_at_once_so_nobody_was_stopped() {
    let evidence = evidence(40.0 * MIB);
    let (verdict, reason) = download(&evidence);
    assert_eq!(verdict, Verdict::Absorbs);
    assert_eq!(
        reason,
        "the service was not stopped: all that was due in a stall of 4.00 s came at once after it, 40 MiB"
    );
    assert_eq!(stopped_after(&evidence), None);
}

#[test]
fn much_less_than_was_due_came_so_the_service_was_stopped() {
    let evidence = evidence(2.0 * MIB);
    assert_eq!(verdict(&evidence), Verdict::Propagates);
    assert_eq!(stopped_after(&evidence), Some(Duration::from_millis(200)));
}

#[test]
fn a_service_that_was_stopped_beyond_the_limit_absorbs() {
    assert_eq!(verdict(&evidence(20.0 * MIB)), Verdict::Absorbs);
}

#[test]
fn all_that_was_due_below_the_limit_may_be_what_kernels_hold() {
    let small = DownloadEvidence { limit: ByteSize::mib(64), ..evidence(40.0 * MIB) };
    assert_eq!(verdict(&small), Verdict::Undecided);
}

#[test]
fn what_came_at_once_but_was_in_nobodys_memory_is_not_said_to_have_piled_up() {
    let elsewhere = DownloadEvidence { memory: Some(memory(1, None)), ..evidence(40.0 * MIB) };
    assert_eq!(verdict(&elsewhere), Verdict::Undecided);
    let kept = DownloadEvidence { memory: Some(memory(38, None)), ..evidence(40.0 * MIB) };
    assert_eq!(verdict(&kept), Verdict::Absorbs);
}

#[test]
fn memory_that_did_not_grow_may_be_memory_that_is_used_again() {
    let memory = Some(memory(1, None));
    let (_, down) = download(&DownloadEvidence { memory, ..evidence(40.0 * MIB) });
    let lasted = Duration::from_secs(3);
    let flood = UploadEvidence {
        outcome: UploadOutcome::Limit,
        onset: lasted,
        taken: 256 << 20,
        lasted,
        window_limited: None,
        memory,
    };
    for reason in [down, upload(&flood).1] {
        assert!(reason.ends_with("keeps it elsewhere, or uses memory again that it had freed"), "{reason}");
    }
}

#[test]
fn a_stall_that_our_own_buffer_hides_reaches_nobody() {
    let unheard = DownloadEvidence { shut: false, ..evidence(40.0 * MIB) };
    assert_eq!(verdict(&unheard), Verdict::Undecided);
    assert!(download(&unheard).1.contains("did not fill our own buffer"));
}

#[test]
fn of_a_flood_only_its_process_can_tell() {
    let flood = |memory| DownloadEvidence { backlog: Backlog::Hidden, memory, ..evidence(0.0) };
    assert_eq!(verdict(&flood(None)), Verdict::Undecided);
    assert_eq!(verdict(&flood(Some(memory(0, Some((0.8, 0.0)))))), Verdict::Propagates);
    assert_eq!(verdict(&flood(Some(memory(0, Some((0.8, 0.7)))))), Verdict::Undecided);
    // A master process that was idle all along tells nothing.
    assert_eq!(verdict(&flood(Some(memory(0, Some((0.0, 0.0)))))), Verdict::Undecided);
    assert_eq!(verdict(&flood(Some(memory(300, Some((0.8, 0.7)))))), Verdict::Absorbs);
}

#[test]
fn a_backlog_that_has_not_ended_is_judged_by_its_least() {
    let at_least = |bytes| DownloadEvidence { backlog: Backlog::AtLeast { bytes }, ..evidence(0.0) };
    assert_eq!(verdict(&at_least(17.0 * MIB)), Verdict::Absorbs);
    assert_eq!(verdict(&at_least(15.0 * MIB)), Verdict::Undecided);
}

#[test]
fn a_service_that_takes_a_flood_is_judged_by_its_memory() {
    let judged = |outcome, memory, window_limited| {
        let lasted = Duration::from_secs(3);
        let onset = Duration::from_millis(4);
        upload(&UploadEvidence { outcome, onset, taken: 256 << 20, lasted, window_limited, memory }).0
    };
    assert_eq!(judged(UploadOutcome::Held, None, None), Verdict::Propagates);
    assert_eq!(judged(UploadOutcome::Limit, None, None), Verdict::Undecided);
    assert_eq!(judged(UploadOutcome::Limit, Some(memory(1, None)), None), Verdict::Undecided);
    assert_eq!(judged(UploadOutcome::Limit, Some(memory(250, None)), None), Verdict::Absorbs);
    assert_eq!(judged(UploadOutcome::Deadline, Some(memory(1, None)), Some(0.9)), Verdict::Propagates);
    assert_eq!(judged(UploadOutcome::Deadline, Some(memory(1, None)), Some(0.1)), Verdict::Undecided);
    assert_eq!(judged(UploadOutcome::Deadline, Some(memory(100, None)), Some(0.9)), Verdict::Undecided);
    assert_eq!(judged(UploadOutcome::Deadline, None, Some(0.9)), Verdict::Undecided);
}

proptest! {
    /// Where much more was due, only what is too close to the limit is not decided.
    #[test]
    fn a_pile_is_judged_by_the_limit_unless_it_is_too_close(piled in 0.0f64..44.0, uncertainty in 0.0f64..4.0) {
        let backlog = Backlog::Seen { bytes: piled * MIB, uncertainty: uncertainty * MIB, live: LIVE };
        let found = verdict(&DownloadEvidence { backlog, ..evidence(0.0) });
        match found {
            Verdict::Absorbs => prop_assert!(piled - uncertainty >= 16.0),
            Verdict::Propagates => prop_assert!(piled + uncertainty < 16.0),
            Verdict::Undecided => prop_assert!((piled - 16.0).abs() <= uncertainty, "it is close"),
            Verdict::Breaks => prop_assert!(false, "nothing broke"),
        }
    }
}
