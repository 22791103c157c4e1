//! The API and the document that describes it.

use tests::control::Control;
use tests::python;

use crate::policy;

/// Requests that are made up from the document, right ones and wrong ones, one after the other and in sequences.
#[test]
fn no_request_makes_the_service_fail() {
    let control = Control::start().unwrap();
    control.apply(&policy("lock"), &[]);
    let document = format!("http://{}/openapi.json", control.api());
    let options = ["--checks", "not_a_server_error,content_type_conformance", "--max-examples", "15", "--no-color"];
    let told =
        python::schemathesis(&[&["run", &document], &options[..]].concat()).unwrap_or_else(|error| panic!("{error:#}"));
    println!("{told}");
    assert!(!told.contains("Unresolvable"), "{told}");
    assert!(!control.log().contains("panicked"), "{}", control.log());
}

#[test]
fn the_document_names_each_operation_once_and_there_is_a_page_to_read_it() {
    let control = Control::start().unwrap();
    let document = control.json("/openapi.json");
    assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
    for (path, guarded) in [("/metrics", true), ("/v1/policies", true), ("/healthz", false), ("/readyz", false)] {
        let operation = &document["paths"][path]["get"];
        assert_eq!((operation["security"].is_array(), operation["responses"]["403"].is_object()), (guarded, guarded));
    }
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let mut ids: Vec<_> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert!(count > 30 && ids.len() == count, "{ids:?}");

    let page = control.get("/docs/");
    assert!(page.status == 200 && page.header("content-security-policy").starts_with("default-src 'none'"), "{page:?}");
    let page = page.text();
    // Everything comes from the service itself, and is there.
    let parts: Vec<_> =
        page.split(['"']).filter(|part| [".js", ".css", ".png"].iter().any(|end| part.ends_with(end))).collect();
    assert!(parts.len() > 3 && !page.contains("//cdn") && !page.contains("https:"), "{page}");
    for part in parts {
        assert_eq!(control.get(&format!("/docs/{}", part.trim_start_matches("./"))).status, 200, "{part}");
    }
    assert!(control.get("/docs/swagger-initializer.js").text().contains("\"url\": \"/openapi.json\""));
}
