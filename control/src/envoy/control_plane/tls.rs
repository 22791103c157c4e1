//! TLS between an Envoy and the control service: each shows the other a certificate.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::yaml::{Node, list, map};

/// By what an Envoy and the control service know each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The authorities that the service's certificate must be from.
    pub authorities: File,
    /// What this Envoy shows.
    pub own: Option<Certificate>,
}

/// The certificate of an Envoy, and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// Two files, PEM, read when Envoy starts.
    Pem {
        /// The certificate, and those that lead to its authority.
        certificate: String,
        /// The private key.
        key: String,
    },
    /// A file with both as SDS delivers them, watched.
    Sds(String),
}

/// A file, as Envoy sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum File {
    /// PEM, read when Envoy starts.
    Pem(String),
    /// A secret as SDS delivers it, watched.
    Sds(String),
}

/// The names of the secrets, where SDS delivers them.
const CERTIFICATE: &str = "policymesh-control-certificate";
const AUTHORITIES: &str = "policymesh-control-authorities";

/// The transport socket of the cluster of a control service whose replicas are at these hosts.
pub fn socket(tls: &Tls, hosts: &BTreeSet<&str>) -> Node {
    let names = Node::list(hosts.iter().copied().map(name).collect());
    let common = map! {
        "tls_params" => map! {
            "tls_minimum_protocol_version" => "TLSv1_3",
            "tls_maximum_protocol_version" => "TLSv1_3",
        },
        "alpn_protocols" => list!["h2"],
    };
    let common = match &tls.own {
        Some(Certificate::Pem { certificate, key }) => common.with(
            "tls_certificates",
            list![map! { "certificate_chain" => file(certificate), "private_key" => file(key) }],
        ),
        Some(Certificate::Sds(path)) => {
            common.with("tls_certificate_sds_secret_configs", list![secret(CERTIFICATE, path)])
        }
        None => common,
    };
    let common = match &tls.authorities {
        File::Pem(path) => common
            .with("validation_context", map! { "trusted_ca" => file(path), "match_typed_subject_alt_names" => names }),
        File::Sds(path) => common.with(
            "combined_validation_context",
            map! {
                "default_validation_context" => map! { "match_typed_subject_alt_names" => names },
                "validation_context_sds_secret_config" => secret(AUTHORITIES, path),
            },
        ),
    };
    map! {
        "name" => "envoy.transport_sockets.tls",
        "typed_config" => map! {
            "@type" => "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        }
        .with_some("sni", hosts.first().filter(|host| hosts.len() == 1 && !is_ip(host)).map(|host| Node::from(*host)))
        .with("common_tls_context", common),
    }
}

/// What a certificate must be for.
fn name(host: &str) -> Node {
    map! { "san_type" => if is_ip(host) { "IP_ADDRESS" } else { "DNS" }, "matcher" => map! { "exact" => host } }
}

fn is_ip(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok()
}

fn file(path: &str) -> Node {
    map! { "filename" => path }
}

fn secret(name: &str, path: &str) -> Node {
    let source = map! { "path_config_source" => map! { "path" => path }, "resource_api_version" => "V3" };
    map! { "name" => name, "sds_config" => source }
}

// === impl File ===

impl From<String> for File {
    fn from(path: String) -> Self {
        if [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end)) { Self::Sds(path) } else { Self::Pem(path) }
    }
}

impl Certificate {
    /// The certificate in this file, whose key is in that one, or in the same where SDS delivers both.
    pub fn of(certificate: &str, key: Option<&str>) -> Result<Self, String> {
        match (File::from(certificate.to_owned()), key) {
            (File::Sds(path), None) => Ok(Self::Sds(path)),
            (File::Pem(certificate), Some(key)) => Ok(Self::Pem { certificate, key: key.to_owned() }),
            (File::Sds(path), Some(_)) => Err(format!("--control-key: the key is in `{path}` already")),
            (File::Pem(path), None) => Err(format!("--control-cert: `{path}` takes --control-key, too")),
        }
    }
}
