//! Any bytes as a policy: no panic, errors that say something, and a policy that decides whatever it is asked.

use policy::bundle::Bundle;
use policy::facts::{Facts, Name};
use policy::policy::Policy;
use policy::request::Api;

/// Checks one input: a policy document, or a filter's configuration.
pub fn check(input: &[u8]) {
    match Bundle::parse(input) {
        Ok((Bundle::Router(policies), _)) => {
            [Some(&policies.live), policies.shadow.as_ref()].into_iter().flatten().for_each(decides)
        }
        Ok((Bundle::Adapter, _)) => {}
        Err(problems) => assert!(!problems.is_empty(), "a refusal has a reason"),
    }
    match Policy::parse(input) {
        Ok((policy, warnings)) => {
            decides(&policy);
            let (again, told) = Policy::parse(input).expect("it parses twice if it does once");
            assert_eq!((again.digest(), told.len()), (policy.digest(), warnings.len()));
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "a refusal has a reason");
            assert!(problems.iter().all(|problem| !problem.to_string().is_empty()));
        }
    }
}

/// Decide and explain are one.
fn decides(policy: &Policy) {
    let lowest = policy.level_name(policy::level::Level::default()).clone();
    for api in Api::ALL {
        let facts = Facts::new(api, lowest.clone());
        let decision = policy.decide(&facts);
        assert_eq!(policy.explain(&facts).decision, decision);
        let _: &Name = &decision.level;
    }
}
