//! Lines of a file, none longer than allowed, and no more of them than fit a file of 2 GiB.

use super::RecordingError;
use std::io::{BufRead, BufReader, Read};

/// Reads a file line by line into one buffer that never grows beyond the bound of a line.
#[derive(Debug)]
pub(super) struct Lines<R> {
    file: &'static str,
    input: BufReader<R>,
    bound: LineBound,
    line: Vec<u8>,
    number: usize,
    left: u64,
}

/// The most bytes that a line may have, and how an error says it.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineBound {
    /// Bytes, the line's end included.
    pub(super) bytes: u64,
    /// In words.
    pub(super) words: &'static str,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(file: &'static str, input: R, bound: LineBound) -> Self {
        let left = LARGEST_FILE;
        Self { file, input: BufReader::new(input), bound, line: Vec::new(), number: 0, left }
    }

    /// The next line without its end, and its number from 1; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<(usize, &str)>, RecordingError> {
        let file = self.file;
        self.line.clear();
        let read = (&mut self.input)
            .take(self.bound.bytes + 1)
            .read_until(b'\n', &mut self.line)
            .map_err(|source| RecordingError::Read { file, source })? as u64;
        if read == 0 {
            return Ok(None);
        }
        if read > self.bound.bytes {
            return Err(RecordingError::TooLarge { file, bound: self.bound.words });
        }
        self.left = self.left.checked_sub(read).ok_or(RecordingError::TooLarge { file, bound: "2 GiB" })?;
        self.number += 1;
        let text = std::str::from_utf8(&self.line)
            .map_err(|error| RecordingError::malformed(file, self.number, &error))?;
        Ok(Some((self.number, text.trim_end_matches(['\n', '\r']))))
    }
}

/// 2 GiB: some 20 million samples.
const LARGEST_FILE: u64 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: LineBound = LineBound { bytes: 4, words: "4 bytes in a line" };

    #[test]
    fn a_line_comes_without_its_end() {
        let mut lines = Lines::new("f", &b"abc\nde\r\n\nf"[..], BOUND);
        assert_eq!(lines.next().unwrap(), Some((1, "abc")));
        assert_eq!(lines.next().unwrap(), Some((2, "de")));
        assert_eq!(lines.next().unwrap(), Some((3, "")));
        assert_eq!(lines.next().unwrap(), Some((4, "f")));
        assert_eq!(lines.next().unwrap(), None);
    }

    #[test]
    fn a_line_without_an_end_is_refused_at_its_bound() {
        let mut lines = Lines::new("f", std::io::repeat(b'x'), BOUND);
        let error = lines.next().unwrap_err();
        assert_eq!(error.to_string(), "could not read `f`: it has more than 4 bytes in a line");
    }
}
