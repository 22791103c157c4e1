//! An Envoy bootstrap made fit for a test: free ports, and providers that are stand-ins.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// A bootstrap document.
#[derive(Clone, Debug, Default)]
pub struct Bootstrap(Value);

// === impl Bootstrap ===

impl Bootstrap {
    /// Reads a bootstrap in YAML and lets the system choose the ports of all listeners and of the admin interface.
    pub fn parse(yaml: &str) -> Result<Self> {
        let mut document: Value = serde_saphyr::from_str(yaml).context("parsing the bootstrap")?;
        each(&mut document["static_resources"]["listeners"], |listener| free_port(&mut listener["address"]));
        if document["admin"].is_null() {
            document["admin"] = json!({"address": {"socket_address": {"address": "127.0.0.1"}}});
        }
        free_port(&mut document["admin"]["address"]);
        Ok(Self(document))
    }

    /// Reads a bootstrap as it is, ports and all.
    pub fn parse_as_is(yaml: &str) -> Result<Self> {
        serde_saphyr::from_str(yaml).context("parsing the bootstrap").map(Self)
    }

    /// Lets a cluster lead, without TLS, to this address and no other.
    #[must_use]
    pub fn cluster_at(mut self, name: &str, address: SocketAddr) -> Self {
        let mut found = false;
        each(&mut self.0["static_resources"]["clusters"], |cluster| {
            if cluster["name"] == name {
                found = true;
                redirect(cluster, address);
            }
        });
        assert!(found, "the bootstrap has no cluster `{name}`");
        self
    }

    /// Replaces a text wherever it stands in a string of the document.
    #[must_use]
    pub fn replacing(mut self, old: &str, new: &str) -> Self {
        let mut count = 0;
        replace(&mut self.0, old, new, &mut count);
        assert!(count > 0, "the bootstrap says `{old}` nowhere");
        self
    }

    /// Makes every Wasm filter load this module.
    #[must_use]
    pub fn with_module(mut self, module: &Path) -> Self {
        let mut places = vec![&mut self.0];
        while let Some(place) = places.pop() {
            if let Some(filename) = place.pointer_mut("/vm_config/code/local/filename") {
                *filename = json!(module);
            }
            places.extend(children(place));
        }
        self
    }

    /// The document itself.
    pub fn document(&mut self) -> &mut Value {
        &mut self.0
    }

    /// The names of the clusters.
    pub fn clusters(&self) -> Vec<String> {
        let clusters = self.0["static_resources"]["clusters"].as_array();
        let names = clusters.into_iter().flatten().filter_map(|cluster| cluster["name"].as_str());
        names.map(String::from).collect()
    }
}

impl std::fmt::Display for Bootstrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

fn free_port(address: &mut Value) {
    if let Some(socket) = address["socket_address"].as_object_mut() {
        socket.insert("port_value".into(), json!(0));
    }
}

fn redirect(cluster: &mut Value, to: SocketAddr) {
    let address = json!({"socket_address": {"address": to.ip().to_string(), "port_value": to.port()}});
    let endpoint = json!({"endpoint": {"address": address}});
    cluster["type"] = json!("STATIC");
    cluster["load_assignment"]["endpoints"] = json!([{"lb_endpoints": [endpoint]}]);
    if let Some(cluster) = cluster.as_object_mut() {
        for only_for_the_real_one in
            ["transport_socket", "dns_lookup_family", "cluster_type", "typed_dns_resolver_config"]
        {
            cluster.remove(only_for_the_real_one);
        }
    }
}

fn replace(place: &mut Value, old: &str, new: &str, count: &mut usize) {
    let mut places = vec![place];
    while let Some(place) = places.pop() {
        match place {
            Value::String(text) if text.contains(old) => {
                *text = text.replace(old, new);
                *count += 1;
            }
            place => places.extend(children(place)),
        }
    }
}

fn each(list: &mut Value, change: impl FnMut(&mut Value)) {
    list.as_array_mut().into_iter().flatten().for_each(change);
}

fn children(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(fields) => fields.values_mut().collect(),
        _ => vec![],
    }
}
