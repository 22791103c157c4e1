//! What the README shows is so: its commands run, its policy compiles, its links lead somewhere.

use std::path::Path;
use std::process::Command;

use policy::policy::Policy;
use tests::place;

#[test]
fn every_command_of_the_readme_runs() {
    let folder = workshop();
    let failures: Vec<String> = commands("policymesh ").iter().filter_map(|command| run(command, &folder)).collect();
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_make_target_of_the_readme_is_there() {
    let makefile = read("Makefile");
    let is_there = |command: &String| {
        let target = command.split_whitespace().nth(1).unwrap_or_default();
        makefile.lines().any(|line| line.starts_with(&format!("{target}:")))
    };
    let missing: Vec<String> = commands("make ").into_iter().filter(|command| !is_there(command)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_policy_of_the_readme_compiles() {
    let readme = read("README.md");
    let snippet =
        readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a policy is shown");
    let whole = read("envoy/policy.yaml");
    let before = whole.split("  rules:").next().expect("the default policy has rules");
    let indented: String = snippet.lines().map(|line| format!("  {line}\n")).collect();
    let parsed = Policy::parse(format!("{before}{indented}").as_bytes());
    assert!(parsed.is_ok(), "{:?}", parsed.err());
}

#[test]
fn every_link_of_the_readme_leads_somewhere() {
    let readme = read("README.md");
    let links = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = links.filter(|link| !link.starts_with("http"));
    let broken: Vec<&str> = local.filter(|link| !place::repository().join(link).exists()).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

/// The lines of shell blocks that begin so, without their comments.
fn commands(begin: &str) -> Vec<String> {
    let readme = read("README.md");
    let blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines).filter(|line| line.starts_with(begin));
    let commands: Vec<String> = lines.map(|line| line.split(" #").next().unwrap_or(line).trim().to_string()).collect();
    assert!(!commands.is_empty(), "the README shows no `{begin}`");
    commands
}

/// A folder in which the README's paths lead to what they name.
fn workshop() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("policymesh-readme-{}", std::process::id()));
    let module = folder.join("target/wasm32-wasip1/wasm");
    std::fs::create_dir_all(&module).expect("a temporary folder can be made");
    std::fs::copy(place::filter_module(), module.join("filter.wasm")).expect("the module was built");
    for shown in ["envoy", "tests"] {
        std::os::unix::fs::symlink(place::repository().join(shown), folder.join(shown)).expect("a link can be made");
    }
    let request = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"the Bluebird memo"}]}"#;
    std::fs::write(folder.join("request.json"), request).expect("a file can be written");
    folder
}

/// What went wrong, if anything did.
fn run(command: &str, folder: &Path) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().skip(1).collect();
    let output =
        Command::new(place::policymesh()).args(words).current_dir(folder).output().expect("the command was built");
    let told = String::from_utf8_lossy(&output.stderr);
    // There is no Envoy here to examine, and the doctor must say so rather than give a clean bill.
    let fine = output.status.success() != command.contains("doctor");
    (!fine).then(|| format!("`{command}`: {}: {told}", output.status))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(place::repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
