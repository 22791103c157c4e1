//! What is said on a terminal, and in which colours.

use std::fmt::{Arguments, Display};
use std::io::{ErrorKind, IsTerminal, Write as _, stderr, stdout};
use std::process::exit;

use policy::problem::Severity;

/// How text is marked: with colours on a terminal, not at all elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    coloured: bool,
}

/// Prints a line to standard output, as `println!` does, but for a reader that has gone.
macro_rules! say {
    ($($argument:tt)*) => { $crate::terminal::line(format_args!($($argument)*)) };
}
pub(crate) use say;

/// Prints a line. Whoever closed our output, as `head` does, has seen enough: then the command has done what it should.
pub fn line(text: Arguments<'_>) {
    if let Err(reason) = writeln!(stdout(), "{text}") {
        if reason.kind() == ErrorKind::BrokenPipe {
            exit(0);
        }
        eprintln!("policymesh: cannot write: {reason}");
        exit(2);
    }
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
