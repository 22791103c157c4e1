//! The objects and arrays that are open, the keys they were seen to hold, and the name that a value stands under.

use std::hash::{DefaultHasher, Hasher};

use super::{Container, DEPTH_MOST, KEY_SHOWN, KEYS_MOST, Malformed};
use crate::request::Unreadable;

/// The open objects and arrays, outermost first.
#[derive(Debug, Default)]
pub(super) struct Frames {
    frames: Vec<Frame>,
    /// The names of all frames, one after the other.
    names: Vec<u8>,
    /// The hashes of the keys of all open objects, one object after the other.
    keys: Vec<u64>,
    /// The key being read.
    hasher: DefaultHasher,
}

/// An open object or array.
#[derive(Clone, Copy, Debug)]
struct Frame {
    container: Container,
    /// Where its name begins in `names`; it ends where those of the next frame begin.
    name: usize,
    /// Where its keys begin in `keys`.
    keys: usize,
}

// === impl Frames ===

impl Frames {
    /// How many are open.
    pub(super) fn depth(&self) -> usize {
        self.frames.len()
    }

    /// The innermost one.
    pub(super) fn innermost(&self) -> Option<Container> {
        self.frames.last().map(|frame| frame.container)
    }

    /// Opens an object or array whose bracket is at `at`.
    pub(super) fn open(&mut self, container: Container, at: u64) -> Result<(), Malformed> {
        if self.frames.len() >= DEPTH_MOST {
            return Err(Malformed { reason: Unreadable::TooDeep, at, what: "nested too deeply" });
        }
        self.frames.push(Frame { container, name: self.names.len(), keys: self.keys.len() });
        Ok(())
    }

    /// Closes the innermost one, whose closing bracket is at `at`.
    pub(super) fn close(&mut self, at: u64) -> Result<(), Malformed> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        self.names.truncate(frame.name);
        let keys = self.keys.get_mut(frame.keys..).unwrap_or_default();
        keys.sort_unstable();
        let twice = keys.array_windows().any(|[one, next]| one == next);
        self.keys.truncate(frame.keys);
        if twice {
            let what = "the object that ends here holds a key twice";
            return Err(Malformed { reason: Unreadable::DuplicateKey, at, what });
        }
        Ok(())
    }

    /// Begins the next key of the innermost object.
    pub(super) fn begin_key(&mut self) {
        self.hasher = DefaultHasher::new();
        self.names.truncate(self.frames.last().map_or(0, |frame| frame.name));
    }

    /// Takes the next piece of the key, unescaped.
    pub(super) fn extend_key(&mut self, piece: &str) {
        let folds = self.depth() == 1 && piece.bytes().any(|byte| byte.is_ascii_uppercase() || byte >= 0x80);
        if folds {
            let folded: String = piece.chars().map(fold).collect();
            self.hasher.write(folded.as_bytes());
        } else {
            self.hasher.write(piece.as_bytes());
        }
        // One byte more than is shown tells a key that is too long to show.
        let base = self.frames.last().map_or(0, |frame| frame.name);
        let room = (base + KEY_SHOWN + 1).saturating_sub(self.names.len());
        self.names.extend(piece.bytes().take(room));
    }

    /// Ends the key, whose opening quote is at `at`.
    pub(super) fn end_key(&mut self, at: u64) -> Result<(), Malformed> {
        let base = self.frames.last().map_or(0, |frame| frame.name);
        if self.names.len() - base > KEY_SHOWN {
            self.names.truncate(base);
        }
        if self.keys.len() >= KEYS_MOST {
            return Err(Malformed { reason: Unreadable::TooManyKeys, at, what: "too many keys in the open objects" });
        }
        self.keys.push(self.hasher.finish());
        Ok(())
    }

    /// The name that a value stands under: the innermost object's key, as the arrays in it have none of their own.
    pub(super) fn name(&self) -> &[u8] {
        self.name_within(self.frames.len())
    }

    /// The name that the innermost object stands under.
    pub(super) fn outer_name(&self) -> &[u8] {
        self.name_within(self.frames.len().saturating_sub(1))
    }

    /// The name under which what stands in the `depth` outermost frames stands.
    fn name_within(&self, depth: usize) -> &[u8] {
        let end = self.frames.get(depth).map_or(self.names.len(), |frame| frame.name);
        let outside = self.frames.get(..depth).unwrap_or_default();
        let object = outside.iter().rev().find(|frame| frame.container == Container::Object);
        object.and_then(|frame| self.names.get(frame.name..end)).unwrap_or_default()
    }
}

/// A character without its case, as far as a name in ASCII can be meant by it
/// ([Go's `encoding/json`](https://pkg.go.dev/encoding/json#Unmarshal) folds these two as well).
pub(crate) fn fold(character: char) -> char {
    match character {
        'ſ' => 's',
        '\u{212A}' => 'k',
        _ => character.to_ascii_lowercase(),
    }
}
