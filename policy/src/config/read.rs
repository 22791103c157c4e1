//! From bytes to a written configuration, with everything that is wrong at once.

use std::collections::HashSet;

use serde::de::DeserializeOwned;

use super::{
    fault::{Fault, Kind, shown},
    node::{Node, Step, written},
    reader::Reader,
};
use crate::problem::Problem;

/// The largest document that is read, in bytes.
pub const MAX_DOCUMENT: usize = 4 << 20;

/// The most problems that are looked for in one document.
const MAX_PROBLEMS: usize = 64;

/// A document that was read.
#[derive(Clone, Debug)]
pub struct Document<T> {
    /// What it says. Where something is `broken`, there are made-up values in the places of what was wrong.
    pub config: T,
    /// What is wrong with its structure.
    pub problems: Vec<Problem>,
    /// The places of made-up values.
    pub broken: Broken,
    /// The document as it was.
    pub node: Node,
}

/// The places where a document could not be read as it stands, as paths.
#[derive(Clone, Debug, Default)]
pub struct Broken(Vec<String>);

/// Reads a document in JSON or, if it does not begin with `{` and the feature `yaml` is on, in YAML.
///
/// The error is for what is no document at all; what is wrong in a document is in [`Document::problems`].
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Document<T>, Vec<Problem>> {
    let node = parse(bytes).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let mut broken = Vec::new();
    let mut mended = node.clone();
    drop_duplicates(&mut mended, &mut Vec::new(), &mut problems);
    loop {
        let fault = match T::deserialize(Reader(&mended)) {
            Ok(config) => return Ok(Document { config, problems, broken: Broken(broken), node }),
            Err(fault) => fault,
        };
        broken.extend(fault.breaks());
        problems.push(fault.problem());
        if problems.len() >= MAX_PROBLEMS || !mend(&mut mended, &fault) {
            return Err(problems);
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Node, Problem> {
    if bytes.len() > MAX_DOCUMENT {
        let message = format!("the document has {} bytes; {MAX_DOCUMENT} is the most", bytes.len());
        return Err(Problem::error("", message));
    }
    let text = str::from_utf8(bytes).map_err(|error| {
        Problem::error("", format!("the document is not UTF-8 from byte {} on", error.valid_up_to()))
    })?;
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| Problem::error("", format!("the document is no JSON: {error}")))
    } else {
        parse_yaml(text)
    }
}

#[cfg(not(feature = "yaml"))]
fn parse_yaml(_: &str) -> Result<Node, Problem> {
    Err(Problem::error("", "the document does not begin with `{`").help("only JSON can be read here"))
}

#[cfg(feature = "yaml")]
fn parse_yaml(text: &str) -> Result<Node, Problem> {
    let options = serde_saphyr::options! {
        // They are told with their path, together with everything else.
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| Problem::error("", format!("the document is no YAML: {error}")))
}

/// Of a key that stands twice in a map, keeps the first.
fn drop_duplicates(node: &mut Node, path: &mut Vec<Step>, problems: &mut Vec<Problem>) {
    match node {
        Node::List(nodes) => {
            for (index, node) in nodes.iter_mut().enumerate() {
                path.push(Step::Index(index));
                drop_duplicates(node, path, problems);
                path.pop();
            }
        }
        Node::Map(entries) => {
            let mut seen = HashSet::new();
            entries.retain_mut(|(key, node)| {
                path.push(Step::Key(key.clone()));
                let first = seen.insert(key.clone());
                if !first {
                    problems.push(Problem::error(written(path), format!("the key `{}` stands here twice", shown(key))));
                }
                drop_duplicates(node, path, problems);
                path.pop();
                first
            });
        }
        _ => {}
    }
}

/// Takes a fault out of the document so that the next can be found. `false` if it cannot.
fn mend(document: &mut Node, fault: &Fault) -> bool {
    let Some(part) = document.at_mut(&fault.path()) else { return false };
    match (&fault.kind, part) {
        (_, Node::Any) => false,
        (Kind::UnknownField { name, .. }, Node::Map(entries)) => {
            entries.retain(|(key, _)| key != name);
            true
        }
        (Kind::Missing { name }, Node::Map(entries)) => {
            entries.push(((*name).to_owned(), Node::Any));
            true
        }
        (_, part) => {
            *part = Node::Any;
            true
        }
    }
}

// === impl Broken ===

impl Broken {
    /// Adds a place.
    pub fn add(&mut self, path: String) {
        self.0.push(path);
    }

    /// Whether something below this path, or the path itself, is made up or missing.
    pub fn within(&self, path: &str) -> bool {
        self.0.iter().any(|broken| is_below(broken, path))
    }

    /// Whether this path leads into something broken, or past it.
    pub fn touches(&self, path: &str) -> bool {
        self.0.iter().any(|broken| is_below(broken, path) || is_below(path, broken))
    }
}

fn is_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']) || top.is_empty())
}
