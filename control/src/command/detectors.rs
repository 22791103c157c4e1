//! `policymesh detectors`: what is looked for.

use std::io::{Write as _, stdout};
use std::process::ExitCode;

use anyhow::anyhow;
use policy::detect::{DetectorConfig, pack, packs};
use serde_json::{Value, json};

use crate::terminal::Style;

/// Lists the detectors of all packs: what each looks for, how sensitive that is, and examples.
#[derive(clap::Args)]
pub struct Detectors {
    /// Only those of this pack.
    #[arg(long)]
    pack: Option<String>,

    /// Shows what each finds and what it leaves alone.
    #[arg(long)]
    examples: bool,

    /// Prints everything about them as JSON.
    #[arg(long)]
    json: bool,
}

// === impl Detectors ===

impl Detectors {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let names: Vec<&str> = match &self.pack {
            Some(name) => vec![name],
            None => packs().collect(),
        };
        let mut listed = Vec::new();
        for name in names {
            let known = || packs().collect::<Vec<_>>().join("`, `");
            let detectors = pack(name).ok_or_else(|| anyhow!("there is no pack `{name}`, but `{}`", known()))?;
            listed.push((name, detectors));
        }
        if self.json {
            let documents: Value =
                listed.iter().flat_map(|(pack, detectors)| detectors.iter().map(|one| to_json(pack, one))).collect();
            writeln!(stdout(), "{documents:#}")?;
        } else {
            self.print(&listed, Style::of_stdout())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn print(&self, listed: &[(&str, Vec<DetectorConfig>)], style: Style) -> anyhow::Result<()> {
        let mut out = stdout().lock();
        for (pack, detectors) in listed {
            writeln!(out, "{}", style.bold(format!("{pack}: {} detectors", detectors.len())))?;
            for detector in detectors {
                let DetectorConfig { id, name, label, level, matches, ignores, .. } = detector;
                let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
                let (label, level, name) = (or_none(label), or_none(level), or_none(name));
                writeln!(out, "  {id:<34} {level:<13} {label:<12} {}", style.faint(name))?;
                if self.examples {
                    let examples = |texts: &Option<Vec<String>>| texts.clone().unwrap_or_default();
                    for text in examples(matches) {
                        writeln!(out, "      {} {text:?}", style.bad("finds"))?;
                    }
                    for text in examples(ignores) {
                        writeln!(out, "      {} {text:?}", style.good("leaves"))?;
                    }
                }
            }
            writeln!(out)?;
        }
        let count: usize = listed.iter().map(|(_, detectors)| detectors.len()).sum();
        writeln!(out, "{count} detectors; --examples shows what each finds and what it leaves alone")?;
        Ok(())
    }
}

fn to_json(pack: &str, detector: &DetectorConfig) -> Value {
    let mut document = json!(detector);
    if let Some(fields) = document.as_object_mut() {
        fields.insert("pack".to_owned(), json!(pack));
    }
    document
}
