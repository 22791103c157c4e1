//! CloudEvents 1.0 in JSON, <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>.

use policy::audit::Record;
use serde_json::{Value, json};

use crate::service::store::records::Found;
use crate::service::time::rfc3339;

/// One record.
pub fn event(found: &Found, record: &Record) -> Value {
    json!({
        "specversion": "1.0",
        "id": record.decision_id,
        "source": format!("/policymesh/nodes/{}", crate::client::escaped(&found.node)),
        "type": "dev.policymesh.decision.v1",
        "subject": record.policy.name,
        "time": rfc3339(record.time_us),
        "datacontenttype": "application/json",
        "data": found.record,
    })
}
