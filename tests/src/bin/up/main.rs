//! `make up`: the mesh on this machine, to try. Ends with Ctrl-C, and with it all that it started.

mod guide;
mod provider;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context, Result};
use tests::control::Control;
use tests::envoy::{Bootstrap, Envoy, Program, Starter, program};
use tests::mesh::Rendering;
use tests::place;
use tests::waiting::{eventually, runtime};

use guide::{Guide, USUAL_API};
use provider::{Place, Provider, providers};

/// What this Envoy is called in the control service.
const NODE: &str = "up";

fn main() -> Result<()> {
    let policy = place::repository().join("envoy/policy.yaml");
    step("looking for Envoy");
    match program()? {
        Program::File(file) => step(&format!("Envoy is {}", file.display())),
        Program::Image(image) => step(&format!("Envoy is the image {image}")),
    }
    let providers = providers(&policy)?;
    step("starting the control service, and giving it the policy");
    let control = Control::start_at([free(USUAL_API)?, free(18000)?])?;
    control.does(&["apply", &policy.display().to_string(), "--message", "the policy that ships"]);
    step("starting Envoy, which compiles the filter");
    let envoy = start(&policy, &providers, &control)?;
    println!("{}", Guide { policy: &policy, providers: &providers, control: &control, envoy: &envoy });
    runtime().block_on(tokio::signal::ctrl_c())?;
    println!("\nstopped");
    Ok(())
}

fn step(text: &str) {
    println!("  {text}");
}

/// Starts Envoy, and waits until the policy is in force.
fn start(policy: &Path, providers: &[Provider], control: &Control) -> Result<Envoy> {
    let (listen, admin) = (free(10000)?, free(9901)?);
    let rendering = Rendering::of(policy).option("--listen", listen.to_string()).option("--admin", admin.to_string());
    let rendering = rendering.option("--control", control.xds().to_string()).option("--node-id", NODE);
    let rendering = providers.iter().fold(rendering, |rendering, provider| match &provider.place {
        Place::Real { key: Some(key) } => rendering.key(&provider.name, key),
        Place::Real { key: None } => rendering,
        Place::StandIn(standin) => rendering.endpoint(&provider.name, &format!("http://{}", standin.address())),
    });
    let envoy = Starter::new()?.bootstrap(Bootstrap::parse_as_is(&rendering.text("control")?)?).start()?;
    let took = || Some(()).filter(|()| control.get(&format!("/v1/nodes/{NODE}")).json()["acked"]["number"] == 1);
    eventually(took).context("Envoy does not take the policy from the control service")?;
    Ok(envoy)
}

/// This port of the loopback interface, or another if it is taken.
fn free(usual: u16) -> Result<SocketAddr> {
    let here = Ipv4Addr::LOCALHOST;
    let listener = TcpListener::bind((here, usual)).or_else(|_| TcpListener::bind((here, 0)));
    Ok(listener.context("no port is free")?.local_addr()?)
}
