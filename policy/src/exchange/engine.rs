//! A policy in force on one worker.

use std::cell::{RefCell, RefMut};
use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use super::head::{self, Head, Header};
use super::reading::Read;
use super::{Arrival, Property};
use crate::audit::PolicyReference;
use crate::classify::{Classifier, History};
use crate::detect::OpaqueKind;
use crate::facts::{self, Asked, Digest, Facts, Id, Identity};
use crate::policy::Policy;
use crate::request::Opaque;
use crate::rule::Source;

/// A policy in force on one worker, with what the worker remembers under it.
#[derive(Debug)]
pub struct Engine {
    policy: Policy,
    reference: PolicyReference,
    history: RefCell<History>,
    secrets: Secrets,
    since: u64,
}

/// What one instance of the filter draws at random when it begins.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// Tells this instance from all others; no secret, in fact.
    pub epoch: u64,
    /// The key of the history's hashes.
    pub history_key: [u8; 16],
    /// The key of the digests that stand for what may not be kept.
    pub digest_key: [u8; 16],
}

// === impl Engine ===

impl Engine {
    /// Puts a policy in force, with an empty history.
    pub fn new(policy: Policy, secrets: Secrets) -> Self {
        let reference = PolicyReference {
            name: policy.name().clone(),
            version: policy.version().cloned(),
            digest: policy.digest().clone(),
        };
        let history = RefCell::new(History::new(secrets.history_key));
        Self { policy, reference, history, secrets, since: 0 }
    }

    /// Remembers when this was, in seconds since 1970.
    #[must_use]
    pub fn since(mut self, seconds: u64) -> Self {
        self.since = seconds;
        self
    }

    /// When the policy came into force, in seconds since 1970; 0 if nobody said.
    pub(super) fn in_force_since(&self) -> u64 {
        self.since
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Its name, version and digest.
    pub fn reference(&self) -> &PolicyReference {
        &self.reference
    }

    /// The instance's epoch as 16 hexadecimal digits.
    pub(super) fn epoch(&self) -> Id {
        Id::from_bits(self.secrets.epoch)
    }

    /// A UUID of version 7 (RFC 9562, section 5.7): the time in milliseconds, then what no other exchange has.
    pub(super) fn decision_id(&self, arrival: &Arrival) -> Id {
        let milliseconds = u128::from(arrival.time / 1_000_000) & 0xFFFF_FFFF_FFFF;
        let unique =
            digest(&self.secrets.digest_key, &[&self.secrets.epoch.to_le_bytes(), &arrival.sequence.to_le_bytes()]);
        let [high, low] = [unique >> 64 & 0x0FFF, unique & 0x3FFF_FFFF_FFFF_FFFF];
        Id::uuid(milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
    }

    pub(super) fn history(&self) -> RefMut<'_, History> {
        self.history.borrow_mut()
    }

    pub(super) fn classifier(&self) -> Classifier {
        Classifier::new(self.policy.detectors().clone())
    }

    /// What a request's arrival, headers and properties say.
    pub(super) fn facts(&self, arrival: &Arrival, head: &Head, headers: &[Header], property: Property<'_>) -> Facts {
        let lowest = self.policy.level_name(crate::level::Level::default()).clone();
        let mut facts = Facts::new(head.api, lowest);
        facts.time = arrival.time / 1_000_000_000;
        facts.client = self.identity(self.policy.client_sources(), headers, property);
        facts.team = self.identity(self.policy.team_sources(), headers, property);
        let answers = self.policy.signals().iter().map(|signal| {
            let value = value(&signal.source, headers, property);
            (signal.name.clone(), signal.test(value.as_deref()))
        });
        facts.predicates = answers.collect();
        facts
    }

    /// Adds what a request's body says and holds.
    pub(super) fn add(&self, read: &Read, facts: &mut Facts) {
        let Read { asked, tally, unreadable, volume: _, length: _ } = read;
        let model = asked.model.as_ref();
        facts.asked = model.map_or(Asked::None, |model| self.policy.asked(&model.name, |name| self.digest(name)));
        facts.stream = asked.stream.unwrap_or(facts.api.streams_by_default());
        facts.prompt_tokens = asked.tokens;
        facts.output_tokens = asked.max_output_tokens;
        facts.needs = asked.needs.clone();
        facts.opaque = asked.opaque.iter().copied().chain(tally.opaque.iter().map(|kind| opaque(*kind))).collect();
        facts.unreadable = *unreadable;
        facts.level = self.policy.level_name(tally.level(self.policy.detectors())).clone();
        for (index, count) in &tally.detectors {
            let Some((name, label)) = self.policy.detector_name(*index) else { continue };
            if let Some(confidence) = count.confidence {
                let level = tally.level_of(*index, self.policy.detectors());
                let level = level.map(|level| self.policy.level_name(level).clone());
                facts
                    .detectors
                    .insert(name.clone(), facts::Tally { level, ..facts::Tally::new(count.count, confidence) });
            }
            if count.is_sure() {
                facts.labels.insert(label.clone());
            }
        }
    }

    fn identity(&self, sources: &[Source], headers: &[Header], property: Property<'_>) -> Option<Identity> {
        let name =
            sources.iter().find_map(|source| value(source, headers, property).filter(|name| !name.is_empty()))?;
        Some(self.policy.identity(&name, |name| self.digest(name)))
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        Digest(digest(&self.secrets.digest_key, &[bytes]).to_be_bytes())
    }
}

fn value(source: &Source, headers: &[Header], property: Property<'_>) -> Option<Vec<u8>> {
    match source {
        Source::Header(name) => head::value(headers, name),
        Source::Property(path) => property(&path.iter().map(|name| name.as_str()).collect::<Vec<_>>()),
    }
}

/// What encoded content that is no text counts as.
fn opaque(kind: OpaqueKind) -> Opaque {
    match kind {
        OpaqueKind::Image => Opaque::Image,
        OpaqueKind::Audio => Opaque::Audio,
        OpaqueKind::Pdf => Opaque::File,
        OpaqueKind::Other => Opaque::Unknown,
    }
}

fn digest(key: &[u8; 16], parts: &[&[u8]]) -> u128 {
    let mut hasher = SipHasher13::new_with_key(key);
    parts.iter().for_each(|part| hasher.write(part));
    hasher.finish128().as_u128()
}
