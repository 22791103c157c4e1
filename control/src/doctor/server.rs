//! What concerns the whole Envoy.

use std::net::IpAddr;

use super::{Report, Running};
use crate::envoy::Version;

const PLACE: &str = "Envoy";

pub fn examine(running: &Running, report: &mut Report) {
    version(running, report);
    admin(running, report);
    updates(running, report);
    failures(running, report);
}

fn version(running: &Running, report: &mut Report) {
    /// The first that knows `allow_on_headers_stop_iteration`.
    const HOLDS_HEADERS: Version = Version::new(1, 35);
    match running.version {
        None => {
            report.warning(PLACE, "its version cannot be read", "what it can do is not known", "use a release of Envoy")
        }
        Some(version) if version < HOLDS_HEADERS => report.error(
            PLACE,
            format!("it is version {version}"),
            "it cannot hold headers until the body is read: the filter never sees a body",
            "use Envoy 1.37 or newer",
        ),
        Some(version) if version < Version::OLDEST => report.error(
            PLACE,
            format!("it is version {version}"),
            "it does not apply `request_body_buffer_limit`: larger requests are answered with 413",
            "use Envoy 1.37 or newer",
        ),
        Some(_) => {}
    }
}

fn admin(running: &Running, report: &mut Report) {
    let address = running.bootstrap["admin"]["address"]["socket_address"]["address"].as_str();
    if address.and_then(|address| address.parse::<IpAddr>().ok()).is_some_and(|address| !address.is_loopback()) {
        report.warning(
            "admin",
            format!("it listens on {}", address.unwrap_or_default()),
            "whoever reaches it can read the configuration and stop Envoy",
            "listen on 127.0.0.1",
        );
    }
}

/// Refused updates: the old policy goes on, which nobody may have noticed.
fn updates(running: &Running, report: &mut Report) {
    let count = |filter: &str, what: &str| {
        running.stats.get(&format!("extension_config_discovery.http_filter.{filter}.{what}")).copied().unwrap_or(0)
    };
    for filter in running.discovered.keys() {
        let refused = count(filter, "update_rejected");
        if refused > 0 {
            report.warning(
                &format!("filter `{filter}`"),
                format!("{refused} of {} updates were refused", count(filter, "update_attempt")),
                "what runs may be older than what was last sent: Envoy keeps the old policy if a new one has errors",
                "look for the errors in Envoy's log, or run `policymesh check`; to send the same text again, change something in it",
            );
        }
    }
}

/// Failures of the module itself.
fn failures(running: &Running, report: &mut Report) {
    let failed = |name: &str| {
        name.starts_with("wasm.") && (name.ends_with(".vm_reload_success") || name.ends_with(".vm_reload_failure"))
    };
    for (name, count) in running.stats.iter().filter(|(name, count)| failed(name) && **count > 0) {
        report.warning(
            PLACE,
            format!("`{name}` is {count}"),
            "the filter failed and was started anew; the requests in flight were answered with 503",
            "look for `wasm` in Envoy's log, and report it",
        );
    }
}
