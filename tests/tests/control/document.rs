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
