//! Golden cases: how they are read, run and compared.

use std::{fmt::Debug, fs, path::Path};

use policy::{
    catalogue::Format,
    request::Api,
    usage::{Tokens, Usage},
};
use provider::stamp::Stamp;
use serde::Deserialize;
use serde_json::Value;

/// One translation. In a `.toml` file of cases, what they share stands at the top.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A sentence that says what holds.
    pub name: String,
    /// The API that the client calls.
    pub api: Api,
    /// The provider's format.
    pub provider: Format,
    /// The provider's id for the model.
    pub model: Option<String>,
    /// What goes in.
    pub given: String,
    /// What comes out; none if it is refused whatever is asked.
    pub expected: Option<String>,
    /// What is lost.
    #[serde(default)]
    pub losses: Vec<String>,
    /// With which words it is refused if nothing may be lost.
    pub refused: Option<String>,
    /// What is counted: `complete input=3 output=2`, the zeros left out.
    pub usage: Option<String>,
    /// Whether the client asked to be told the usage in a stream.
    #[serde(default)]
    pub usage_asked: bool,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    defaults: toml::Table,
    case: Vec<toml::Table>,
}

/// All cases of a kind.
pub fn cases(kind: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(kind);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let cases: Vec<Case> = paths.iter().flat_map(|path| file(path)).collect();
    assert!(!cases.is_empty(), "no cases in {}", folder.display());
    cases
}

fn file(path: &Path) -> Vec<Case> {
    let read = || -> Result<Vec<Case>, toml::de::Error> {
        let file: File = toml::from_str(&fs::read_to_string(path).unwrap())?;
        let whole = |case: toml::Table| {
            let mut all = file.defaults.clone();
            all.extend(case);
            all.try_into()
        };
        file.case.into_iter().map(whole).collect()
    };
    read().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs all cases of a kind, and reports all that fail.
pub fn check(kind: &str, run: impl Fn(&Case) -> Result<(), String>) {
    let failed: Vec<String> =
        cases(kind).iter().filter_map(|case| run(case).err().map(|error| format!("{}\n{error}", case.name))).collect();
    assert!(failed.is_empty(), "{} cases fail:\n\n{}", failed.len(), failed.join("\n\n"));
}

/// What was counted, as a case says it.
pub fn counted(usage: &Usage) -> String {
    let word = match usage {
        Usage::Missing => "missing",
        Usage::Partial(_) => "partial",
        Usage::Complete(_) => "complete",
    };
    let Tokens { input, cached, cache_written, audio_input, output, reasoning, audio_output } =
        usage.tokens().copied().unwrap_or_default();
    let counts = [
        ("input", input),
        ("cached", cached),
        ("written", cache_written),
        ("audio_input", audio_input),
        ("output", output),
        ("reasoning", reasoning),
        ("audio_output", audio_output),
    ];
    let counts = counts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!(" {name}={count}"));
    word.to_owned() + &counts.collect::<String>()
}

/// What answers in the cases are stamped with.
pub fn stamp() -> Stamp {
    Stamp { id: "decision-1".into(), seconds: 1_795_391_999 }
}

/// A body as a JSON value.
pub fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body)))
}

/// Says how two things differ, if they do.
pub fn equal<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{what}\n  found    {found:?}\n  expected {expected:?}")),
    }
}

/// Says how two JSON values differ, if they do.
pub fn same(found: &Value, expected: &Value) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("  found    {found}\n  expected {expected}")),
    }
}

/// How many times to try something random: so often, times `FUZZ_TIMES` where that is set.
pub fn times(usual: usize) -> usize {
    let more = std::env::var("FUZZ_TIMES").ok().and_then(|times| times.parse().ok());
    usual * more.unwrap_or(1)
}

/// Numbers that look random and are the same every time: xorshift64.
pub struct Random(u64);

impl Random {
    /// Begins a sequence.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below another.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or(usize::MAX) % end.max(1)
    }
}

/// Spoils a body in a few places: bytes changed, cut out, doubled, or replaced by what JSON readers trip over.
pub fn mutate(body: &mut Vec<u8>, random: &mut Random) {
    const TRAPS: [&[u8]; 14] = [
        b"null",
        b"[]",
        b"{}",
        b"\"\"",
        b"1e999",
        b"-1",
        b"\\ud800",
        b"\xff",
        b"[[[[[[",
        b"0.1",
        b"\"a\":1,",
        b"true",
        b"\n",
        b"\"",
    ];
    for _ in 0..=random.below(4) {
        let at = random.below(body.len());
        let end = (at + random.below(12)).min(body.len());
        match random.below(5) {
            0 => body.truncate(at),
            1 => drop(body.drain(at..end)),
            2 => {
                let piece = body[at..end].to_vec();
                body.splice(at..at, piece);
            }
            3 => {
                let trap = TRAPS[random.below(TRAPS.len())];
                body.splice(at..end, trap.iter().copied());
            }
            _ => {
                // A whole value for another: what stands between two separators.
                let after = |b: &u8| matches!(b, b':' | b',' | b'[');
                let start = body[at..].iter().position(after).map_or(body.len(), |found| at + found + 1);
                let stop = |b: &u8| matches!(b, b',' | b'}' | b']');
                let end = body[start..].iter().position(stop).map_or(body.len(), |found| start + found);
                let trap = TRAPS[random.below(TRAPS.len())];
                body.splice(start..end, trap.iter().copied());
            }
        }
    }
}
