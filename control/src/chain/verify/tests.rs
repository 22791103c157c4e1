use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::chain::canonical;
use crate::chain::signature::Key;

/// A chain of six records, with a signature after the third and after the last.
struct Chain {
    lines: Vec<Line>,
    key: Key,
}

fn key(name: &str) -> Key {
    let file = std::env::temp_dir().join(format!("policymesh-verify-{}-{name}", std::process::id()));
    let key = Key::load(&file).unwrap();
    std::fs::remove_file(file).unwrap();
    key
}

fn raw(content: &Value) -> Box<RawValue> {
    RawValue::from_string(canonical::to_string(content).unwrap()).unwrap()
}

fn entry(seq: u64, previous: Hash, kind: Kind, content: Box<RawValue>) -> Entry {
    let content_hash = Hash::of(content.get());
    let entry = Entry { seq, kind, node: "n".into(), received_us: seq, content, content_hash, hash: Hash::default() };
    Entry { hash: entry.hash_after(previous), ..entry }
}

// === impl Chain ===

impl Chain {
    fn new(name: &str) -> Self {
        let mut chain = Self { lines: Vec::new(), key: key(name) };
        let begin = Begin { first: 1, previous: Hash::default(), key: chain.key.public().to_string() };
        chain.lines.push(Line::Begin(begin));
        for number in 1..=6 {
            chain.add(Kind::Record, json!({"number": number, "client": "alice"}));
            if number % 3 == 0 {
                chain.sign();
            }
        }
        chain
    }

    fn last(&self) -> (u64, Hash) {
        let entries =
            self.lines.iter().rev().find_map(|line| if let Line::Entry(entry) = line { Some(entry) } else { None });
        entries.map_or((0, Hash::default()), |entry| (entry.seq, entry.hash))
    }

    fn add(&mut self, kind: Kind, content: Value) {
        let (seq, hash) = self.last();
        self.lines.push(Line::Entry(entry(seq + 1, hash, kind, raw(&content))));
    }

    fn sign(&mut self) {
        let (seq, hash) = self.last();
        self.lines.push(Line::Checkpoint(self.key.checkpoint(seq, hash, 1)));
    }

    /// The entry in this place, to be tampered with.
    fn entry(&mut self, seq: u64) -> &mut Entry {
        let entries =
            self.lines.iter_mut().filter_map(|line| if let Line::Entry(entry) = line { Some(entry) } else { None });
        entries.into_iter().find(|entry| entry.seq == seq).unwrap()
    }

    fn checkpoints(&self) -> Vec<Checkpoint> {
        let of = |line: &Line| if let Line::Checkpoint(checkpoint) = line { Some(checkpoint.clone()) } else { None };
        self.lines.iter().filter_map(of).collect()
    }

    fn verdict(&self, anchors: &[Checkpoint]) -> Verdict {
        let text: String = self.lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
        verify(text.as_bytes(), Some(self.key.public()), anchors).unwrap()
    }

    fn faults(&self) -> Vec<String> {
        self.verdict(&[]).faults
    }
}

#[test]
fn a_whole_chain_is_whole() {
    let chain = Chain::new("whole");
    let expected = Verdict { entries: 6, checkpoints: 2, signed_to: 6, ..Verdict::default() };
    assert_eq!(chain.verdict(&[]), expected);
    assert_eq!(chain.verdict(&chain.checkpoints()).faults, [] as [&str; 0]);
}

#[test]
fn each_kind_of_edit_is_found_and_named() {
    type Edit = fn(&mut Chain);
    let edits: [(Edit, &[&str]); 11] = [
        (
            |chain| chain.entry(2).content = raw(&json!({"number": 3, "client": "alice"})),
            &["the content of entry 2 was changed"],
        ),
        (
            // Whoever reads the last of two reads what it was, and whoever reads the first does not.
            |chain| {
                let twice = r#"{"client":"bob","client":"alice","number":2}"#;
                chain.entry(2).content = RawValue::from_string(twice.to_owned()).unwrap();
            },
            &["the content of entry 2 was changed"],
        ),
        (
            |chain| chain.entry(2).content = raw(&Value::Null),
            &["the content of entry 2 is gone, and no tombstone says why"],
        ),
        (
            |chain| chain.entry(2).node = "m".into(),
            &["entry 2 (record) was changed, or does not follow the one before it"],
        ),
        (|chain| drop(chain.lines.remove(2)), &["entry 2 is missing"]),
        (
            |chain| drop(chain.lines.drain(2..4)),
            &[
                "entries 2 to 3 are missing",
                "the checkpoint of entry 3 does not fit the entry: the chain was written anew",
            ],
        ),
        (
            |chain| {
                let again = chain.lines[2].clone();
                chain.lines.insert(3, again);
            },
            &["entry 2 stands after entry 2: it was inserted, or others were moved"],
        ),
        (|chain| chain.lines.truncate(6), &["nothing is signed after entry 3: the end may be cut off"]),
        (|chain| drop(chain.lines.remove(0)), &["the export has no first line: its beginning is cut off"]),
        (|chain| chain.lines.truncate(0), &["there is nothing in the export"]),
        (
            // Content, hashes and links all made to fit again: only the signatures stand against it.
            |chain| {
                let (mut previous, forged) = (Hash::default(), raw(&json!({"number": 2, "client": "bob"})));
                for seq in 1..=6 {
                    let old = chain.entry(seq).clone();
                    let content = if seq == 2 { forged.clone() } else { old.content };
                    let new = entry(seq, previous, old.kind, content);
                    previous = new.hash;
                    *chain.entry(seq) = new;
                }
            },
            &[
                "the checkpoint of entry 3 does not fit the entry: the chain was written anew",
                "the checkpoint of entry 6 does not fit the entry: the chain was written anew",
                "nothing is signed after entry 0: the end may be cut off",
            ],
        ),
    ];
    for (place, (edit, expected)) in edits.iter().enumerate() {
        let mut chain = Chain::new(&format!("edit-{place}"));
        edit(&mut chain);
        let faults = chain.faults();
        let told: Vec<_> = faults.iter().filter(|fault| expected.contains(&fault.as_str())).collect();
        assert_eq!(told.len(), expected.len(), "edit {place}: {faults:?}");
        // A chain that was cut needs no more words than that; others are told once.
        assert!(faults.len() <= expected.len() + 2, "edit {place}: {faults:?}");
    }
}

#[test]
fn an_end_that_was_cut_off_at_a_signature_shows_by_what_was_kept_elsewhere() {
    let mut chain = Chain::new("cut");
    let anchors = chain.checkpoints();
    chain.lines.truncate(5);
    assert_eq!(chain.faults(), [] as [&str; 0]);
    let told = chain.verdict(&anchors).faults;
    assert_eq!(told, ["the chain is cut off after entry 3: an anchored checkpoint has entry 6"]);
}

#[test]
fn a_signature_of_another_key_counts_for_nothing() {
    let chain = Chain::new("one");
    let other = Chain::new("other");
    let told = chain.verdict(&other.checkpoints()).faults;
    assert!(
        told.contains(&"the anchored checkpoint of entry 3 is not signed with the service's key".to_owned()),
        "{told:?}"
    );
    let text: String = chain.lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
    let told = verify(text.as_bytes(), Some(other.key.public()), &[]).unwrap().faults;
    assert!(told.first().unwrap().starts_with("the export is signed with key"), "{told:?}");
}

#[test]
fn what_a_tombstone_took_out_is_accounted_for_and_nothing_else() {
    let mut chain = Chain::new("tombstone");
    let replaced = raw(&json!({"number": 4}));
    let hash = Hash::of(replaced.get());
    let tombstone = Tombstone { what: "erased".into(), who: "x".into(), gone: vec![(1, 2)], replaced: vec![(4, hash)] };
    chain.add(Kind::Tombstone, serde_json::to_value(tombstone).unwrap());
    chain.sign();
    chain.entry(1).content = raw(&Value::Null);
    chain.entry(2).content = raw(&Value::Null);
    chain.entry(4).content = replaced;
    let verdict = chain.verdict(&[]);
    assert_eq!((verdict.faults.as_slice(), verdict.tombstoned), (&[] as &[String], 3));
    // A tombstone is no licence: neither for another content, nor for another entry.
    chain.entry(4).content = raw(&json!({"number": 5}));
    chain.entry(5).content = raw(&Value::Null);
    chain.entry(1).content = raw(&json!({"number": 7}));
    assert_eq!(
        chain.faults(),
        [
            "the content of entry 1 was changed",
            "the content of entry 4 was changed",
            "the content of entry 5 is gone, and no tombstone says why"
        ]
    );
}

#[test]
fn a_part_of_the_chain_is_checked_from_where_it_begins() {
    let mut chain = Chain::new("part");
    let previous = chain.entry(3).hash;
    chain.lines.drain(1..5);
    chain.lines[0] = Line::Begin(Begin { first: 4, previous, key: chain.key.public().to_string() });
    assert_eq!(chain.faults(), [] as [&str; 0]);
}
