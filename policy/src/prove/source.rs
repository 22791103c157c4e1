//! What a header or property may hold, as far as the questions about it can tell.

use std::collections::BTreeSet;

use crate::rule::{Signal, Source};

/// What it holds; nothing if it is not there.
pub(super) type Value = Option<Vec<u8>>;

/// The most values of one header or property that are told apart.
const MOST: usize = 4096;

/// One value for each way in which the questions about a source can be answered together; `None` if there are too many.
///
/// How a value answers hangs on the longest of the beginnings and of the ends that it has, unless it is one of those that
/// are asked for whole. So each beginning with each end, and something between them that no question knows, is enough.
pub(super) fn values(source: &Source, signals: &[Signal]) -> Option<Vec<Value>> {
    let tests: Vec<_> = signals.iter().filter(|signal| signal.source == *source).map(|signal| &signal.test).collect();
    let whole: BTreeSet<&str> = tests.iter().flat_map(|test| &test.equals).map(|text| text.as_str()).collect();
    let ends = |of: fn(&crate::rule::ValueTest) -> Option<&str>| -> BTreeSet<&str> {
        tests.iter().filter_map(|test| of(test)).chain([""]).collect()
    };
    let beginnings = ends(|test| test.prefix.as_deref());
    let endings = ends(|test| test.suffix.as_deref());
    if beginnings.len().saturating_mul(endings.len()).saturating_add(whole.len()) > MOST {
        return None;
    }
    let known: Vec<&str> = whole.iter().chain(&beginnings).chain(&endings).copied().collect();
    let filler = ('~'..).find(|filler| !known.iter().any(|text| text.contains(*filler))).unwrap_or('~');
    let mut values = vec![None];
    for beginning in &beginnings {
        values.extend(endings.iter().map(|ending| Some(format!("{beginning}{filler}{ending}").into_bytes())));
    }
    values.extend(whole.iter().map(|text| Some(text.as_bytes().to_vec())));
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{facts::Name, rule::ValueTest};

    #[test]
    fn every_way_in_which_a_value_can_answer_has_a_value() {
        let source = Source::Header(Name::written("x"));
        let text = |text: &str| Some(Name::written(text));
        let tests = [
            ValueTest { equals: vec![Name::written("aba")], ..ValueTest::default() },
            ValueTest { prefix: text("a"), ..ValueTest::default() },
            ValueTest { prefix: text("ab"), ..ValueTest::default() },
            ValueTest { suffix: text("ba"), ..ValueTest::default() },
            ValueTest { suffix: text("a"), prefix: text("b"), ..ValueTest::default() },
            ValueTest { absent: true, ..ValueTest::default() },
            ValueTest::default(),
        ];
        let signals = tests.map(|test| Signal::new(source.clone(), test));
        let answers = |value: Option<&[u8]>| signals.each_ref().map(|signal| signal.test(value));
        let known: BTreeSet<_> =
            values(&source, &signals).unwrap().iter().map(|value| answers(value.as_deref())).collect();
        // Every text of up to five letters answers as one of the values does.
        let mut texts = vec![String::new()];
        for _ in 0..5 {
            let longer = texts.iter().flat_map(|text| ["a", "b", "c"].map(|letter| format!("{text}{letter}")));
            texts = [vec![String::new()], longer.collect()].concat();
        }
        let mut found: BTreeSet<_> = texts.iter().map(|text| answers(Some(text.as_bytes()))).collect();
        found.insert(answers(None));
        assert_eq!(found, known);
    }
}
