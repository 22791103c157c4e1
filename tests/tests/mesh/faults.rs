//! Things that break: providers, headers, the filter itself.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tests::client::Request;
use tests::envoy::Starter;
use tests::mesh::{Delivery, Mesh};
use tests::place;
use tests::standin::Behaviour;
use tests::waiting::eventually;
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

use crate::{ordinary, policy, sensitive};

#[test]
fn what_is_no_utf8_in_headers_kills_no_worker() {
    let mesh = Mesh::start(&policy("lock")).unwrap();
    let odd = b"caf\xe9\xff\x80";
    for header in ["x-odd", "content-type", "content-encoding", "traceparent", "anthropic-beta", "user-agent", "cookie"]
    {
        for request in [ordinary(), sensitive(), ordinary().http2()] {
            let response = mesh.send(&request.header(header, odd));
            assert!([200, 400, 403].contains(&response.status), "{header}: {response:?}");
        }
    }
    for (provider, received) in mesh.take_received() {
        assert!(!received.headers.values().any(|value| value.as_bytes().contains(&0xe9)), "{provider}: {received:?}");
        assert!(provider == "local" || !received.contains("Bluebird"), "{received:?}");
    }
    assert_eq!(mesh.send(&ordinary()).status, 200);
    assert_nothing_died(&mesh);
}

#[test]
fn hostile_bodies_kill_no_worker() {
    let mesh = Mesh::start(&policy("lock")).unwrap();
    let nested = "[".repeat(1_000_000);
    let digits = format!(r#"{{"model": "auto", "messages": [], "n": {}}}"#, "9".repeat(1_000_000));
    let quotes = format!(r#"{{"model": "{}"}}"#, "\\\"".repeat(500_000));
    let keys = (0..100_000).map(|key| format!(r#""k{key}":0"#)).collect::<Vec<_>>().join(",");
    let bodies = [nested, digits, quotes, format!("{{{keys}}}"), "\0".repeat(100_000), "{".into(), "\u{feff}{}".into()];
    for body in bodies {
        for path in ["/v1/chat/completions", "/v1/messages", "/api/chat", "/v1/responses", "/other"] {
            let response = mesh.send(&Request::post(path, body.clone()));
            assert!(response.status < 500, "{path}: {}", response.text());
        }
    }
    assert_eq!(mesh.send(&ordinary()).status, 200);
    assert_nothing_died(&mesh);
}

#[test]
fn an_upgrade_is_refused_also_where_envoy_would_allow_it() {
    let websocket = || {
        let request = Request::new("GET", "/v1/realtime?model=big").header("connection", "upgrade");
        request.header("upgrade", "websocket").header("sec-websocket-version", "13")
    };
    let allowing = |starter: Starter| {
        starter.change(|mut bootstrap| {
            let manager = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
            let manager = bootstrap.document().pointer_mut(manager).unwrap();
            manager["upgrade_configs"] = json!([{"upgrade_type": "websocket"}]);
            bootstrap
        })
    };
    let mesh = Mesh::start_with(&policy("lock"), Delivery::Static, allowing).unwrap();
    let response = mesh.send(&websocket());
    assert_eq!((response.status, response.header("x-should-retry").as_str()), (403, "false"), "{response:?}");
    assert_eq!(response.json()["error"]["code"], "upgrade_refused", "{}", response.text());
    assert_eq!(mesh.line(&response)["audit"]["action"]["refuse"], "upgrade");
    assert!(mesh.take_received().is_empty());

    // Envoy refuses it before the filter sees it, unless it is told otherwise.
    let mesh = Mesh::start(&policy("lock")).unwrap();
    assert_eq!(mesh.send(&websocket()).status, 403);
    let line = mesh.envoy.wait_for_access_log(|line| line["status"] == 403);
    assert_eq!(line["audit"]["action"], "none", "{line:#}");
    assert!(mesh.take_received().is_empty());
}

#[test]
fn envoys_own_answers_have_the_shape_of_the_api() {
    let mut mesh = Mesh::start(&policy("three")).unwrap();
    mesh.providers.clear();
    let message = json!([{"role": "user", "content": "hello"}]);
    let ask = |path: &str, model: &str| {
        let body = json!({"model": model, "max_tokens": 9, "messages": message});
        let response = mesh.send(&Request::post(path, body.to_string()));
        assert_eq!(response.status, 503, "{}", response.text());
        assert_eq!(response.header("content-type"), "application/json");
        let line = mesh.line(&response);
        assert_eq!((&line["status"], &line["audit"]["action"]), (&json!(503), &json!("route")), "{line:#}");
        response.json()
    };
    assert_eq!(ask("/v1/chat/completions", "gpt")["error"]["code"], "provider_unavailable");
    assert_eq!(ask("/v1/messages", "claude")["error"]["type"], "overloaded_error");
    assert!(ask("/api/chat", "llama")["error"].is_string());
}

#[test]
fn what_must_stay_local_stays_there_when_the_local_provider_fails() {
    let mesh = Mesh::start(&policy("lock")).unwrap();
    for behaviour in [Behaviour::Fail(503), Behaviour::Fail(429), Behaviour::Reset, Behaviour::BreakOff(0)] {
        mesh.provider("local").behave(behaviour);
        // A broken answer is an error for the client.
        let _ = sensitive().send(mesh.envoy.address());
        assert!(mesh.provider("cloud").take().is_empty());
        assert!(!mesh.provider("local").take().is_empty());
    }
}

#[test]
fn a_trap_after_the_decision_leaves_the_record_of_the_decision() {
    let mesh = with_trap_in("proxy_on_response_headers");
    // The filter is started anew after a while; in between, requests are refused.
    for count in 1..=2 {
        let reached = eventually(|| {
            let response = mesh.send(&sensitive());
            assert!(response.status >= 500, "{response:?}");
            (!mesh.provider("local").take().is_empty()).then_some(())
        });
        assert!(reached.is_some(), "{}", mesh.envoy.log());
        let decided = |line: &Value| line["audit"]["stage"] == "decided";
        let lines = eventually(|| {
            let lines: Vec<_> = mesh.envoy.access_log().into_iter().filter(decided).collect();
            (lines.len() == count).then_some(lines)
        });
        let audit = &lines.unwrap_or_else(|| panic!("{:#?}", mesh.envoy.access_log()))[count - 1]["audit"];
        assert_eq!((&audit["action"], &audit["rule"]), (&json!("route"), &json!("as asked")), "{audit:#}");
        assert_eq!(audit["facts"]["labels"], json!(["marking"]));
    }
    assert!(mesh.provider("cloud").take().is_empty());
}

#[test]
fn a_trap_before_the_decision_lets_nothing_pass() {
    for callback in ["proxy_on_request_headers", "proxy_on_request_body"] {
        let mesh = with_trap_in(callback);
        for request in [ordinary(), sensitive(), ordinary().http2()] {
            let response = mesh.send(&request);
            assert!(response.status >= 500, "{callback}: {response:?}");
        }
        assert!(mesh.take_received().is_empty(), "{callback}");
        mesh.envoy.wait_for_access_log(|line| line["status"].as_u64().is_some_and(|status| status >= 500));
    }
}

fn assert_nothing_died(mesh: &Mesh) {
    let reloads = mesh.envoy.stats().into_iter().filter(|(name, count)| name.contains("vm_reload") && *count > 0);
    assert_eq!(reloads.collect::<Vec<_>>(), []);
}

/// A mesh whose filter, in the role of router, traps in this callback.
fn with_trap_in(callback: &str) -> Mesh {
    let trapping = |starter: Starter| {
        let module = trap(callback, starter.folder());
        starter.change(|mut bootstrap| {
            // Only the router: the adapter is the same module, whose callbacks must go on working.
            let router = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
            let filters = bootstrap.document().pointer_mut(router).and_then(Value::as_array_mut).unwrap();
            let filter = filters.iter_mut().find(|filter| filter["name"] == "policymesh").unwrap();
            let vm = filter.pointer_mut("/typed_config/config/vm_config").unwrap();
            vm["vm_id"] = json!("trapping");
            vm["code"]["local"]["filename"] = json!(module);
            bootstrap
        })
    };
    Mesh::start_with(&policy("lock"), Delivery::Static, trapping).unwrap()
}

/// Writes a copy of the module in which this exported function is a trap.
fn trap(export: &str, folder: &Path) -> PathBuf {
    let mut module = fs::read(place::filter_module()).unwrap();
    let body = body_of(export, &module);
    let [no_locals, unreachable, nop, end] = [0x00, 0x00, 0x01, 0x0b];
    module[body.clone()].fill(nop);
    module[body.start] = no_locals;
    module[body.start + 1] = unreachable;
    module[body.end - 1] = end;
    let path = folder.join(format!("{export}.wasm"));
    fs::write(&path, module).unwrap();
    path
}

/// Where the body of an exported function stands in a module.
fn body_of(export: &str, module: &[u8]) -> Range<usize> {
    let (mut imported, mut index, mut bodies) = (0, None, vec![]);
    for payload in Parser::new(0).parse_all(module) {
        match payload.unwrap() {
            Payload::ImportSection(imports) => {
                let imports = imports.into_imports().map(Result::unwrap);
                imported = imports.filter(|import| matches!(import.ty, TypeRef::Func(_))).count();
            }
            Payload::ExportSection(exports) => {
                let mut exports = exports.into_iter().map(Result::unwrap);
                let found = exports.find(|one| one.kind == ExternalKind::Func && one.name == export);
                index = found.map(|one| one.index as usize);
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range()),
            _ => {}
        }
    }
    bodies[index.unwrap_or_else(|| panic!("the module exports no `{export}`")) - imported].clone()
}
