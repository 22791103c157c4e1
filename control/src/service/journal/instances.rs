//! Which records of each instance of the filter have come, and which are missing.

use super::hole::Hole;

/// One life of the filter in one worker of one Envoy, as far as its records tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its name, drawn at random when it began.
    pub epoch: String,
    /// The node that it ran in.
    pub node: String,
    /// The highest number that has come.
    pub highest: u64,
    /// The numbers below that have not, in their order.
    pub holes: Vec<Hole>,
    /// When the last record came, in microseconds since the Unix epoch.
    pub last_us: u64,
}

// === impl Instance ===

impl Instance {
    /// An instance of which nothing has come.
    pub fn new(epoch: &str, node: &str) -> Self {
        Self { epoch: epoch.to_owned(), node: node.to_owned(), highest: 0, holes: Vec::new(), last_us: 0 }
    }

    /// Notes that this number came; whether it is new.
    pub fn take(&mut self, number: u64, now_us: u64) -> bool {
        if number <= self.highest {
            return self.fill(number, now_us);
        }
        if number > self.highest + 1 {
            self.holes.push(Hole { first: self.highest + 1, last: number - 1, since_us: now_us });
        }
        self.highest = number;
        self.last_us = now_us;
        true
    }

    fn fill(&mut self, number: u64, now_us: u64) -> bool {
        let place = self.holes.partition_point(|hole| hole.last < number);
        let Some(rest) = self.holes.get(place).and_then(|hole| hole.without(number)) else { return false };
        self.holes.splice(place..=place, rest.into_iter().flatten());
        self.last_us = now_us;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holes(instance: &Instance) -> Vec<(u64, u64)> {
        instance.holes.iter().map(|hole| (hole.first, hole.last)).collect()
    }

    #[test]
    fn what_is_missing_is_known_by_its_numbers_and_heals_in_any_order() {
        let mut instance = Instance::new("e", "n");
        for (number, new, missing) in [
            (3, true, vec![(1, 2)]),
            (3, false, vec![(1, 2)]),
            (4, true, vec![(1, 2)]),
            (9, true, vec![(1, 2), (5, 8)]),
            (6, true, vec![(1, 2), (5, 5), (7, 8)]),
            (6, false, vec![(1, 2), (5, 5), (7, 8)]),
            (2, true, vec![(1, 1), (5, 5), (7, 8)]),
            (1, true, vec![(5, 5), (7, 8)]),
            (8, true, vec![(5, 5), (7, 7)]),
            (7, true, vec![(5, 5)]),
            (5, true, vec![]),
            (5, false, vec![]),
        ] {
            assert_eq!(instance.take(number, 7), new, "{number}");
            assert_eq!(holes(&instance), missing, "after {number}");
        }
    }

    #[test]
    fn whatever_comes_what_came_and_what_is_missing_make_the_whole() {
        // A fixed pseudo-random order: Lehmer's generator.
        let mut state = 48271_u64;
        let mut instance = Instance::new("e", "n");
        let mut came = std::collections::BTreeSet::new();
        for _ in 0..5_000 {
            state = state * 48271 % 2_147_483_647;
            let number = state % 700 + 1;
            assert_eq!(instance.take(number, 1), came.insert(number));
        }
        let missing: u64 = instance.holes.iter().map(Hole::len).sum();
        assert_eq!(missing + came.len() as u64, instance.highest);
        assert!(instance.holes.iter().all(|hole| (hole.first..=hole.last).all(|number| !came.contains(&number))));
    }
}
