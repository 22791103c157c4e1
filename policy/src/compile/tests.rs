use super::policy;

pub(crate) const EXAMPLE: &str = include_str!("tests/example.yaml");

fn told(document: &str) -> Vec<String> {
    let problems = match policy(document.as_bytes()) {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    };
    problems.iter().map(ToString::to_string).collect()
}

/// The example with one detector in the place of the packs.
fn example() -> String {
    EXAMPLE
        .replace("[pii, secrets, finance, health, markings]", "[]")
        .replace("- {id: email, level: internal} ", "- {id: key, label: credential, level: restricted, terms: [key]} ")
}

#[test]
fn the_example_of_the_documentation_compiles_without_a_warning() {
    assert_eq!(told(&example()), Vec::<String>::new());
}
