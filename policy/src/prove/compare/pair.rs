//! Two rules that may decide the same request.

use super::{Relation, Side};
use crate::{
    policy::FORBIDDEN,
    prove::{
        solve::{Clause, Literal},
        space::Space,
        ways::Way,
    },
    rule::{Action, Rule},
};

/// Two rules that decide the same request: of each policy one.
pub(super) struct Pair<'s, 'p> {
    pub(super) sides: [&'s Side<'p>; 2],
    pub(super) rules: [Option<usize>; 2],
}

// === impl Pair ===

impl<'s, 'p> Pair<'s, 'p> {
    /// Whether one side has a rule before its own that asks the same as the other's: then no request is left to both.
    pub(super) fn is_taken(&self) -> bool {
        let [left, right] = self.sides;
        let [mine, other] = self.rules;
        right.view.is_taken(left.view.literals(mine), other) || left.view.is_taken(right.view.literals(other), mine)
    }

    /// Whether both rules do the same, as far as it is written.
    pub(super) fn acts_alike(&self) -> bool {
        match [0, 1].map(|side| self.rule(side)) {
            [Some(mine), Some(other)] => match (&mine.action, &other.action) {
                (Action::Deny(mine), Action::Deny(other)) => mine.status == other.status,
                (action, another) => action == another && mine.names_other() == other.names_other(),
            },
            [None, None] => true,
            _ => false,
        }
    }

    pub(super) fn rule(&self, side: usize) -> Option<&'s Rule> {
        let (side, rule) = (self.sides.get(side)?, self.rules.get(side)?);
        side.rule(*rule)
    }

    /// Where each of the rules may send requests.
    pub(super) fn ways(&self) -> [&'s [Way]; 2] {
        let [left, right] = self.sides;
        let [mine, other] = self.rules;
        [left.ways(mine), right.ways(other)]
    }

    /// The status with which a rule refuses what it refuses.
    pub(super) fn status(&self, side: usize) -> u16 {
        match self.rule(side).map(|rule| &rule.action) {
            Some(Action::Deny(denial)) => denial.status,
            Some(Action::Route(_) | Action::Redact(_)) | None => FORBIDDEN,
        }
    }

    /// That a request may go a way of this side.
    pub(super) fn open(&self, side: usize, way: &Way, space: &Space) -> Vec<Literal> {
        let view = self.sides.get(side).map(|side| &side.view);
        view.map_or_else(Vec::new, |view| view.open(way, usize::MAX, space))
    }

    /// That it may not.
    pub(super) fn closed(&self, side: usize, way: &Way, space: &Space) -> Clause {
        Clause::given(self.open(side, way, space).into_iter().map(Literal::not).collect())
    }

    /// That a request that goes a way of one side does not go such a way of the other as would show it no more than the
    /// relation allows; `None` if that never is such a way.
    pub(super) fn no_more(
        &self,
        relation: Relation,
        way: &Way,
        (side, other): (usize, &Way),
        space: &Space,
    ) -> Option<Clause> {
        if !other.leads_to(&way.candidate) {
            return None;
        }
        let mut clause = match (relation, way.seen, other.seen) {
            (_, None, None) | (_, Some(_), Some(_)) | (Relation::Within, Some(_), None) => {
                self.closed(side, other, space)
            }
            _ => return None,
        };
        if let Some((mine, theirs)) = way.seen.zip(other.seen) {
            clause.literals.extend(space.replaced_only(theirs, mine));
            if relation == Relation::Same {
                clause.literals.extend(space.replaced_only(mine, theirs));
            }
        }
        Some(clause)
    }
}
