//! A request that a matching rule redacts. Its body is read twice more: to learn where the findings stand, and, with
//! placeholders in their place, to see that none of them is found any more. Only then is it decided.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::reading::{Read, Reading};
use super::{Exchange, Head, Step};
use crate::audit::Refused;
use crate::classify::{Classifier, Placing};
use crate::coding::Decoder;
use crate::detect::DetectorIndex;
use crate::plan::{Edit, LARGEST_TRANSLATED};

/// A request whose findings are being looked for.
#[derive(Debug)]
pub(super) struct Redacting {
    head: Head,
    read: Read,
    /// The detectors whose findings are to be replaced.
    wanted: BTreeSet<DetectorIndex>,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Looks where they stand.
    Placing(Box<Reading<Placing>>),
    /// Reads what is left.
    Proving(Box<Reading<Classifier>>, Replaced),
}

/// What is replaced: the findings of these detectors, all of them.
#[derive(Debug, Default)]
struct Replaced {
    edits: Vec<Edit>,
    detectors: BTreeSet<DetectorIndex>,
}

impl Exchange {
    /// Decides a request that was read; before that, asks for its body again if a rule redacts it.
    pub(super) fn decide_or_redact(&mut self, head: Head, read: Read) -> Step {
        let policy = self.engine.policy();
        let wanted = self.facts.as_ref().map(|facts| policy.to_place(facts)).unwrap_or_default();
        let wanted: BTreeSet<_> = wanted.iter().filter_map(|name| policy.detectors().find(name)).collect();
        if wanted.is_empty() {
            return self.conclude(&head, &read, Vec::new());
        }
        // An adapter that replaces something holds the whole body, as one that translates.
        if self.received == 0 || read.length > LARGEST_TRANSLATED as u64 {
            return self.conclude_redacted(&head, &read, &wanted, Replaced::default());
        }
        let placing = Placing::new(policy.detectors().clone(), wanted.clone());
        let coding = head.coding.as_deref().unwrap_or_default();
        let decoder = Decoder::of(coding.as_bytes(), policy.max_body());
        let phase = Phase::Placing(Box::new(Reading::new(head.api, placing, decoder)));
        self.redacting = Some(Redacting { head, read, wanted, phase });
        Step::Reread
    }

    /// Takes the next bytes of a body that is read again; `end` with its last.
    pub fn on_reread(&mut self, chunk: &[u8], end: bool) -> Step {
        let engine = Rc::clone(&self.engine);
        match self.redacting.as_mut().map(|redacting| &mut redacting.phase) {
            Some(Phase::Placing(reading)) => reading.feed(chunk, &mut engine.history()),
            Some(Phase::Proving(reading, _)) => reading.feed(chunk, &mut engine.history()),
            None => return self.refuse(Refused::Malformed),
        }
        if end { self.on_reread_end() } else { Step::Hold }
    }

    fn on_reread_end(&mut self) -> Step {
        let engine = Rc::clone(&self.engine);
        let Some(Redacting { head, read, wanted, phase }) = self.redacting.take() else {
            return self.refuse(Refused::Malformed);
        };
        match phase {
            Phase::Placing(reading) => {
                let placing = reading.into_texts(&mut engine.history());
                let (edits, detectors) = placing.map(|placing| placing.finish(&read.tally)).unwrap_or_default();
                if edits.is_empty() {
                    return self.conclude_redacted(&head, &read, &wanted, Replaced::default());
                }
                let reading = Box::new(self.begin(&head, false).changed(&edits));
                let phase = Phase::Proving(reading, Replaced { edits, detectors });
                self.redacting = Some(Redacting { head, read, wanted, phase });
                Step::Reread
            }
            Phase::Proving(reading, replaced) => {
                let left = reading.finish(true, &mut engine.history());
                let replaced = if self.is_proved(&read, &left, &replaced) { replaced } else { Replaced::default() };
                self.conclude_redacted(&head, &read, &wanted, replaced)
            }
        }
    }

    /// INVARIANT: what is left holds nothing sure of what was replaced, and is of no higher level than what was not.
    fn is_proved(&self, read: &Read, left: &Read, replaced: &Replaced) -> bool {
        let detectors = self.engine.policy().detectors();
        let stays = read.tally.detectors.keys().filter(|detector| !replaced.detectors.contains(detector));
        let level = stays.filter_map(|detector| read.tally.level_of(*detector, detectors)).max().unwrap_or_default();
        let found_again = |detector| left.tally.level_of(detector, detectors).is_some();
        left.unreadable.is_none()
            && left.tally.level(detectors) <= level
            && !replaced.detectors.iter().any(|detector| found_again(*detector))
    }

    fn conclude_redacted(
        &mut self,
        head: &Head,
        read: &Read,
        wanted: &BTreeSet<DetectorIndex>,
        replaced: Replaced,
    ) -> Step {
        let policy = self.engine.policy();
        if let Some(facts) = &mut self.facts {
            for detector in wanted {
                let tally = policy.detector_name(*detector).and_then(|(name, _)| facts.detectors.get_mut(name));
                if let Some(tally) = tally {
                    tally.placed = Some(replaced.detectors.contains(detector));
                }
            }
        }
        self.conclude(head, read, replaced.edits)
    }
}

#[cfg(test)]
mod tests;
