//! Folds characters that look like ASCII to ASCII, and drops those that do not show.
//!
//! A small part of Unicode's compatibility decomposition (UAX 15, NFKC) and of its confusables (UTS 39): what changes how
//! a person or a model reads an identifier, and nothing else.

use super::text::is_word;
use super::view::View;
use std::ops::Range;

/// The text as it reads, if that is not how it is written.
pub fn fold(text: &str) -> Option<View> {
    if text.is_ascii() {
        return None;
    }
    let (mut view, mut mixed) = (View::default(), Mixed::default());
    let (mut changed, mut plain, mut next) = (false, 0, 0);
    while let Some(run) = foreign_run(text.as_bytes(), next) {
        next = run.end;
        // Nearly no word of Greek or Cyrillic touches an ASCII one.
        let touches = touches_ascii_word(text.as_bytes(), &run);
        for (place, char) in text.get(run.clone()).unwrap_or_default().char_indices() {
            let at = run.start + place;
            let folded = match folded(char) {
                Folded::Same => continue,
                Folded::If(ascii) if touches && mixed.is(text, at) => Folded::To(ascii),
                Folded::If(_) => continue,
                folded => folded,
            };
            view.push(text.get(plain..at).unwrap_or_default(), plain, at - plain);
            plain = at + char.len_utf8();
            if let Folded::To(ascii) = folded {
                view.push(ascii.encode_utf8(&mut [0; 4]), at, char.len_utf8());
            }
            changed = true;
        }
    }
    view.push(text.get(plain..).unwrap_or_default(), plain, text.len() - plain);
    changed.then_some(view)
}

/// The next bytes that are not ASCII, which are whole characters.
fn foreign_run(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let rest = bytes.get(from..)?;
    let start = ascii_prefix(rest);
    let length = rest.iter().skip(start).take_while(|byte| !byte.is_ascii()).count();
    (length > 0).then_some(from + start..from + start + length)
}

/// How many ASCII bytes a text begins with; it looks at eight of them together.
#[inline]
fn ascii_prefix(bytes: &[u8]) -> usize {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let eights = bytes.as_chunks::<8>().0.iter().take_while(|eight| u64::from_le_bytes(**eight) & HIGH == 0);
    let whole = 8 * eights.count();
    whole + bytes.iter().skip(whole).take_while(|byte| byte.is_ascii()).count()
}

/// Whether a letter or digit of ASCII is next to some bytes.
fn touches_ascii_word(bytes: &[u8], run: &Range<usize>) -> bool {
    let before = run.start.checked_sub(1).and_then(|before| bytes.get(before));
    [before, bytes.get(run.end)].into_iter().flatten().any(|byte| is_word(*byte))
}

/// What becomes of a character.
enum Folded {
    Same,
    Drop,
    To(char),
    /// This, within a word that has ASCII letters or digits too.
    If(char),
}

/// Whether a word mixes scripts, asked once for each word.
#[derive(Default)]
struct Mixed {
    end: usize,
    is: bool,
}

/// The most characters of a word that are looked at.
const MAX_WORD: usize = 128;

impl Mixed {
    fn is(&mut self, text: &str, at: usize) -> bool {
        if at >= self.end {
            // Greek and Cyrillic, in which such words are written, need no table.
            let of_word = |char: &char| match char {
                '0'..='9' | 'A'..='Z' | 'a'..='z' | '_' | '\u{370}'..='\u{52F}' => true,
                other => !other.is_ascii() && other.is_alphanumeric(),
            };
            let before = text.get(..at).unwrap_or_default().chars().rev().take(MAX_WORD).take_while(of_word);
            let after = || text.get(at..).unwrap_or_default().chars().take(MAX_WORD).take_while(of_word);
            self.is = before.chain(after()).any(|char| char.is_ascii_alphanumeric());
            self.end = at + after().map(char::len_utf8).sum::<usize>();
        }
        self.is
    }
}

fn folded(char: char) -> Folded {
    let code = u32::from(char);
    match code {
        // Greek and Cyrillic; Latin; Kana and Han; Hangul: what most texts are made of comes first.
        0x370..=0x52F => match GREEK_AND_CYRILLIC.get(code as usize - 0x370) {
            Some(0) | None => Folded::Same,
            Some(ascii) => Folded::If(char::from(*ascii)),
        },
        0xC0..=0x130 | 0x132..=0x24F | 0x3001..=0x312F | 0x3190..=0x9FFF | 0xAC00..=0xD7A3 => Folded::Same,
        0xA0 | 0x1680 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 => Folded::To(' '),
        0x2028 | 0x2029 | 0x85 => Folded::To('\n'),
        0xAD
        | 0x34F
        | 0x61C
        | 0x115F
        | 0x1160
        | 0x17B4
        | 0x17B5
        | 0x180B..=0x180E
        | 0x200B..=0x200F
        | 0x202A..=0x202E => Folded::Drop,
        0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF9..=0xFFFB | 0x300..=0x36F => Folded::Drop,
        // Tags: invisible ASCII.
        0xE0020..=0xE007E => ascii(code - 0xE0000),
        0xE0000..=0xE0FFF => Folded::Drop,
        0x2010..=0x2015 | 0x2043 | 0x2212 | 0xFE58 | 0xFE63 => Folded::To('-'),
        0x2018..=0x201B | 0x2032 => Folded::To('\''),
        0x201C..=0x201F | 0x2033 => Folded::To('"'),
        0x2024 | 0xFE52 => Folded::To('.'),
        0x2044 | 0x2215 => Folded::To('/'),
        0xFE55 | 0x2236 | 0xA789 => Folded::To(':'),
        0xFE6B => Folded::To('@'),
        0xFF01..=0xFF5E => ascii(code - 0xFEE0),
        0x1D400..=0x1D6A3 => letter((code - 0x1D400) % 52),
        0x1D7CE..=0x1D7FF => ascii(0x30 + (code - 0x1D7CE) % 10),
        0x24B6..=0x24E9 => letter(code - 0x24B6),
        0x1F130..=0x1F149 => letter(code - 0x1F130),
        0x1F150..=0x1F169 => letter(code - 0x1F150),
        0x1F170..=0x1F189 => letter(code - 0x1F170),
        0x2460..=0x2468 => ascii(0x31 + code - 0x2460),
        0x24EA => Folded::To('0'),
        0xB9 => Folded::To('1'),
        0xB2 | 0xB3 => ascii(0x30 + code - 0xB0),
        0x2070 | 0x2074..=0x2079 => ascii(0x30 + code - 0x2070),
        0x2080..=0x2089 => ascii(0x30 + code - 0x2080),
        0x2100..=0x214F => letterlike(char),
        _ => digit(code).or_else(|| alike(char).map(Folded::If)).unwrap_or(Folded::Same),
    }
}

fn ascii(code: u32) -> Folded {
    char::from_u32(code).map_or(Folded::Same, Folded::To)
}

/// The letter of this number in `A..=Z`, `a..=z`.
fn letter(number: u32) -> Folded {
    if number < 26 { ascii(0x41 + number) } else { ascii(0x61 + number - 26) }
}

/// The letters of mathematics that stand apart from the rest.
fn letterlike(char: char) -> Folded {
    Folded::To(match char {
        'ℬ' => 'B',
        'ℂ' | 'ℭ' => 'C',
        'ℰ' => 'E',
        'ℱ' => 'F',
        'ℋ' | 'ℌ' | 'ℍ' => 'H',
        'ℐ' | 'ℑ' => 'I',
        'ℒ' => 'L',
        'ℳ' => 'M',
        'ℕ' => 'N',
        'ℙ' => 'P',
        'ℚ' => 'Q',
        'ℛ' | 'ℜ' | 'ℝ' => 'R',
        'ℤ' | 'ℨ' => 'Z',
        'ℯ' => 'e',
        'ℊ' => 'g',
        'ℎ' => 'h',
        'ℓ' => 'l',
        'ℴ' => 'o',
        'K' => 'K',
        _ => return Folded::Same,
    })
}

/// The zeros of the decimal digits of other scripts.
const ZEROS: [u32; 20] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0, 0xF20, 0x1040,
    0x17E0, 0x1810, 0x1946, 0xA620,
];

fn digit(code: u32) -> Option<Folded> {
    if !(0x660..0xA630).contains(&code) {
        return None;
    }
    ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code)).map(|zero| ascii(0x30 + code - zero))
}

/// What [`alike`] says of the letters from U+0370 on, as it is asked for each of them; 0 is none.
static GREEK_AND_CYRILLIC: [u8; 0x530 - 0x370] = {
    let mut table = [0; 0x530 - 0x370];
    let mut rest = table.as_mut_slice();
    let mut code = 0x370;
    while let Some((ascii, after)) = rest.split_first_mut() {
        if let Some(char) = char::from_u32(code)
            && let Some(alike) = alike(char)
        {
            *ascii = alike as u8;
        }
        code += 1;
        rest = after;
    }
    table
};

/// Letters of other scripts that look like ASCII letters.
const fn alike(char: char) -> Option<char> {
    Some(match char {
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'С' | 'Ϲ' => 'C',
        'Е' | 'Ε' => 'E',
        'Ԍ' => 'G',
        'Н' | 'Η' => 'H',
        'І' | 'Ι' | 'Ӏ' => 'I',
        'Ј' => 'J',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'О' | 'Ο' | 'Օ' => 'O',
        'Р' | 'Ρ' => 'P',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'Ѵ' => 'V',
        'Ԝ' => 'W',
        'Х' | 'Χ' => 'X',
        'У' | 'Υ' | 'Ү' => 'Y',
        'Ζ' => 'Z',
        'З' => '3',
        'а' | 'α' | 'ɑ' => 'a',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' => 'e',
        'ɡ' => 'g',
        'һ' => 'h',
        'і' | 'ι' | 'ı' => 'i',
        'ј' | 'ϳ' => 'j',
        'к' | 'κ' => 'k',
        'ӏ' | 'ⅼ' => 'l',
        'ո' => 'n',
        'о' | 'ο' | 'օ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'ս' | 'υ' => 'u',
        'ѵ' | 'ν' => 'v',
        'ԝ' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'ү' => 'y',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_ascii_becomes_ascii() {
        let cases = [
            ("ＡＫＩＡ１２", "AKIA12"),
            ("536\u{2013}22\u{2011}1234", "536-22-1234"),
            ("4111\u{a0}1111\u{2009}1111", "4111 1111 1111"),
            ("AK\u{200b}I\u{ad}A", "AKIA"),
            ("𝐀𝐊𝐈𝐀𝟙𝟚", "AKIA12"),
            ("١٢٣-४५", "123-45"),
            ("аpi_kеy", "api_key"),
            ("“x”", "\"x\""),
        ];
        for (written, read) in cases {
            assert_eq!(fold(written).unwrap().text, read);
        }
        for same in ["plain", "привет мир", "こんにちは", "naïve café", "αβγ"] {
            assert!(fold(same).is_none(), "{same}");
        }
    }

    #[test]
    fn spans_lead_back_to_what_was_written() {
        let written = "é: ＡB\u{200b}C!";
        let view = fold(written).unwrap();
        let at = view.text.find("ABC").unwrap();
        let (start, end) = view.origin(at, at + 3);
        assert_eq!(written.get(start..end), Some("ＡB\u{200b}C"));
    }
}
