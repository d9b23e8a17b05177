//! The verdict as `JUnit` XML, for continuous integration.

use crate::document::VerdictDocument;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use trace::recording::printable;

/// One suite, `backpressure`, with a test a direction: failed where an expectation was not met.
pub fn junit(document: &VerdictDocument) -> String {
    let mut suite = TestSuite::new(NAME);
    for (direction, report) in &document.directions {
        let mut status = TestCaseStatus::success();
        let unmet = unmet_by(document, &direction.to_string());
        if !unmet.is_empty() {
            status = failure(&unmet, &report.reason);
        }
        suite.add_test_case(case(&direction.to_string(), status));
    }
    if document.directions.is_empty() {
        let status = failure(&unmet_by(document, ""), &document.reason);
        suite.add_test_case(case("check", status));
    }
    let mut report = Report::new(NAME);
    report.add_test_suite(suite);
    in_memory(&report)
}

fn in_memory(report: &Report) -> String {
    report.to_string().expect("text is written to memory")
}

/// The unmet expectations that concern `direction`: its own, and those of no direction.
fn unmet_by(document: &VerdictDocument, direction: &str) -> Vec<String> {
    let concerns = |sentence: &&String| match sentence.split_once(": ") {
        Some((other, _)) => other == direction || !document.directions.keys().any(|d| d.to_string() == other),
        None => true,
    };
    document.unexpected.iter().filter(concerns).cloned().collect()
}

fn case(name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(NAME);
    case
}

fn failure(unmet: &[String], reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type("unexpected");
    status.set_message(printable(unmet.first().map_or(reason, String::as_str)));
    let sentences = unmet.iter().map(String::as_str).chain([reason]).map(printable);
    status.set_description(sentences.collect::<Vec<_>>().join("\n"));
    status
}

const NAME: &str = "backpressure";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use insta::assert_snapshot;

    #[test]
    fn a_direction_that_is_not_as_expected_fails_alone() {
        let mut document = example::recording().verdict;
        document.expected = false;
        document.unexpected = vec!["download: release 3.3 ms, at most 2.0 ms was asked\u{1b}[2J".to_owned()];
        assert_snapshot!(junit(&document), @r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="backpressure" tests="2" skipped="0" failures="1" errors="0">
                <testsuite name="backpressure" tests="2" skipped="0" errors="0" failures="1">
                    <testcase name="upload" classname="backpressure"/>
                    <testcase name="download" classname="backpressure">
                        <failure message="download: release 3.3 ms, at most 2.0 ms was asked�[2J" type="unexpected">download: release 3.3 ms, at most 2.0 ms was asked�[2J
            the producer was stopped 38 ms after the consumer</failure>
                    </testcase>
                </testsuite>
            </testsuites>
            "#);
    }

    #[test]
    fn nothing_measured_is_a_failure() {
        assert_snapshot!(junit(&crate::fold(vec![], [])), @r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="backpressure" tests="1" skipped="0" failures="1" errors="0">
                <testsuite name="backpressure" tests="1" skipped="0" errors="0" failures="1">
                    <testcase name="check" classname="backpressure">
                        <failure message="nothing was measured" type="unexpected">nothing was measured</failure>
                    </testcase>
                </testsuite>
            </testsuites>
            "#);
    }
}
