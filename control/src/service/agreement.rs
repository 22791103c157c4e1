//! How a shadow does: what it and the policy in force say of the same requests, as their records tell.

use std::borrow::Cow;
use std::collections::BTreeMap;

use policy::audit::Action;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What two policies say of the same requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Agreement {
    /// Requests of which both have decided.
    pub compared: u64,
    /// Those of them with which both do the same.
    pub agree: u64,
    /// Those with which they do not.
    pub differ: u64,
    /// The same by node.
    pub nodes: BTreeMap<String, Compared>,
    /// What they do not do alike, the most frequent first.
    pub differences: Vec<Difference>,
}

/// How many requests were compared, and with how many of them the two do not do the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Compared {
    /// Requests of which both have decided.
    pub compared: u64,
    /// Those with which they do not do the same.
    pub differ: u64,
}

/// Requests that the two treat differently, in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Difference {
    /// What was done.
    pub live: Outcome,
    /// What the shadow would have done.
    pub shadow: Outcome,
    /// How many.
    pub count: u64,
    /// The ids of some of their decisions, the newest first.
    pub examples: Vec<String>,
}

/// What a policy does with a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
pub struct Outcome {
    /// `route`, `answer`, `deny`, or `refuse`.
    pub action: &'static str,
    /// The model and the provider that are tried first, where it is routed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The rule that decides, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The level that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// The most examples that are told of a difference.
const EXAMPLES: usize = 5;

/// What is looked at of a record.
#[derive(Deserialize)]
struct Recorded<'r> {
    #[serde(borrow)]
    decision_id: Cow<'r, str>,
    #[serde(borrow)]
    shadow: Option<&'r RawValue>,
}

#[derive(Deserialize)]
struct Beside<'r> {
    #[serde(borrow)]
    policy: Reference<'r>,
    agrees: bool,
}

#[derive(Deserialize)]
struct Reference<'r> {
    #[serde(borrow)]
    digest: Cow<'r, str>,
}

/// The part that a record and the shadow in it have in common; looked at only where they differ.
#[derive(Deserialize)]
struct Said<'r> {
    action: Action,
    #[serde(borrow)]
    rule: Option<Cow<'r, str>>,
    #[serde(borrow)]
    level: Option<Cow<'r, str>>,
    #[serde(borrow)]
    chosen: Option<Chosen<'r>>,
}

#[derive(Deserialize)]
struct Chosen<'r> {
    #[serde(borrow)]
    provider: Cow<'r, str>,
    #[serde(borrow)]
    model: Option<Model<'r>>,
    #[serde(default)]
    redacted: bool,
}

#[derive(Deserialize)]
struct Model<'r> {
    #[serde(borrow)]
    name: Cow<'r, str>,
}

// === impl Agreement ===

impl Agreement {
    /// Adds a record of this node, if it tells of the shadow with this digest.
    pub fn add(&mut self, node: &str, record: &str, digest: &str) {
        let Ok(Recorded { decision_id, shadow: Some(shadow) }) = serde_json::from_str(record) else { return };
        let Ok(Beside { policy, agrees }) = serde_json::from_str(shadow.get()) else { return };
        if policy.digest != digest {
            return;
        }
        let differs = u64::from(!agrees);
        self.compared += 1;
        self.agree += 1 - differs;
        self.differ += differs;
        let of_node = self.nodes.entry(node.to_owned()).or_default();
        of_node.compared += 1;
        of_node.differ += differs;
        if let (false, Some(live), Some(shadow)) = (agrees, Said::read(record), Said::read(shadow.get())) {
            self.add_difference(live, shadow, &decision_id);
        }
    }

    fn add_difference(&mut self, live: Outcome, shadow: Outcome, id: &str) {
        let same = |known: &&mut Difference| known.live == live && known.shadow == shadow;
        match self.differences.iter_mut().find(same) {
            Some(known) => {
                known.count += 1;
                if known.examples.len() < EXAMPLES {
                    known.examples.push(id.to_owned());
                }
            }
            None => self.differences.push(Difference { live, shadow, count: 1, examples: vec![id.to_owned()] }),
        }
    }

    /// What has come out.
    pub fn finish(mut self) -> Self {
        self.differences.sort_by(|one, other| {
            other.count.cmp(&one.count).then_with(|| (&one.live, &one.shadow).cmp(&(&other.live, &other.shadow)))
        });
        self
    }
}

// === impl Said ===

impl Said<'_> {
    fn read(text: &str) -> Option<Outcome> {
        let said: Said<'_> = serde_json::from_str(text).ok()?;
        Some(Outcome {
            action: said.action.name(),
            to: said.chosen.map(|chosen| chosen.to_string()),
            rule: said.rule.map(Cow::into_owned),
            level: said.level.map(Cow::into_owned),
        })
    }
}

// === impl Chosen ===

impl std::fmt::Display for Chosen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(Model { name }) = &self.model {
            write!(f, "{name} at ")?;
        }
        f.write_str(&self.provider)?;
        f.write_str(if self.redacted { ", redacted" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record(id: usize, live: Value, shadow: Value) -> String {
        let mut record =
            json!({"decision_id": id.to_string(), "policy": {"name": "p", "digest": "old"}, "facts": {"time": 1}});
        let said = |target: &mut Value, said: Value| {
            target.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        };
        said(&mut record, live);
        if !shadow.is_null() {
            record["shadow"] = json!({"policy": {"name": "p", "digest": "new"}, "micros": 3});
            said(&mut record["shadow"], shadow);
        }
        record.to_string()
    }

    #[test]
    fn what_differs_is_told_by_what_it_was_and_what_it_would_be() {
        let route = |agrees: bool| {
            let chosen = json!({"provider": "cloud", "model": {"name": "m", "id": "m-1"}, "redacted": !agrees});
            json!({"action": "route", "rule": "r", "level": "public", "chosen": chosen, "agrees": agrees})
        };
        let deny = json!({"action": "deny", "rule": "stop", "level": "restricted", "agrees": false});
        let mut agreement = Agreement::default();
        agreement.add("a", &record(1, route(true), route(true)), "new");
        for id in 2..12 {
            agreement.add("b", &record(id, route(true), deny.clone()), "new");
        }
        agreement.add("b", &record(12, json!({"action": {"refuse": "oversize"}}), route(false)), "new");
        // Neither of these is of this shadow.
        agreement.add("b", &record(13, route(true), Value::Null), "new");
        agreement.add("b", &record(14, route(true), deny), "older");
        agreement.add("b", "{", "new");
        let Agreement { compared, agree, differ, nodes, differences } = agreement.finish();
        assert_eq!((compared, agree, differ), (12, 1, 11));
        assert_eq!(nodes["b"], Compared { compared: 11, differ: 11 });
        let told: Vec<_> = differences.iter().map(|one| (one.live.action, one.shadow.action, one.count)).collect();
        assert_eq!(told, [("route", "deny", 10), ("refuse", "route", 1)]);
        assert_eq!(differences[0].examples, ["2", "3", "4", "5", "6"]);
        assert_eq!(differences[0].live.to.as_deref(), Some("m at cloud"));
        assert_eq!(differences[1].shadow.to.as_deref(), Some("m at cloud, redacted"));
    }
}
