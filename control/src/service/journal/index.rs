//! What an audit record can be found by.

use policy::audit::{FORM, Record};
use policy::facts::{Facts, Identity, Name};
use serde_json::Value;

use super::reached::reached;

/// The parts of a record that the store can search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The life of the filter that wrote it.
    pub epoch: String,
    /// Its place among that life's records, from 1.
    pub sequence: u64,
    /// The exchange's own id.
    pub decision_id: String,
    /// Envoy's id of the request.
    pub request_id: Option<String>,
    /// When the request came, in microseconds since the Unix epoch.
    pub time_us: u64,
    /// The name of the policy in force.
    pub policy: String,
    /// Its digest.
    pub digest: String,
    /// What happened: `none`, `route`, `deny`, `refuse`.
    pub action: &'static str,
    /// The rule that decided.
    pub rule: Option<String>,
    /// The level that counted.
    pub level: Option<String>,
    /// The [names] of the providers that it was sent to.
    pub provider: Option<String>,
    /// The names of the models, likewise.
    pub model: Option<String>,
    /// The client: a name, an id, or a digest.
    pub client: Option<String>,
    /// Its team, likewise.
    pub team: Option<String>,
    /// The HTTP status that the client got; 0 if it got none.
    pub status: Option<u16>,
}

/// Why something is no audit record.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It does not have the form of one.
    #[error("this is no audit record: {0}")]
    Shape(#[from] serde_json::Error),
    /// Its form is one that this service does not know.
    #[error("the record has form {0}, this service knows up to {FORM}: update it before the filters")]
    Form(u32),
    /// Numbers begin with 1.
    #[error("the record has no sequence number")]
    Unnumbered,
}

// === impl Index ===

impl Index {
    /// What this record can be found by.
    pub fn of(record: &str) -> Result<Self, Unfit> {
        match serde_json::from_str::<Record>(record) {
            Ok(Record { form, .. }) if form > FORM => Err(Unfit::Form(form)),
            Ok(record) if record.instance.sequence == 0 => Err(Unfit::Unnumbered),
            Ok(record) => Ok(Self::from(&record)),
            Err(reason) => Err(newer_form(record).map_or(Unfit::Shape(reason), Unfit::Form)),
        }
    }
}

impl From<&Record> for Index {
    fn from(record: &Record) -> Self {
        let identity =
            |who: fn(&Facts) -> &Option<Identity>| record.facts.as_ref().and_then(|facts| written(who(facts)));
        let reached = reached(record);
        Self {
            epoch: record.instance.epoch.to_string(),
            sequence: record.instance.sequence,
            decision_id: record.decision_id.to_string(),
            request_id: record.request_id.as_ref().map(ToString::to_string),
            time_us: record.time_us,
            policy: record.policy.name.to_string(),
            digest: record.policy.digest.to_string(),
            action: record.action.name(),
            rule: record.rule.as_ref().map(ToString::to_string),
            level: record.level.as_ref().map(ToString::to_string),
            provider: some_names(reached.iter().map(|one| one.provider)),
            model: some_names(reached.iter().filter_map(|one| one.model)),
            client: identity(|facts| &facts.client),
            team: identity(|facts| &facts.team),
            status: record.ending.map(|ending| ending.status),
        }
    }
}

/// Names as they are kept in one column: each between line breaks, which none has.
pub fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().fold("\n".to_owned(), |names, name| names + name + "\n")
}

fn some_names<'n>(of: impl Iterator<Item = &'n Name>) -> Option<String> {
    let mut of = of.map(|name| &**name).peekable();
    of.peek().is_some().then(|| names(of))
}

/// The form of what cannot be read, where it is one that this service does not know.
fn newer_form(record: &str) -> Option<u32> {
    let record: Value = serde_json::from_str(record).ok()?;
    let form = record.get("form").and_then(Value::as_u64).and_then(|form| u32::try_from(form).ok());
    form.filter(|form| *form > FORM)
}

fn written(identity: &Option<Identity>) -> Option<String> {
    identity.as_ref().map(|identity| match identity {
        Identity::Named(name) => name.to_string(),
        Identity::Id(id) => id.to_string(),
        Identity::Hidden(digest) => digest.to_string(),
    })
}
