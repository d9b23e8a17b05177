//! Payload as server-sent events: base64 in `data:` lines, for events are text.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use std::io;

/// One event that holds `message`.
pub(crate) fn event(message: &[u8]) -> Bytes {
    let mut text = String::with_capacity(message.len().div_ceil(3) * 4 + 8);
    text.push_str("data: ");
    BASE64_STANDARD.encode_string(message, &mut text);
    text.push_str("\n\n");
    text.into()
}

/// The largest message whose event has at most `size` bytes.
pub(crate) const fn payload_within(size: usize) -> usize {
    (size - 8) / 4 * 3
}

/// The longest line: an event of the largest message.
const LONGEST_LINE: usize = 24 << 20;

/// Reads the payload out of events that come in pieces.
#[derive(Debug, Default)]
pub(crate) struct EventReader {
    /// A line whose end has not come.
    line: Vec<u8>,
}

impl EventReader {
    /// The payload of all events that `text` completes.
    pub(crate) fn read(&mut self, text: &[u8]) -> io::Result<Bytes> {
        let mut payload = Vec::new();
        for piece in text.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + piece.len() > LONGEST_LINE {
                return Err(invalid("an event is too long"));
            }
            self.line.extend_from_slice(piece);
            if let Some(line) = self.line.strip_suffix(b"\n") {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                // Whatever else an event may hold, and comments that keep a connection alive, are none of ours.
                if let Some(value) = line.strip_prefix(b"data:") {
                    let value = value.strip_prefix(b" ").unwrap_or(value);
                    BASE64_STANDARD
                        .decode_vec(value, &mut payload)
                        .map_err(|_| invalid("an event is not as it was sent"))?;
                }
                self.line.clear();
            }
        }
        Ok(payload.into())
    }

    /// Bytes of a line that is not complete.
    pub(crate) fn pending(&self) -> usize {
        self.line.len()
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn payload_survives_events_however_they_are_cut(
            messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..6),
            piece in 1usize..50,
        ) {
            let text: Vec<u8> = messages.iter().flat_map(|message| event(message)).collect();
            let mut reader = EventReader::default();
            let mut read = Vec::new();
            for piece in text.chunks(piece) {
                read.extend(reader.read(piece).unwrap());
            }
            prop_assert_eq!(read, messages.concat());
            prop_assert_eq!(reader.pending(), 0);
        }
    }

    #[test]
    fn as_much_as_an_event_of_a_size_holds_is_known() {
        for size in [12, 100, 16 << 10] {
            let most = payload_within(size);
            assert!(event(&vec![7; most]).len() <= size && event(&vec![7; most + 1]).len() > size, "{size}");
        }
    }

    #[test]
    fn comments_and_other_fields_are_no_payload() {
        let mut reader = EventReader::default();
        let read = reader.read(b": hello\r\nevent: x\nid: 7\nretry: 10\ndata:QUI=\r\n\r\n").unwrap();
        assert_eq!(read.as_ref(), b"AB");
        assert!(reader.read(b"data: *\n").is_err());
    }
}
