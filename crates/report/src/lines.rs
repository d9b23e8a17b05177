//! Lines on their way to standard output: whoever says one never waits for whoever reads it.

use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Where lines are said; its clones lead to the same [`Printing`].
#[derive(Debug, Clone)]
pub struct Lines {
    queue: SyncSender<String>,
    missed: Arc<AtomicU64>,
}

/// What prints them.
#[derive(Debug)]
pub struct Printing {
    queue: Receiver<String>,
    missed: Arc<AtomicU64>,
}

impl Lines {
    /// Both ends of a queue of `most` lines.
    pub fn queue(most: usize) -> (Self, Printing) {
        let (sender, receiver) = sync_channel(most);
        let missed = Arc::new(AtomicU64::new(0));
        (Self { queue: sender, missed: Arc::clone(&missed) }, Printing { queue: receiver, missed })
    }

    /// Has `line` printed; where the queue is full, or nobody prints any more, it is counted instead.
    pub fn say(&self, line: String) {
        if self.queue.try_send(line).is_err() {
            self.missed.fetch_add(1, Relaxed);
        }
    }
}

impl Printing {
    /// Prints until nobody is left to say anything, and in its place how many lines were missed. Gives the number of those of
    /// which `out` was not told because it takes nothing any more.
    pub fn run(self, out: impl Write) -> u64 {
        let mut out = BufWriter::new(out);
        let mut untold = 0;
        while let Ok(first) = self.queue.recv() {
            let batch: Vec<String> =
                std::iter::once(first).chain(self.queue.try_iter().take(BATCH)).collect();
            let missed = self.missed.swap(0, Relaxed);
            untold += print(&mut out, &batch, missed);
        }
        let missed = self.missed.swap(0, Relaxed);
        untold + print(&mut out, &[], missed)
    }
}

/// Lines printed at once.
const BATCH: usize = 1000;

/// Gives the lines that were not printed.
fn print(out: &mut impl Write, lines: &[String], missed: u64) -> u64 {
    let print = || {
        for line in lines {
            writeln!(out, "{line}")?;
        }
        if missed > 0 {
            writeln!(out, "({missed} lines were not printed: they came too fast)")?;
        }
        out.flush()
    };
    let printed: std::io::Result<()> = { print }();
    match printed {
        Ok(()) => 0,
        // A reader that is gone, such as `head`, has what it wanted.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Err(_) => lines.len() as u64 + missed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(std::io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_printed_in_order() {
        let (lines, printing) = Lines::queue(10);
        lines.say("one".to_owned());
        lines.clone().say("two".to_owned());
        drop(lines);
        let mut out = Vec::new();
        assert_eq!(printing.run(&mut out), 0);
        assert_eq!(out, b"one\ntwo\n");
    }

    #[test]
    fn lines_that_find_the_queue_full_are_counted_where_they_are_missing() {
        let (lines, printing) = Lines::queue(2);
        for line in ["one", "two", "three", "four"] {
            lines.say(line.to_owned());
        }
        drop(lines);
        let mut out = Vec::new();
        assert_eq!(printing.run(&mut out), 0);
        let printed = String::from_utf8(out).unwrap();
        assert_eq!(printed, "one\ntwo\n(2 lines were not printed: they came too fast)\n");
    }

    #[test]
    fn an_output_that_fails_stops_nobody_and_is_counted_unless_its_reader_is_gone() {
        for (kind, untold) in [(std::io::ErrorKind::StorageFull, 3), (std::io::ErrorKind::BrokenPipe, 0)] {
            assert_eq!(untold_by(Failing(kind)), untold);
        }
    }

    fn untold_by(out: impl Write) -> u64 {
        let (lines, printing) = Lines::queue(2);
        for line in ["one", "two", "three"] {
            lines.say(line.to_owned());
        }
        drop(lines);
        printing.run(out)
    }
}
