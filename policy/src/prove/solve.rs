//! Whether there is a request of which all of many things are so: a search over variables that have few values each.
//!
//! A set of values of one variable is a [`Literal`]; of a [`Clause`] at least one literal must be true. The search narrows
//! what each variable may still be, first by what follows for certain, then by trying, and never gives up early: what it
//! does not find is not there. Its steps are counted, because policies exist for which it would take too long.

use std::collections::{BTreeSet, HashMap};

/// Something that has one of a few values: numbers from 0 on. Value 0 is the one tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Variable(usize);

/// That a variable's value is one of some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Literal(usize);

/// Literals of which at least one is true.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) literals: Vec<Literal>,
    /// The rule that this is so because of: it would have decided otherwise.
    pub(super) rule: Option<usize>,
}

/// What each variable may still be: a bit for each value.
#[derive(Clone, Debug)]
pub(super) struct Values(Vec<u64>);

/// All variables and literals.
#[derive(Debug, Default)]
pub(super) struct Tables {
    variables: Vec<Span>,
    full: Vec<u64>,
    /// Each beside its negation.
    literals: Vec<Mask>,
    known: HashMap<(Variable, Vec<u64>), Literal>,
    /// A variable, and one whose value is never lower.
    ordered: Option<(Variable, Variable)>,
}

/// Where a variable's bits stand.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    words: usize,
    values: usize,
}

#[derive(Debug)]
struct Mask {
    start: usize,
    words: Vec<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    True,
    False,
    Open,
}

/// What is asked: values and clauses.
#[derive(Clone, Debug)]
pub(super) struct Query<'c> {
    values: Values,
    clauses: Vec<&'c Clause>,
    possible: bool,
    /// The rules that what was ruled out so far was ruled out because of.
    because: BTreeSet<usize>,
}

/// What a search came to.
#[derive(Debug)]
pub(super) enum Answer {
    /// These values make everything true; one of each variable is left.
    Found(Values),
    /// There are none, because of these rules at most.
    Never(BTreeSet<usize>),
    /// It would have taken too long to tell.
    Undecided,
}

/// How many clauses may still be looked at.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) left: u64,
}

/// The most clauses that one search looks at.
const MOST_PER_SEARCH: u64 = 4_000_000;
/// How deep a search may go; each step takes room on the stack.
const DEEPEST: usize = 1000;

struct Exhausted;

// === impl Literal ===

impl Literal {
    /// That it is not so.
    pub(super) fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

// === impl Clause ===

impl Clause {
    /// A clause that is so whatever the rules say.
    pub(super) fn given(literals: Vec<Literal>) -> Self {
        Self { literals, rule: None }
    }
}

// === impl Tables ===

impl Tables {
    /// A new variable with so many values.
    pub(super) fn variable(&mut self, values: usize) -> Variable {
        let words = values.div_ceil(64).max(1);
        self.variables.push(Span { start: self.full.len(), words, values });
        self.full.extend(mask(words, 0..values));
        Variable(self.variables.len() - 1)
    }

    /// Says that the second variable's value is never lower than the first's.
    pub(super) fn order(&mut self, lower: Variable, upper: Variable) {
        self.ordered = Some((lower, upper));
    }

    /// That the variable's value is one for which this holds.
    pub(super) fn literal(&mut self, variable: Variable, holds: impl Fn(usize) -> bool) -> Literal {
        let Some(span) = self.variables.get(variable.0).copied() else { return Literal(0) };
        let words = mask(span.words, (0..span.values).filter(|value| holds(*value)));
        if let Some(known) = self.known.get(&(variable, words.clone())) {
            return *known;
        }
        let others = mask(span.words, (0..span.values).filter(|value| !holds(*value)));
        let literal = Literal(self.literals.len());
        self.known.insert((variable, words.clone()), literal);
        self.known.entry((variable, others.clone())).or_insert(literal.not());
        self.literals.push(Mask { start: span.start, words });
        self.literals.push(Mask { start: span.start, words: others });
        literal
    }

    /// For each value of a variable, that it has that one.
    pub(super) fn each(&mut self, variable: Variable) -> Vec<Literal> {
        let count = self.variables.get(variable.0).map_or(0, |span| span.values);
        (0..count).map(|value| self.literal(variable, |other| other == value)).collect()
    }

    /// A query that asks nothing yet.
    pub(super) fn query(&self) -> Query<'static> {
        Query { values: Values(self.full.clone()), clauses: Vec::new(), possible: true, because: BTreeSet::new() }
    }

    /// The value of a variable: the first, if several are left.
    pub(super) fn value(&self, variable: Variable, values: &Values) -> usize {
        lowest(self.bits(variable, values)).unwrap_or(0)
    }

    fn bits<'v>(&self, variable: Variable, values: &'v Values) -> &'v [u64] {
        let span = self.variables.get(variable.0);
        span.and_then(|span| values.0.get(span.start..span.start + span.words)).unwrap_or_default()
    }

    fn bits_mut<'v>(&self, variable: Variable, values: &'v mut Values) -> &'v mut [u64] {
        let span = self.variables.get(variable.0);
        span.and_then(|span| values.0.get_mut(span.start..span.start + span.words)).unwrap_or_default()
    }

    fn state(&self, literal: Literal, values: &Values) -> State {
        let Some(Mask { start, words }) = self.literals.get(literal.0) else { return State::False };
        let here = values.0.get(*start..start + words.len()).unwrap_or_default();
        let (mut inside, mut outside) = (0, 0);
        for (here, mask) in here.iter().zip(words) {
            inside |= here & mask;
            outside |= here & !mask;
        }
        match (inside != 0, outside != 0) {
            (true, false) => State::True,
            (true, true) => State::Open,
            (false, _) => State::False,
        }
    }

    /// Makes a literal true. `false` if it cannot be.
    fn narrow(&self, literal: Literal, values: &mut Values) -> bool {
        let Some(Mask { start, words }) = self.literals.get(literal.0) else { return false };
        let here = values.0.get_mut(*start..start + words.len()).unwrap_or_default();
        let mut left = 0;
        for (here, mask) in here.iter_mut().zip(words) {
            *here &= mask;
            left |= *here;
        }
        left != 0
    }

    /// Takes out what the order of two variables rules out. `None` if nothing is left, else whether anything changed.
    fn keep_order(&self, values: &mut Values) -> Option<bool> {
        let Some((lower, upper)) = self.ordered else { return Some(false) };
        let least = lowest(self.bits(lower, values))?;
        let most = highest(self.bits(upper, values))?;
        let mut changed = clear(self.bits_mut(upper, values), |value| value < least);
        changed |= clear(self.bits_mut(lower, values), |value| value > most);
        (least <= most).then_some(changed)
    }

    /// The first value of each variable.
    fn firsts(&self, values: &Values) -> Values {
        let mut firsts = values.clone();
        for variable in (0..self.variables.len()).map(Variable) {
            let first = lowest(self.bits(variable, values));
            clear(self.bits_mut(variable, &mut firsts), |value| Some(value) != first);
        }
        firsts
    }
}

fn mask(words: usize, values: impl Iterator<Item = usize>) -> Vec<u64> {
    let mut mask = vec![0; words];
    for value in values {
        if let Some(word) = mask.get_mut(value / 64) {
            *word |= 1 << (value % 64);
        }
    }
    mask
}

fn lowest(bits: &[u64]) -> Option<usize> {
    let place = bits.iter().position(|word| *word != 0)?;
    bits.get(place).map(|word| place * 64 + word.trailing_zeros() as usize)
}

fn highest(bits: &[u64]) -> Option<usize> {
    let place = bits.iter().rposition(|word| *word != 0)?;
    bits.get(place).map(|word| place * 64 + 63 - word.leading_zeros() as usize)
}

/// Takes out the values for which this holds; whether there were any.
fn clear(bits: &mut [u64], out: impl Fn(usize) -> bool) -> bool {
    let mut changed = false;
    for (place, word) in bits.iter_mut().enumerate() {
        let mut rest = *word;
        while rest != 0 {
            let bit = rest.trailing_zeros();
            rest &= rest - 1;
            if out(place * 64 + bit as usize) {
                *word &= !(1 << bit);
                changed = true;
            }
        }
    }
    changed
}

// === impl Query ===

impl<'c> Query<'c> {
    /// This must be so.
    pub(super) fn require(&mut self, literal: Literal, tables: &Tables) {
        self.possible = self.possible && tables.narrow(literal, &mut self.values);
    }

    /// All of these must be so.
    pub(super) fn require_all<'l>(&mut self, literals: impl IntoIterator<Item = &'l Literal>, tables: &Tables) {
        literals.into_iter().for_each(|literal| self.require(*literal, tables));
    }

    /// One of each clause's literals must be so.
    pub(super) fn clauses(&mut self, clauses: impl IntoIterator<Item = &'c Clause>) {
        self.clauses.extend(clauses);
    }

    /// Whether no variable rules out that both are so. Cheap, and mostly enough to tell that they are not.
    pub(super) fn meets(&self, other: &Self, tables: &Tables) -> bool {
        let both = |span: &Span| {
            let range = span.start..span.start + span.words;
            let [mine, other] = [self, other].map(|query| query.values.0.get(range.clone()).unwrap_or_default());
            mine.iter().zip(other).any(|(mine, other)| mine & other != 0)
        };
        self.possible && other.possible && tables.variables.iter().all(both)
    }

    /// Everything that either of two queries asks.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.possible &= other.possible;
        self.values.0.iter_mut().zip(&other.values.0).for_each(|(mine, other)| *mine &= other);
        self.clauses.extend(&other.clauses);
        self.because.extend(&other.because);
        self
    }

    /// Whether it is not yet ruled out. Of what is ruled out, nothing more needs to be asked.
    pub(super) fn is_possible(&self, tables: &Tables) -> bool {
        self.possible
            && (0..tables.variables.len()).all(|place| lowest(tables.bits(Variable(place), &self.values)).is_some())
    }

    /// Draws what follows for certain, so that what is asked besides has less to look at.
    pub(super) fn settle(&mut self, tables: &Tables, budget: &mut Budget) {
        if self.possible {
            let search = &mut Search { tables, budget, because: &mut self.because };
            // Where the budget ends, less was drawn, which changes no answer.
            self.possible = search.propagate(&mut self.values, &mut self.clauses).unwrap_or(true);
        }
    }

    /// Looks for values that make everything true.
    pub(super) fn solve(mut self, tables: &Tables, budget: &mut Budget) -> Answer {
        if !self.is_possible(tables) {
            return Answer::Never(self.because);
        }
        let mut own = Budget { left: budget.left.min(MOST_PER_SEARCH) };
        let granted = own.left;
        let mut search = Search { tables, budget: &mut own, because: &mut self.because };
        let found = search.search(self.values, self.clauses, DEEPEST);
        budget.left -= granted - own.left;
        match found {
            Ok(Some(values)) => Answer::Found(values),
            Ok(None) => Answer::Never(self.because),
            Err(Exhausted) => Answer::Undecided,
        }
    }
}

struct Search<'s> {
    tables: &'s Tables,
    budget: &'s mut Budget,
    because: &'s mut BTreeSet<usize>,
}

// === impl Search ===

impl Search<'_> {
    fn search(
        &mut self,
        mut values: Values,
        mut clauses: Vec<&Clause>,
        depth: usize,
    ) -> Result<Option<Values>, Exhausted> {
        if !self.propagate(&mut values, &mut clauses)? {
            return Ok(None);
        }
        let firsts = self.tables.firsts(&values);
        let Some(unmet) = clauses.iter().find(|clause| !self.is_met(clause, &firsts)).copied() else {
            return Ok(Some(firsts));
        };
        let depth = depth.checked_sub(1).ok_or(Exhausted)?;
        self.because.extend(unmet.rule);
        for literal in &unmet.literals {
            let mut branch = values.clone();
            if self.tables.narrow(*literal, &mut branch)
                && let Some(found) = self.search(branch, clauses.clone(), depth)?
            {
                return Ok(Some(found));
            }
            if !self.tables.narrow(literal.not(), &mut values) {
                break;
            }
        }
        Ok(None)
    }

    /// Makes true what alone is left of a clause, until nothing more follows; clauses that are met are dropped.
    /// `false` if one cannot be met.
    fn propagate(&mut self, values: &mut Values, clauses: &mut Vec<&Clause>) -> Result<bool, Exhausted> {
        loop {
            let Some(mut changed) = self.tables.keep_order(values) else { return Ok(false) };
            let mut possible = true;
            self.budget.left = self.budget.left.checked_sub(clauses.len() as u64).ok_or(Exhausted)?;
            clauses.retain(|clause| {
                if !possible {
                    return true;
                }
                let (mut open, mut count) = (None, 0);
                for literal in &clause.literals {
                    match self.tables.state(*literal, values) {
                        State::True => return false,
                        State::Open => (open, count) = (Some(*literal), count + 1),
                        State::False => {}
                    }
                }
                if count > 1 {
                    return true;
                }
                self.because.extend(clause.rule);
                possible = open.is_some_and(|literal| self.tables.narrow(literal, values));
                changed = true;
                false
            });
            if !possible || !changed {
                return Ok(possible);
            }
        }
    }

    fn is_met(&self, clause: &Clause, values: &Values) -> bool {
        clause.literals.iter().any(|literal| self.tables.state(*literal, values) == State::True)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plenty() -> Budget {
        Budget { left: 1_000_000 }
    }

    #[test]
    fn what_it_finds_meets_every_clause_and_what_it_does_not_find_is_not_there() {
        // Four pigeons in three holes, each pigeon one variable: no two in one.
        for (pigeons, holes, possible) in [(4, 3, false), (4, 4, true), (20, 20, true)] {
            let mut tables = Tables::default();
            let variables: Vec<_> = (0..pigeons).map(|_| tables.variable(holes)).collect();
            let mut clauses = Vec::new();
            for (place, one) in variables.iter().enumerate() {
                for other in variables.iter().skip(place + 1) {
                    for hole in 0..holes {
                        let [one, other] = [*one, *other].map(|pigeon| tables.literal(pigeon, |value| value != hole));
                        clauses.push(Clause::given(vec![one, other]));
                    }
                }
            }
            let mut query = tables.query();
            query.clauses(&clauses);
            match query.solve(&tables, &mut Budget { left: 1_000_000_000 }) {
                Answer::Found(values) => {
                    let mut taken: Vec<_> = variables.iter().map(|pigeon| tables.value(*pigeon, &values)).collect();
                    taken.sort_unstable();
                    taken.dedup();
                    assert!(possible && taken.len() == pigeons, "{pigeons} in {holes}: {taken:?}");
                }
                Answer::Never(_) => assert!(!possible, "{pigeons} in {holes}"),
                Answer::Undecided => panic!("{pigeons} in {holes}"),
            }
        }
    }

    #[test]
    fn a_search_that_would_take_too_long_says_so() {
        let mut tables = Tables::default();
        let variable = tables.variable(3);
        let clause = Clause::given(vec![tables.literal(variable, |value| value > 1)]);
        let mut query = tables.query();
        query.clauses([&clause]);
        assert!(matches!(query.solve(&tables, &mut Budget { left: 0 }), Answer::Undecided));
    }

    #[test]
    fn the_order_of_two_variables_is_kept() {
        let mut tables = Tables::default();
        let (low, high) = (tables.variable(100), tables.variable(100));
        tables.order(low, high);
        let (above, below) = (tables.literal(low, |value| value >= 70), tables.literal(high, |value| value < 71));
        let mut query = tables.query();
        query.require_all(&[above, below], &tables);
        let Answer::Found(values) = query.clone().solve(&tables, &mut plenty()) else { panic!("there is 70 and 70") };
        assert_eq!((tables.value(low, &values), tables.value(high, &values)), (70, 70));
        query.require(tables.literal(high, |value| value != 70), &tables);
        assert!(matches!(query.solve(&tables, &mut plenty()), Answer::Never(_)));
    }

    #[test]
    fn what_is_ruled_out_names_the_rules_that_it_is_ruled_out_by() {
        let mut tables = Tables::default();
        let [one, other] = [(), ()].map(|()| tables.variable(2));
        let [one, other] = [one, other].map(|variable| tables.literal(variable, |value| value == 1));
        let rules = [(0, one.not()), (1, other), (2, one)]
            .map(|(rule, literal)| Clause { literals: vec![literal], rule: Some(rule) });
        let mut query = tables.query();
        query.clauses(&rules);
        let Answer::Never(because) = query.solve(&tables, &mut plenty()) else { panic!("it cannot be") };
        assert!(because.contains(&0) && because.contains(&2), "{because:?}");
    }
}
