//! `policymesh apply`: policies from files into force.

mod origin;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use policy::policy::Policy;
use serde_json::{Value, json};

use super::input;
use super::rollout::{Done, Terms};
use super::test::suite;
use crate::client::{Client, Server, escaped, finding_on_a_line, part};
use crate::terminal::Style;

/// Puts policies from files into force, through the control service.
///
/// Each file becomes a version of the policy that it names, if it says something new, and is published: at once, or with
/// a canary to some nodes first. Nothing is sent unless all files are right. In a Git working tree the commit is kept
/// with the version.
///
/// Exits with 0 if everything is in force, with 1 if something is wrong with a policy, with 2 if it could not be done.
#[derive(clap::Args)]
pub struct Apply {
    /// Policies, YAML or JSON, or folders of them.
    #[arg(required = true, value_name = "FILE|DIR")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    server: Server,

    /// Why: kept with the version.
    #[arg(long, short, default_value = "", value_name = "TEXT")]
    message: String,

    /// Only keeps the versions; `policymesh publish` puts them in force.
    #[arg(long)]
    no_publish: bool,

    /// What the policy must do right to be published: files of cases (`*.toml`) as `policymesh test` runs them, or folders of
    /// them. They are kept with the version. Only for one policy at a time.
    #[arg(long, value_name = "FILE|DIR")]
    tests: Vec<PathBuf>,

    #[command(flatten)]
    terms: Terms,
}

/// A policy to apply.
struct Document {
    file: PathBuf,
    name: String,
    text: String,
}

// === impl Apply ===

impl Apply {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Some(documents) = read(&self.files)? else { return Ok(ExitCode::from(1)) };
        if !self.tests.is_empty() && documents.len() != 1 {
            bail!("--tests goes with one policy, and these are {}", documents.len());
        }
        let tests = self.tests()?;
        let client = self.server.client()?;
        let mut refused = false;
        for document in &documents {
            let told = self.apply(&client, document, &tests).with_context(|| format!("{}", document.file.display()))?;
            refused |= told.is_refused();
            told.say(&document.name);
        }
        Ok(ExitCode::from(u8::from(refused)))
    }

    /// The tests, as the service takes them.
    fn tests(&self) -> anyhow::Result<Value> {
        let read = |file: PathBuf| {
            let cases = std::fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
            Ok(json!({"name": file.file_name().unwrap_or_default().to_string_lossy(), "cases": cases}))
        };
        suite::files(&self.tests)?.into_iter().map(read).collect()
    }

    fn apply(&self, client: &Client, document: &Document, tests: &Value) -> anyhow::Result<Done> {
        let path = format!("/v1/policies/{}", escaped(&document.name));
        let policy = client.get(&path)?;
        let seen: Option<Value> = policy.found()?;
        let source = origin::of(&document.file);
        let new = json!({"document": document.text, "message": self.message, "source": source, "tests": tests});
        let revision = Some(policy.revision.unwrap_or(0));
        let added: Value = client.post(&format!("{path}/versions"), revision, &new)?.json()?;
        for finding in part(&added, "/findings").as_array().into_iter().flatten() {
            eprintln!("{}: {}", document.file.display(), finding_on_a_line(finding));
        }
        let number = part(&added, "/version/number").as_u64().context("the service tells no number")?;
        if seen.is_some_and(|seen| *part(&seen, "/published") == number) {
            return Ok(Done::new(format!("version {number} is in force already")));
        }
        if self.no_publish {
            return Ok(Done::new(format!("version {number} is kept, not published")));
        }
        let revision = client.get(&path)?.revision;
        let publish = client.post(&format!("{path}/versions/{number}/publish"), revision, &self.terms.publication())?;
        let _: Value = publish.json()?;
        Ok(self.terms.published(client, &document.name, number))
    }
}

/// Reads all policies; none if there is an error in any. What is wrong goes to standard error.
fn read(places: &[PathBuf]) -> anyhow::Result<Option<Vec<Document>>> {
    let mut documents = Vec::new();
    let mut right = true;
    for file in files(places)? {
        let bytes = input::read(&file)?;
        match Policy::parse(&bytes) {
            // The service finds its warnings, too, and more.
            Ok((policy, _)) => {
                let text = String::from_utf8(bytes).with_context(|| format!("`{}` is no text", file.display()))?;
                documents.push(Document { file, name: policy.name().to_string(), text });
            }
            Err(problems) => {
                tell(&file, &problems);
                right = false;
            }
        }
    }
    let mut names: Vec<_> = documents.iter().map(|document| document.name.as_str()).collect();
    names.sort_unstable();
    if let Some([twice, _]) = names.windows(2).find(|pair| matches!(pair, [one, other] if one == other)) {
        bail!("two of the files are policy `{twice}`");
    }
    Ok(right.then_some(documents))
}

fn tell(file: &Path, problems: &[policy::problem::Problem]) {
    let style = Style::of_stderr();
    problems.iter().for_each(|problem| eprintln!("{}", input::line(file, problem, style)));
}

/// The files, and those in folders that are YAML or JSON by their names.
fn files(places: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for place in places {
        if !place.is_dir() {
            files.push(place.clone());
            continue;
        }
        let entries = std::fs::read_dir(place).with_context(|| format!("cannot read `{}`", place.display()))?;
        let mut inside: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        inside.retain(|file| {
            file.extension().is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|one| ending == *one))
        });
        inside.sort();
        if inside.is_empty() {
            bail!("there is no policy in `{}`: their files end in .yaml, .yml or .json", place.display());
        }
        files.append(&mut inside);
    }
    Ok(files)
}
