//! The audit chain, and the one task that writes: records, changes and looks go in here, one after the other, each under a
//! hash that covers the one before.
//!
//! A change to anything else that the service keeps is made in the same transaction as the entry that tells of it, so that
//! there is no change without an entry and no entry without its change.

mod entry;
mod hole;
mod index;
mod instances;
mod reached;
mod signer;
mod writer;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub use entry::Draft;
pub use hole::Hole;
pub use index::{Index, Unfit, names};
pub use instances::Instance;
pub use reached::reached;
pub use signer::Signer;
pub use writer::Head;

use super::TRACES;
use super::fleet::Fleet;
use super::store::{Store, Transaction};
use writer::Writer;

/// Where everything that is to be written goes. Cheap to clone.
#[derive(Clone)]
pub struct Journal(mpsc::Sender<Submission>);

/// What somebody wants written, all of it or nothing.
struct Submission {
    drafts: Vec<Draft>,
    effect: Option<Effect>,
    /// Whether the chain is to be signed once they are written.
    sign: bool,
    done: Option<Done>,
}

/// Who waits is told how many of their entries were new.
type Done = oneshot::Sender<Result<u64, NotWritten>>;

/// A change that is made in the same transaction as its entries.
type Effect = Box<dyn for<'c> FnOnce(&'c mut Transaction) -> Changing<'c> + Send>;
/// The change being made.
pub type Changing<'c> = Pin<Box<dyn Future<Output = Result<(), NotWritten>> + Send + 'c>>;

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// Somebody else made a change in between.
    #[error("it has changed in the meantime")]
    Conflict,
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The service is ending, or could not write what stood in the same transaction.
    #[error("the service cannot write now")]
    Unavailable,
}

/// How many submissions may wait. A full queue makes senders wait, and through HTTP/2 the Envoys.
const QUEUE: usize = 512;

// === impl Journal ===

impl Journal {
    /// Starts the task that writes. It ends when the last journal is dropped and its queue is written.
    pub async fn start(store: Store, fleet: Arc<Fleet>, signer: Signer) -> anyhow::Result<(Self, JoinHandle<()>)> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let writer = Writer::load(store, fleet, signer).await?;
        // On a thread of its own: where records come faster than they can be read, it would have to wait for its turn among those
        // who read, again and again in each transaction.
        let runtime = Handle::current();
        Ok((Self(sender), tokio::task::spawn_blocking(move || runtime.block_on(writer.run(queue)))))
    }

    /// Hands entries over. Waits for a place in the queue, not for the writing: where that fails the gap shows.
    pub async fn submit(&self, drafts: Vec<Draft>) -> Result<(), NotWritten> {
        let submission = Submission { drafts, effect: None, sign: false, done: None };
        self.0.send(submission).await.map_err(|_| NotWritten::Unavailable)
    }

    /// Writes entries and waits until they are on disk. Gives how many of them were new.
    pub async fn append(&self, drafts: Vec<Draft>) -> Result<u64, NotWritten> {
        self.write(drafts, None, false).await
    }

    /// Makes a change and writes the entry that tells of it, both or neither.
    pub async fn change<F>(&self, draft: Draft, effect: F) -> Result<(), NotWritten>
    where
        F: for<'c> FnOnce(&'c mut Transaction) -> Changing<'c> + Send + 'static,
    {
        self.write(vec![draft], Some(Box::new(effect)), false).await.map(drop)
    }

    /// Writes an entry, and signs the chain up to it at least.
    pub async fn seal(&self, draft: Draft) -> Result<(), NotWritten> {
        self.write(vec![draft], None, true).await.map(drop)
    }

    #[tracing::instrument(target = TRACES, name = "write chain", skip_all, fields(entries = drafts.len()))]
    async fn write(&self, drafts: Vec<Draft>, effect: Option<Effect>, sign: bool) -> Result<u64, NotWritten> {
        let (done, written) = oneshot::channel();
        let submission = Submission { drafts, effect, sign, done: Some(done) };
        self.0.send(submission).await.map_err(|_| NotWritten::Unavailable)?;
        written.await.unwrap_or(Err(NotWritten::Unavailable))
    }
}
