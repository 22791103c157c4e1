//! What to try with a running mesh, and what it shows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tests::control::Control;
use tests::envoy::Envoy;
use tests::place;

use crate::provider::{Place, Provider};

/// What to do with a running mesh.
pub struct Guide<'a> {
    pub policy: &'a Path,
    pub providers: &'a [Provider],
    pub control: &'a Control,
    pub envoy: &'a Envoy,
}

/// A command, and what it shows.
type Example = (String, String);

// === impl Guide ===

impl Guide<'_> {
    fn log(&self) -> PathBuf {
        self.envoy.folder().join("access.log")
    }

    /// The command `policymesh`, and the policy's file: from the repository's folder, as short as can be.
    fn names(&self) -> (String, String) {
        let short = |path: &Path| path.strip_prefix(place::repository()).unwrap_or(path).display().to_string();
        (short(place::policymesh()), short(self.policy))
    }

    fn stands_in(&self, name: &str) -> bool {
        let provider = self.providers.iter().find(|provider| provider.name == name);
        provider.is_some_and(|provider| matches!(provider.place, Place::StandIn(_)))
    }

    /// Requests, and who answers them.
    fn requests(&self) -> Vec<Example> {
        let ask_for = |model: &str, prompt: &str| {
            let body = format!(r#"{{"model": "{model}", "messages": [{{"role": "user", "content": "{prompt}"}}]}}"#);
            format!("curl -i http://{}/v1/chat/completions -d '{body}'", self.envoy.address())
        };
        let ask = |prompt: &str| ask_for("gpt-4o", prompt);
        let who = |name: &str| format!("{}{name}", if self.stands_in(name) { "the stand-in for " } else { "" });
        let fails = (
            ask("Let OpenAi fail, and write a haiku about rivers."),
            format!("200 from {}: openai answers 503, and the next that may have it is asked", who("anthropic")),
        );
        let examples = [
            (
                ask("Write a haiku about autumn leaves."),
                format!("200 from {}: nothing sensitive, so it goes where it was asked to go", who("openai")),
            ),
            (
                ask("Summarise the status of Bluebird."),
                format!("200 from {}: a project's name stays on this machine, whatever was asked for", who("ollama")),
            ),
            (
                ask("Why does AKIAQ3EGUBZJ5XPKW7ML not work?"),
                "403 before anyone received it: a credential, which the client is told to remove".to_owned(),
            ),
            (
                ask_for("claude-sonnet", "Write to jane.doe@acme-widgets.com."),
                format!(
                    "200 from {}, which was asked in its own format and read <EMAIL_1>: OpenAI's client notices nothing",
                    who("anthropic")
                ),
            ),
        ];
        examples.into_iter().chain(self.stands_in("openai").then_some(fails)).collect()
    }

    /// What the records tell, and what can be done about the policy.
    fn commands(&self) -> Vec<Example> {
        let (policymesh, policy) = self.names();
        let log = self.log().display().to_string();
        let server = match self.control.api().port() {
            USUAL_API => String::new(),
            _ => format!(" --server http://{}", self.control.api()),
        };
        let examples = [
            (
                format!("tail -n 1 {log} | python3 -m json.tool"),
                "the audit record of the last request: what was decided and why, without a word of the prompt",
            ),
            (
                format!("{policymesh} why latest{server}"),
                "the same request, rule by rule: what held, what failed, and what would have changed it",
            ),
            (
                format!(
                    "sed 's/Falcon Nine/haiku/' {policy} | {policymesh} apply - --message 'haikus are secret'{server}"
                ),
                "version 2 is in force within a second: the first prompt of this list now stays on this machine",
            ),
            (
                format!("sed 's/zone: local}}/zone: lokal}}/' {policy} | {policymesh} apply -{server}"),
                "refused: no provider is in that zone. What was in force stays in force",
            ),
            (
                format!(
                    r"sed 's/{{models: \[.asked, claude-sonnet, llama3.1\]}}/{{zone: local}}/' {policy} | {policymesh} replay -{server}"
                ),
                "what would have become of the requests so far if all of them stayed here: which go elsewhere, and what that saves",
            ),
            (
                format!("{policymesh} audit verify{server}"),
                "the chain of records and changes: nothing missing, nothing changed",
            ),
        ];
        examples.map(|(command, shows)| (command, shows.to_owned())).into()
    }
}

/// Where the commands look for the control service if they are not told.
pub const USUAL_API: u16 = 18080;

impl std::fmt::Display for Guide<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "\nPolicy Mesh is up.\n")?;
        let told: BTreeMap<_, _> = self.providers.iter().map(|one| (one.name.as_str(), one.told())).collect();
        let fixed = [
            ("mesh", format!("http://{} (OpenAI, Anthropic and Ollama APIs)", self.envoy.address())),
            ("policy", format!("{}, by the control service", self.policy.display())),
            ("control", format!("http://{}", self.control.api())),
            ("admin", format!("http://{}", self.envoy.admin())),
            ("records", self.log().display().to_string()),
        ];
        for (name, what) in
            fixed.iter().map(|(name, what)| (*name, what)).chain(told.iter().map(|(name, what)| (*name, what)))
        {
            writeln!(f, "  {name:<10} {what}")?;
        }
        writeln!(f, "\nTry:")?;
        for (command, shows) in self.requests().into_iter().chain(self.commands()) {
            writeln!(f, "\n  {command}\n    {shows}")?;
        }
        write!(f, "\nCtrl-C stops everything.")
    }
}
