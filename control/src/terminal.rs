//! Colour, where a terminal shows it.

use std::fmt::Display;
use std::io::{IsTerminal, stderr, stdout};

use policy::problem::Severity;

/// How text is marked: with colours on a terminal, not at all elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    coloured: bool,
}

// === impl Style ===

impl Style {
    /// Without any marks.
    #[cfg(test)]
    pub const PLAIN: Self = Self { coloured: false };

    /// Colours if standard output is a terminal and `NO_COLOR` is not set (see <https://no-color.org>).
    pub fn of_stdout() -> Self {
        Self::of(&stdout())
    }

    /// The same for standard error.
    pub fn of_stderr() -> Self {
        Self::of(&stderr())
    }

    fn of(stream: &impl IsTerminal) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { coloured: stream.is_terminal() && !unwanted }
    }

    /// `error` in red or `warning` in yellow.
    pub fn severity(self, severity: Severity) -> String {
        match severity {
            Severity::Error => self.bad("error"),
            Severity::Warning => self.doubtful("warning"),
        }
    }

    /// Red.
    pub fn bad(self, text: impl Display) -> String {
        self.paint("1;31", text)
    }

    /// Yellow.
    pub fn doubtful(self, text: impl Display) -> String {
        self.paint("1;33", text)
    }

    /// Green.
    pub fn good(self, text: impl Display) -> String {
        self.paint("1;32", text)
    }

    /// Bold.
    pub fn bold(self, text: impl Display) -> String {
        self.paint("1", text)
    }

    /// Grey.
    pub fn faint(self, text: impl Display) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: impl Display) -> String {
        if self.coloured { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}
