//! What gives the matches of detectors away: literals to look for, and who wants to know of each.

use super::super::literals::{Literal, Stands};
use super::super::near;
use super::super::pattern::Anchor;
use super::super::text::rarest_word;
use super::{Boundary, Matcher, Rule, Start, Use};
use std::collections::HashMap;

/// The literals of a set of detectors.
#[derive(Default)]
pub struct Triggers {
    pub literals: Vec<Literal>,
    /// For each literal, who uses it.
    pub uses: Vec<Vec<Use>>,
    /// Single bytes, and the forms that are told from them.
    pub bytes: Vec<(u8, u16)>,
    /// How many detectors are told from their context words.
    pub windows: u32,
}

impl Triggers {
    /// Gathers those of all rules.
    pub fn of(rules: &[Rule]) -> Self {
        let mut triggers = Self::default();
        let mut known = HashMap::new();
        for (number, rule) in (0..).zip(rules) {
            triggers.add(number, rule, &mut known);
        }
        triggers
    }

    fn add(&mut self, number: u16, rule: &Rule, known: &mut HashMap<Literal, usize>) {
        let mut used = |text: &[u8], stands: Stands, before: (usize, usize), term: u32, word: u16| {
            let short = |bytes: usize| u16::try_from(bytes).unwrap_or(u16::MAX);
            let literal = Literal { text: text.to_ascii_lowercase(), stands };
            let place = *known.entry(literal).or_insert_with_key(|literal| {
                self.literals.push(literal.clone());
                self.uses.push(vec![]);
                self.literals.len() - 1
            });
            if let Some(uses) = self.uses.get_mut(place) {
                uses.push(Use { rule: number, before: (short(before.0), short(before.1)), term, word });
            }
        };
        let at_start = if rule.boundary == Boundary::Word { Stands::AtStart } else { Stands::Anywhere };
        match &rule.matcher {
            Matcher::Pattern(_, Start::Digits) => {}
            Matcher::Pattern(_, Start::Literals(anchors)) => {
                for Anchor { literal, before } in anchors {
                    // Only what begins the match must stand at its edge.
                    let stands = if *before == (0, 0) { at_start } else { Stands::Anywhere };
                    used(literal, stands, *before, 0, 0);
                }
            }
            Matcher::Pattern(_, Start::Near) => {
                for (word, place) in rule.near.words().iter().zip(0..) {
                    let parts = near::parts(word);
                    parts.iter().for_each(|part| used(&part.text, Stands::Whole, part.before, self.windows, place));
                }
                self.windows += 1;
            }
            Matcher::Terms(terms, _) => {
                for (term, place) in terms.iter().zip(0..) {
                    let (rarest, before) = rarest_word(term.as_bytes());
                    used(rarest, at_start, before, place, 0);
                }
            }
            Matcher::Form(form) => {
                for trigger in form.triggers {
                    match trigger.as_bytes() {
                        [byte] => self.bytes.push((*byte, number)),
                        trigger => used(trigger, form.stands, (0, 0), 0, 0),
                    }
                }
            }
        }
    }
}
