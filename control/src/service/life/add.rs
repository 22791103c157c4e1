//! New versions.

use serde::Deserialize;
use serde_json::json;

use super::check::{self, Finding};
use super::suite::Suite;
use super::{Policy, Refused, State, Version, change};
use crate::service::Service;
use crate::service::store::policies;
use crate::service::time::now_us;

/// The longest name of a policy, in characters.
const LONGEST_NAME: usize = 100;

/// A version that somebody wants to be kept.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVersion {
    /// The document, YAML or JSON.
    pub document: String,
    /// Why it is made.
    #[serde(default)]
    pub message: String,
    /// Where it comes from, such as a commit.
    #[serde(default)]
    pub source: Option<String>,
    /// What it must do right to be published.
    #[serde(default)]
    pub tests: Vec<Suite>,
    /// Keeps it also if it has errors.
    #[serde(default)]
    pub draft: bool,
}

/// Keeps a new version of a policy, if it has no errors and its tests hold, or it is to be a draft. `revision` is the one that its author saw; 0 if
/// the policy is new. A document that says what the newest version says, with the same tests, makes no new one.
pub async fn add(
    service: &Service,
    author: &str,
    name: &str,
    new: NewVersion,
    revision: u64,
) -> Result<(Version, Vec<Finding>), Refused> {
    let NewVersion { document, message, source, tests, draft } = new;
    let said = [("name", name), ("message", &message), ("source", source.as_deref().unwrap_or_default())];
    let null = document.contains('\0').then(|| error("document", "it has a null character"));
    let unfit: Vec<_> = said.into_iter().filter_map(|(what, text)| unfit(what, text)).chain(null).collect();
    if !unfit.is_empty() {
        return Err(Refused::Errors(unfit));
    }
    let checked = check::check(&document, name, &tests).await;
    let state = match (checked.is_sound(), tests.is_empty()) {
        (false, _) => State::Draft,
        (true, true) => State::Checked,
        (true, false) => State::Tested,
    };
    if state == State::Draft && !draft {
        return Err(Refused::Errors(checked.findings));
    }
    let mut policy = match policies::find(&service.store, name).await? {
        Some(policy) => policy,
        None if revision == 0 => Policy::new(name),
        None => return Err(Refused::Conflict(name.to_owned())),
    };
    if policy.revision != revision {
        return Err(Refused::Conflict(name.to_owned()));
    }
    let latest = policies::find_version(&service.store, name, policy.latest).await?;
    if let Some(latest) = latest.filter(|latest| latest.document == document && latest.tests == tests) {
        return Ok((latest, checked.findings));
    }
    policy.latest += 1;
    let version = Version {
        policy: name.to_owned(),
        number: policy.latest,
        state,
        digest: checked.digest,
        document,
        tests,
        author: author.to_owned(),
        message,
        source,
        created_us: now_us(),
        published_by: None,
    };
    let told = json!({
        "what": "version-added", "who": author, "policy": name, "version": version.number, "digest": version.digest,
        "message": version.message, "source": version.source,
    });
    let kept = version.clone();
    change(service, name, told, move |connection| {
        Box::pin(async move {
            policies::save(connection, &policy, revision).await?;
            policies::add(connection, &kept).await
        })
    })
    .await?;
    Ok((version, checked.findings))
}

/// What is wrong with a text that people read in lists and on terminals, if anything is.
fn unfit(what: &str, text: &str) -> Option<Finding> {
    let control = |character: char| character.is_control() && !(what == "message" && matches!(character, '\n' | '\t'));
    match what {
        _ if text.chars().any(control) => Some(error(what, "it has control characters")),
        "name" if text.trim().is_empty() => Some(error(what, "it is empty")),
        "name" if text.chars().count() > LONGEST_NAME => Some(error(what, "it is longer than 100 characters")),
        _ => None,
    }
}

fn error(path: &str, message: &str) -> Finding {
    Finding { severity: "error".to_owned(), path: path.to_owned(), message: message.to_owned(), help: None }
}
