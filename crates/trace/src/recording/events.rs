//! `events.jsonl`: an event a line.

use super::RecordingError;
use super::lines::{LineBound, Lines};
use crate::EventRecord;
use std::io::{self, Read, Write};

/// Writes each event as a line of JSON.
pub fn write_events(events: &[EventRecord], mut output: impl Write) -> Result<(), RecordingError> {
    let mut write = || -> io::Result<()> {
        for event in events {
            serde_json::to_writer(&mut output, event)?;
            output.write_all(b"\n")?;
        }
        output.flush()
    };
    write().map_err(|source| RecordingError::Write { file: FILE, source })
}

/// Reads what [`write_events`] wrote. Empty lines are passed over.
pub fn read_events(input: impl Read) -> Result<Vec<EventRecord>, RecordingError> {
    let mut lines = Lines::new(FILE, input, LINE);
    let mut events = Vec::new();
    while let Some((number, line)) = lines.next()? {
        if line.is_empty() {
            continue;
        }
        let event =
            serde_json::from_str(line).map_err(|error| RecordingError::malformed(FILE, number, &error))?;
        events.push(event);
    }
    Ok(events)
}

const FILE: &str = "events.jsonl";
const LINE: LineBound = LineBound { bytes: 64 * 1024, words: "64 KiB in a line" };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, Event, How, Role, Timed};
    use units::Timestamp;

    #[test]
    fn events_come_back_whoever_saw_them() {
        let record = |end, event| EventRecord {
            run: 1,
            direction: Direction::Upload,
            end,
            timed: Timed { at: Timestamp::from_nanos(7), event },
        };
        let events = [
            record(None, Event::BlockWithdrawn),
            record(Some(Role::Producer), Event::Paused { from: Timestamp::from_nanos(3) }),
            record(Some(Role::Consumer), Event::Ended { how: How::Reset, detail: "line\nfeed".to_owned() }),
        ];
        let mut bytes = Vec::new();
        write_events(&events, &mut bytes).unwrap();
        assert_eq!(bytes.split(|byte| *byte == b'\n').count(), 3 + 1);
        assert_eq!(read_events(bytes.as_slice()).unwrap(), events);
    }

    #[test]
    fn a_broken_line_is_named() {
        let error = read_events(&b"\n{}\n"[..]).unwrap_err().to_string();
        assert!(error.starts_with("could not read line 2 of `events.jsonl`: missing field"), "{error}");
    }
}
