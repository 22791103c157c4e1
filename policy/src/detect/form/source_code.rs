//! `source-code`: a stretch of text with many marks of a program.

use super::{Form, Hit};
use crate::detect::Confidence;
use memchr::memmem;

pub const FORM: Form = Form {
    name: "source-code",
    triggers: &["#include", "import ", "function ", "def ", "public class", "const ", "package ", "struct ", "return "],
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
    *steps = steps.saturating_sub(WINDOW as u64 * 4);
    let marks = MARKS.iter().filter(|mark| memmem::find(window, mark).is_some()).count();
    let lines = memchr::memchr_iter(b'\n', window).count();
    (marks >= ENOUGH && lines >= 4).then_some(Hit {
        start: at,
        end: at.saturating_sub(1) + window.len(),
        confidence: Confidence::Pattern,
        test: false,
    })
}
