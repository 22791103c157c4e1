//! `policymesh load records`: how many records the control service takes in.

mod made;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::data::accesslog::v3::{AccessLogCommon, HttpAccessLogEntry};
use envoy_types::pb::envoy::service::accesslog::v3::StreamAccessLogsMessage;
use envoy_types::pb::envoy::service::accesslog::v3::access_log_service_client::AccessLogServiceClient;
use envoy_types::pb::envoy::service::accesslog::v3::stream_access_logs_message::{
    HttpAccessLogEntries, Identifier, LogEntries,
};
use envoy_types::pb::google::protobuf::Any;
use made::Made;
use serde_json::Value as Json;

use crate::client::{Client, Server, part};
use crate::structure;
use crate::terminal::say;

/// Sends made-up audit records, as Envoys would, and tells how many are taken in a second.
///
/// Time runs until the last record is on disk.
#[derive(clap::Args)]
pub struct Records {
    /// Where the service takes Envoys.
    #[arg(long, default_value = "127.0.0.1:18000", value_name = "IP:PORT")]
    xds: String,

    /// How many Envoys send.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    nodes: u32,

    /// How many records each of them sends.
    #[arg(long, default_value_t = 25_000)]
    records: u64,

    #[command(flatten)]
    server: Server,
}

/// Records in one message: about what Envoy puts into its 16 KiB.
const IN_A_MESSAGE: u64 = 10;

// === impl Records ===

impl Records {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let client = self.server.client()?;
        let before = newest(&client)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let began = Instant::now();
        runtime.block_on(self.send())?;
        let wanted = before + u64::from(self.nodes) * self.records;
        while newest(&client)? < wanted {
            if began.elapsed() > Duration::from_secs(600) {
                bail!("after ten minutes {} records are not on disk", wanted - newest(&client)?);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let took = began.elapsed().as_secs_f64();
        let count = wanted - before;
        say!("{count} records in {took:.2} s: {:.0} a second", count as f64 / took);
        Ok(ExitCode::SUCCESS)
    }

    async fn send(&self) -> anyhow::Result<()> {
        let mut sending = tokio::task::JoinSet::new();
        for node in 0..self.nodes {
            sending.spawn(send(format!("http://{}", self.xds), node, self.records));
        }
        while let Some(sent) = sending.join_next().await {
            sent??;
        }
        Ok(())
    }
}

/// The last place of the chain that is on disk.
fn newest(client: &Client) -> anyhow::Result<u64> {
    let head: Json = client.get("/v1/audit/head")?.json()?;
    part(&head, "/seq").as_u64().context("the service does not tell how long its chain is")
}

async fn send(url: String, node: u32, count: u64) -> anyhow::Result<()> {
    let mut client =
        AccessLogServiceClient::connect(url.clone()).await.with_context(|| format!("cannot reach {url}"))?;
    let mut random = [0; 8];
    getrandom::fill(&mut random)?;
    let mut made = Made::new(u64::from_ne_bytes(random));
    let messages = (0..count.div_ceil(IN_A_MESSAGE)).map(move |place| message(node, &mut made, place, count));
    client.stream_access_logs(tokio_stream::iter(messages)).await?;
    Ok(())
}

fn message(node: u32, made: &mut Made, place: u64, count: u64) -> StreamAccessLogsMessage {
    let records = IN_A_MESSAGE.min(count - place * IN_A_MESSAGE);
    let log_entry = (0..records).map(|_| entry(made.next())).collect();
    let node = Node { id: format!("load-{node}"), ..Node::default() };
    let identifier = (place == 0).then(|| Identifier { node: Some(node), log_name: "policymesh".to_owned() });
    StreamAccessLogsMessage { identifier, log_entries: Some(LogEntries::HttpLogs(HttpAccessLogEntries { log_entry })) }
}

fn entry(record: Vec<u8>) -> HttpAccessLogEntry {
    let record = Any { type_url: structure::TYPE_URL.to_owned(), value: record };
    let states = [("wasm.policymesh_audit".to_owned(), record)].into_iter().collect();
    let common = AccessLogCommon { filter_state_objects: states, ..AccessLogCommon::default() };
    HttpAccessLogEntry { common_properties: Some(common), ..HttpAccessLogEntry::default() }
}
