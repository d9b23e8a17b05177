use super::*;
use crate::course::Marks;
use crate::example::{at, sample};
use crate::stage::Stage;
use scenario::{HTTP_PATH, HttpStream, Transport};
use tokio_util::sync::CancellationToken;
use trace::{Event, Timed};

/// An upload whose producer wrote so much and left.
fn left(written: ByteSize, cut: Cut) -> Conducted {
    let handle = || endpoint::link().1;
    let mut stage = Stage::new(handle(), handle(), Duration::ZERO, CancellationToken::new());
    let why = "it had written enough".to_owned();
    stage.producer.events.push(Timed { at: at(5), event: Event::Left { why } });
    stage.producer.latest = Some(sample(5, written.as_u64()));
    Conducted {
        direction: Direction::Upload,
        stage,
        neighbours: Vec::new(),
        spacing: Duration::ZERO,
        marks: Marks::default(),
        outcome: Outcome::CutShort,
        cut: Some(cut),
        cut_at: Some(at(6)),
        quiet: Duration::ZERO,
        decisions: Vec::new(),
    }
}

fn reason(conducted: &Conducted, scenario: &Scenario) -> String {
    let Judgement { verdict, reason, ended } = judge(&Evidence::new(conducted), None, None, scenario);
    assert_eq!((verdict, ended), (Verdict::Undecided, None));
    reason
}

#[tokio::test]
async fn an_end_that_left_says_why_whichever_end_was_heard_of_first() {
    for cut in [Cut::Left(Role::Producer), Cut::Ended] {
        let told = reason(&left(ByteSize::mib(100), cut), &Scenario::usual());
        assert_eq!(told, "the producer left before the end: it had written enough");
    }
}

#[tokio::test]
async fn a_length_that_was_used_up_is_named() {
    let Transport::Http(http) = Transport::http(HTTP_PATH) else { panic!("it is HTTP") };
    let transport = Transport::Http(HttpStream { length: Some(ByteSize::mib(64)), ..http });
    let scenario = Scenario { transport, ..Scenario::usual() };
    let told = |written| reason(&left(written, Cut::Ended), &scenario);
    assert_eq!(told(ByteSize::mib(47)), "the upload used up the 64 MiB that --http-length announces");
    assert_eq!(told(ByteSize::mib(40)), "the producer left before the end: it had written enough");
}
