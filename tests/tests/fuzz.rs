//! What the fuzz targets check, checked briefly without a fuzzer: on every kept input, and on inputs made from those.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// Inputs that are made from the kept ones, for each target.
const MADE: usize = 100;

#[test]
fn every_kept_input_and_many_like_them_keep_what_is_promised() {
    for (name, check) in targets::TARGETS {
        let kept = corpus(name);
        assert!(!kept.is_empty(), "no input is kept for `{name}`");
        let mut random = Random(1);
        let made = std::iter::repeat_with(|| mutated(&kept, &mut random)).take(MADE);
        for input in kept.iter().cloned().chain(made) {
            if catch_unwind(|| check(&input)).is_err() {
                panic!("`{name}` does not stand b\"{}\"", input.escape_ascii());
            }
        }
    }
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    let files = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> = files.collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a kept input can be read")).collect()
}

/// One of the kept inputs with some damage: bytes changed, doubled, taken out, and the end of another put behind it.
fn mutated(kept: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = kept[random.below(kept.len())].clone();
    for _ in 0..1 + random.below(4) {
        let (from, to) = (random.below(input.len() + 1), random.below(input.len() + 1));
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 64));
        match random.below(5) {
            0 => drop(input.drain(from..to)),
            1 => input.splice(from..from, input[from..to].to_vec()).for_each(drop),
            2 => {
                let other = &kept[random.below(kept.len())];
                input.truncate(from);
                input.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            3 => input.insert(from, SPECIAL[random.below(SPECIAL.len())]),
            _ => {
                let byte = u8::try_from(random.below(256)).unwrap_or_default();
                input.get_mut(from).into_iter().for_each(|place| *place = byte);
            }
        }
    }
    input
}

/// Bytes that mean something to a reader of JSON, YAML or UTF-8.
const SPECIAL: [u8; 16] = *b"\"\\{}[]:,u0 \n\0\x80\xff-";

/// Numbers that are the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound.max(1)
    }
}
