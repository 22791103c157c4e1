//! Runs of base64 or hexadecimal digits: text in disguise, or something that is no text.

use super::Decoded;
use crate::detect::marks::{CHUNK, Marks, around};
use crate::detect::{Opaque, OpaqueKind, Work, base64, language, view::View};

/// The shortest run that is decoded: ten bytes of base64 without its padding.
const SHORTEST: usize = 14;
/// The shortest text in a decoded run that is worth scanning.
const SHORTEST_TEXT: usize = 8;
/// Runs of this length that decode to no text are told.
const BLOB: usize = 1024;
/// Random base64 of that length has nearly all 64 characters; words run together have few.
const BLOB_VARIETY: usize = 36;
/// The same for hexadecimal digits, of which there are 16.
const HEX_VARIETY: usize = 12;
/// Lines of at least this many characters are joined, as mail and certificates wrap them.
const WRAPPED: usize = 48;

/// Decodes all runs of a text.
pub fn decode(text: &str, marks: &[Marks], work: &mut Work, decoded: &mut Decoded) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some((start, end)) = next_run(bytes, marks, at) {
        at = end;
        let run = bytes.get(start..end).unwrap_or_default();
        if !work.take(run.len() as u64) {
            return;
        }
        if run.len() >= BLOB {
            long(run, start, decoded);
        } else if language::is_surely(run) {
            continue;
        } else {
            short(run, start, decoded);
        }
    }
}

/// The next run from `from` on.
fn next_run(bytes: &[u8], marks: &[Marks], from: usize) -> Option<(usize, usize)> {
    let mut after = from % CHUNK;
    for chunk in from / CHUNK..marks.len() {
        let around = around(marks, chunk);
        let mut runs = u128::from(around.here.base64()) | u128::from(around.after.base64()) << 64;
        // Each bit comes to tell of itself and one after it, then of three, seven, and thirteen.
        for by in [1, 2, 4, SHORTEST - 8] {
            runs &= runs >> by;
        }
        let starts = runs as u64 & u64::MAX << after;
        if starts != 0 {
            let start = chunk * CHUNK + starts.trailing_zeros() as usize;
            return Some((start, run_end(bytes, start)));
        }
        after = 0;
    }
    None
}

/// Where a run ends; wrapped lines go on.
fn run_end(bytes: &[u8], start: usize) -> usize {
    let mut line = start;
    loop {
        let end = line + bytes.iter().skip(line).take_while(|byte| is_digit(**byte)).count();
        let gap = match bytes.get(end..) {
            Some([b'\n', ..]) => 1,
            Some([b'\r', b'\n', ..]) => 2,
            _ => return end,
        };
        let goes_on = bytes
            .get(end + gap..)
            .is_some_and(|rest| rest.iter().take(SHORTEST).all(|byte| is_digit(*byte)) && !rest.is_empty());
        if end - line < WRAPPED || !goes_on {
            return end;
        }
        line = end + gap;
    }
}

fn is_digit(byte: u8) -> bool {
    base64::bits(byte).is_some()
}

/// A short run: whatever text it holds, at whichever of the four places base64 may begin.
fn short(run: &[u8], from: usize, decoded: &mut Decoded) {
    if run.iter().all(|byte| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace()) {
        texts(&unhex(run), from, run.len(), decoded);
    }
    for skip in 0..4 {
        let rest = run.get(skip..).unwrap_or_default();
        texts(&plain(rest), from + skip, rest.len(), decoded);
    }
}

/// A long run: text, or something to be told of.
fn long(run: &[u8], from: usize, decoded: &mut Decoded) {
    if run.iter().all(|byte| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace()) {
        return whole(&unhex(run), from, run.len(), language::distinct(run) >= HEX_VARIETY, decoded);
    }
    let sample = |skip: &usize| is_text(&plain(run.get(*skip..skip + 128).unwrap_or_default()));
    let skip = (0..4).find(sample).unwrap_or(0);
    let rest = run.get(skip..).unwrap_or_default();
    whole(&plain(rest), from + skip, rest.len(), language::distinct(run) >= BLOB_VARIETY, decoded);
}

fn whole(bytes: &[u8], from: usize, from_len: usize, varied: bool, decoded: &mut Decoded) {
    texts(bytes, from, from_len, decoded);
    if varied && !is_text(bytes) {
        decoded.opaque.push(Opaque { kind: kind(bytes), start: from, end: from + from_len });
    }
}

/// Base64 without the line breaks.
fn plain(run: &[u8]) -> Vec<u8> {
    if memchr::memchr(b'\n', run).is_none() {
        return base64::decode(run);
    }
    let joined: Vec<u8> = run.iter().copied().filter(|byte| is_digit(*byte)).collect();
    base64::decode(&joined)
}

fn unhex(run: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> =
        run.iter().filter_map(|byte| char::from(*byte).to_digit(16)).map(|digit| digit as u8).collect();
    digits.as_chunks().0.iter().map(|[high, low]| high << 4 | low).collect()
}

/// Adds a view of each stretch of text in decoded bytes. Zeros are passed over, as UTF-16 has them in ASCII.
fn texts(bytes: &[u8], from: usize, from_len: usize, decoded: &mut Decoded) {
    if !may_hold_text(bytes) {
        return;
    }
    let scale = |at: usize| from + at * from_len / bytes.len().max(1);
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        for stretch in chunk.valid().split_inclusive(is_no_text) {
            let text = stretch.strip_suffix(is_no_text).unwrap_or(stretch);
            let text = if text.contains('\0') { text.replace('\0', "") } else { text.to_owned() };
            if text.len() >= SHORTEST_TEXT {
                let mut view = View::default();
                let start = scale(at);
                view.push(&text, start, scale(at + stretch.len()).saturating_sub(start));
                decoded.views.push(view);
            }
            at += stretch.len();
        }
        at += chunk.invalid().len();
    }
}

/// Whether some stretch may be text that is long enough: nearly all runs that are decoded come to random bytes.
fn may_hold_text(bytes: &[u8]) -> bool {
    let (mut length, mut before) = (0, Part::Nothing);
    bytes.iter().any(|byte| {
        let part = part(*byte);
        length = match (before, part) {
            (_, Part::Nothing) | (Part::Nothing | Part::Ascii, Part::Later) => 0,
            (Part::First, Part::Ascii | Part::First) => 1,
            _ => length + 1,
        };
        before = part;
        length >= SHORTEST_TEXT
    })
}

/// What a byte is in a text.
#[derive(Clone, Copy)]
enum Part {
    Nothing,
    Ascii,
    /// The first byte of a longer character, or a later one. RFC 3629, section 4.
    First,
    Later,
}

fn part(byte: u8) -> Part {
    match byte {
        b'\0' | b'\t' | b'\n' | b'\r' | b' '..=b'~' => Part::Ascii,
        0x80..=0xBF => Part::Later,
        0xC2..=0xF4 => Part::First,
        _ => Part::Nothing,
    }
}

fn is_no_text(char: char) -> bool {
    char.is_control() && !matches!(char, '\n' | '\r' | '\t' | '\0')
}

/// Whether nearly all bytes are those of text.
fn is_text(bytes: &[u8]) -> bool {
    let texts = bytes
        .utf8_chunks()
        .map(|chunk| chunk.valid().chars().filter(|char| !is_no_text(*char)).map(char::len_utf8).sum::<usize>());
    texts.sum::<usize>() * 10 >= bytes.len() * 9
}

/// What some bytes are, by the first of them.
fn kind(bytes: &[u8]) -> OpaqueKind {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] | [0xFF, 0xD8, 0xFF, ..] | [b'G', b'I', b'F', b'8', ..] | [b'B', b'M', ..] => {
            OpaqueKind::Image
        }
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => OpaqueKind::Image,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => OpaqueKind::Audio,
        [b'I', b'D', b'3', ..]
        | [0xFF, 0xFB | 0xF3 | 0xF2, ..]
        | [b'O', b'g', b'g', b'S', ..]
        | [b'f', b'L', b'a', b'C', ..] => OpaqueKind::Audio,
        [b'%', b'P', b'D', b'F', ..] => OpaqueKind::Pdf,
        _ => OpaqueKind::Other,
    }
}
