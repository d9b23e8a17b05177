//! Labelled lines, coloured if asked.

use trace::Verdict;
use trace::recording::printable;

/// A text of labelled lines under construction.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    colour: bool,
}

/// Columns that a label takes, the space behind it included, but for the longest.
pub(super) const LABEL: usize = 10;

impl Page {
    pub(super) fn new(colour: bool) -> Self {
        Self { text: String::new(), colour }
    }

    /// A line whose content may come from anywhere.
    pub(super) fn line(&mut self, label: &str, content: &str) {
        self.label(label);
        self.text.push_str(printable(content).trim_end());
        self.text.push('\n');
    }

    /// The line that matters most.
    pub(super) fn verdict(&mut self, verdict: Verdict, reason: &str) {
        self.label("verdict");
        let colour = match verdict {
            Verdict::Propagates => "\u{1b}[1;32m",
            Verdict::Undecided => "\u{1b}[1;33m",
            Verdict::Absorbs | Verdict::Breaks => "\u{1b}[1;31m",
        };
        self.painted(colour, &verdict.to_string().to_uppercase());
        self.text.push_str(&printable(&format!(": {reason}")));
        self.text.push('\n');
    }

    /// An empty line, unless the page is empty.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// The text, without an empty line at its end.
    pub(super) fn finish(self) -> String {
        format!("{}\n", self.text.trim_end())
    }

    fn label(&mut self, label: &str) {
        self.painted("\u{1b}[2m", label);
        let width = label.chars().count();
        self.text.extend(std::iter::repeat_n(' ', LABEL.saturating_sub(width).max(usize::from(width > 0))));
    }

    fn painted(&mut self, colour: &str, text: &str) {
        if self.colour && !text.is_empty() {
            self.text.extend([colour, text, "\u{1b}[0m"]);
        } else {
            self.text.push_str(text);
        }
    }
}
