//! A reader at chosen instants.

mod laws;

use super::*;
use std::time::Duration;
use units::{ByteRate, Span};

const START: Timestamp = Timestamp::from_nanos(1_000_000_000);

fn at(milliseconds: u64) -> Timestamp {
    START.plus(Duration::from_millis(milliseconds))
}

fn after(milliseconds: u64) -> PhaseEnd {
    PhaseEnd::After(Span(Duration::from_millis(milliseconds)))
}

fn bytes(bytes: u64) -> PhaseEnd {
    PhaseEnd::Bytes(ByteSize::bytes(bytes))
}

fn chunks(chunk: u64, every_ms: u64) -> Manner {
    Manner::Chunks { chunk: ByteSize::bytes(chunk), every: Span(Duration::from_millis(every_ms)) }
}

fn paced(rate: u64) -> Manner {
    Manner::Paced(ByteRate::bytes_per_second(rate))
}

fn reader(ending: &[(Manner, PhaseEnd)], last: Manner) -> Reader {
    let ending = ending.iter().map(|(manner, end)| ReadPhase { manner: *manner, end: *end }).collect();
    Reader::new(&ReadPlan::of_checked(ending, last), START)
}

fn read(at_most: usize) -> Allowance {
    Allowance::Read { at_most }
}

#[test]
fn a_stall_reads_nothing_until_its_time_is_over() {
    let mut reader =
        reader(&[(Manner::Unlimited, after(2000)), (Manner::Stalled, after(5000))], Manner::Unlimited);
    assert_eq!(reader.next(at(0)), read(usize::MAX));
    assert_eq!(reader.phase_ends(), Some(at(2000)));
    reader.took(1 << 30, at(1999));
    assert_eq!(reader.next(at(2000)), Allowance::Stalled { until: Some(at(7000)) });
    assert_eq!(reader.next(at(6999)), Allowance::Stalled { until: Some(at(7000)) });
    assert_eq!(reader.next(at(7000)), read(usize::MAX));
    assert_eq!(reader.phase_ends(), None);
}

#[test]
fn a_last_stall_never_ends() {
    let mut reader = reader(&[], Manner::Stalled);
    assert_eq!(reader.next(at(3_600_000)), Allowance::Stalled { until: None });
}

#[test]
fn a_phase_that_nobody_asked_about_is_not_skipped() {
    let mut reader =
        reader(&[(Manner::Unlimited, after(10)), (Manner::Stalled, after(10))], Manner::Unlimited);
    assert_eq!(reader.next(at(500)), Allowance::Stalled { until: Some(at(510)) });
}

#[test]
fn the_last_read_of_a_phase_takes_what_is_left_of_its_bytes() {
    let mut reader = reader(&[(Manner::Unlimited, bytes(1000))], chunks(7, 0));
    assert_eq!(reader.next(at(0)), read(1000));
    reader.took(999, at(1));
    assert_eq!(reader.next(at(1)), read(1));
    reader.took(1, at(2));
    assert_eq!(reader.next(at(2)), read(7));
}

#[test]
fn chunks_are_read_a_pause_after_the_end_of_the_read_before() {
    let mut reader = reader(&[], chunks(1000, 1000));
    assert_eq!(reader.next(at(0)), read(1000));
    reader.took(3, at(250));
    assert_eq!(reader.next(at(250)), Allowance::Wait { until: at(1250) });
    assert_eq!(reader.next(at(1250)), read(1000));
    // A long wait earns no second read.
    reader.took(1000, at(9000));
    assert_eq!(reader.next(at(9999)), Allowance::Wait { until: at(10_000) });
}

#[test]
fn a_paced_phase_reads_ten_milliseconds_worth_at_a_time() {
    let mut reader = reader(&[], paced(100_000));
    assert_eq!(reader.next(at(0)), read(1000));
    reader.took(1000, at(0));
    assert_eq!(reader.next(at(0)), Allowance::Wait { until: at(10) });
    assert_eq!(reader.next(at(10)), read(1000));
    reader.took(500, at(10));
    assert_eq!(reader.next(at(10)), Allowance::Wait { until: at(15) });
}

#[test]
fn a_byte_a_second_is_one_byte_each_second() {
    let mut reader = reader(&[], paced(1));
    assert_eq!(reader.next(at(0)), read(1));
    reader.took(1, at(0));
    assert_eq!(reader.next(at(999)), Allowance::Wait { until: at(1000) });
    assert_eq!(reader.next(at(1000)), read(1));
}

#[test]
fn a_pace_makes_up_for_a_tenth_of_a_second_at_most() {
    let mut reader = reader(&[], paced(100_000));
    let mut taken = 0;
    while let Allowance::Read { at_most } = reader.next(at(60_000)) {
        reader.took(at_most, at(60_000));
        taken += at_most;
    }
    assert_eq!(taken, 11_000, "100 ms worth and the read that is due");
}

#[test]
fn a_wait_ends_with_its_phase() {
    let mut reader = reader(&[(chunks(10, 60_000), after(50))], Manner::Unlimited);
    assert_eq!(reader.next(at(0)), read(10));
    reader.took(10, at(0));
    assert_eq!(reader.next(at(1)), Allowance::Wait { until: at(50) });
    assert_eq!(reader.next(at(50)), read(usize::MAX));
}

#[test]
fn time_that_goes_back_stands_still() {
    let mut reader = reader(&[], chunks(10, 10));
    assert_eq!(reader.next(at(100)), read(10));
    reader.took(10, at(40));
    assert_eq!(reader.next(at(0)), Allowance::Wait { until: at(110) });
}
