//! How a node gets its bundles: it asks, and the answer comes when there is another.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::keep::Keeper;
use super::{Bundle, LONGEST};
use crate::client::{Client, escaped};

/// A node's way to its bundles.
pub struct Puller {
    client: Client,
    keeper: Keeper,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pulled {
    /// There is another one now: what it is, in words.
    Other(String),
    /// It is the same as before.
    Same,
}

/// How long the service may wait with its answer, in seconds: less than the client waits.
const WAIT: u64 = 30;
/// What is waited after an answer that came at once, though nothing is new: too many nodes wait at the service.
const PAUSE: Duration = Duration::from_secs(5);
/// What is waited after the first failure; with each further one it is twice as much.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// What is waited at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

// === impl Puller ===

impl Puller {
    /// Asks this service.
    pub fn new(client: Client, keeper: Keeper) -> Self {
        Self { client, keeper }
    }

    /// Asks once, and does not wait.
    pub fn once(&mut self) -> anyhow::Result<Pulled> {
        self.keeper.restore()?;
        self.ask(0)
    }

    /// Asks for as long as the process lives. Whatever goes wrong is told, and leaves what is there.
    pub fn watch(mut self) -> ! {
        let (mut failures, mut told) = (0, String::new());
        loop {
            let began = Instant::now();
            let pulled = self.keeper.restore().and_then(|()| self.ask(WAIT));
            let pause = match &pulled {
                Ok(_) if began.elapsed() > PAUSE => Duration::ZERO,
                Ok(Pulled::Other(_)) => FIRST_PAUSE,
                Ok(Pulled::Same) => PAUSE,
                Err(_) => pause(failures, random()),
            };
            match pulled {
                Ok(pulled) => {
                    if let Pulled::Other(what) = pulled {
                        eprintln!("policymesh: {what}");
                    }
                    (failures, told) = (0, String::new());
                }
                Err(reason) => {
                    failures += 1;
                    // Once is enough, for as long as it is the same.
                    let reason = format!("{reason:#}");
                    if reason != told {
                        eprintln!("policymesh: the policy stays as it is: {reason}; trying again");
                    }
                    told = reason;
                }
            }
            sleep(pause);
        }
    }

    fn ask(&mut self, wait: u64) -> anyhow::Result<Pulled> {
        let node = self.keeper.node();
        let metadata = serde_json::to_string(&node.metadata)?;
        let [id, cluster, metadata] = [&node.id, &node.cluster, &metadata].map(|part| escaped(part));
        let path = format!("/v1/nodes/{id}/bundle?cluster={cluster}&metadata={metadata}&wait={wait}");
        let longest = u64::try_from(LONGEST).unwrap_or(u64::MAX);
        let answer = self.client.get_unless(&path, self.keeper.tag().as_deref(), longest)?;
        if answer.status == 304 {
            return Ok(Pulled::Same);
        }
        let Bundle { policy, version, serial, node, .. } = self.keeper.take(answer.bytes()?)?;
        let id = &node.id;
        Ok(Pulled::Other(format!("version {version} of `{policy}` is there for node `{id}`, with serial {serial}")))
    }
}

/// How long to wait after so many failures: longer each time, and not as long as others that failed at the same time.
fn pause(failures: u32, random: u64) -> Duration {
    let most = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_PAUSE);
    let half = most / 2;
    let more = random % u64::try_from(half.as_millis()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_millis(more)
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness all nodes wait the same.
    getrandom::fill(&mut bytes).map_or(0, |()| u64::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_makes_the_wait_longer_up_to_a_bound_and_never_the_same_for_all() {
        let least: Vec<_> = (0..8).map(|failures| pause(failures, 0).as_millis()).collect();
        assert_eq!(least, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
        assert_eq!(pause(0, 249), Duration::from_millis(499));
        for failures in [0, 1, 5, 31, 32, u32::MAX] {
            for random in [0, 1, u64::MAX / 3, u64::MAX] {
                assert!(pause(failures, random) <= LONGEST_PAUSE, "{failures} {random}");
            }
        }
        assert_ne!(pause(9, 1), pause(9, 7_000));
    }
}
