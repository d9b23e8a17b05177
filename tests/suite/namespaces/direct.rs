//! Nothing in between: what is absorbed sits in two kernels' buffers, and is known beforehand.

use super::{PORT, assert_held, check_within, finish};
use crate::command::{Checked, program};
use crate::figures::{MESSAGE, absorbed, assert_propagates};
use crate::namespace::{Namespace, SocketRow};
use crate::underway::CheckUnderWay;
use crate::waiting::{pause, until};
use std::process::Command;
use std::time::Duration;

#[test]
fn a_cold_link_of_1500_bytes_absorbs_what_its_buffers_hold() {
    let network = Namespace::with_loopback(1500);

    let totals = five(|| cold_total(network.program(), "upload", "64KiB"));

    println!("64 KiB, mtu 1500: {totals:?}");
    for total in &totals {
        assert_within_a_tenth(*total, VETH_FIXED);
        assert!(total.abs_diff(totals[0]) <= MESSAGE, "within a message: {totals:?}");
    }
}

#[test]
fn a_cold_link_of_1500_bytes_with_autotuned_buffers_absorbs_what_the_kernel_grows_them_to() {
    let network = Namespace::with_loopback(1500);

    let total = cold_total(network.program(), "upload", "auto");

    // Not what another network absorbed: how the kernel grows buffers depends on the route's past and on the writer.
    let flood = Namespace::with_loopback(1500);
    let bare = flood.command("python3").args(["-c", BARE_FLOOD]).output().expect("python3 runs");
    let bare: u64 = String::from_utf8_lossy(&bare.stdout).trim().parse().expect("it prints a number");
    println!("auto, mtu 1500: {total}, a bare flood: {bare}");
    assert_within_a_tenth(total, bare);
}

#[test]
fn cold_uploads_on_loopback_absorb_the_same_to_the_byte() {
    assert_identical_when_cold("upload");
}

#[test]
fn cold_downloads_on_loopback_absorb_the_same_to_the_byte() {
    assert_identical_when_cold("download");
}

#[test]
fn after_a_baseline_no_run_absorbs_a_message_more_or_less_than_usual() {
    let mut totals = five(|| {
        let options = ["--baseline", "500ms", "--hold", "500ms", "--direction", "upload"];
        total_on_a_direct_path(&finish(CheckUnderWay::start(program(), &options)))
    });

    println!("64 KiB, loopback, after a baseline: {totals:?}");
    totals.sort_unstable();
    let median = totals[2];
    assert!(totals.iter().all(|total| total.abs_diff(median) <= MESSAGE), "{totals:?}");
}

#[test]
fn ss_beside_an_upload_shows_the_same_queues() {
    assert_ss_agrees("upload");
}

#[test]
fn ss_beside_a_download_shows_the_same_queues() {
    assert_ss_agrees("download");
}

fn assert_identical_when_cold(direction: &str) {
    let totals = five(|| cold_total(program(), direction, "64KiB"));

    println!("64 KiB, loopback, {direction}: {totals:?}");
    assert!(totals.iter().all(|total| *total == totals[0]), "identical: {totals:?}");
}

fn assert_ss_agrees(direction: &str) {
    let network = Namespace::with_loopback(1500);
    let options = ["--baseline", "0s", "--hold", "3s", "--direction", direction];
    let run = check_within(&network, PORT, PORT, &options);

    let shown = settled(&network);
    let checked = finish(run);

    assert_held(&checked, &[direction]);
    let measured = absorbed(checked.only());
    println!("{direction}: ss shows {shown:?}");
    let (producers, consumers): (Vec<_>, Vec<_>) = shown.iter().partition(|socket| socket.send_queue > 0);
    let ([producer], [consumer]) = (&producers[..], &consumers[..]) else {
        panic!("one connection has two ends: {shown:?}")
    };
    assert_eq!(
        (producer.send_queue, consumer.receive_queue),
        (measured.send_queue, measured.receive_queue),
        "Send-Q and Recv-Q"
    );
}

/// The sockets of a stalled stream once nothing has moved for longer than a writer pauses.
fn settled(network: &Namespace) -> Vec<SocketRow> {
    network.await_persisting(PORT);
    let queues = || {
        let mut sockets = network.sockets(PORT);
        // Between a question and its answer another timer runs.
        for socket in &mut sockets {
            socket.persists = false;
        }
        sockets.retain(|socket| socket.send_queue + socket.receive_queue > 0);
        sockets
    };
    until(Duration::from_secs(10), "nothing moves any more", || {
        let before = queues();
        pause(Duration::from_millis(700));
        (!before.is_empty() && queues() == before).then_some(before)
    })
}

fn assert_within_a_tenth(total: u64, expected: u64) {
    assert!(total.abs_diff(expected) <= expected / 10, "{total} is not within a tenth of {expected}");
}

/// Bytes that a direct path absorbs when nothing but a trickle went through it before.
fn cold_total(program: Command, direction: &str, buffers: &str) -> u64 {
    let options = ["--baseline", "0s", "--hold", "500ms", "--direction", direction, "--buffers", buffers];
    total_on_a_direct_path(&finish(CheckUnderWay::start(program, &options)))
}

fn total_on_a_direct_path(checked: &Checked) -> u64 {
    assert_propagates(checked.only());
    let held = absorbed(checked.only());
    assert!(held.path.unsigned_abs() <= MESSAGE, "nothing is between the two kernels: {held:?}");
    held.total
}

fn five(measure: impl FnMut() -> u64) -> Vec<u64> {
    std::iter::repeat_with(measure).take(5).collect()
}

/// Absorbed by a veth pair when cold, with fixed buffers: measured with a bare flood before this program existed.
const VETH_FIXED: u64 = 288_744;

const BARE_FLOOD: &str = include_str!("bare_flood.py");
