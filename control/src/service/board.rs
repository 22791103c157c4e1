//! Which version of which policy each node is to have.
//!
//! One value, replaced as a whole: whoever serves nodes watches it and never waits.

mod release;
mod selector;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

pub use release::Release;
pub use selector::Selector;

use super::fleet::Identity;
use super::store::{Store, policies};
use super::{Service, ended};

/// What is handed out now, and a watch on it.
pub struct Board {
    store: Store,
    plan: watch::Sender<Arc<Plan>>,
}

/// What every node is to have.
#[derive(Debug, Default)]
pub struct Plan {
    /// Grows with every change, also with one back to what was before: of two plans the later has the higher one.
    pub serial: u64,
    /// The policies that are published, the most specific selector first.
    assignments: Vec<Assignment>,
}

/// What the nodes of one policy are to have.
#[derive(Debug)]
pub struct Assignment {
    /// Which nodes these are.
    pub selector: Selector,
    /// What they have.
    pub release: Option<Arc<Release>>,
    /// What some of them have instead, to see how it does.
    pub canary: Option<(Group, Arc<Release>)>,
    /// What all or some of them are asked beside what they have, and do not obey.
    pub shadow: Option<(Option<Group>, Arc<Release>)>,
}

/// Some of the nodes of a policy.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// The nodes with these ids.
    Nodes(Vec<String>),
    /// This share of all nodes, in percent: 1 to 99. Which ones hangs on their ids, so they stay the same.
    Share(u8),
}

// === impl Board ===

impl Board {
    /// What the store says.
    pub async fn load(store: &Store) -> anyhow::Result<Self> {
        let plan = policies::plan(store, &Plan::default()).await?;
        Ok(Self { store: store.clone(), plan: watch::Sender::new(Arc::new(plan)) })
    }

    /// Takes over what the store says now.
    pub async fn reload(&self) -> Result<(), sqlx::Error> {
        let known = Arc::clone(&self.plan.borrow());
        let read = Arc::new(policies::plan(&self.store, &known).await?);
        // Two can read at the same time, and the first of them be the last to get here.
        self.plan.send_if_modified(|plan| {
            if read.serial < plan.serial {
                tracing::warn!(
                    "the store has told what was before: if this comes again, its data were replaced: start anew"
                );
            }
            let newer = read.serial > plan.serial;
            if newer {
                *plan = read;
            }
            newer
        });
        Ok(())
    }

    /// What is handed out, now and from now on.
    pub fn watch(&self) -> watch::Receiver<Arc<Plan>> {
        self.plan.subscribe()
    }
}

/// Takes over what other replicas change, until the service ends.
pub async fn follow(service: Service) {
    let mut changes = service.store.changes();
    loop {
        tokio::select! {
            () = changes.next() => {}
            () = ended(service.ending.clone()) => return,
        }
        match service.board.reload().await {
            Ok(()) => tracing::debug!("what nodes are to have is read anew"),
            Err(reason) => tracing::error!(%reason, "cannot read what nodes are to have"),
        }
    }
}

// === impl Assignment ===

impl Assignment {
    fn releases(&self) -> impl Iterator<Item = &Arc<Release>> {
        let Self { selector: _, release, canary, shadow } = self;
        let (canary, shadow) = (canary.as_ref().map(|(_, one)| one), shadow.as_ref().map(|(_, one)| one));
        [release.as_ref(), canary, shadow].into_iter().flatten()
    }
}

// === impl Plan ===

impl Plan {
    /// Puts assignments into the order in which they are tried.
    pub fn new(serial: u64, mut assignments: Vec<Assignment>) -> Self {
        // Stable, so that equally specific ones stay in the order of their names.
        assignments.sort_by_key(|assignment| std::cmp::Reverse(assignment.selector.conditions()));
        Self { serial, assignments }
    }

    /// The versions in it, by policy and number.
    pub fn releases(&self) -> HashMap<(&str, u64), &Arc<Release>> {
        let all = self.assignments.iter().flat_map(Assignment::releases);
        all.map(|release| ((release.policy.as_str(), release.number), release)).collect()
    }

    /// What this node is to have; nothing where no policy is for it.
    pub fn release_for(&self, node: &Identity) -> Option<Arc<Release>> {
        let assignment = self.assignments.iter().find(|assignment| assignment.selector.selects(node))?;
        let release = match &assignment.canary {
            Some((canary, release)) if canary.includes(&node.id) => release,
            _ => assignment.release.as_ref()?,
        };
        match &assignment.shadow {
            Some((group, shadow)) if group.as_ref().is_none_or(|group| group.includes(&node.id)) => {
                Some(Arc::new(release.beside(shadow)))
            }
            _ => Some(Arc::clone(release)),
        }
    }
}

// === impl Group ===

impl Group {
    /// What is wrong with it, if anything is.
    pub fn fault(&self) -> Option<String> {
        match self {
            Self::Share(percent) if !(1..=99).contains(percent) => {
                Some(format!("`{percent}` is no share in percent: from 1 to 99"))
            }
            Self::Nodes(nodes) if nodes.is_empty() => Some("no node is named".to_owned()),
            _ => None,
        }
    }

    /// Whether a node is one of them.
    pub fn includes(&self, node: &str) -> bool {
        match self {
            Self::Nodes(nodes) => nodes.iter().any(|one| one == node),
            Self::Share(percent) => percentile(node) < *percent,
        }
    }
}

/// A number from 0 to 99 that is the same for a name at all times, and spread evenly over names.
fn percentile(name: &str) -> u8 {
    let hash = crate::chain::Hash::of(name).0;
    let bits = hash.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    u8::try_from(bits % 100).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(number: u64) -> Arc<Release> {
        let digest = String::new();
        Arc::new(Release { policy: "p".into(), number, digest, document: Arc::default(), shadow: None })
    }

    fn node(id: &str, cluster: &str) -> Identity {
        Identity { id: id.into(), cluster: cluster.into(), ..Identity::default() }
    }

    fn numbers(plan: &Plan, nodes: &[(&str, &str)]) -> Vec<Option<u64>> {
        nodes.iter().map(|(id, cluster)| plan.release_for(&node(id, cluster)).map(|release| release.number)).collect()
    }

    #[test]
    fn the_most_specific_policy_is_the_nodes_own() {
        let of = |clusters: &[&str], nodes: &[&str], number| Assignment {
            selector: Selector {
                clusters: clusters.iter().map(ToString::to_string).collect(),
                nodes: nodes.iter().map(ToString::to_string).collect(),
                ..Selector::default()
            },
            release: Some(release(number)),
            canary: None,
            shadow: None,
        };
        let plan = Plan::new(1, vec![of(&[], &[], 1), of(&["edge"], &[], 2), of(&["edge"], &["a"], 3)]);
        let nodes = [("a", "edge"), ("b", "edge"), ("a", "core")];
        assert_eq!(numbers(&plan, &nodes), [Some(3), Some(2), Some(1)]);
        assert_eq!(numbers(&Plan::new(1, vec![of(&["edge"], &[], 2)]), &nodes), [Some(2), Some(2), None]);
    }

    #[test]
    fn a_shadow_is_beside_what_a_node_has_and_never_beside_itself() {
        let shadows = |group, node_id| {
            let plan = Plan::new(
                1,
                vec![Assignment {
                    selector: Selector::default(),
                    release: Some(release(1)),
                    canary: Some((Group::Nodes(vec!["a".into()]), release(2))),
                    shadow: Some((group, release(2))),
                }],
            );
            let release = plan.release_for(&node(node_id, "")).unwrap();
            (release.number, release.shadow.as_ref().map(|shadow| shadow.number))
        };
        assert_eq!(shadows(None, "a"), (2, None));
        assert_eq!(shadows(None, "b"), (1, Some(2)));
        let group = || Some(Group::Nodes(vec!["b".into()]));
        assert_eq!((shadows(group(), "b"), shadows(group(), "c")), ((1, Some(2)), (1, None)));
    }

    #[test]
    fn a_canary_takes_its_nodes_and_no_others() {
        let with = |canary| {
            Plan::new(
                1,
                vec![Assignment {
                    selector: Selector::default(),
                    release: Some(release(1)),
                    canary: Some((canary, release(2))),
                    shadow: None,
                }],
            )
        };
        assert_eq!(numbers(&with(Group::Nodes(vec!["a".into()])), &[("a", ""), ("b", "")]), [Some(2), Some(1)]);
        let plan = with(Group::Share(10));
        let taken =
            (0..2_000).filter(|n| plan.release_for(&node(&format!("node-{n}"), "")).unwrap().number == 2).count();
        assert!((140..260).contains(&taken), "{taken} of 2000 are not about 10 %");
    }
}
