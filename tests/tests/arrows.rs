//! Which crate may name which: the arrows of the house, read from what cargo knows.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use tests::place;

/// Everything that a crate of ours may depend on among the crates of ours. The filter and the control service meet only in
/// `policy`; the tests take the filter as a file, never as a crate.
const ALLOWED: [(&str, &[&str]); 5] = [
    ("policy", &[]),
    ("provider", &["policy"]),
    ("filter", &["policy", "provider"]),
    ("control", &["policy", "provider"]),
    ("tests", &["policy", "provider"]),
];

#[test]
fn crates_depend_on_each_other_only_as_the_design_says() {
    let allowed: BTreeMap<_, _> = ALLOWED.into_iter().collect();
    let mut wrong = Vec::new();
    for (name, dependencies) in ours() {
        match allowed.get(&*name) {
            None => wrong.push(format!("nothing is said about crate `{name}`")),
            Some(allowed) => {
                let other = dependencies.iter().filter(|dependency| !allowed.contains(&dependency.as_str()));
                wrong.extend(other.map(|dependency| format!("`{name}` names `{dependency}`")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_filter_and_the_pure_crates_it_stands_on_build_for_envoy() {
    assert!(place::filter_module().is_file());
}

/// The crates of the workspace, each with those crates of the workspace that it depends on.
fn ours() -> BTreeMap<String, Vec<String>> {
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new("cargo").current_dir(place::repository()).args(arguments).output().unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let names: Vec<_> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    let dependencies = |package: &Value| {
        let named = package["dependencies"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
        named.filter(|name| names.contains(name)).map(String::from).collect()
    };
    packages.iter().map(|package| (package["name"].as_str().unwrap().to_owned(), dependencies(package))).collect()
}
