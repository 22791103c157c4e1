//! TLS, with certificates that may be replaced while the service runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::sync::watch;

use super::ended;

/// The files of certificates and keys.
#[derive(Clone, Debug, clap::Args)]
pub struct Files {
    /// The certificate that the service shows, to users of the API and to Envoys, and those that lead to its authority:
    /// PEM. It may be replaced at any time: new connections get the new one within seconds, and those that are there stay.
    /// One that is no good is told in the log, and the old one stays.
    #[arg(long, requires = "tls_key", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of that certificate: PEM.
    #[arg(long, requires = "tls_cert", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// The authorities that Envoys must have a certificate of, and show it: PEM. Also taken again when it is replaced.
    /// Without this option any Envoy gets policies and may send records.
    #[arg(long, requires = "tls_cert", value_name = "FILE")]
    pub client_ca: Option<PathBuf>,

    /// Lets an Envoy speak only for itself: its `node.id` must be a DNS name or a URI that its certificate is for.
    #[arg(long, requires = "client_ca")]
    pub nodes_by_certificate: bool,
}

/// How new connections are taken from now on.
pub type Tls = watch::Receiver<Arc<ServerConfig>>;

/// The files, and what was last taken from them.
pub struct Watched {
    paths: Paths,
    contents: Contents,
    api: watch::Sender<Arc<ServerConfig>>,
    xds: watch::Sender<Arc<ServerConfig>>,
}

#[derive(Clone)]
struct Paths {
    certificate: PathBuf,
    key: PathBuf,
    authorities: Option<PathBuf>,
}

#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    authorities: Option<Vec<u8>>,
}

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

// === impl Watched ===

impl Watched {
    /// What stands in the files now; nothing where there is to be no TLS.
    pub fn load(files: &Files) -> anyhow::Result<Option<Self>> {
        let Files { tls_cert: Some(certificate), tls_key: Some(key), client_ca, .. } = files.clone() else {
            return Ok(None);
        };
        let paths = Paths { certificate, key, authorities: client_ca };
        let contents = paths.read()?;
        let [api, xds] = paths.configs(&contents)?.map(watch::Sender::new);
        Ok(Some(Self { paths, contents, api, xds }))
    }

    /// How connections of users of the API are taken.
    pub fn api(&self) -> Tls {
        self.api.subscribe()
    }

    /// How connections of Envoys are taken.
    pub fn xds(&self) -> Tls {
        self.xds.subscribe()
    }

    /// Looks at the files until the service ends.
    pub async fn keep(mut self, ending: watch::Receiver<bool>) {
        let mut ending = std::pin::pin!(ended(ending));
        let mut last_problem = None;
        loop {
            tokio::select! {
                () = &mut ending => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let problem = self.look().err().map(|reason| format!("{reason:#}"));
            if let Some(reason) = problem.as_ref().filter(|_| problem != last_problem) {
                tracing::error!(reason, "the TLS files are no good; what was there before stays in use");
            }
            last_problem = problem;
        }
    }

    fn look(&mut self) -> anyhow::Result<()> {
        let contents = self.paths.read()?;
        if contents != self.contents {
            let [api, xds] = self.paths.configs(&contents)?;
            self.api.send_replace(api);
            self.xds.send_replace(xds);
            self.contents = contents;
            tracing::info!("the TLS files were replaced: new connections go by the new ones");
        }
        Ok(())
    }
}

// === impl Paths ===

impl Paths {
    // Small local files, read in a moment: no thread of its own is worth it.
    fn read(&self) -> anyhow::Result<Contents> {
        let read = |option: &str, path: &Path| {
            std::fs::read(path).with_context(|| format!("{option}: cannot read `{}`", path.display()))
        };
        let authorities = self.authorities.as_deref().map(|path| read("--client-ca", path)).transpose()?;
        let (certificate, key) = (read("--tls-cert", &self.certificate)?, read("--tls-key", &self.key)?);
        Ok(Contents { certificate, key, authorities })
    }

    /// What to go by for users of the API, and for Envoys.
    fn configs(&self, contents: &Contents) -> anyhow::Result<[Arc<ServerConfig>; 2]> {
        let chain = certificates(&contents.certificate)
            .with_context(|| format!("--tls-cert: `{}`", self.certificate.display()))?;
        let key = PrivateKeyDer::from_pem_slice(&contents.key)
            .with_context(|| format!("--tls-key: `{}` has no private key in PEM", self.key.display()))?;
        let verifier = match (&self.authorities, &contents.authorities) {
            (Some(path), Some(authorities)) => {
                verifier(authorities).with_context(|| format!("--client-ca: `{}`", path.display()))?
            }
            _ => WebPkiClientVerifier::no_client_auth(),
        };
        let config = |verifier, protocol: &[u8]| {
            let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_client_cert_verifier(verifier)
                .with_single_cert(chain.clone(), key.clone_key());
            let mut config = config.with_context(|| {
                format!("`{}` and `{}` do not go together", self.certificate.display(), self.key.display())
            })?;
            config.alpn_protocols = vec![protocol.to_vec()];
            anyhow::Ok(Arc::new(config))
        };
        Ok([config(WebPkiClientVerifier::no_client_auth(), b"http/1.1")?, config(verifier, b"h2")?])
    }
}

fn certificates(pem: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().context("is no PEM")?;
    ensure!(!certificates.is_empty(), "has no certificate in PEM");
    Ok(certificates)
}

fn verifier(pem: &[u8]) -> anyhow::Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(pem)? {
        roots.add(authority).context("has a certificate that cannot be read")?;
    }
    let provider = Arc::new(ring::default_provider());
    Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?)
}
