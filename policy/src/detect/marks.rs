//! The classes of a text's bytes as bitmaps: the stages after it look at 64 bytes at a time.

mod lanes;

/// How many bytes one [`Marks`] tells of.
pub const CHUNK: usize = 64;

/// The classes of 64 bytes: the lowest bit of each is that of the first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    pub digit: u64,
    pub lower: u64,
    pub upper: u64,
    pub underscore: u64,
    /// `+`, `-`, `/`: with letters, digits and underscores these make base64.
    pub symbol: u64,
    pub backslash: u64,
}

/// The marks of 64 bytes with those before and after them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around {
    pub before: Marks,
    pub here: Marks,
    pub after: Marks,
}

/// Marks a text; bytes that would come after its end have no class.
pub fn mark(text: &[u8], marks: &mut Vec<Marks>) {
    marks.clear();
    let (chunks, rest) = text.as_chunks::<CHUNK>();
    marks.extend(chunks.iter().map(lanes::of));
    if !rest.is_empty() {
        let mut last = [0; CHUNK];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        marks.push(lanes::of(&last));
    }
}

/// The marks of the chunk of this number, and those around it.
pub fn around(marks: &[Marks], chunk: usize) -> Around {
    let at = |place: Option<usize>| place.and_then(|place| marks.get(place)).copied().unwrap_or_default();
    Around { before: at(chunk.checked_sub(1)), here: at(Some(chunk)), after: at(Some(chunk + 1)) }
}

// === impl Marks ===

impl Marks {
    /// ASCII letters.
    pub fn letter(self) -> u64 {
        self.lower | self.upper
    }

    /// ASCII letters and digits.
    pub fn alphanumeric(self) -> u64 {
        self.digit | self.letter()
    }

    /// What [`super::text::is_word`] says.
    pub fn word(self) -> u64 {
        self.alphanumeric() | self.underscore
    }

    /// What [`super::base64::bits`] takes.
    pub fn base64(self) -> u64 {
        self.word() | self.symbol
    }
}

// === impl Around ===

impl Around {
    /// The bits of a class, from one of the 64 bytes on: of 64 bytes.
    #[inline]
    pub fn ahead(&self, class: impl Fn(Marks) -> u64, bit: u32) -> u64 {
        join(class(self.here), class(self.after), bit)
    }

    /// The bits of a class, each moved to the byte after it.
    #[inline]
    fn moved(&self, class: impl Fn(Marks) -> u64, by: u32) -> u64 {
        class(self.here) << by | class(self.before) >> (64 - by)
    }

    /// Where a word begins, also one that follows a written escape such as `\n`, whose letter belongs to no word.
    pub fn word_starts(&self) -> u64 {
        self.here.word() & (!self.moved(Marks::word, 1) | self.after_escape())
    }

    /// Where a part of a word begins: after an underscore, and at a capital after a small letter, too.
    pub fn part_starts(&self) -> u64 {
        let apart = !self.moved(Marks::alphanumeric, 1) | self.capital_after_small() | self.after_escape();
        self.here.alphanumeric() & apart
    }

    /// Where, within letters and digits, a part of a word ends before: `x|Name`, `x|1`. Here, and in the 64 bytes after.
    pub fn part_ends(&self) -> (u64, u64) {
        let next = Self { before: self.here, here: self.after, after: Marks::default() };
        let ends = |around: &Self| around.capital_after_small() | (around.here.digit & around.moved(Marks::letter, 1));
        (ends(self), ends(&next))
    }

    fn capital_after_small(&self) -> u64 {
        self.here.upper & self.moved(|marks| marks.lower, 1)
    }

    fn after_escape(&self) -> u64 {
        self.moved(|marks| marks.backslash, 2)
    }
}

/// From this bit of the first word on, so many bits of both.
#[inline]
pub fn join(first: u64, second: u64, bit: u32) -> u64 {
    first >> bit | (second << 1) << (63 - bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(text: &str, of: impl Fn(&Around) -> u64) -> Vec<usize> {
        let mut marks = vec![];
        mark(text.as_bytes(), &mut marks);
        let place = |chunk: usize| {
            let bits = of(&around(&marks, chunk));
            (0..CHUNK).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| chunk * CHUNK + bit)
        };
        (0..marks.len()).flat_map(place).collect()
    }

    #[test]
    fn every_byte_has_its_class_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in [0, 15, 16, 63, 64, 70] {
                let mut text = vec![b' '; place];
                text.push(byte);
                let mut marks = vec![];
                mark(&text, &mut marks);
                let at = |class: u64| class >> (place % CHUNK) & 1 == 1;
                let last = marks.last().copied().unwrap();
                assert_eq!(at(last.digit), byte.is_ascii_digit(), "{byte}");
                assert_eq!(at(last.lower), byte.is_ascii_lowercase(), "{byte}");
                assert_eq!(at(last.upper), byte.is_ascii_uppercase(), "{byte}");
                assert_eq!(at(last.word()), super::super::text::is_word(byte), "{byte}");
                assert_eq!(at(last.base64()), super::super::base64::bits(byte).is_some(), "{byte}");
                assert_eq!(at(last.backslash), byte == b'\\', "{byte}");
            }
        }
    }

    #[test]
    fn words_and_their_parts_begin_where_they_should_also_across_chunks() {
        for before in [0, 1, 61, 62, 63, 64] {
            let pad = " ".repeat(before);
            let moved = |places: &[usize]| places.iter().map(|place| place + before).collect::<Vec<_>>();
            let text = format!("{pad}an apiKey_2");
            assert_eq!(bits(&text, Around::word_starts), moved(&[0, 3]));
            assert_eq!(bits(&text, Around::part_starts), moved(&[0, 3, 6, 10]));
            assert_eq!(bits(&format!("{pad}a1 idNo"), |around| around.part_ends().0), moved(&[1, 5]));
            assert_eq!(bits(&format!(r"{pad}a\nAKIA"), Around::word_starts), moved(&[0, 2, 3]));
        }
    }
}
