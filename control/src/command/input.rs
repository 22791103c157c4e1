//! Files that commands read, and policies above all.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use policy::policy::Policy;
use policy::problem::{Problem, Severity};

use crate::terminal::Style;

/// Reads a file; `-` is standard input.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(bytes);
    }
    std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Reads a policy. What is wrong with it is printed to standard error; with errors in it there is none.
pub fn policy(path: &Path) -> anyhow::Result<Option<Policy>> {
    Ok(parse(path, &read(path)?))
}

/// The same, of a document that was read from there.
pub fn parse(path: &Path, document: &[u8]) -> Option<Policy> {
    let style = Style::of_stderr();
    let (policy, problems) = match Policy::parse(document) {
        Ok((policy, warnings)) => (Some(policy), warnings),
        Err(problems) => (None, problems),
    };
    problems.iter().for_each(|problem| eprintln!("{}", line(path, problem, style)));
    policy
}

/// A problem on one line: where, how bad, what, and what would be right.
pub fn line(file: &Path, problem: &Problem, style: Style) -> String {
    let Problem { severity, path, message, help } = problem;
    let place = if path.is_empty() { file.display().to_string() } else { format!("{}: {path}", file.display()) };
    let help = help.as_ref().map(|help| style.faint(format!(" ({help})"))).unwrap_or_default();
    format!("{}: {}: {message}{help}", style.bold(place), style.severity(*severity))
}

/// `1 error, 2 warnings`; nothing if there is nothing.
pub fn tally(severities: impl Iterator<Item = Severity>) -> Option<String> {
    let (mut errors, mut warnings) = (0, 0);
    severities.for_each(|severity| match severity {
        Severity::Error => errors += 1,
        Severity::Warning => warnings += 1,
    });
    let count = |count: usize, noun: &str| match count {
        0 => None,
        1 => Some(format!("1 {noun}")),
        count => Some(format!("{count} {noun}s")),
    };
    let parts: Vec<_> = [count(errors, "error"), count(warnings, "warning")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// How a severity is called.
pub fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_counted_in_words() {
        use Severity::{Error, Warning};
        assert_eq!(tally([].into_iter()), None);
        assert_eq!(tally([Error].into_iter()).unwrap(), "1 error");
        assert_eq!(tally([Warning, Error, Warning].into_iter()).unwrap(), "1 error, 2 warnings");
    }
}
