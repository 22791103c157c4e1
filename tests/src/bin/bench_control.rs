//! `make bench-control`: measures the control service on this machine, and prints what it finds.
//!
//! Load is made by `policymesh load`, on the same processors. `$POLICYMESH` names the command, built as for use.

use std::time::Instant;

use anyhow::{Context, Result};
use tests::control::Control;
use tests::place;

/// Rounds of load, of so many records from so many nodes: a million records in all.
const ROUNDS: usize = 5;
const NODES: &str = "8";
const RECORDS: &str = "25000";

/// How many nodes get how many policies.
const FLEETS: [[&str; 2]; 4] = [["1", "1"], ["100", "1"], ["1000", "1"], ["1000", "100"]];

fn main() -> Result<()> {
    let policy = place::repository().join("envoy/policy.yaml").display().to_string();
    let control = Control::start()?;
    println!("records from {NODES} nodes into one store:");
    for round in 1..=ROUNDS {
        intake(&control)?;
        if round == 1 || round == ROUNDS {
            timed("a policy replayed over all of them", || control.does(&["replay", &policy]));
        }
    }
    timed("their chain verified", || control.does(&["audit", "verify"]));
    let newest = control.json("/v1/records?limit=1")["records"][0]["record"]["request_id"].to_string();
    timed("one found by its request's id", || control.does(&["why", newest.trim_matches('"')]));
    for [nodes, policies] in FLEETS {
        let control = Control::start()?;
        let xds = control.xds().to_string();
        println!("\n{nodes} nodes, {policies} policies:");
        let load = ["load", "envoys", &policy, "--xds", &xds, "--nodes", nodes, "--policies", policies];
        print!("{}", control.does(&load));
    }
    Ok(())
}

fn intake(control: &Control) -> Result<()> {
    let xds = control.xds().to_string();
    let before = metric(control, "process_cpu_seconds_total")?;
    let told = control.does(&["load", "records", "--xds", &xds, "--nodes", NODES, "--records", RECORDS]);
    let seconds = metric(control, "process_cpu_seconds_total")? - before;
    let records = NODES.parse::<f64>()? * RECORDS.parse::<f64>()?;
    println!(
        "{}; {:.0} µs of processor each, {:.0} MB of memory",
        told.trim(),
        seconds / records * 1e6,
        metric(control, "process_resident_memory_bytes")? / 1e6
    );
    Ok(())
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) {
    let began = Instant::now();
    run();
    println!("{what}: {:.2} s", began.elapsed().as_secs_f64());
}

/// What the service tells of itself.
fn metric(control: &Control, name: &str) -> Result<f64> {
    let metrics = control.get("/metrics").text();
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).with_context(|| format!("the service does not tell `{name}`"))
}
