//! `policymesh load envoys`: how long it takes until all Envoys have what is published.

mod node;
mod service;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use crate::client::Server;
use crate::command::input;
use crate::terminal::say;
use node::{Arrival, Node};
use service::Published;

/// Connects so many nodes, as Envoys would, publishes new versions of so many policies, and tells how long it takes until each
/// node has taken its own.
///
/// Every other node speaks delta xDS, the rest the state of the world. Each is in the cluster of one policy, named after
/// `load`; one that gets another's is an error.
#[derive(clap::Args)]
pub struct Envoys {
    /// The policy that all are made from, YAML or JSON, by other names.
    policy: PathBuf,

    /// Where the service takes Envoys.
    #[arg(long, default_value = "127.0.0.1:18000", value_name = "IP:PORT")]
    xds: SocketAddr,

    /// How many nodes.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    nodes: u32,

    /// How many policies.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    policies: u32,

    /// How often each policy gets a new version.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,

    #[command(flatten)]
    server: Server,
}

/// How long the last node may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many seconds passed until the nodes had taken a version.
struct Times(Vec<f64>);

// === impl Envoys ===

impl Envoys {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let document = input::read(&self.policy)?;
        let Some(_) = input::parse(&self.policy, &document) else { return Ok(ExitCode::from(1)) };
        let mut published = Published::new(self.server.client()?, &document, self.policies)?;
        published.change()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.measure(&mut published))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn measure(&self, published: &mut Published) -> anyhow::Result<()> {
        let (told, mut arrivals) = unbounded_channel();
        let idle = published.usage()?;
        let began = Instant::now();
        let mut streams = JoinSet::new();
        for number in 0..self.nodes {
            let node = Node { number, policy: number % self.policies, service: self.xds };
            streams.spawn(node.follow(told.clone()));
        }
        drop(told);
        let times = self.wait(&mut arrivals, &mut streams, |_| began).await?;
        say!("{} nodes connected, each with its policy: {times}", self.nodes);
        for round in 1..=self.rounds {
            let before = published.usage()?;
            let began = Instant::now();
            let changed = tokio::task::block_in_place(|| published.change())?;
            let checked = began.elapsed().as_secs_f64();
            let times = self.wait(&mut arrivals, &mut streams, |policy| changed.at(policy)).await?;
            let used = published.usage()?;
            say!(
                "round {round}: {} policies checked and published in {checked:.2} s, all taken after {:.2} s; from a \
                 policy's publication to a node that has it: {times}; processor {:.2} s, memory {} MB",
                self.policies,
                began.elapsed().as_secs_f64(),
                used.cpu_seconds - before.cpu_seconds,
                used.memory_bytes / 1_000_000
            );
        }
        let used = published.usage()?;
        say!(
            "memory: {} MB without nodes, {} MB with them",
            idle.memory_bytes / 1_000_000,
            used.memory_bytes / 1_000_000
        );
        Ok(())
    }

    /// Waits until each node has taken a new version.
    async fn wait(
        &self,
        arrivals: &mut UnboundedReceiver<Arrival>,
        streams: &mut JoinSet<anyhow::Result<()>>,
        since: impl Fn(u32) -> Instant,
    ) -> anyhow::Result<Times> {
        let mut times = Times(Vec::new());
        let late = tokio::time::sleep(PATIENCE);
        tokio::pin!(late);
        while times.0.len() < self.nodes as usize {
            tokio::select! {
                Some(Arrival { policy, at }) = arrivals.recv() => {
                    times.0.push(at.saturating_duration_since(since(policy)).as_secs_f64());
                }
                Some(ended) = streams.join_next() => {
                    ended??;
                    bail!("the service has ended a stream");
                }
                () = &mut late => bail!("after {PATIENCE:?} {} of {} nodes have it", times.0.len(), self.nodes),
            }
        }
        times.0.sort_by(f64::total_cmp);
        Ok(times)
    }
}

// === impl Times ===

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |percent: usize| self.0.get(self.0.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0.0);
        write!(f, "half after {:.3} s, 99 % after {:.3} s, all after {:.3} s", at(50), at(99), at(100))
    }
}
