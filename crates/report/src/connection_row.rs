//! `connections.csv`: a row a connection, where several were measured at once.

use crate::document::DirectionReport;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::time::Duration;
use trace::recording::printable;
use trace::{Direction, How, Party, Phase, RecordingError, Verdict};

/// One connection: times in ms, sizes in bytes, empty where not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are those of a direction's report")]
pub struct ConnectionRow {
    /// Which of the repeated runs, from 1.
    pub run: u32,
    pub direction: Direction,
    /// Which connection of the direction, from 1.
    pub connection: u32,
    /// When it was open, after the first was asked for.
    pub opened_ms: Option<f64>,
    pub round_trip_ms: Option<f64>,
    pub verdict: Verdict,
    pub baseline_bytes_per_second: Option<f64>,
    pub trickle_held_ms: Option<f64>,
    pub absorbed_bytes: Option<u64>,
    pub producer_bytes: Option<u64>,
    pub send_queue_bytes: Option<u64>,
    pub path_bytes: Option<i64>,
    pub receive_queue_bytes: Option<u64>,
    pub consumer_bytes: Option<u64>,
    pub last_write_ms: Option<f64>,
    pub zero_window_ms: Option<f64>,
    pub window_probes: u64,
    pub release_ms: Option<f64>,
    pub recovery_ms: Option<f64>,
    pub bytes: Option<u64>,
    pub lost_bytes: Option<i64>,
    pub undelivered_bytes: Option<u64>,
    pub ended_by: Option<Party>,
    pub ended_how: Option<How>,
    pub ended_phase: Option<Phase>,
    pub ended_after_ms: Option<f64>,
    pub reason: String,
}

impl ConnectionRow {
    /// The row of the connection with this run, direction and number.
    pub fn new(
        (run, direction, connection): (u32, Direction, u32),
        opened: Option<Duration>,
        report: &DirectionReport,
    ) -> Self {
        let absorbed = report.absorbed;
        let integrity = report.integrity;
        let ended = report.ended;
        Self {
            run,
            direction,
            connection,
            opened_ms: opened.map(|opened| opened.as_secs_f64() * 1e3),
            round_trip_ms: report.round_trip_ms,
            verdict: report.verdict,
            baseline_bytes_per_second: report.baseline_bytes_per_second,
            trickle_held_ms: report.trickle_held_ms,
            absorbed_bytes: absorbed.map(|absorbed| absorbed.total_bytes),
            producer_bytes: absorbed.map(|absorbed| absorbed.producer_bytes),
            send_queue_bytes: absorbed.map(|absorbed| absorbed.send_queue_bytes),
            path_bytes: absorbed.map(|absorbed| absorbed.path_bytes),
            receive_queue_bytes: absorbed.map(|absorbed| absorbed.receive_queue_bytes),
            consumer_bytes: absorbed.map(|absorbed| absorbed.consumer_bytes),
            last_write_ms: report.last_write_ms,
            zero_window_ms: report.zero_window_ms,
            window_probes: report.window_probes,
            release_ms: report.release_ms,
            recovery_ms: report.recovery_ms,
            bytes: integrity.map(|found| found.bytes),
            lost_bytes: integrity.map(|found| found.lost_bytes),
            undelivered_bytes: integrity.and_then(|found| found.undelivered_bytes),
            ended_by: ended.map(|ended| ended.by),
            ended_how: ended.map(|ended| ended.how),
            ended_phase: ended.map(|ended| ended.phase),
            ended_after_ms: ended.map(|ended| ended.after_ms),
            reason: report.reason.clone(),
        }
    }
}

/// Writes a header, then the rows in the order given.
pub(crate) fn write_connections(rows: &[ConnectionRow], output: impl Write) -> Result<(), RecordingError> {
    let mut writer = csv::Writer::from_writer(output);
    let mut write = || -> Result<(), csv::Error> {
        for row in rows {
            writer.serialize(row)?;
        }
        Ok(writer.flush()?)
    };
    write().map_err(io::Error::from).map_err(|source| RecordingError::Write { file: FILE, source })
}

/// Reads what [`write_connections`] wrote.
pub(crate) fn read_connections(input: impl Read) -> Result<Vec<ConnectionRow>, RecordingError> {
    let mut reader = csv::Reader::from_reader(input.take(LARGEST));
    let mut rows = Vec::new();
    for (line, row) in (2..).zip(reader.deserialize()) {
        if rows.len() == MOST {
            return Err(RecordingError::TooLarge { file: FILE, bound: "a million rows" });
        }
        let mut row: ConnectionRow =
            row.map_err(|error: csv::Error| RecordingError::malformed(FILE, line, &error))?;
        row.reason = printable(&row.reason);
        rows.push(row);
    }
    Ok(rows)
}

/// The file's name in a recording's folder.
pub(crate) const FILE: &str = "connections.csv";
/// A row has some 400 bytes.
const LARGEST: u64 = 1 << 30;
const MOST: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Ended;
    use crate::example;

    fn rows() -> Vec<ConnectionRow> {
        let ended = Ended { by: Party::Path, how: How::Reset, phase: Phase::Hold, after_ms: 5.5 };
        let broken = DirectionReport {
            ended: Some(ended),
            absorbed: None,
            integrity: None,
            reason: "it said \"no\", and left".to_owned(),
            ..example::direction()
        };
        vec![
            ConnectionRow::new(
                (1, Direction::Upload, 1),
                Some(Duration::from_millis(7)),
                &example::direction(),
            ),
            ConnectionRow::new((1, Direction::Upload, 2), None, &broken),
        ]
    }

    #[test]
    fn connections_come_back_with_what_was_not_seen_still_unseen() {
        let mut bytes = Vec::new();
        write_connections(&rows(), &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("run,direction,connection,opened_ms,"), "{text}");
        assert_eq!(read_connections(text.as_bytes()).unwrap(), rows());
    }

    #[test]
    fn a_broken_row_is_named() {
        let mut bytes = Vec::new();
        write_connections(&rows(), &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap().replace("1,upload,2,", "1,upload,many,");
        let error = read_connections(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("could not read line 3 of `connections.csv`"), "{error}");
    }
}
