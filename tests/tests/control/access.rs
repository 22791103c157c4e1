//! Who may do what.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use tests::client::{Request, Response};
use tests::control::Control;

/// Every operation, and the roles that may use it besides `admin`. What is not here may be used by nobody else.
const ALLOWED: [(&str, &[&str]); 34] = [
    ("GET /healthz", &[EVERYBODY]),
    ("GET /readyz", &[EVERYBODY]),
    ("GET /v1/policies", READERS),
    ("GET /v1/policies/{name}", READERS),
    ("GET /v1/policies/{name}/versions", READERS),
    ("GET /v1/policies/{name}/versions/{number}", READERS),
    ("POST /v1/policies/{name}/versions", &["author"]),
    ("PUT /v1/policies/{name}/selector", &["publisher"]),
    ("POST /v1/policies/{name}/versions/{number}/publish", &["publisher"]),
    ("POST /v1/policies/{name}/promote", &["publisher"]),
    ("POST /v1/policies/{name}/roll-back", &["publisher"]),
    ("POST /v1/explain", READERS),
    ("POST /v1/policies/{name}/shadow", &["publisher"]),
    ("DELETE /v1/policies/{name}/shadow", &["publisher"]),
    ("GET /v1/policies/{name}/shadow", &["auditor"]),
    ("GET /v1/nodes", READERS),
    ("GET /v1/nodes/{id}", READERS),
    ("GET /v1/nodes/{id}/bundle", &["viewer", "author", "publisher", "auditor", "collector"]),
    ("GET /v1/records", &["auditor"]),
    ("POST /v1/records", &["collector"]),
    ("GET /v1/records/{id}", &["auditor"]),
    ("GET /v1/records/{id}/why", &["auditor"]),
    ("GET /v1/gaps", &["auditor"]),
    ("GET /v1/audit/key", &["auditor"]),
    ("GET /v1/audit/head", &["auditor"]),
    ("GET /v1/audit/export", &["auditor"]),
    ("GET /v1/records/export", &["auditor"]),
    ("GET /v1/policies/{name}/diff", READERS),
    ("POST /v1/replay", &["auditor"]),
    ("GET /metrics", READERS),
    ("POST /v1/audit/erasures", &[]),
    ("GET /v1/tokens", &[]),
    ("POST /v1/tokens", &[]),
    ("DELETE /v1/tokens/{id}", &[]),
];

const READERS: &[&str] = &["viewer", "author", "publisher", "auditor"];
const EVERYBODY: &str = "everybody";
/// All roles.
pub const ROLES: [&str; 6] = ["viewer", "author", "publisher", "auditor", "collector", "admin"];

/// A service that wants tokens, and one for each role.
fn start() -> (Control, BTreeMap<&'static str, String>) {
    let control = Control::start_with(&["--require-tokens"]).unwrap();
    let admin = fs::read_to_string(control.folder().join("data/admin.token")).unwrap().trim().to_owned();
    let token = |role: &'static str| {
        let new = json!({"name": format!("the {role}"), "role": role, "expires": "1h"});
        let answer = send(&control, "POST", "/v1/tokens", &admin, &new);
        assert_eq!(answer.status, 201, "{}", answer.text());
        (role, answer.json()["secret"].as_str().unwrap().to_owned())
    };
    let tokens = ROLES.into_iter().map(token).collect();
    (control, tokens)
}

/// Asks the API, showing a token if it is not empty.
pub fn send(control: &Control, method: &str, path: &str, token: &str, body: &Value) -> Response {
    let request = Request::new(method, path).header("content-type", "application/json").header("if-match", "\"0\"");
    let request = if method == "GET" { request } else { request.body(body.to_string()) };
    let request = if token.is_empty() { request } else { request.header("authorization", format!("Bearer {token}")) };
    request.send(control.api()).unwrap()
}

#[test]
fn each_route_is_open_to_its_roles_and_to_nobody_else() {
    let (control, tokens) = start();
    let document = control.json("/openapi.json");
    assert_routes_are_open_to_their_roles(&control, &tokens);
    let known: Vec<_> = ALLOWED.iter().filter(|(operation, _)| !has(&document, operation)).collect();
    assert!(known.is_empty(), "there is no such operation any more: {known:?}");
}

/// Tries every operation with no token, with an unknown one, and with one of each role.
pub fn assert_routes_are_open_to_their_roles(control: &Control, tokens: &BTreeMap<&str, String>) {
    let document = control.json("/openapi.json");
    let allowed: BTreeMap<_, _> = ALLOWED.into_iter().collect();
    let mut wrong = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            let operation = format!("{method} {path}");
            let open = allowed.get(operation.as_str()).copied().unwrap_or_default();
            let everybody = open.contains(&EVERYBODY);
            // What is named need not be there: permission is asked for first.
            let path = path.replace("{name}", "x").replace("{number}", "1").replace("{id}", "1000");
            let answer = |token: &str| send(control, &method, &path, token, &json!({})).status;
            let nobody = answer("");
            if (nobody == 401) == everybody {
                wrong.push(format!("{operation} without a token: {nobody}"));
            }
            let unknown = answer("policymesh_unknown");
            if (unknown == 401) == everybody {
                wrong.push(format!("{operation} with an unknown token: {unknown}"));
            }
            for (role, token) in tokens {
                let status = answer(token);
                let may = everybody || *role == "admin" || open.contains(role);
                if may == (status == 403) || status == 401 || status >= 500 {
                    wrong.push(format!("{operation} as {role}: {status}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn has(document: &Value, operation: &str) -> bool {
    let (method, path) = operation.split_once(' ').unwrap();
    document["paths"][path][method.to_lowercase()].is_object()
}

#[test]
fn a_token_that_is_revoked_is_worth_nothing_and_is_nowhere_to_be_read() {
    let (control, tokens) = start();
    let (viewer, admin) = (&tokens["viewer"], &tokens["admin"]);
    assert_eq!(send(&control, "GET", "/v1/policies", viewer, &Value::Null).status, 200);
    let listed = send(&control, "GET", "/v1/tokens", admin, &Value::Null);
    let id = listed.json()["tokens"].as_array().unwrap().iter().find(|token| token["role"] == "viewer").unwrap()["id"]
        .clone();
    assert_eq!(send(&control, "DELETE", &format!("/v1/tokens/{id}"), admin, &Value::Null).status, 204);
    assert_eq!(send(&control, "GET", "/v1/policies", viewer, &Value::Null).status, 401);
    let export = send(&control, "GET", "/v1/audit/export", &tokens["auditor"], &Value::Null).text();
    for what in ["token-made", "token-revoked", "the auditor"] {
        assert!(export.contains(what), "the chain says nothing of {what}");
    }
    for (role, token) in &tokens {
        for text in [&listed.text(), &export, &control.log()] {
            assert!(!text.contains(token.as_str()), "the token of {role} is told");
        }
    }
}

#[test]
fn who_wrote_a_version_does_not_publish_it_where_four_eyes_are_wanted() {
    let control = Control::start_with(&["--require-tokens", "--four-eyes"]).unwrap();
    let admin = fs::read_to_string(control.folder().join("data/admin.token")).unwrap().trim().to_owned();
    let other = json!({"name": "somebody else", "role": "publisher", "expires": "1h"});
    let other = send(&control, "POST", "/v1/tokens", &admin, &other).json()["secret"].as_str().unwrap().to_owned();
    let document = crate::policy("lock").to_string();
    let added = send(&control, "POST", "/v1/policies/lock/versions", &admin, &json!({"document": document}));
    assert_eq!(added.status, 201, "{}", added.text());
    let publish = |token: &str| {
        let request = Request::post("/v1/policies/lock/versions/1/publish", "{}").header("if-match", "\"1\"");
        request.header("authorization", format!("Bearer {token}")).send(control.api()).unwrap()
    };
    let own = publish(&admin);
    assert_eq!(own.status, 409, "{}", own.text());
    assert!(own.text().contains("somebody else must publish it"), "{}", own.text());
    assert_eq!(publish(&other).status, 200);
}

#[test]
fn the_service_serves_nobody_else_s_machine_and_no_web_page() {
    let control = Control::start().unwrap();
    for (name, value) in [("host", "policies.example"), ("origin", "https://evil.example")] {
        let answer = Request::new("GET", "/v1/policies").header(name, value).send(control.api()).unwrap();
        assert_eq!(answer.status, 421, "{name}: {value}");
    }
    let text = Request::new("POST", "/v1/tokens").body("{}").header("if-match", "\"0\"").send(control.api()).unwrap();
    assert_eq!(text.status, 400, "{}", text.text());
}
