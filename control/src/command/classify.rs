//! `policymesh classify`: what is sensitive in a text or in a request.

mod lines;
mod show;

use std::io::{Write as _, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use policy::detect::Detectors;
use policy::level::Levels;

use super::input;
use crate::scan;
use crate::terminal::Style;

/// Shows what is sensitive in a text or in a request body, and how sensitive the whole is.
#[derive(clap::Args)]
pub struct Classify {
    /// A text, or the body of a request; `-`, or nothing, is standard input.
    #[arg(default_value = "-")]
    file: PathBuf,

    /// Takes detectors and levels from this policy, instead of all packs.
    #[arg(long, value_name = "POLICY")]
    policy: Option<PathBuf>,

    /// Takes the file for a text even if it is JSON.
    #[arg(long)]
    text: bool,

    /// Reads {"id", "text"} lines and writes {"id", "level", "findings"} lines, in order; places are bytes of the text.
    #[arg(long, conflicts_with = "text")]
    jsonl: bool,
}

/// What to look for, and what it is called.
struct Rules {
    detectors: Detectors,
    levels: Levels,
}

// === impl Classify ===

impl Classify {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Some(rules) = Rules::of(self.policy.as_deref())? else { return Ok(ExitCode::from(1)) };
        if self.jsonl {
            if self.file != Path::new("-") {
                let file = std::fs::File::open(&self.file)
                    .with_context(|| format!("cannot read `{}`", self.file.display()))?;
                lines::classify(&rules, file, stdout().lock())?;
            } else {
                lines::classify(&rules, stdin().lock(), stdout().lock())?;
            }
        } else {
            let document = String::from_utf8(input::read(&self.file)?).context("the text is not valid UTF-8")?;
            let shown = self.show(&rules, &document)?;
            stdout().write_all(shown.as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn show(&self, rules: &Rules, document: &str) -> anyhow::Result<String> {
        let reading = match document.trim_start().starts_with('{') && !self.text {
            true => scan::body(&rules.detectors, document.as_bytes())
                .context("this begins like JSON; for a text, say --text")?,
            false => scan::text(&rules.detectors, document),
        };
        Ok(show::show(rules, document, &reading, Style::of_stdout()))
    }
}

// === impl Rules ===

impl Rules {
    /// What a policy says, or else all packs. Nothing if the policy has errors, which have been printed.
    fn of(policy: Option<&Path>) -> anyhow::Result<Option<Self>> {
        if let Some(path) = policy {
            let policy = input::policy(path)?;
            return Ok(
                policy.map(|policy| Self { detectors: policy.detectors().clone(), levels: policy.levels().clone() })
            );
        }
        match scan::all_detectors() {
            Ok(detectors) => Ok(Some(Self { detectors, levels: Levels::default() })),
            Err(problems) => {
                bail!("the packs do not compile: {}", problems.first().map(ToString::to_string).unwrap_or_default())
            }
        }
    }
}
