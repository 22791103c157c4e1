//! Turns the packs, which people read and write as YAML, into compact JSON that is quick to load, and their patterns into
//! programs that need not be loaded at all.
//!
//! Each pack is written twice: with its examples for the tests and the command line, and without them for the filter.

#![expect(clippy::expect_used, reason = "a build that cannot read its packs must stop")]

use serde_json::Value;
use std::{collections::BTreeMap, env, fmt::Write, fs, path::Path};

/// The compiler of patterns, as the crate has it.
#[path = "src/detect"]
#[expect(dead_code, unused_imports, reason = "only what compiles patterns is used")]
mod detect {
    pub mod language;
    pub mod pattern;
    pub mod text;

    /// Stands for the one that is read from packs.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Boundary {
        Word,
        None,
    }

    /// A pattern as the source of a `Ready`.
    pub fn source(written: &str, ignore_case: bool, boundary: Boundary, literals: Option<&[String]>) -> String {
        let compiled = pattern::Pattern::compile(written, ignore_case, boundary, literals);
        let (pattern, trigger) = compiled.unwrap_or_else(|error| super::fail(&error.to_string()));
        let pattern::Pattern { ops, sets, max, digits, first } = pattern;
        let anchors = trigger.into_iter().flat_map(|trigger| trigger.0);
        let trigger: String = anchors.map(|anchor| format!("(&{:?}, {:?}),", anchor.literal, anchor.before)).collect();
        format!(
            "Ready {{ written: {written:?}, ignore_case: {ignore_case}, boundary: Boundary::{boundary:?}, literals: &{:?}, \
             ops: &{ops:?}, sets: &{sets:?}, max: {max}, digits: {digits:?}, first: {first:?}, trigger: &[{trigger}] }},\n",
            literals.unwrap_or_default()
        )
    }
}

/// What only tests and the command line need of a detector.
const EXAMPLES: [&str; 2] = ["matches", "ignores"];

fn main() {
    println!("cargo::rerun-if-changed=packs");
    let out = env::var("OUT_DIR").expect("cargo names the output directory");
    let mut index = String::from("static PACKS: &[Packed] = &[\n");
    let mut programs = BTreeMap::new();
    let mut files: Vec<_> = fs::read_dir("packs").expect("packs is readable").flatten().map(|e| e.path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "yaml")) {
        let name = file.file_stem().and_then(|stem| stem.to_str()).expect("a pack has a plain name");
        let yaml = fs::read_to_string(file).expect("a pack is readable");
        let mut detectors: Vec<Value> =
            serde_saphyr::from_str(&yaml).unwrap_or_else(|error| fail(&format!("packs/{name}.yaml: {error}")));
        write(&Path::new(&out).join(format!("{name}.full.json")), &detectors);
        programs.extend(detectors.iter().filter_map(program));
        for detector in detectors.iter_mut().filter_map(Value::as_object_mut) {
            EXAMPLES.iter().for_each(|field| drop(detector.remove(*field)));
        }
        write(&Path::new(&out).join(format!("{name}.json")), &detectors);
        writeln!(
            index,
            "Packed {{ name: {name:?}, lean: include_str!(concat!(env!(\"OUT_DIR\"), \"/{name}.json\")), \
             #[cfg(any(test, feature = \"examples\"))] full: include_str!(concat!(env!(\"OUT_DIR\"), \"/{name}.full.json\")) }},"
        )
        .expect("a string takes all");
    }
    index.push_str("];\n");
    fs::write(Path::new(&out).join("packs.rs"), index).expect("the output directory is writable");
    let programs: String = programs.into_values().collect();
    let programs = format!("static PROGRAMS: &[Ready] = &[\n{programs}];\n");
    fs::write(Path::new(&out).join("programs.rs"), programs).expect("the output directory is writable");
}

/// The source of a detector's pattern, if it has one, under what tells it from others.
fn program(detector: &Value) -> Option<((String, String), String)> {
    let written = detector.get("pattern")?.as_str()?;
    let is = |field: &str, value: &str| detector.get(field).and_then(Value::as_str) == Some(value);
    let boundary = if is("boundary", "none") { detect::Boundary::None } else { detect::Boundary::Word };
    let literals = detector.get("literals").and_then(Value::as_array);
    let literals: Option<Vec<String>> =
        literals.map(|literals| literals.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let source = detect::source(written, is("case", "insensitive"), boundary, literals.as_deref());
    Some(((written.to_owned(), source.clone()), source))
}

fn write(path: &Path, detectors: &[Value]) {
    let json = serde_json::to_string(detectors).expect("what was read can be written");
    fs::write(path, json).expect("the output directory is writable");
}

fn fail(message: &str) -> ! {
    println!("cargo::error={message}");
    std::process::exit(1)
}
