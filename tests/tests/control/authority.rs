//! Certificate authorities that live for one test.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;
use tests::control::Control;
use tests::envoy::replace_file;
use tests::waiting::eventually;

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

    /// The certificate.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Writes a new certificate for 127.0.0.1 and its key to these files, each moved into its place as a whole.
    pub fn certify(&self, certificate: &Path, key: &Path) {
        self.certify_as("127.0.0.1", certificate, key);
    }

    /// The same for this name.
    pub fn certify_as(&self, name: &str, certificate: &Path, key: &Path) {
        let new_key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        replace_file(key, &new_key.serialize_pem()).unwrap();
        replace_file(certificate, &params.signed_by(&new_key, &self.issuer).unwrap().pem()).unwrap();
    }
}

/// The certificate and the key of a service in a folder, and the authority that they are from.
pub struct Certificates {
    folder: TempDir,
    /// The authority.
    pub authority: Authority,
}

// === impl Certificates ===

impl Certificates {
    /// New ones.
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("policymesh-certificates-").unwrap();
        let authority = Authority::new(folder.path(), "first");
        let certificates = Self { folder, authority };
        certificates.authority.certify(&certificates.file("service.crt"), &certificates.file("service.key"));
        certificates
    }

    /// A file of this name in their folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Another authority.
    pub fn other_authority(&self, name: &str) -> Authority {
        Authority::new(self.folder.path(), name)
    }

    /// Starts a service that shows them, for commands that trust their authority.
    pub fn start(&self, addresses: [&str; 2], options: &[&str]) -> anyhow::Result<Control> {
        let [certificate, key] = ["service.crt", "service.key"].map(|name| self.file(name).display().to_string());
        let options = [&["--tls-cert", &certificate, "--tls-key", &key], options].concat();
        let control = Control::launch(addresses, &options)?;
        Ok(control.variable("POLICYMESH_CA", self.authority.file.display()))
    }
}

/// Waits until the log has this.
pub fn wait_for_log(control: &Control, what: &str) {
    let told = eventually(|| Some(()).filter(|()| control.log().contains(what)));
    assert!(told.is_some(), "`{what}` is not logged: {}", control.log());
}
