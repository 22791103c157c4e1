//! The same exchange under another policy: it sees all that the live one sees, and nobody does what it says.

use super::{Exchange, Step};
use crate::audit::{self, Action, Record};

/// An exchange whose steps are not taken.
#[derive(Debug)]
pub struct Shadow {
    exchange: Exchange,
    next: Next,
}

/// What an exchange waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// More of the request.
    More,
    /// The body once more, from the first byte on.
    Reread,
    /// Nothing: it is decided.
    Nothing,
}

// === impl Shadow ===

impl Shadow {
    /// An exchange of which nothing is known yet.
    pub fn new(exchange: Exchange) -> Self {
        Self { exchange, next: Next::More }
    }

    /// Shows it what comes of the request, if it is not decided yet.
    pub fn sees(&mut self, work: impl FnOnce(&mut Exchange) -> Step) {
        if self.next != Next::Nothing {
            self.next = match work(&mut self.exchange) {
                Step::Hold => Next::More,
                Step::Reread => Next::Reread,
                Step::Forward(_) | Step::Answer(_) | Step::Refuse(_) => Next::Nothing,
            };
        }
    }

    /// Whether it must read the body once more to decide.
    pub fn must_reread(&self) -> bool {
        self.next == Next::Reread
    }

    /// What it would have done with the request of this record; `None` as long as one of the two is not decided.
    pub fn beside(&self, live: &Record) -> Option<audit::Shadow> {
        let is_decided = self.next == Next::Nothing && live.action != Action::None;
        is_decided.then(|| audit::Shadow::new(self.exchange.record(), live))
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use serde_json::{Value, json};

    use super::*;
    use crate::exchange::{Arrival, Engine, Secrets};
    use crate::policy::Policy;

    fn exchange(name: &str, packs: Value, action: Value) -> Exchange {
        let provider = |name: &str, zone: &str, cleared: &str| json!({"name": name, "format": "openai", "cluster": name, "zone": zone, "cleared": cleared});
        let policy = json!({
            "apiVersion": "policymesh.dev/v1", "kind": "Policy", "metadata": {"name": name},
            "spec": {
                // Each its own: what one takes for the client the other does not know.
                "identity": {"header": format!("x-{name}")},
                "sensitivity": {"packs": packs, "test_values": "count"},
                "providers": [provider("far", "cloud", "public"), provider("near", "local", "restricted")],
                "models": [{"name": "m", "provider": "far"}, {"name": "n", "provider": "near"}],
                "rules": [{"name": format!("{name}-rule"), "action": action}],
            },
        });
        let (policy, _) = Policy::parse(policy.to_string().as_bytes()).unwrap();
        let engine = Engine::new(policy, Secrets::default());
        Exchange::new(Rc::new(engine), Arrival { time: 0, sequence: 1 })
    }

    /// What the two say of a prompt, as `go_on` of the filter shows it to them.
    fn beside(live: &mut Exchange, shadow: Exchange, prompt: &str) -> audit::Shadow {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": prompt}]}).to_string();
        let headers = [(":method", "POST"), (":path", "/v1/chat/completions"), ("x-next", "alice")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        let mut shadow = Shadow::new(shadow);
        shadow.sees(|exchange| exchange.on_request_headers(&headers, &|_| None, false));
        live.on_request_headers(&headers, &|_| None, false);
        assert_eq!(shadow.beside(&live.record()), None);
        shadow.sees(|exchange| exchange.on_request_body(body.as_bytes(), true));
        while shadow.must_reread() {
            shadow.sees(|exchange| exchange.on_reread(body.as_bytes(), true));
        }
        assert_eq!(shadow.beside(&live.record()), None);
        live.on_request_body(body.as_bytes(), true);
        shadow.beside(&live.record()).unwrap()
    }

    const MAIL: &str = "write to jane.doe@acme-widgets.com";

    #[test]
    fn what_both_do_alike_is_said_in_few_words() {
        let route = || json!({"route": ["m", "n"]});
        let mut live = exchange("live", json!(["pii"]), route());
        let told = beside(&mut live, exchange("next", json!(["pii"]), route()), "hello");
        assert!(told.agrees && told.facts.is_none(), "{told:?}");
        assert_eq!((told.policy.name.as_str(), told.rule.as_deref()), ("next", Some("next-rule")));
    }

    #[test]
    fn what_one_looks_for_and_the_other_does_not_is_in_its_facts() {
        let route = || json!({"route": ["m", "n"]});
        let mut live = exchange("live", json!([]), route());
        let told = beside(&mut live, exchange("next", json!(["pii"]), route()), MAIL);
        assert!(!told.agrees);
        assert_eq!(live.record().chosen.unwrap().provider, "far");
        assert_eq!((told.chosen.unwrap().provider.as_str(), told.level.as_deref()), ("near", Some("internal")));
        let facts = told.facts.unwrap();
        assert_eq!((facts.level.as_str(), facts.client), ("internal", None));
    }

    #[test]
    fn a_shadow_replaces_as_it_would() {
        let mut live = exchange("live", json!(["pii"]), json!({"deny": {}}));
        let told = beside(&mut live, exchange("next", json!(["pii"]), json!({"redact": {"route": ["m"]}})), MAIL);
        assert_eq!((live.record().action, told.action, told.agrees), (Action::Deny, Action::Route, false));
        assert!(told.chosen.unwrap().redacted);
    }
}
