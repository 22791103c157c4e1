//! Content that is taken out of the chain: by age, and for the sake of somebody's identity.
//!
//! Hashes stay, so the chain can still be checked; a tombstone at its end accounts for what is gone.

use std::time::Duration;

use serde_json::Value;

use super::journal::{Draft, NotWritten};
use super::store::removal::{self, Old};
use super::time::now_us;
use super::{Service, ended};
use crate::chain::{Hash, Kind, Tombstone, canonical};

/// How long content is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Content of records at no level of its own, and who looked; for ever if absent. In microseconds.
    pub all_us: Option<u64>,
    /// Records at these levels, likewise.
    pub levels: Vec<(String, u64)>,
}

/// How often it is looked for what is too old.
const EVERY: Duration = Duration::from_secs(600);

/// Why what was to be taken out was not.
#[derive(Debug, thiserror::Error)]
pub enum NotRemoved {
    /// What is there could not be read.
    #[error(transparent)]
    Read(#[from] sqlx::Error),
    /// The change could not be written.
    #[error(transparent)]
    Write(#[from] NotWritten),
}

/// Takes out what is too old, until the service ends.
pub async fn expire(service: Service, retention: Retention) {
    let mut every = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = ended(service.ending.clone()) => return,
        }
        match expire_now(&service, &retention).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "content taken out that was too old"),
            Err(reason) => tracing::error!(%reason, "cannot take out what is too old"),
        }
    }
}

async fn expire_now(service: &Service, retention: &Retention) -> Result<u64, NotRemoved> {
    let mut count = 0;
    for old in due(retention, now_us()) {
        loop {
            let places = removal::older(&service.store, &old).await?;
            if places.is_empty() {
                break;
            }
            let tombstone = Tombstone {
                what: "expired".to_owned(),
                who: "retention".to_owned(),
                gone: runs(&places),
                replaced: Vec::new(),
            };
            let runs = tombstone.gone.clone();
            let draft = Draft::own(Kind::Tombstone, &serde_json::to_value(tombstone).unwrap_or_default());
            let removed = service
                .journal
                .change(draft, move |connection| Box::pin(async move { removal::take_out(connection, &runs).await }));
            match removed.await {
                Ok(()) => count += places.len() as u64,
                // Another replica was quicker: what is left is looked at anew.
                Err(NotWritten::Conflict) => {}
                Err(reason) => return Err(reason.into()),
            }
        }
    }
    Ok(count)
}

/// What is too old at this moment.
fn due(retention: &Retention, now_us: u64) -> Vec<Old> {
    let Retention { all_us, levels } = retention;
    let own = |(level, span): &(String, u64)| Old {
        before_us: now_us.saturating_sub(*span),
        level: Some(level.clone()),
        except: Vec::new(),
    };
    let except = levels.iter().map(|(level, _)| level.clone()).collect();
    let all = all_us.map(|span| Old { before_us: now_us.saturating_sub(span), level: None, except });
    levels.iter().map(own).chain(all).collect()
}

/// Takes a client's identity out of everything that names it. Gives how many entries did.
pub async fn erase(service: &Service, who: &str, client: &str) -> Result<u64, NotRemoved> {
    let mut count = 0;
    loop {
        let named = removal::naming(&service.store, client).await?;
        if named.is_empty() {
            return Ok(count);
        }
        let found = named.len() as u64;
        let rest: Vec<(u64, String)> = named.into_iter().map(|(seq, content)| (seq, without_client(content))).collect();
        let tombstone = Tombstone {
            what: "erased".to_owned(),
            who: who.to_owned(),
            gone: Vec::new(),
            replaced: rest.iter().map(|(seq, content)| (*seq, Hash::of(content))).collect(),
        };
        let draft = Draft::own(Kind::Tombstone, &serde_json::to_value(tombstone).unwrap_or_default());
        let erased = service
            .journal
            .change(draft, move |connection| Box::pin(async move { removal::replace(connection, &rest).await }));
        match erased.await {
            Ok(()) => count += found,
            Err(NotWritten::Conflict) => {}
            Err(reason) => return Err(reason.into()),
        }
    }
}

/// The content without the places in which a client is named: among the facts of a record, or in what somebody looked for.
fn without_client(mut content: Value) -> String {
    if let Some(facts) = content.pointer_mut("/facts").and_then(Value::as_object_mut) {
        facts.remove("client");
    }
    let looks = content.pointer_mut("/at").and_then(Value::as_object_mut);
    for look in looks.into_iter().flat_map(serde_json::Map::values_mut).filter_map(Value::as_object_mut) {
        look.remove("client");
    }
    // What was canonical JSON still is some.
    canonical::of_value(&content).unwrap_or_default()
}

/// Places in ascending order, as runs.
fn runs(places: &[u64]) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for place in places {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *place => *last = *place,
            _ => runs.push((*place, *place)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_next_to_each_other_are_one_run() {
        assert_eq!(runs(&[]), []);
        assert_eq!(runs(&[1, 2, 3, 7, 9, 10]), [(1, 3), (7, 7), (9, 10)]);
    }

    #[test]
    fn a_level_of_its_own_is_no_part_of_the_rest() {
        let retention = Retention { all_us: Some(100), levels: vec![("restricted".into(), 10)] };
        let expected = [
            Old { before_us: 990, level: Some("restricted".into()), except: vec![] },
            Old { before_us: 900, level: None, except: vec!["restricted".into()] },
        ];
        assert_eq!(due(&retention, 1_000), expected);
        assert_eq!(due(&Retention::default(), 1_000), []);
    }

    #[test]
    fn a_client_is_named_nowhere_afterwards() {
        let record = json!({"facts": {"client": {"named": "alice"}, "team": {"named": "red"}}, "action": "route"});
        assert_eq!(without_client(record), r#"{"action":"route","facts":{"team":{"named":"red"}}}"#);
        let look = json!({"what": "looked", "who": "x", "at": {"records": {"client": "alice", "limit": 5}}});
        assert_eq!(without_client(look), r#"{"at":{"records":{"limit":5}},"what":"looked","who":"x"}"#);
        let replayed = json!({"what": "looked", "who": "x", "at": {"replay": {"client": "alice"}}});
        assert_eq!(without_client(replayed), r#"{"at":{"replay":{}},"what":"looked","who":"x"}"#);
    }
}
