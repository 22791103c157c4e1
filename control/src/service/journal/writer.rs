//! The task that writes the chain.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::instances::Instance;
use super::{Done, Draft, Index, NotWritten, Signer, Submission};
use crate::chain::{Checkpoint, Hash, Kind, Link};
use crate::service::fleet::{Fleet, Seen};
use crate::service::store::{Chained, Store, Transaction, checkpoints, entries, instances};
use crate::service::time::now_us;

/// How many submissions go into one transaction at most: what one costs is shared by all in it.
const GROUP: usize = 512;
/// How many instances are kept in memory. The store has all of them.
const KNOWN_INSTANCES: usize = 20_000;

/// When nothing has come for this long, what came last is signed.
const QUIET: Duration = Duration::from_secs(2);

/// The state of the task that writes.
pub struct Writer {
    store: Store,
    fleet: Arc<Fleet>,
    signer: Signer,
    head: Head,
    instances: HashMap<String, Instance>,
}

/// The last entry of the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Its place; 0 if there is none yet.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

/// What one transaction adds.
#[derive(Default)]
struct Group {
    head: Head,
    entries: Vec<Chained>,
    /// Which policy the newest record of each node shows to be in force.
    shown: BTreeMap<String, Seen>,
    /// The instances whose records are among them, as they then are.
    instances: HashMap<String, Instance>,
    checkpoint: Option<Checkpoint>,
    /// A node that sent records of an instance which runs in another, and that one: they are not taken, lest they fill its gaps.
    foreign: Option<(String, String)>,
}

// === impl Writer ===

impl Writer {
    /// Goes on where the store ends.
    pub async fn load(store: Store, fleet: Arc<Fleet>, mut signer: Signer) -> anyhow::Result<Self> {
        let head = entries::head(&store).await?;
        let signed = checkpoints::last(&store).await?;
        if let Some(checkpoint) = signed.as_ref().filter(|checkpoint| !signer.made(checkpoint)) {
            anyhow::ensure!(
                !store.is_shared(),
                "the chain is signed with another key, as far as entry {}: all replicas must have the same one \
                 (--signing-key)",
                checkpoint.seq
            );
            tracing::warn!(seq = checkpoint.seq, "the chain is signed with another key so far");
        }
        signer.begin_after(signed.map_or(0, |checkpoint| checkpoint.seq));
        Ok(Self { store, fleet, signer, head, instances: HashMap::new() })
    }

    /// Writes until nobody can submit any more.
    pub async fn run(mut self, mut queue: mpsc::Receiver<Submission>) {
        let mut group = Vec::with_capacity(GROUP);
        loop {
            let received = tokio::time::timeout(QUIET, queue.recv_many(&mut group, GROUP)).await;
            let quiet = received.is_err() || received == Ok(0);
            self.write(std::mem::take(&mut group), quiet).await;
            if received == Ok(0) {
                return;
            }
        }
    }

    async fn write(&mut self, submissions: Vec<Submission>, sign: bool) {
        let sign = sign || submissions.iter().any(|submission| submission.sign);
        if submissions.is_empty() && self.signer.checkpoint(self.head, sign).is_none() {
            return;
        }
        let mut waiting = Vec::new();
        match self.try_write(submissions, sign, &mut waiting).await {
            Ok(written) => {
                self.head = written.head;
                if let Some((node, other)) = written.foreign {
                    tracing::warn!(node, other, "a node sends the records of another, which are not taken");
                }
                written.checkpoint.iter().for_each(|checkpoint| self.signer.keep(checkpoint));
                self.fleet.saw(written.shown);
                self.remember(written.instances);
                waiting.into_iter().for_each(|(done, new)| drop(done.send(Ok(new))));
            }
            Err(reason) => {
                tracing::error!(%reason, "cannot write to the store; what is lost shows as gaps");
                waiting.into_iter().for_each(|(done, _)| drop(done.send(Err(NotWritten::Unavailable))));
            }
        }
    }

    /// Everything in one transaction. Those who wait are handed back, except the ones who have been answered already.
    async fn try_write(
        &mut self,
        submissions: Vec<Submission>,
        sign: bool,
        waiting: &mut Vec<(Done, u64)>,
    ) -> Result<Group, sqlx::Error> {
        self.store.prepare(now_us()).await?;
        let mut transaction = self.store.begin().await?;
        transaction.lock_chain().await?;
        self.catch_up(&mut transaction).await?;
        let now_us = now_us();
        let mut group = Group { head: self.head, ..Group::default() };
        for Submission { drafts, effect, sign: _, done } in submissions {
            let changed = match effect {
                Some(effect) => change(&mut transaction, effect).await,
                None => Ok(()),
            };
            match (changed, done) {
                (Ok(()), done) => {
                    let before = group.head.seq;
                    for draft in drafts {
                        if self.is_new(&mut transaction, &mut group, &draft, now_us).await? {
                            group.add(draft, now_us);
                        }
                    }
                    waiting.extend(done.map(|done| (done, group.head.seq - before)));
                }
                (Err(reason), Some(done)) => drop(done.send(Err(reason))),
                (Err(reason), None) => tracing::error!(%reason, "cannot make a change"),
            }
        }
        group.look();
        entries::insert(&mut transaction, std::mem::take(&mut group.entries)).await?;
        instances::save(&mut transaction, group.instances.values()).await?;
        group.checkpoint = self.signer.checkpoint(group.head, sign);
        if let Some(checkpoint) = &group.checkpoint {
            checkpoints::insert(&mut transaction, checkpoint).await?;
        }
        transaction.commit().await?;
        Ok(group)
    }

    /// Goes on where another replica has stopped. What it knows better than this one is looked up anew.
    async fn catch_up(&mut self, transaction: &mut Transaction) -> Result<(), sqlx::Error> {
        let head = entries::head(&mut *transaction).await?;
        if head != self.head {
            self.head = head;
            self.instances.clear();
            self.signer.begin_after(checkpoints::last(transaction).await?.map_or(0, |checkpoint| checkpoint.seq));
        }
        Ok(())
    }

    /// Whether an entry has not come before, and takes note of it. Only records can come twice: from the stream and from the file.
    async fn is_new(
        &self,
        transaction: &mut Transaction,
        group: &mut Group,
        draft: &Draft,
        now_us: u64,
    ) -> Result<bool, sqlx::Error> {
        let Some(index) = &draft.index else { return Ok(true) };
        let Group { instances, foreign, .. } = group;
        let mut take = |instance: &mut Instance| {
            if instance.node != draft.node {
                foreign.get_or_insert_with(|| (draft.node.clone(), instance.node.clone()));
                return false;
            }
            instance.take(index.sequence, now_us)
        };
        if let Some(instance) = instances.get_mut(&index.epoch) {
            return Ok(take(instance));
        }
        let known = match self.instances.get(&index.epoch) {
            Some(known) => Some(known.clone()),
            None => instances::find(transaction, &index.epoch).await?,
        };
        let mut instance = known.unwrap_or_else(|| Instance::new(&index.epoch, &draft.node));
        let new = take(&mut instance);
        instances.insert(index.epoch.clone(), instance);
        Ok(new)
    }

    fn remember(&mut self, instances: HashMap<String, Instance>) {
        self.instances.extend(instances);
        if self.instances.len() > KNOWN_INSTANCES {
            // The store still knows them all; a fresh start costs one query an instance.
            self.instances.clear();
        }
    }
}

/// Makes a change of its own, which leaves nothing behind if it fails.
async fn change(transaction: &mut Transaction, effect: super::Effect) -> Result<(), NotWritten> {
    transaction.begin_part().await?;
    match effect(transaction).await {
        Ok(()) => Ok(transaction.keep_part().await?),
        Err(reason) => {
            transaction.undo_part().await?;
            Err(reason)
        }
    }
}

// === impl Group ===

impl Group {
    /// Puts an entry at the end of the chain.
    fn add(&mut self, draft: Draft, received_us: u64) {
        let Draft { kind, node, content, content_hash, index } = draft;
        let seq = self.head.seq + 1;
        let previous = self.head.hash;
        let hash = Link { content: content_hash, kind, node: &node, previous, received_us, seq }.hash();
        self.head = Head { seq, hash };
        debug_assert!(index.is_some() == (kind == Kind::Record), "records, and nothing else, can be found");
        self.entries.push(Chained { seq, kind, node, received_us, content, content_hash, hash, index });
    }

    /// Looks what the entries show, before they are given away.
    fn look(&mut self) {
        let mut newest: BTreeMap<&str, &Index> = BTreeMap::new();
        for Chained { node, index, .. } in self.entries.iter().filter(|entry| !entry.node.is_empty()) {
            let Some(index) = index else { continue };
            let known = newest.entry(node).or_insert(index);
            if index.time_us >= known.time_us {
                *known = index;
            }
        }
        let seen =
            |index: &Index| Seen { policy: index.policy.clone(), digest: index.digest.clone(), time_us: index.time_us };
        self.shown = newest.into_iter().map(|(node, index)| (node.to_owned(), seen(index))).collect();
    }
}
