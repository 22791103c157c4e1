//! One scan of a plain text: from triggers to findings.

use super::compile::{Compiled, Matcher, Rule, Start, Use, bare};
use super::config::{Alone, Boundary, Case};
use super::marks::{CHUNK, Marks, around};
use super::numbers::Hit;
use super::pattern::Pattern;
use super::validate::Check;
use super::{Confidence, DetectorIndex, Finding, TestValues, Work, digits, near, overlap, text};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many bytes of a match may stand before a context word that it is told from.
const NEAR_MATCH: usize = 64;

/// Finds what stands in the text as it is written.
pub fn scan(set: &Compiled, text: &str, marks: &[Marks], work: &mut Work) -> Vec<Finding> {
    let mut scan =
        Scan { set, text, marks, work, found: vec![], context: vec![], tried: vec![0; set.windows], far: (0, 0) };
    if scan.work.take(text.len() as u64 / 8 + 1) {
        scan.literals();
        scan.bytes();
        scan.numbers();
    }
    let mut found = scan.found;
    overlap::resolve(set, &mut found);
    found
}

/// The furthest apart that forms which look far are tried.
const MAX_APART: usize = 2048;

struct Scan<'a> {
    set: &'a Compiled,
    text: &'a str,
    marks: &'a [Marks],
    work: &'a mut Work,
    found: Vec<Finding>,
    /// The context words of numbers.
    context: Vec<Hit>,
    /// For each detector told from its context words: up to where it has been tried.
    tried: Vec<usize>,
    /// From where on forms that look far are tried again, and how far apart.
    far: (usize, usize),
}

/// Something that matched, before it is confirmed.
struct Candidate {
    start: usize,
    end: usize,
    confidence: Confidence,
    test: bool,
}

impl Scan<'_> {
    fn literals(&mut self) {
        let set = self.set;
        let bytes = self.text.as_bytes();
        set.literals.find(bytes, self.marks, |literal, at| {
            let Some(uses) = set.uses.get(literal as usize) else {
                return self.context.push((literal - set.uses.len() as u32, at));
            };
            if self.work.take(uses.len() as u64 + 1) {
                uses.iter().for_each(|used| self.literal(used, at));
            }
        });
    }

    fn literal(&mut self, used: &Use, at: usize) {
        let Some(rule) = self.set.rules.get(usize::from(used.rule)) else { return };
        match &rule.matcher {
            Matcher::Pattern(_, Start::Literals(_)) => {
                let first = at.saturating_sub(usize::from(used.before.1));
                let last = at.saturating_sub(usize::from(used.before.0));
                self.run_from(used.rule, first..last + 1);
            }
            Matcher::Pattern(pattern, _) => self.near(used, at, rule, pattern),
            Matcher::Terms(terms, case) => {
                let term = terms.get(used.term as usize).map_or("", String::as_str);
                self.term(used, at, term, *case == Case::Insensitive);
            }
            Matcher::Form(_) => self.form(used.rule, at),
        }
    }

    /// Tries a pattern around one of its context words, from where words begin or marks stand.
    fn near(&mut self, used: &Use, at: usize, rule: &Rule, pattern: &Pattern) {
        let text = self.text.as_bytes();
        let Some(word) = rule.near.words().get(usize::from(used.word)) else { return };
        let before = (usize::from(used.before.0), usize::from(used.before.1));
        if !near::is_whole(text, at, before, word) {
            return;
        }
        let tried = self.tried.get(used.term as usize).copied().unwrap_or(0);
        let first = at.saturating_sub(near::AFTER + pattern.max().min(NEAR_MATCH)).max(tried);
        let last = text.len().min(at + near::BEFORE + word.len() + 2);
        let window = text.get(first..last).unwrap_or_default();
        let digits = window.chunks(64).map(|chunk| usize::from(digits::count(chunk))).sum::<usize>();
        if digits < pattern.digits().0 {
            return;
        }
        for chunk in first / CHUNK..last.div_ceil(CHUNK) {
            let around = around(self.marks, chunk);
            let within = rule.boundary == Boundary::Word;
            let mut places = if within { around.word_starts() | !around.here.word() } else { u64::MAX };
            while places != 0 {
                let place = chunk * CHUNK + places.trailing_zeros() as usize;
                places &= places - 1;
                if (first..last).contains(&place) {
                    self.run_from(used.rule, place..place + 1);
                }
            }
        }
        if let Some(tried) = self.tried.get_mut(used.term as usize) {
            *tried = last;
        }
    }

    fn term(&mut self, used: &Use, at: usize, term: &str, ignore_case: bool) {
        let Some(rule) = self.set.rules.get(usize::from(used.rule)) else { return };
        let bytes = self.text.as_bytes();
        for back in used.before.0..=used.before.1 {
            let Some(start) = at.checked_sub(usize::from(back)) else { return };
            let end = text::term_at(bytes, start, term.as_bytes(), ignore_case);
            if let Some(end) = end.filter(|end| rule.is_whole(bytes, start, *end)) {
                return self.judge(used.rule, Candidate { start, end, confidence: Confidence::Pattern, test: false });
            }
        }
    }

    /// Tries a pattern from each of these places; after a match, from its end.
    fn run_from(&mut self, rule: u16, places: std::ops::Range<usize>) {
        let Some(Rule { matcher: Matcher::Pattern(pattern, _), .. }) = self.set.rules.get(usize::from(rule)) else {
            return;
        };
        let bytes = self.text.as_bytes();
        let mut at = places.start;
        while at < places.end {
            if !bytes.get(at).is_some_and(|byte| pattern.begins(*byte)) {
                at += 1;
                continue;
            }
            let (stack, steps) = self.work.for_run();
            at += match pattern.run(bytes, at, stack, steps) {
                Some(found) => {
                    let (start, end) = (found.value_start, found.value_end);
                    self.judge(rule, Candidate { start, end, confidence: Confidence::Pattern, test: false });
                    found.end - found.start
                }
                None => 1,
            };
        }
    }

    fn form(&mut self, rule: u16, at: usize) {
        let Some(Rule { matcher: Matcher::Form(form), .. }) = self.set.rules.get(usize::from(rule)) else { return };
        let (next, apart) = self.far;
        if form.far > 0 && at < next {
            return;
        }
        let before = self.work.steps_left();
        let hit = (form.find)(self.text.as_bytes(), at, self.work.for_run().1);
        if form.far > 0 && before - self.work.steps_left() >= form.far as u64 {
            // The more often in vain, the further apart; after a hit no more.
            let apart = (2 * apart).clamp(form.far, MAX_APART);
            self.far = (if hit.is_some() { usize::MAX } else { at + apart }, apart);
        }
        if let Some(hit) = hit {
            let candidate = Candidate { start: hit.start, end: hit.end, confidence: hit.confidence, test: hit.test };
            self.judge(rule, candidate);
        }
    }

    /// Forms that are told from a single byte.
    fn bytes(&mut self) {
        for (byte, rule) in &self.set.bytes {
            for at in memchr::memchr_iter(*byte, self.text.as_bytes()) {
                if self.work.take(1) {
                    self.form(*rule, at);
                }
            }
        }
    }

    fn numbers(&mut self) {
        let set = self.set;
        let mut words = std::mem::take(&mut self.context);
        words.sort_unstable_by_key(|(_, at)| *at);
        set.numbers.find(self.text.as_bytes(), self.marks, &words, |rule, at| {
            if self.work.take(1) {
                self.run_from(rule, at..at + 1);
            }
        });
    }

    /// Confirms a candidate: entropy, validator, specimens, context.
    fn judge(&mut self, index: u16, hit: Candidate) {
        let Some(rule) = self.set.rules.get(usize::from(index)) else { return };
        let Candidate { start, mut end, mut confidence, mut test } = hit;
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        let bytes = self.text.as_bytes();
        let Some(value) = self.text.get(start..end) else { return };
        self.work.take(value.len() as u64);
        if rule.min_entropy > 0.0 && text::entropy(value.as_bytes()) < rule.min_entropy {
            return;
        }
        match rule.validate.map(|check| check(value)) {
            Some(Check::Invalid) => return,
            Some(Check::Valid) => confidence = confidence.max(Confidence::Validated),
            Some(Check::Specimen) => test = true,
            Some(Check::Unsure) | None => {}
        }
        let near = !rule.near.is_empty() && rule.near.around(bytes, start, end, self.work.for_run().1);
        confidence = match (near, rule.alone) {
            (true, _) if confidence > Confidence::Weak => confidence.max(Confidence::Context),
            (true, _) => confidence,
            (false, Alone::Drop) => return,
            (false, Alone::Weak) => Confidence::Weak,
            (false, Alone::Pattern) => confidence,
        };
        if rule.is_digits() && digits::is_part(bytes, start, end) {
            return;
        }
        let bare = bare(value);
        test = test || rule.specimens.iter().any(|specimen| specimen.is(&bare));
        if test && self.set.test_values == TestValues::Ignore {
            confidence = Confidence::Weak;
        }
        let mut hasher = DefaultHasher::new();
        bare.hash(&mut hasher);
        let detector = DetectorIndex(index);
        self.found.push(Finding { detector, start, end, confidence, test, value: hasher.finish() });
    }
}
