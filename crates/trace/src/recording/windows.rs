//! `windows.csv`: a row a sample.

use super::lines::{LineBound, Lines};
use super::{RecordingError, StreamTrace};
use crate::{Direction, Role, Sample};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};

/// Writes a header, then each stream's producer and consumer, in the order given.
pub fn write_windows(streams: &[StreamTrace], output: impl Write) -> Result<(), RecordingError> {
    write(streams, output)
        .map_err(io::Error::from)
        .map_err(|source| RecordingError::Write { file: FILE, source })
}

fn write(streams: &[StreamTrace], output: impl Write) -> Result<(), csv::Error> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(output);
    writer.write_record(header())?;
    for stream in streams {
        for (role, samples) in [(Role::Producer, &stream.producer), (Role::Consumer, &stream.consumer)] {
            for sample in samples {
                writer.serialize((stream.run, stream.direction, role, sample))?;
            }
        }
    }
    Ok(writer.flush()?)
}

/// Reads what [`write_windows`] wrote: a stream for each run and direction that has a row.
pub fn read_windows(input: impl Read) -> Result<Vec<StreamTrace>, RecordingError> {
    let mut lines = Lines::new(FILE, input, LINE);
    let expected = header().join(",");
    if lines.next()?.is_none_or(|(_, line)| line != expected) {
        return Err(RecordingError::malformed(FILE, 1, &"it does not have the columns of this format"));
    }
    let mut streams: Vec<StreamTrace> = Vec::new();
    let mut places = BTreeMap::new();
    while let Some((number, line)) = lines.next()? {
        let (run, direction, role, sample) = row(number, line)?;
        let place = *places.entry((run, direction)).or_insert(streams.len());
        if place == MOST_STREAMS {
            return Err(RecordingError::TooLarge { file: FILE, bound: "65,536 streams" });
        }
        if place == streams.len() {
            streams.push(StreamTrace { run, direction, producer: Vec::new(), consumer: Vec::new() });
        }
        let Some(stream) = streams.get_mut(place) else { continue };
        match role {
            Role::Producer => stream.producer.push(sample),
            Role::Consumer => stream.consumer.push(sample),
        }
    }
    Ok(streams)
}

/// No field of ours is quoted, so that a line is a row and a comma ends a field.
fn row(number: usize, line: &str) -> Result<(u32, Direction, Role, Sample), RecordingError> {
    let fields: csv::StringRecord = line.split(',').collect();
    if fields.len() != header().len() {
        let reason = format!("it has {} fields instead of {}", fields.len(), header().len());
        return Err(RecordingError::malformed(FILE, number, &reason));
    }
    fields.deserialize(None).map_err(|error| {
        let reason = match error.into_kind() {
            csv::ErrorKind::Deserialize { err, .. } => field_error(&err),
            other => format!("{other:?}"),
        };
        RecordingError::malformed(FILE, number, &reason)
    })
}

fn field_error(error: &csv::DeserializeError) -> String {
    match error.field().and_then(|field| header().get(usize::try_from(field).ok()?).copied()) {
        Some(column) => format!("{} in `{column}`", error.kind()),
        None => error.kind().to_string(),
    }
}

fn header() -> Vec<&'static str> {
    ["run", "direction", "role"].into_iter().chain(Sample::COLUMNS).collect()
}

const FILE: &str = "windows.csv";
const LINE: LineBound = LineBound { bytes: 64 * 1024, words: "64 KiB in a line" };
const MOST_STREAMS: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples_from_csv;

    const ROW: &str = "5,1,0,true,close-wait,0,,3,2,0,9,,1,20,200000,10,1448,0,0,1,2,7,4000";

    fn sample() -> Sample {
        samples_from_csv(ROW).unwrap().remove(0)
    }

    #[test]
    fn a_stream_is_written_producer_first_under_one_header() {
        let stream = StreamTrace {
            run: 2,
            direction: Direction::Download,
            producer: vec![sample()],
            consumer: vec![sample()],
        };
        let mut bytes = Vec::new();
        write_windows(std::slice::from_ref(&stream), &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("run,direction,role,at_ns,stream_bytes,"), "{text}");
        assert_eq!(text.lines().nth(1), Some(format!("2,download,producer,{ROW}").as_str()));
        assert_eq!(read_windows(text.as_bytes()).unwrap(), [stream]);
    }

    #[test]
    fn a_broken_field_is_named_by_its_line_and_column() {
        let row = ROW.replace("200000", "soon");
        let text = format!("{}\n1,upload,producer,{row}\n", header().join(","));
        assert_eq!(
            read_windows(text.as_bytes()).unwrap_err().to_string(),
            "could not read line 2 of `windows.csv`: invalid digit found in string in `rto_us`"
        );
    }

    #[test]
    fn a_row_of_another_width_and_an_unknown_header_are_refused() {
        let text = format!("{}\n1,upload,producer,{ROW},9\n", header().join(","));
        let error = read_windows(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error, "could not read line 2 of `windows.csv`: it has 27 fields instead of 26");
        assert!(read_windows(&b"run,direction\n"[..]).is_err());
        assert!(read_windows(&b""[..]).is_err());
    }
}
