//! Providers that fail, and the next candidate of the decision in their place: in its own format, with nothing of the
//! attempt before.

use serde_json::{Value, json};
use tests::client::Request;
use tests::mesh::{Delivery, Mesh, key};
use tests::standin::{Behaviour, Received};
use tests::waiting::eventually;

use crate::translation::{ask, text};
use crate::{policy, sensitive};

/// Whether the Envoy of these tests can choose another cluster for a second attempt.
fn fails_over(mesh: &Mesh) -> bool {
    mesh.envoy.version() >= (1, 39)
}

/// `any` is OpenAI's model, then Anthropic's, then Ollama's.
fn in_turn() -> Value {
    let mut policy = policy("three");
    policy["spec"]["aliases"]["any"] = json!(["gpt", "claude", "llama"]);
    policy["spec"]["failover"] = json!({"first_byte": "700ms"});
    policy
}

/// The outcomes of the attempts that a record tells.
fn outcomes(line: &Value) -> Vec<String> {
    let attempts = line["audit"]["attempts"].as_array().cloned().unwrap_or_default();
    let told = |one: &Value| format!("{} {}", one["provider"].as_str().unwrap(), one["outcome"].as_str().unwrap());
    attempts.iter().map(told).collect()
}

/// Nothing in what Anthropic received is OpenAI's.
fn assert_nothing_of_openai(received: &Received) {
    assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", "/v1/messages"));
    assert_eq!(received.header("x-api-key"), key("anthropic"));
    assert_eq!(received.json()["model"], "claude-sonnet-4-5");
    assert_eq!(received.header("content-length"), received.body.len().to_string());
    for trace in ["gpt-4o", "chat/completions", "key-of-openai", "authorization", "x-envoy-", "x-policymesh-"] {
        assert!(!received.contains(trace), "{trace}: {received:?}");
    }
    let names = received.headers.keys().filter(|name| name.as_str().starts_with("x-envoy"));
    assert_eq!(names.count(), 0, "{received:?}");
}

#[test]
fn the_next_candidate_answers_where_a_provider_fails() {
    let mesh = Mesh::start(&in_turn()).unwrap();
    if !fails_over(&mesh) {
        return;
    }
    let failing =
        [Behaviour::Fail(429), Behaviour::Fail(500), Behaviour::Fail(503), Behaviour::Fail(529), Behaviour::Reset];
    for behaviour in failing {
        mesh.provider("openai").behave(behaviour.clone());
        for stream in [false, true] {
            let response = mesh.send(&ask("/v1/chat/completions", "any", stream));
            assert_eq!(response.status, 200, "{behaviour:?}: {}", response.text());
            assert!(response.text().contains("Anthropic"), "{behaviour:?}: {}", response.text());
            assert!(response.headers.keys().all(|name| !name.as_str().starts_with("x-policymesh-retry")));
            assert_eq!(mesh.provider("openai").take().len(), 1, "{behaviour:?}");
            let received = mesh.provider("anthropic").take();
            assert_eq!(received.len(), 1, "{behaviour:?}");
            assert_nothing_of_openai(&received[0]);
            assert!(mesh.provider("ollama").take().is_empty());
            let line = mesh.line(&response);
            let first = if behaviour == Behaviour::Reset { "openai no-answer" } else { "openai failed" };
            assert_eq!(outcomes(&line), [first, "anthropic answered"], "{line:#}");
            assert_eq!(
                (&line["upstream"]["cluster"], &line["audit"]["ending"]["attempts"]),
                (&json!("anthropic"), &json!(2))
            );
            let cost = 9 * 3000 + 12 * 15_000;
            assert_eq!(line["audit"]["cost"]["nano_usd"], cost, "{line:#}");
        }
    }
}

#[test]
fn a_provider_that_cannot_be_reached_costs_no_request() {
    let mut policy = in_turn();
    policy["spec"]["providers"].as_array_mut().unwrap().push(json!({
        "name": "nowhere", "format": "openai", "cluster": "nowhere", "zone": "cloud", "cleared": "restricted",
    }));
    policy["spec"]["models"].as_array_mut().unwrap().push(json!({"name": "lost", "provider": "nowhere"}));
    policy["spec"]["aliases"]["any"] = json!(["lost", "gpt", "claude", "llama"]);
    let nameless = |starter: tests::envoy::Starter| {
        starter.change(|mut bootstrap| {
            let clusters = bootstrap.document()["static_resources"]["clusters"].as_array_mut().unwrap();
            let cluster = clusters.iter_mut().find(|cluster| cluster["name"] == "nowhere").unwrap();
            cluster["type"] = json!("STRICT_DNS");
            let host = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/address";
            *cluster.pointer_mut(host).unwrap() = json!("nobody.invalid");
            bootstrap
        })
    };
    let mut mesh = Mesh::start_with(&policy, Delivery::Static, nameless).unwrap();
    if !fails_over(&mesh) {
        return;
    }
    // Nobody listens any more where OpenAI was.
    mesh.providers.remove("openai");
    for stream in [false, true] {
        // More often than it takes to leave a provider alone.
        for _ in 0..8 {
            let response = mesh.send(&ask("/v1/messages", "any", stream));
            assert_eq!(response.status, 200, "{}", response.text());
            assert!(response.text().contains("Anthropic"), "{}", response.text());
            let line = mesh.line(&response);
            assert_eq!(outcomes(&line), ["nowhere no-answer", "openai no-answer", "anthropic answered"], "{line:#}");
        }
    }
}

#[test]
fn a_provider_that_does_not_begin_its_stream_in_time_is_passed_over() {
    let mesh = Mesh::start(&in_turn()).unwrap();
    if !fails_over(&mesh) {
        return;
    }
    mesh.provider("openai").behave(Behaviour::Hang);
    // This one sends its headers, and then nothing.
    mesh.provider("anthropic").behave(Behaviour::Stall);
    let response = mesh.send(&ask("/v1/chat/completions", "any", true));
    assert_eq!(response.status, 200, "{}", response.text());
    assert!(response.text().contains("Ollama"), "{}", response.text());
    let line = mesh.line(&response);
    assert_eq!(outcomes(&line), ["openai no-answer", "anthropic no-answer", "ollama answered"], "{line:#}");
}

#[test]
fn where_all_fail_the_last_ones_answer_comes_in_the_clients_format() {
    let mesh = Mesh::start(&in_turn()).unwrap();
    if !fails_over(&mesh) {
        return;
    }
    for (provider, status) in [("openai", 429), ("anthropic", 529), ("ollama", 503)] {
        mesh.provider(provider).behave(Behaviour::Fail(status));
    }
    let response = mesh.send(&ask("/v1/messages", "any", true));
    assert_eq!((response.status, &response.json()["error"]["type"]), (503, &json!("overloaded_error")));
    assert!(response.text().contains("status 503"), "{}", response.text());
    let line = mesh.line(&response);
    assert_eq!(outcomes(&line), ["openai failed", "anthropic failed", "ollama failed"], "{line:#}");
    assert_eq!((&line["audit"]["usage"], &line["audit"]["cost"]), (&Value::Null, &Value::Null), "{line:#}");
    assert_eq!(mesh.take_received().len(), 3, "each was tried once");

    // And where the last cannot be reached, Envoy's own answer does.
    mesh.provider("ollama").behave(Behaviour::Reset);
    let response = mesh.send(&ask("/v1/chat/completions", "any", false));
    assert_eq!((response.status, &response.json()["error"]["code"]), (503, &json!("provider_unavailable")));
    assert_eq!(mesh.take_received().len(), 3, "each was tried once");
}

#[test]
fn what_a_client_did_wrong_is_told_it_and_no_other_provider() {
    let mesh = Mesh::start(&in_turn()).unwrap();
    for status in [400, 401, 404, 413] {
        mesh.provider("openai").behave(Behaviour::Fail(status));
        assert_eq!(mesh.send(&ask("/v1/chat/completions", "any", false)).status, status);
        assert_eq!(mesh.take_received().len(), 1);
    }
}

#[test]
fn a_candidate_that_cannot_be_given_the_request_leaves_the_failure_before_it_as_the_answer() {
    let mesh = Mesh::start(&in_turn()).unwrap();
    if !fails_over(&mesh) {
        return;
    }
    mesh.provider("openai").behave(Behaviour::Fail(429));
    let body = json!({"model": "any", "logit_bias": {"1": 2}, "messages": [{"role": "user", "content": "hi"}]});
    let response = mesh.send(&Request::post("/v1/chat/completions", body.to_string()));
    assert_eq!(response.status, 429, "{}", response.text());
    assert!(response.text().contains("`logit_bias`"), "{}", response.text());
    assert_eq!(outcomes(&mesh.line(&response)), ["openai failed", "anthropic refused"]);
    assert_eq!(mesh.take_received().len(), 1);
}

#[test]
fn what_must_stay_local_is_not_sent_elsewhere_by_any_failure() {
    let mesh = Mesh::start(&policy("lock")).unwrap();
    for behaviour in [Behaviour::Fail(429), Behaviour::Fail(503), Behaviour::Reset] {
        mesh.provider("local").behave(behaviour);
        let response = mesh.send(&sensitive());
        assert!(response.status >= 429, "{}", response.text());
        assert!(mesh.provider("cloud").take().is_empty());
        assert_eq!(mesh.provider("local").take().len(), 1);
    }
}

#[test]
fn two_models_behind_one_cluster_are_tried_one_after_the_other() {
    let mut policy = in_turn();
    policy["spec"]["aliases"]["any"] = json!(["gpt", "gpt-mini"]);
    let mesh = Mesh::start(&policy).unwrap();
    if !fails_over(&mesh) {
        return;
    }
    mesh.provider("openai").behave(Behaviour::Fail(500));
    assert_eq!(mesh.send(&ask("/v1/chat/completions", "any", false)).status, 500);
    let models: Vec<_> = mesh.provider("openai").take().iter().map(|one| one.json()["model"].clone()).collect();
    assert_eq!(models, ["gpt-4o", "gpt-4o-mini"]);
}

#[test]
fn a_policy_that_comes_in_the_middle_of_a_request_changes_nothing_for_it() {
    let mesh = Mesh::start_with(&in_turn(), Delivery::Ecds, |starter| starter).unwrap();
    if !fails_over(&mesh) {
        return;
    }
    mesh.provider("openai").behave(Behaviour::Hang);
    let (request, address) = (ask("/v1/chat/completions", "any", true), mesh.envoy.address());
    let client = std::thread::spawn(move || request.send(address));
    mesh.provider("openai").wait_for(1);
    // From now on, nothing goes to Anthropic.
    let mut new = in_turn();
    new["metadata"]["version"] = json!("2");
    new["spec"]["aliases"]["any"] = json!(["llama"]);
    mesh.replace_policy(&new).unwrap();
    let taken = eventually(|| {
        let line = mesh.line(&mesh.send(&ask("/v1/chat/completions", "llama", false)));
        (line["audit"]["policy"]["version"] == "2").then_some(())
    });
    taken.expect("the new policy takes over");
    let response = client.join().unwrap().unwrap();
    assert!(response.text().contains("Anthropic"), "{}", response.text());
    let line = mesh.line(&response);
    assert_eq!(line["audit"]["policy"]["version"], Value::Null);
    assert_eq!(outcomes(&line), ["openai no-answer", "anthropic answered"], "{line:#}");
}

#[test]
fn an_outage_under_load_loses_no_request() {
    let mesh = Mesh::start(&in_turn()).unwrap();
    if !fails_over(&mesh) {
        return;
    }
    let address = mesh.envoy.address();
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let ask = move |_| {
                let response = ask("/v1/chat/completions", "any", false).send(address);
                response.is_ok_and(|response| !text("/v1/chat/completions", &response.json()).is_empty())
            };
            std::thread::spawn(move || (0..40).map(ask).filter(|answered| !answered).count())
        })
        .collect();
    mesh.provider("openai").wait_for(20);
    mesh.provider("openai").behave(Behaviour::Reset);
    let lost: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    assert_eq!(lost, 0);
    assert!(!mesh.provider("anthropic").take().is_empty());
}
