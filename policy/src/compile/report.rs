//! Gathers what is wrong with a policy.

use std::collections::HashSet;

use crate::{
    config::Broken,
    problem::{Problem, Severity, nearest},
};

/// The longest name, in characters.
const MAX_NAME: usize = 100;
/// The most known names that an error lists.
const MAX_LISTED: usize = 12;

/// What is wrong with a policy so far.
#[derive(Debug)]
pub(crate) struct Report {
    root: &'static str,
    problems: Vec<Problem>,
    broken: Broken,
}

impl Report {
    /// A report on a policy that stands at this path of its document (empty, or ending in `.`), whose structure has
    /// these problems.
    pub(crate) fn new(root: &'static str, problems: Vec<Problem>, broken: Broken) -> Self {
        Self { root, problems, broken }
    }

    /// Adds a problem, with its path from the top of the policy; unless it is with a value that was only made up in the
    /// place of one that could not be read.
    pub(super) fn push(&mut self, mut problem: Problem) {
        problem.path.insert_str(0, self.root);
        if !self.broken.touches(&problem.path) {
            self.problems.push(problem);
        }
    }

    /// Adds a problem with its path in another document.
    pub(crate) fn push_foreign(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(super) fn error(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.push(Problem::error(path, message));
    }

    /// A name that is not known; `section` is where the known ones are written. Where something in there could not be
    /// read, nothing is said: it may have been this very name.
    pub(crate) fn unknown<'k>(
        &mut self,
        path: String,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
        section: &str,
    ) {
        if self.is_broken(section) {
            return;
        }
        let known: Vec<_> = known.into_iter().collect();
        let problem = Problem::error(path, format!("there is no {what} `{name}`"));
        let listed = known.iter().take(MAX_LISTED).copied().collect::<Vec<_>>().join(", ");
        let more = if known.len() > MAX_LISTED { ", ..." } else { "" };
        self.push(match nearest(name, known.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None if known.is_empty() => problem.help("there is none at all"),
            None => problem.help(format!("there is {listed}{more}")),
        });
    }

    /// Whether something within this part of the policy could not be read.
    pub(super) fn is_broken(&self, path: &str) -> bool {
        self.broken.within(&format!("{}{path}", self.root))
    }

    /// From here on, nothing hangs on this part of the policy.
    pub(super) fn give_up(&mut self, path: &str) {
        self.broken.add(format!("{}{path}", self.root));
    }

    /// A name that people, headers and metrics can carry.
    pub(super) fn name(&mut self, path: &str, name: &str) {
        let wrong = if name.trim().is_empty() {
            "is empty"
        } else if name.chars().count() > MAX_NAME {
            "is longer than 100 characters"
        } else if name.chars().any(char::is_control) {
            "has control characters"
        } else if name.starts_with('$') {
            "begins with `$`, which is kept for `$asked`"
        } else {
            return;
        };
        self.error(path, format!("the name `{}` {wrong}", name.escape_debug().take(MAX_NAME).collect::<String>()));
    }

    /// Names that each stand for one thing.
    pub(super) fn distinct<'n>(&mut self, section: &str, names: impl IntoIterator<Item = &'n str>) {
        let mut seen = HashSet::new();
        for (index, name) in names.into_iter().enumerate() {
            let path = format!("{section}[{index}].name");
            self.name(&path, name);
            if !seen.insert(name) {
                self.error(path, format!("the name `{name}` stands twice in `{section}`"));
            }
        }
    }

    pub(super) fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// What was compiled with its warnings, or everything that is wrong, errors first.
    pub(crate) fn finish<T>(mut self, compiled: Option<T>) -> Result<(T, Vec<Problem>), Vec<Problem>> {
        match compiled {
            Some(compiled) if !self.has_errors() => Ok((compiled, self.problems)),
            _ => {
                self.problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
                Err(self.problems)
            }
        }
    }
}
