//! Audit records in, by Envoy's gRPC access log service.
//!
//! Envoy does not learn whether an entry arrived, and drops what it cannot send. What is lost on the way shows as a gap,
//! which the node's access log file fills.

use envoy_types::pb::envoy::data::accesslog::v3::HttpAccessLogEntry;
use envoy_types::pb::envoy::service::accesslog::v3::access_log_service_server::AccessLogService;
use envoy_types::pb::envoy::service::accesslog::v3::stream_access_logs_message::{HttpAccessLogEntries, LogEntries};
use envoy_types::pb::envoy::service::accesslog::v3::{StreamAccessLogsMessage, StreamAccessLogsResponse};
use tonic::{Request, Response, Status, Streaming};

use super::Service;
use super::fleet::is_name;
use super::journal::Draft;
use super::peer::Peer;
use crate::structure;

/// The key of the record in filter state.
const RECORD: &str = "wasm.policymesh_audit";

/// The access log service.
pub struct Intake(Service);

// === impl Intake ===

impl Intake {
    /// Takes records in for this service.
    pub fn new(service: Service) -> Self {
        Self(service)
    }

    /// Takes one message in. An error only if nothing can be written any more.
    async fn take(&self, node: &str, entries: HttpAccessLogEntries) -> Result<(), Status> {
        let mut drafts = Vec::with_capacity(entries.log_entry.len());
        let mut unrecorded = 0;
        for entry in entries.log_entry {
            match draft(node, &entry) {
                Some(Ok(draft)) => drafts.push(draft),
                Some(Err(reason)) => {
                    unrecorded += 1;
                    tracing::warn!(node, reason, "an access log entry has no readable record");
                }
                None => unrecorded += 1,
            }
        }
        if unrecorded > 0 {
            self.0.fleet.change(node, |node| node.unrecorded += unrecorded);
        }
        self.0.journal.submit(drafts).await.map_err(|reason| Status::unavailable(reason.to_string()))
    }
}

#[tonic::async_trait]
impl AccessLogService for Intake {
    async fn stream_access_logs(
        &self,
        request: Request<Streaming<StreamAccessLogsMessage>>,
    ) -> Result<Response<StreamAccessLogsResponse>, Status> {
        let peer = Peer::of(&request);
        let mut messages = request.into_inner();
        let mut ending = self.0.ending.clone();
        let mut node = String::new();
        loop {
            let message = tokio::select! {
                message = messages.message() => message?,
                _ = ending.wait_for(|ending| *ending) => None,
            };
            let Some(StreamAccessLogsMessage { identifier, log_entries }) = message else {
                return Ok(Response::new(StreamAccessLogsResponse {}));
            };
            // Only the first message of a stream says whose it is.
            if let Some(introduced) = identifier.and_then(|identifier| identifier.node) {
                node = introduced.id;
            }
            if !is_name(&node) {
                return Err(Status::invalid_argument(
                    "the first message must have `node.id`, without control characters",
                ));
            }
            if self.0.rules.nodes_by_certificate {
                peer.must_be(&node, "records")?;
            }
            if let Some(LogEntries::HttpLogs(entries)) = log_entries {
                self.take(&node, entries).await?;
            }
        }
    }
}

/// The record in an access log entry; nothing if there is none, as where the filter is not configured.
///
/// The rest of the entry, path and user agent among it, is not looked at: it can hold content.
fn draft(node: &str, entry: &HttpAccessLogEntry) -> Option<Result<Draft, String>> {
    let state = entry.common_properties.as_ref()?.filter_state_objects.get(RECORD)?;
    if state.type_url != structure::TYPE_URL {
        return Some(Err(format!("it is a `{}`", state.type_url)));
    }
    Some(read(node, &state.value))
}

fn read(node: &str, message: &[u8]) -> Result<Draft, String> {
    let record = structure::canonical(message).map_err(|reason| reason.to_string())?;
    Draft::record(node, record).map_err(|reason| reason.to_string())
}
