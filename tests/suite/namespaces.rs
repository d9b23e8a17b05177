//! The kernel as the judge: networks of the test's own, with packet filters, lost packets, and `ss` beside a run.

mod direct;
mod link;
mod losses;
mod pair;
mod remote;

use crate::command::Checked;
use crate::figures::{absorbed, assert_propagates};
use crate::namespace::Namespace;
use crate::underway::CheckUnderWay;
use std::time::Duration;

/// Within namespaces of the test's own every port is free.
const PORT: u16 = 9000;

/// A check between two ports of one network, or directly where they are one, with these options beside.
fn check_within(network: &Namespace, listen: u16, via: u16, options: &[&str]) -> CheckUnderWay {
    let [listening, dialled] = [listen, via].map(|port| format!("127.0.0.1:{port}"));
    let between = if listen == via { &[][..] } else { &["--via", &dialled] };
    CheckUnderWay::start(network.program(), &[&["--listen", &listening], between, options].concat())
}

/// The longest that any of these checks may take: twice a deadline of 30 s, and what it waits for afterwards.
fn finish(run: CheckUnderWay) -> Checked {
    run.finish(Duration::from_secs(100))
}

fn assert_held(checked: &Checked, directions: &[&str]) {
    assert_eq!((checked.word(), checked.code), ("propagates", 0), "{}", checked.verdict);
    for direction in directions {
        let figures = checked.direction(direction);
        assert_propagates(figures);
        println!("{direction}: {:?}", absorbed(figures));
    }
}
