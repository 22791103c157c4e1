//! Whom a request reached: what an auditor asks of a record.

use policy::audit::Record;
use policy::facts::Name;
use policy::progress::Outcome;

/// A provider that a request was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached<'r> {
    /// Its name.
    pub provider: &'r Name,
    /// Its zone.
    pub zone: &'r Name,
    /// The model's name in the catalogue, if the request was for one.
    pub model: Option<&'r Name>,
}

/// Every provider that the request was sent to, in order, the last of them the one that answered, if any did. Before the first
/// attempt, the one that is to be tried.
pub fn reached(record: &Record) -> Vec<Reached<'_>> {
    let attempts = record.attempts.iter().filter(|attempt| attempt.outcome != Outcome::Refused);
    let tried = attempts.map(|attempt| Reached {
        provider: &attempt.provider,
        zone: &attempt.zone,
        model: attempt.model.as_ref(),
    });
    let chosen = record.chosen.iter().filter(|_| record.attempts.is_empty());
    let chosen = chosen.map(|chosen| Reached {
        provider: &chosen.provider,
        zone: &chosen.zone,
        model: chosen.model.as_ref().map(|model| &model.name),
    });
    tried.chain(chosen).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whoever_was_sent_the_request_was_reached_and_nobody_else() {
        let chosen = json!({"provider": "here", "cluster": "c", "format": "ollama", "zone": "local"});
        let attempt = |provider: &str, zone: &str, outcome: &str| json!({"provider": provider, "cluster": "c", "zone": zone, "model": "m", "outcome": outcome});
        let failed_over = [
            attempt("here", "local", "no-answer"),
            attempt("odd", "cloud", "refused"),
            attempt("there", "cloud", "failed"),
            attempt("there", "cloud", "answered"),
        ];
        for (chosen, attempts, expected) in [
            (json!(null), json!([]), vec![]),
            (chosen.clone(), json!([]), vec![("here", "local")]),
            (chosen.clone(), json!(failed_over), vec![("here", "local"), ("there", "cloud"), ("there", "cloud")]),
            (chosen, json!([attempt("odd", "cloud", "refused")]), vec![]),
        ] {
            let record = json!({
                "form": 1, "stage": "ended", "decision_id": "0199d3c1-0000-7000-8000-000000000001", "time_us": 1, "policy": {"name": "p", "digest": "d"},
                "instance": {"epoch": "0123456789abcdef", "sequence": 1}, "action": "route", "chosen": chosen,
                "scan": {"body_bytes": 1, "text_bytes": 1, "remembered_bytes": 0, "micros": 1}, "attempts": attempts,
            });
            let record: Record = serde_json::from_value(record).unwrap();
            let told: Vec<_> = reached(&record).iter().map(|one| (one.provider.as_ref(), one.zone.as_ref())).collect();
            assert_eq!(told, expected);
        }
    }
}
