//! `policymesh load records`: how many records the control service takes in.

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
use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{Any, ListValue, Struct, Value};
use prost::{Message as _, Name as _};
use serde_json::{Value as Json, json};

use crate::client::{Client, Server, part};
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
    let epoch = u64::from_ne_bytes(random);
    let messages = (0..count.div_ceil(IN_A_MESSAGE)).map(move |place| message(node, epoch, place, count));
    client.stream_access_logs(tokio_stream::iter(messages)).await?;
    Ok(())
}

fn message(node: u32, epoch: u64, place: u64, count: u64) -> StreamAccessLogsMessage {
    let first = place * IN_A_MESSAGE + 1;
    let log_entry = (first..=count.min(first + IN_A_MESSAGE - 1)).map(|number| entry(epoch, number)).collect();
    let node = Node { id: format!("load-{node}"), ..Node::default() };
    let identifier = (place == 0).then(|| Identifier { node: Some(node), log_name: "policymesh".to_owned() });
    StreamAccessLogsMessage { identifier, log_entries: Some(LogEntries::HttpLogs(HttpAccessLogEntries { log_entry })) }
}

fn entry(epoch: u64, number: u64) -> HttpAccessLogEntry {
    let Json::Object(record) = record(epoch, number) else { return HttpAccessLogEntry::default() };
    let record = Struct { fields: record.into_iter().map(|(name, json)| (name, value(json))).collect() };
    let record = Any { type_url: Struct::type_url(), value: record.encode_to_vec() };
    let states = [("wasm.policymesh_audit".to_owned(), record)].into_iter().collect();
    let common = AccessLogCommon { filter_state_objects: states, ..AccessLogCommon::default() };
    HttpAccessLogEntry { common_properties: Some(common), ..HttpAccessLogEntry::default() }
}

/// When the first request comes, in microseconds since the Unix epoch, and how long after it the next one of the same node does.
const FIRST_US: u64 = 1_764_000_000_000_000;
const BETWEEN_US: u64 = 200;

/// A record like those of the filter: about as long, and its ids as different. That of the decision begins with the time, that of
/// the request with nothing that can be foreseen.
fn record(epoch: u64, number: u64) -> Json {
    let time_us = FIRST_US + number * BETWEEN_US;
    let milliseconds = time_us / 1_000;
    let id = format!(
        "{:08x}-{:04x}-7{:03x}-8{:03x}-{number:012x}",
        milliseconds >> 16,
        milliseconds & 0xffff,
        number & 0xfff,
        epoch & 0xfff
    );
    let candidate = |provider: &str, model: &str| {
        json!({"provider": provider, "cluster": provider, "format": "openai", "zone": "cloud",
            "model": {"name": model, "id": model, "cost": 1_250_000}})
    };
    json!({
        "form": 1, "stage": "ended", "decision_id": id, "time_us": time_us,
        "instance": {"epoch": format!("{epoch:016x}"), "sequence": number},
        "request_id": format!("{:08x}-0000-4000-8000-{epoch:012x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff).get(..36),
        "policy": {"name": "load", "digest": "dc6f04698994ebcddb0e784d98de7aecb5763cb55d90891bb1e2e57440110fd6"},
        "action": "route", "rule": "otherwise as asked, with failover", "level": "public",
        "chosen": candidate("openai", "gpt-4o"),
        "facts": {"api": "chat", "asked": {"known": "gpt-4o"}, "client": {"id": format!("{epoch:016x}")},
            "stream": true, "prompt_tokens": number % 4_000, "level": "public", "labels": ["email"],
            "detectors": {"email": {"count": 2, "confidence": "validated"}}},
        "decision": {"outcome": {"route": [candidate("openai", "gpt-4o"), candidate("anthropic", "claude-sonnet")]},
            "reason": {"rule": "otherwise as asked, with failover"}, "level": "public"},
        "scan": {"body_bytes": 8_192, "text_bytes": 6_000, "remembered_bytes": 0, "micros": 40},
        "ending": {"status": 200, "request_bytes": 8_192, "response_bytes": 2_048, "attempts": 1, "micros": 900_000},
    })
}

fn value(json: Json) -> Value {
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(truth) => Kind::BoolValue(truth),
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(values) => Kind::ListValue(ListValue { values: values.into_iter().map(value).collect() }),
        Json::Object(fields) => {
            Kind::StructValue(Struct { fields: fields.into_iter().map(|(name, json)| (name, value(json))).collect() })
        }
    };
    Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;

    #[test]
    fn what_is_sent_is_a_record() {
        let record = super::record(0xffff_ffff_ffff_ffff, 123_456);
        let read = policy::audit::Record::deserialize(&record);
        assert!(read.is_ok_and(|read| read.facts.is_some() && read.decision.is_some()), "{record:#}");
    }
}
