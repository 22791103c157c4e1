//! Records that are made up.

use prost::Message as _;
use prost_types::Struct;
use prost_types::value::Kind;
use serde_json::{Value, json};

use crate::structure;

/// Records as one instance of the filter writes them: about as long, and their ids as different. There is one, which has other
/// numbers each time: making it anew would take time from the service where both share the processors.
pub struct Made {
    record: Struct,
    epoch: u64,
    number: u64,
}

/// When the first request comes, in microseconds since the Unix epoch, and how long after it the next one of the same node does.
const FIRST_US: u64 = 1_764_000_000_000_000;
const BETWEEN_US: u64 = 200;

// === impl Made ===

impl Made {
    /// Those of this life of the filter.
    pub fn new(epoch: u64) -> Self {
        let record = record(epoch).as_object().cloned().unwrap_or_default();
        Self { record: structure::message(record), epoch, number: 0 }
    }

    /// The next one, encoded.
    pub fn next(&mut self) -> Vec<u8> {
        self.number += 1;
        let Self { number, epoch, .. } = *self;
        let time_us = FIRST_US + number * BETWEEN_US;
        // That of the decision begins with the time, that of the request with nothing that can be foreseen.
        let milliseconds = time_us / 1_000;
        let decision = format!(
            "{:08x}-{:04x}-7{:03x}-8{:03x}-{number:012x}",
            milliseconds >> 16,
            milliseconds & 0xffff,
            number & 0xfff,
            epoch & 0xfff
        );
        let scattered = number.wrapping_mul(2_654_435_761) & 0xffff_ffff;
        let request = format!("{scattered:08x}-0000-4000-8000-{:012x}", epoch >> 16);
        self.set(&["decision_id"], Kind::StringValue(decision));
        self.set(&["request_id"], Kind::StringValue(request));
        self.set(&["time_us"], Kind::NumberValue(time_us as f64));
        self.set(&["instance", "sequence"], Kind::NumberValue(number as f64));
        self.set(&["facts", "prompt_tokens"], Kind::NumberValue((number % 4_000) as f64));
        self.record.encode_to_vec()
    }

    /// Puts another value at this place, if the record has it.
    fn set(&mut self, place: &[&str], kind: Kind) {
        let Some((last, outer)) = place.split_last() else { return };
        let inner = outer.iter().try_fold(&mut self.record, |record, name| {
            match record.fields.get_mut(*name)?.kind.as_mut()? {
                Kind::StructValue(inner) => Some(inner),
                _ => None,
            }
        });
        if let Some(value) = inner.and_then(|record| record.fields.get_mut(*last)) {
            value.kind = Some(kind);
        }
    }
}

fn record(epoch: u64) -> Value {
    let candidate = |provider: &str, model: &str| {
        json!({"provider": provider, "cluster": provider, "format": "openai", "zone": "cloud",
            "model": {"name": model, "id": model, "cost": 1_250_000}})
    };
    json!({
        "form": 1, "stage": "ended", "decision_id": "", "time_us": 0,
        "instance": {"epoch": format!("{epoch:016x}"), "sequence": 0},
        "request_id": "",
        "policy": {"name": "load", "digest": "dc6f04698994ebcddb0e784d98de7aecb5763cb55d90891bb1e2e57440110fd6"},
        "action": "route", "rule": "otherwise as asked, with failover", "level": "public",
        "chosen": candidate("openai", "gpt-4o"),
        "facts": {"api": "chat", "asked": {"known": "gpt-4o"}, "client": {"id": format!("{epoch:016x}")},
            "stream": true, "prompt_tokens": 0, "level": "public", "labels": ["email"],
            "detectors": {"email": {"count": 2, "confidence": "validated"}}},
        "decision": {"outcome": {"route": [candidate("openai", "gpt-4o"), candidate("anthropic", "claude-sonnet")]},
            "reason": {"rule": "otherwise as asked, with failover"}, "level": "public"},
        "attempts": [{"provider": "openai", "cluster": "openai", "zone": "cloud", "model": "gpt-4o", "outcome": "answered",
            "status": 200, "first_byte_micros": 600_000}],
        "usage": {"state": "complete", "input": 1_500, "output": 300, "cached": 0, "cache_written": 0, "reasoning": 0,
            "audio_input": 0, "audio_output": 0},
        "cost": {"nano_usd": 6_750_000},
        "scan": {"body_bytes": 8_192, "text_bytes": 6_000, "remembered_bytes": 0, "micros": 40},
        "ending": {"status": 200, "request_bytes": 8_192, "response_bytes": 2_048, "attempts": 1, "micros": 900_000},
    })
}

#[cfg(test)]
mod tests {
    use policy::audit::Record;

    use super::*;

    #[test]
    fn what_is_sent_are_records_one_after_the_other() {
        let mut made = Made::new(0xffff_ffff_ffff_ffff);
        for number in 1..=3 {
            let read: Record = serde_json::from_str(&structure::canonical(&made.next()).unwrap()).unwrap();
            assert!(read.facts.is_some() && read.decision.is_some() && read.request_id.is_some(), "{read:?}");
            assert_eq!(read.instance.sequence, number);
        }
    }
}
