//! The control service: policies go out to Envoys over xDS, their audit records come in over Envoy's access log service,
//! and people ask through the API.
//!
//! Everything that is kept stands in one store. All writing to the audit chain is done by one task, the [`journal`]; which
//! policy each node is to have is published by one watch, the [`board`]; readers never wait for either.

mod access;
mod agreement;
mod api;
mod board;
mod export;
mod fleet;
mod folder;
mod intake;
mod journal;
mod life;
mod listen;
mod meters;
mod oidc;
mod peer;
mod removal;
mod settings;
mod store;
mod time;
mod tls;
mod xds;

use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::{Semaphore, watch};

pub use access::Role;
pub use export::Form;
pub use fleet::Standing;
pub use journal::reached;
pub use settings::Settings;
pub use time::rfc3339;
pub use xds::{RESOURCE, RESOURCE_TYPE};

use crate::chain::signature::Key;
use board::Board;
use fleet::Fleet;
use folder::Folder;
use journal::{Journal, Signer};
use listen::Listener;
use meters::Meters;
use oidc::Issuer;
use removal::Retention;
use store::Store;
use tls::Watched;

/// The target of the spans that make up traces.
pub const TRACES: &str = "policymesh::traces";

/// What the parts of the service share.
#[derive(Clone)]
struct Service {
    store: Store,
    journal: Journal,
    fleet: Arc<Fleet>,
    board: Arc<Board>,
    key: Arc<Key>,
    rules: Rules,
    /// Who vouches for callers besides the service itself.
    issuer: Option<Arc<Issuer>>,
    meters: Meters,
    /// One for each request that may wait for something to change.
    waiting: Arc<Semaphore>,
    /// Turns true when the service is to end.
    ending: watch::Receiver<bool>,
}

/// What is asked of those who use the service.
#[derive(Clone, Copy, Debug)]
struct Rules {
    /// Whether nobody may do anything without a token.
    tokens: bool,
    /// Whether nobody may publish what they wrote themselves.
    four_eyes: bool,
    /// Whether an Envoy may speak only for the node that its certificate is for.
    nodes_by_certificate: bool,
}

/// How many requests may wait for something to change at a time: half of the connections that the API takes, so that people find
/// room.
const MOST_WAITING: usize = 250;

/// Serves until the process is told to end.
pub async fn run(settings: Settings) -> anyhow::Result<()> {
    listen::check(&settings)?;
    let folder = &settings.data_dir;
    let _folder = Folder::open(folder)?;
    let store = Store::open(settings.database.as_deref(), folder).await?;
    let replica = if store.is_shared() { replica_name()? } else { String::new() };
    let fleet = Arc::new(Fleet::load(&store, replica).await?);
    let board = Arc::new(Board::load(&store).await?);
    let key = Arc::new(Key::load(&settings.signing_key.clone().unwrap_or_else(|| folder.join("signing.key")))?);
    let anchor = settings.anchor.clone().unwrap_or_else(|| settings.data_dir.join("anchor.jsonl"));
    let signer = Signer::new(Arc::clone(&key), &anchor)?;
    let (journal, writing) = Journal::start(store.clone(), Arc::clone(&fleet), signer).await?;
    let issuer = Issuer::new(&settings.oidc)?.map(Arc::new);
    let (end, ending) = watch::channel(false);
    let rules = Rules {
        tokens: settings.authenticates(),
        four_eyes: settings.four_eyes,
        nodes_by_certificate: settings.tls.nodes_by_certificate,
    };
    let waiting = Arc::new(Semaphore::new(MOST_WAITING));
    let service = Service { store, journal, fleet, board, key, rules, issuer, meters: Meters::new(), waiting, ending };
    if settings.require_tokens {
        api::tokens::make_first(&service, &settings.data_dir.join("admin.token")).await?;
    }

    let watched = Watched::load(&settings.tls)?;
    let api = Listener::bind("--api", settings.api, watched.as_ref().map(Watched::api))?;
    let xds = Listener::bind("--xds", settings.xds, watched.as_ref().map(Watched::xds))?;
    let scheme = if watched.is_some() { "https" } else { "http" };
    println!("policymesh: API at {scheme}://{}, Envoys at {}", api.address(), xds.address());

    let reloading = watched.map(|watched| tokio::spawn(watched.keep(service.ending.clone())));
    let (vouching, until) = (service.issuer.clone(), service.ending.clone());
    let vouching = vouching.map(|issuer| tokio::spawn(async move { issuer.keep(until).await }));
    let keeping = tokio::spawn(fleet::keep(service.clone()));
    let following = tokio::spawn(board::follow(service.clone()));
    let guarding = tokio::spawn(life::guard::watch(service.clone()));
    let retention = Retention { all_us: settings.retain, levels: settings.retain_level };
    let expiring = tokio::spawn(removal::expire(service.clone(), retention));
    let api = tokio::spawn(api::serve(service.clone(), api));
    let xds = tokio::spawn(xds::serve(service.clone(), xds));
    told_to_end().await?;
    end.send_replace(true);
    // The journal's task ends when nobody can write any more, and what is in its queue is written.
    drop(service);
    api.await?;
    xds.await??;
    expiring.await?;
    guarding.await?;
    following.await?;
    keeping.await?;
    for task in [reloading, vouching].into_iter().flatten() {
        task.await?;
    }
    writing.await?;
    Ok(())
}

/// A name that no other replica has.
fn replica_name() -> anyhow::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).context("the system gives no randomness")?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Ctrl-C, or the signal that service managers send.
async fn told_to_end() -> anyhow::Result<()> {
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    Ok(())
}

/// Waits until the service is to end.
async fn ended(mut ending: watch::Receiver<bool>) {
    // An error means that the sender is gone, which comes to the same.
    let _ = ending.wait_for(|ending| *ending).await;
}
