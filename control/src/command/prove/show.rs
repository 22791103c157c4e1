//! What was proved, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use policy::decision::{Candidate, Decision, Outcome};
use policy::facts::{Asked, Facts, Identity};
use policy::prove::{
    ASSUMED, Breach, Comparison, Difference, Example, Held, InvariantProof, Never, Proof, RuleProof, Verdict,
};

use crate::terminal::Style;

/// All that a policy says of itself.
pub fn proof(proof: &Proof, style: Style) -> String {
    let Proof { invariants, rules, undecided, assumed } = proof;
    let mut shown: String = invariants.iter().map(|proof| invariant(proof, style)).collect();
    shown.extend(rules.iter().map(|proof| rule(proof, style)));
    if invariants.is_empty() {
        shown += "there is no invariant\n";
    }
    if rules.is_empty() {
        let _ = writeln!(shown, "{} every rule can decide something", style.good("proved:"));
    }
    match undecided {
        None => shown += "no request is left without a rule\n",
        Some(example) => {
            let _ = writeln!(shown, "refused, because no rule matches it:\n{}", request(example, style));
        }
    }
    shown + &assumptions(assumed, style)
}

/// Whether something never happens.
pub fn never(never: &str, proof: &InvariantProof, style: Style) -> String {
    match proof.verdict {
        Verdict::Holds => format!("{} never {never}\n", style.good("proved:")),
        Verdict::Undecided => format!("{} never {never}: it would take too long\n", style.doubtful("not proved:")),
        Verdict::Broken | Verdict::Strikes => {
            let shown = format!("{} it happens: {never}\n", style.bad("refuted:"));
            let shown = proof.breaches.iter().fold(shown, |shown, each| shown + &breach(each, "sends this to", style));
            shown + &assumptions(&[ASSUMED.to_owned()], style)
        }
    }
}

/// How two compare.
pub fn comparison(asked: &str, comparison: &Comparison, style: Style) -> String {
    let Comparison { holds, differences, assumed } = comparison;
    let mut shown = match holds {
        Held::Yes => format!("{} it {asked}\n", style.good("proved:")),
        Held::No => format!("{} not every time it {asked}\n", style.bad("refuted:")),
        Held::Undecided => format!("{} that it {asked}: it would take too long\n", style.doubtful("not proved:")),
    };
    for Difference { facts, other_facts, headers, first, second } in differences {
        let _ = writeln!(shown, "{}", facts_line(facts, headers, style));
        if let Some(other) = other_facts.as_ref().filter(|other| other.asked != facts.asked) {
            let _ = writeln!(shown, "    the other reads the model asked as: {}", other.asked);
        }
        let _ = writeln!(shown, "    first:  {}\n    second: {}", outcome(first), outcome(second));
    }
    shown + &assumptions(assumed, style)
}

fn invariant(proof: &InvariantProof, style: Style) -> String {
    let InvariantProof { name, verdict, breaches } = proof;
    let shown = match verdict {
        Verdict::Holds => {
            format!("{} invariant `{name}` holds by the rules and clearances alone\n", style.good("proved:"))
        }
        Verdict::Strikes => format!(
            "{} invariant `{name}` holds, but only because it strikes candidates itself when a request comes\n",
            style.doubtful("proved:")
        ),
        Verdict::Broken => format!("{} invariant `{name}`\n", style.bad("refuted:")),
        Verdict::Undecided => format!("{} invariant `{name}`: it would take too long\n", style.doubtful("not proved:")),
    };
    breaches
        .iter()
        .fold(shown, |shown, each| shown + &breach(each, "relies on it: without, it would send this to", style))
}

fn breach(breach: &Breach, does: &str, style: Style) -> String {
    let Breach { rule, candidate, example } = breach;
    format!("  rule `{rule}` {does} {candidate}:\n{}\n", request(example, style))
}

fn rule(proof: &RuleProof, style: Style) -> String {
    let RuleProof { rule, never, because, .. } = proof;
    let because: Vec<_> = because.iter().map(|rule| format!("`{rule}`")).collect();
    let why = match (never, because.is_empty()) {
        (Never::Matches, true) => "never matches: no request is all that it asks".to_owned(),
        (Never::Matches, false) => format!("never matches: it is left nothing by {}", because.join(", ")),
        (Never::Routes, _) => "never finds a candidate: each is struck each time".to_owned(),
        (Never::Undecided, _) => "is not known to match: it would take too long to tell".to_owned(),
    };
    format!("{} rule `{rule}` {why}\n", style.bad("of no use:"))
}

fn assumptions(assumed: &[String], style: Style) -> String {
    assumed.iter().map(|assumed| format!("{} {assumed}\n", style.faint("assumed:"))).collect()
}

fn request(example: &Example, style: Style) -> String {
    facts_line(&example.facts, &example.headers, style)
}

/// A request in a line or two: what is usual is left out.
pub fn facts_line(facts: &Facts, headers: &BTreeMap<String, Option<String>>, style: Style) -> String {
    let mut parts = vec![format!("api {}", facts.api.name()), format!("level {}", facts.level)];
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            parts.push(format!("{name} {value}"));
        }
    };
    let listed = |names: Vec<&str>| names.join("+");
    add("unreadable", facts.unreadable.map_or(String::new(), |why| why.name().into()));
    add("labels", listed(facts.labels.iter().map(|label| label.as_str()).collect()));
    add("found by", listed(facts.detectors.keys().map(|name| name.as_str()).collect()));
    let fixed = facts.detectors.iter().filter(|(_, tally)| tally.placed == Some(false));
    add("cannot be replaced", listed(fixed.map(|(name, _)| name.as_str()).collect()));
    add("asks for", if facts.asked == Asked::None { String::new() } else { facts.asked.to_string() });
    add("client", facts.client.as_ref().map_or_else(String::new, identity));
    add("team", facts.team.as_ref().map_or_else(String::new, identity));
    add("needs", listed(facts.needs.iter().map(|need| need.name()).collect()));
    add("opaque", listed(facts.opaque.iter().map(|kind| kind.name()).collect()));
    add("prompt tokens", facts.prompt_tokens.to_string());
    add("answer tokens", facts.output_tokens.map_or(String::new(), |tokens| tokens.to_string()));
    add("", if facts.stream { "streamed".into() } else { String::new() });
    for (source, value) in headers {
        add(source, value.as_ref().map_or("absent".into(), |value| format!("{value:?}")));
    }
    format!("    {}", style.bold(parts.join(", ")))
}

fn identity(identity: &Identity) -> String {
    match identity {
        Identity::Named(name) => name.to_string(),
        Identity::Id(id) => id.to_string(),
        Identity::Hidden(digest) => digest.to_string(),
    }
}

fn outcome(decision: &Decision) -> String {
    match &decision.outcome {
        Outcome::Deny(denial) => format!("refused with {}, because {decision}", denial.status),
        Outcome::Route(candidates) => {
            let name = |candidate: &Candidate| {
                let name = candidate.model.as_ref().map_or(&candidate.provider, |model| &model.name);
                if candidate.redacted { format!("{name} (redacted)") } else { name.to_string() }
            };
            let names: Vec<_> = candidates.iter().map(name).collect();
            let replaced: Vec<_> =
                decision.redacted.iter().flat_map(|one| one.replaced.keys()).map(|name| name.as_str()).collect();
            let replacing =
                if replaced.is_empty() { String::new() } else { format!(", replacing {}", replaced.join("+")) };
            format!("{}{replacing}, because {decision}", names.join(", "))
        }
    }
}
