//! Stand-in providers for a mesh that something else starts: `standin openai=8001 anthropic=8002 ollama=8003`, each on its port
//! of the loopback interface, until the process is ended.

use anyhow::{Context, Result, bail};
use tests::standin::{Shape, StandIn};
use tests::waiting::runtime;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> Result<()> {
    let started: Vec<StandIn> = std::env::args().skip(1).map(|written| start(&written)).collect::<Result<_>>()?;
    if started.is_empty() {
        bail!("say which, and on which port: `openai=8001`");
    }
    for standin in &started {
        println!("a stand-in for {:?} at {}", standin.shape(), standin.address());
    }
    // As the first process of a container it would not end by itself.
    runtime().block_on(async { signal(SignalKind::terminate())?.recv().await.context("no signal can come any more") })
}

fn start(written: &str) -> Result<StandIn> {
    let (shape, port) = written.split_once('=').with_context(|| format!("`{written}` is no NAME=PORT"))?;
    let shape = match shape {
        "openai" => Shape::OpenAi,
        "anthropic" => Shape::Anthropic,
        "ollama" => Shape::Ollama,
        other => bail!("nobody stands in for `{other}`: openai, anthropic or ollama"),
    };
    StandIn::start_on(shape, port.parse().with_context(|| format!("`{port}` is no port"))?)
}
