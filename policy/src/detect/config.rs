//! A detector as people write it, in a pack or in a policy.

use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A detector as written. Everything but the id may be left out, so that an entry which names an existing detector
/// changes only what it gives; what a whole detector needs is checked when it is compiled.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DetectorConfig {
    /// Its unique name: lower-case words joined by hyphens.
    pub id: String,
    /// What it finds, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What kind of thing it finds: `pii`, `credential`, `finance`, ... An open set; rules match on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The level that a finding raises a request to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Whether it is used at all; `false` switches a detector of a pack off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// A regular expression over bytes: ASCII classes, bounded repeats, no look-around, no back-references; `^` and `$`
    /// are the ends of a line. Where it has a group named `value`, that is what is found; the rest is its surroundings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Words and phrases, found whole and in any ASCII case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Vec<String>>,
    /// A matcher in code, for what no pattern can say well: `email`, `assigned-secret`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Strings of which one stands in every match. Derived from the pattern where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub literals: Option<Vec<String>>,
    /// Whether case counts. Left out, it does in a pattern and does not in terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<Case>,
    /// What may stand directly before and after a match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Boundary>,
    /// The name of a check, such as `luhn`, that a match must pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate: Option<String>,
    /// Words of which one nearby makes a finding certain: whole words, in any case, up to 64 bytes before it or 32 after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<Vec<String>>,
    /// What a match without a word of `near` counts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alone: Option<Alone>,
    /// The least entropy of a match, in bits per character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_entropy: Option<f32>,
    /// Specimen values that belong to nobody; separators do not count, a `*` at either end stands for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Vec<String>>,
    /// A higher level for many findings of this kind in one request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bulk: Option<BulkConfig>,
    /// Texts that it must find something in, above weak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<Vec<String>>,
    /// Texts that it must find nothing in, above weak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignores: Option<Vec<String>>,
}

/// Whether case counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Case {
    /// `a` is not `A`.
    Sensitive,
    /// `a` is `A`; for ASCII letters only.
    Insensitive,
}

/// What may stand directly before and after a match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Boundary {
    /// No ASCII letter, digit or underscore.
    #[default]
    Word,
    /// Anything.
    None,
}

/// What a match without a context word nearby counts for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Alone {
    /// Nothing: it is not reported.
    Drop,
    /// It is reported, but raises no level.
    Weak,
    /// As much as its pattern and validator say.
    #[default]
    Pattern,
}

/// So many distinct values in one request raise it to this level.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BulkConfig {
    /// How many distinct values, at least.
    pub distinct: u32,
    /// The level that they raise the request to.
    pub level: String,
}

/// Lays a policy's own entries over those of its packs, each with its path in the document that it comes from.
///
/// An entry that names a known detector changes the fields that it gives, and errors in it are then told with its path;
/// any other is a new detector. Two entries of one list with the same id are an error.
pub fn merge(
    packs: Vec<(String, DetectorConfig)>,
    own: Vec<(String, DetectorConfig)>,
) -> Result<Vec<(String, DetectorConfig)>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut merged: Vec<(String, DetectorConfig)> = Vec::new();
    for (path, detector) in packs {
        if places.insert(detector.id.clone(), merged.len()).is_some() {
            problems.push(twice(&path, &detector.id));
        }
        merged.push((path, detector));
    }
    let mut seen = HashMap::new();
    for (path, detector) in own {
        if let Some(first) = seen.insert(detector.id.clone(), path.clone()) {
            problems.push(twice(&path, &detector.id).help(format!("it stands first at `{first}`")));
            continue;
        }
        match places.get(&detector.id).and_then(|place| merged.get_mut(*place)) {
            Some(known) => *known = (path, known.1.clone().overridden(detector)),
            None => merged.push((path, detector)),
        }
    }
    if problems.is_empty() { Ok(merged) } else { Err(problems) }
}

fn twice(path: &str, id: &str) -> Problem {
    Problem::error(format!("{path}.id"), format!("detector `{id}` is written twice"))
}

// === impl DetectorConfig ===

impl DetectorConfig {
    /// This detector with the fields that `over` gives in place of its own.
    ///
    /// What tells a match (pattern, terms or form) is replaced as a whole, with the literals derived from it.
    #[must_use]
    pub fn overridden(self, over: Self) -> Self {
        let replaced = over.pattern.is_some() || over.terms.is_some() || over.form.is_some();
        let own = if replaced { Self { pattern: None, terms: None, form: None, literals: None, ..self } } else { self };
        Self {
            id: own.id,
            name: over.name.or(own.name),
            label: over.label.or(own.label),
            level: over.level.or(own.level),
            enabled: over.enabled.or(own.enabled),
            pattern: over.pattern.or(own.pattern),
            terms: over.terms.or(own.terms),
            form: over.form.or(own.form),
            literals: over.literals.or(own.literals),
            case: over.case.or(own.case),
            boundary: over.boundary.or(own.boundary),
            validate: over.validate.or(own.validate),
            near: over.near.or(own.near),
            alone: over.alone.or(own.alone),
            min_entropy: over.min_entropy.or(own.min_entropy),
            test: over.test.or(own.test),
            bulk: over.bulk.or(own.bulk),
            matches: over.matches.or(own.matches),
            ignores: over.ignores.or(own.ignores),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> DetectorConfig {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_override_changes_only_what_it_gives() {
        let packs = vec![("pack contact[0]".to_owned(), read(r#"{"id":"email","form":"email","level":"internal"}"#))];
        let own = vec![("spec.detectors[0]".to_owned(), read(r#"{"id":"email","level":"restricted"}"#))];
        let merged = merge(packs, own).unwrap();
        let expected = read(r#"{"id":"email","form":"email","level":"restricted"}"#);
        assert_eq!(merged, [("spec.detectors[0]".to_owned(), expected)]);
    }

    #[test]
    fn a_new_pattern_replaces_the_old_form() {
        let merged =
            read(r#"{"id":"a","form":"email","literals":["x"]}"#).overridden(read(r#"{"id":"a","pattern":"y"}"#));
        assert_eq!(merged, read(r#"{"id":"a","pattern":"y"}"#));
    }

    #[test]
    fn an_entry_written_twice_is_told_with_both_places() {
        let own = || read(r#"{"id":"a","terms":["x"]}"#);
        let problems = merge(vec![], vec![("d[0]".into(), own()), ("d[1]".into(), own())]).unwrap_err();
        assert_eq!(problems[0].to_string(), "d[1].id: detector `a` is written twice (it stands first at `d[0]`)");
    }

    #[test]
    fn an_unknown_field_is_refused() {
        assert!(serde_json::from_str::<DetectorConfig>(r#"{"id":"a","patern":"x"}"#).is_err());
    }
}
