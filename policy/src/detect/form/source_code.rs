//! `source-code`: a stretch of text with many marks of a program.

use super::{Form, Hit, Stands};
use crate::detect::Confidence;

pub const FORM: Form = Form {
    name: "source-code",
    triggers: &["#include", "import ", "function ", "def ", "public class", "const ", "package ", "struct ", "return "],
    stands: Stands::AtStart,
    far: WINDOW / 3,
    find,
};

/// How much text after a trigger is looked at.
const WINDOW: usize = 768;
/// How many different marks make a program.
const ENOUGH: usize = 5;
/// Different marks of programs in the usual languages.
const MARKS: [&[u8]; 30] = [
    b"#include <",
    b"\nimport ",
    b"\nfrom ",
    b"function ",
    b"\ndef ",
    b"    def ",
    b"class ",
    b"const ",
    b"let ",
    b"var ",
    b"return ",
    b"public ",
    b"private ",
    b"static ",
    b"void ",
    b"if (",
    b"for (",
    b"while (",
    b"else {",
    b") {",
    b"};",
    b";\n",
    b"{\n",
    b"self.",
    b"this.",
    b"=> ",
    b"fn ",
    b"func ",
    b" == ",
    b"():",
];

fn find(text: &[u8], at: usize, steps: &mut u64) -> Option<Hit> {
    let before = text.get(..at)?;
    let line = before.iter().rev().take(16).take_while(|byte| **byte == b' ' || **byte == b'\t').count();
    if !matches!(text.get(..at - line)?.last(), None | Some(b'\n')) {
        return None;
    }
    let window = text.get(at.saturating_sub(1)..(at + WINDOW).min(text.len()))?;
    *steps = steps.saturating_sub(WINDOW as u64);
    let marks = marks(window);
    let lines = memchr::memchr_iter(b'\n', window).count();
    (marks >= ENOUGH && lines >= 4).then_some(Hit {
        start: at,
        end: at.saturating_sub(1) + window.len(),
        confidence: Confidence::Pattern,
        test: false,
    })
}

/// How many different marks there are, up to what is enough.
fn marks(window: &[u8]) -> usize {
    let (begin, mut seen) = (&*BEGIN, 0_u32);
    for (at, [first, second]) in window.array_windows().enumerate() {
        let [mut begun, _] = begin.get(usize::from(*first)).copied().unwrap_or_default();
        let [_, goes_on] = begin.get(usize::from(*second)).copied().unwrap_or_default();
        begun &= goes_on & !seen;
        while begun != 0 {
            let mark = begun.trailing_zeros();
            begun &= begun - 1;
            let stands =
                MARKS.get(mark as usize).is_some_and(|mark| window.get(at..).is_some_and(|w| w.starts_with(mark)));
            seen |= u32::from(stands) << mark;
        }
        if seen.count_ones() as usize >= ENOUGH {
            break;
        }
    }
    seen.count_ones() as usize
}

/// For each byte, the marks that begin with it and those that have it as their second, a bit each.
static BEGIN: std::sync::LazyLock<[[u32; 2]; 256]> = std::sync::LazyLock::new(|| {
    let mut begin = [[0; 2]; 256];
    for (mark, number) in MARKS.iter().zip(0..) {
        for (byte, place) in mark.iter().zip(0..2_usize) {
            let marks = begin.get_mut(usize::from(*byte)).and_then(|both| both.get_mut(place));
            marks.into_iter().for_each(|marks| *marks |= 1 << number);
        }
    }
    begin
});
