//! Where it stands who the client is.

use super::Report;
use crate::{
    config::{IdentityConfig, Principal, SourceConfig},
    facts::Name,
    problem::Problem,
    rule::Source,
};

/// Where Envoy tells of the client's certificate: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
const CERTIFICATE: [&str; 3] = ["uri_san_peer_certificate", "dns_san_peer_certificate", "subject_peer_certificate"];

/// Where `jwt_authn` leaves the claims that it verified, with `payload_in_metadata: jwt_payload`.
const CLAIMS: [&str; 4] = ["metadata", "filter_metadata", "envoy.filters.http.jwt_authn", "jwt_payload"];

/// Where the client and its team stand.
pub(super) fn sources(config: Option<IdentityConfig>, report: &mut Report) -> (Vec<Source>, Vec<Source>) {
    let Some(IdentityConfig { header, principal, jwt_claim, team }) = config else { return Default::default() };
    let client = SourceConfig { header, principal, jwt_claim };
    let team = team.map(|team| source("spec.identity.team", team, report)).unwrap_or_default();
    (source("spec.identity", client, report), team)
}

fn source(path: &str, config: SourceConfig, report: &mut Report) -> Vec<Source> {
    let property =
        |elements: &[&str]| Source::Property(elements.iter().map(|element| Name::written(element)).collect());
    match config {
        SourceConfig { header: Some(name), principal: None, jwt_claim: None } => {
            vec![Source::Header(header(&format!("{path}.header"), &name, report))]
        }
        SourceConfig { header: None, principal: Some(Principal::Mtls), jwt_claim: None } => {
            CERTIFICATE.iter().map(|part| property(&["connection", part])).collect()
        }
        SourceConfig { header: None, principal: None, jwt_claim: Some(claim) } => {
            report.name(&format!("{path}.jwt_claim"), &claim);
            vec![property(&[&CLAIMS[..], &[claim.as_str()]].concat())]
        }
        SourceConfig { .. } => {
            let problem = Problem::error(path, "not exactly one source is given");
            report.push(problem.help("give one of `header`, `principal`, `jwt_claim`"));
            Vec::new()
        }
    }
}

/// The name of a header: https://www.rfc-editor.org/rfc/rfc9110#name-tokens in lower case, or a pseudo-header.
pub(super) fn header(path: &str, name: &str, report: &mut Report) -> Name {
    let lower = name.to_ascii_lowercase();
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let bare = lower.strip_prefix(':').unwrap_or(&lower);
    if bare.is_empty() || !bare.bytes().all(token) {
        report.error(path, format!("`{}` is no name of a header", name.escape_debug()));
    } else if lower.starts_with("x-policymesh-") {
        let problem = Problem::error(path, format!("the header `{lower}` is stripped before a rule can see it"));
        report.push(problem.help("choose another name"));
    }
    Name::written(&lower)
}
