//! Certificate authorities that live for one test.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// An authority, whose certificate is `NAME.pem` in its folder.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The certificate.
    pub file: PathBuf,
}

// === impl Authority ===

impl Authority {
    /// A new one.
    pub fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = folder.join(format!("{name}.pem"));
        fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// Writes a new certificate for 127.0.0.1 and its key to these files, each moved into its place as a whole.
    pub fn certify(&self, certificate: &Path, key: &Path) {
        let new_key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        replace(key, &new_key.serialize_pem());
        replace(certificate, &params.signed_by(&new_key, &self.issuer).unwrap().pem());
    }
}

/// Replaces a file as a whole.
pub fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}
