//! Turns the packs, which people read and write as YAML, into compact JSON that is quick to load.
//!
//! Each pack is written twice: with its examples for the tests and the command line, and without them for the filter.

#![expect(clippy::expect_used, reason = "a build that cannot read its packs must stop")]

use serde_json::Value;
use std::{env, fmt::Write, fs, path::Path};

/// What only tests and the command line need of a detector.
const EXAMPLES: [&str; 2] = ["matches", "ignores"];

fn main() {
    println!("cargo::rerun-if-changed=packs");
    let out = env::var("OUT_DIR").expect("cargo names the output directory");
    let mut index = String::from("static PACKS: &[Packed] = &[\n");
    let mut files: Vec<_> = fs::read_dir("packs").expect("packs is readable").flatten().map(|e| e.path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "yaml")) {
        let name = file.file_stem().and_then(|stem| stem.to_str()).expect("a pack has a plain name");
        let yaml = fs::read_to_string(file).expect("a pack is readable");
        let mut detectors: Vec<Value> =
            serde_saphyr::from_str(&yaml).unwrap_or_else(|error| fail(&format!("packs/{name}.yaml: {error}")));
        write(&Path::new(&out).join(format!("{name}.full.json")), &detectors);
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
}

fn write(path: &Path, detectors: &[Value]) {
    let json = serde_json::to_string(detectors).expect("what was read can be written");
    fs::write(path, json).expect("the output directory is writable");
}

fn fail(message: &str) -> ! {
    println!("cargo::error={message}");
    std::process::exit(1)
}
