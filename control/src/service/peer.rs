//! Who is at the other end of a connection, by the certificate that they showed.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use tonic::{Request, Status};
use webpki::EndEntityCert;

/// The names that a certificate is for: DNS names and URIs, such as SPIFFE ids. None without a certificate.
#[derive(Clone, Debug, Default)]
pub struct Peer(Arc<[String]>);

// === impl Peer ===

impl Peer {
    /// Whoever showed this certificate, which has been verified.
    pub fn with(certificate: &CertificateDer<'_>) -> Self {
        let Ok(certificate) = EndEntityCert::try_from(certificate) else { return Self::default() };
        Self(certificate.valid_dns_names().chain(certificate.valid_uri_names()).map(str::to_owned).collect())
    }

    /// Whoever sent this request.
    pub fn of<T>(request: &Request<T>) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    /// Refuses whoever takes or brings something in the name of another node.
    pub fn must_be(&self, node: &str, what: &str) -> Result<(), Status> {
        if self.0.iter().any(|name| name == node) {
            return Ok(());
        }
        tracing::warn!(node, what, names = ?self.0, "somebody speaks for a node that their certificate is not for");
        Err(Status::permission_denied("the certificate is not for this `node.id`"))
    }
}
