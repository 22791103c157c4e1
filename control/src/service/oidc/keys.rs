//! The keys of an identity provider, found by discovery.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, ensure};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{Mutex, watch};
use ureq::http::Uri;
use ureq::tls::TlsConfig;

use crate::client::authorities;
use crate::service::ended;

/// The keys that are known, and the way to those that are not.
pub struct Keys {
    issuer: String,
    agent: ureq::Agent,
    known: RwLock<Known>,
    /// When the provider was last asked. Whoever asks it holds this.
    asked: Mutex<Option<Instant>>,
}

/// Keys by what tokens call them, and by how they sign.
type Known = HashMap<(String, Algorithm), DecodingKey>;

/// What is said at the place for discovery, as far as it matters here.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// How long an answer of the provider may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the provider is left alone after it was asked: anybody can send a token that names an unknown key.
const REST: Duration = Duration::from_secs(10);
/// How often the keys are looked at, to forget those that the provider has given up.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// The longest answer that is read, in bytes.
const LONGEST: u64 = 1 << 20;

// === impl Keys ===

impl Keys {
    /// Those of this provider, whose certificate must be from these authorities. None is known yet.
    pub fn new(issuer: &str, ca: Option<&Path>) -> anyhow::Result<Self> {
        protected(issuer).context("--oidc-issuer")?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .tls_config(TlsConfig::builder().root_certs(authorities("--oidc-ca", ca)?).build())
            // They could lead to where there is no TLS.
            .max_redirects(0)
            .build()
            .new_agent();
        Ok(Self { issuer: issuer.to_owned(), agent, known: RwLock::default(), asked: Mutex::new(None) })
    }

    /// The key that tokens call by this id; where it is not known, the provider is asked, unless it was just now.
    pub async fn find(&self, id: String, algorithm: Algorithm) -> Option<DecodingKey> {
        let wanted = (id, algorithm);
        if let Some(key) = self.known(&wanted) {
            return Some(key);
        }
        let mut asked = self.asked.lock().await;
        // Whoever asked before may have got it.
        if self.known(&wanted).is_none() && asked.is_none_or(|asked| asked.elapsed() > REST) {
            self.ask().await;
            *asked = Some(Instant::now());
        }
        self.known(&wanted)
    }

    /// Has the keys at hand until the service ends.
    pub async fn keep(&self, ending: watch::Receiver<bool>) {
        let mut ending = std::pin::pin!(ended(ending));
        loop {
            let look = async {
                let mut asked = self.asked.lock().await;
                self.ask().await;
                *asked = Some(Instant::now());
                drop(asked);
                tokio::time::sleep(LOOK_EVERY).await;
            };
            tokio::select! {
                () = &mut ending => return,
                () = look => {}
            }
        }
    }

    fn known(&self, wanted: &(String, Algorithm)) -> Option<DecodingKey> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(wanted).cloned()
    }

    /// Asks the provider. Where it does not answer, the known keys stay.
    async fn ask(&self) {
        let (agent, issuer) = (self.agent.clone(), self.issuer.clone());
        let asked = tokio::task::spawn_blocking(move || fetch(&agent, &issuer)).await;
        match asked.map_err(anyhow::Error::from).flatten() {
            Ok(keys) => *self.known.write().unwrap_or_else(PoisonError::into_inner) = keys,
            Err(reason) => {
                let reason = format!("{reason:#}");
                tracing::error!(
                    issuer = self.issuer,
                    reason,
                    "the identity provider's keys cannot be had; those known stay"
                );
            }
        }
    }
}

/// All keys of the provider that can be used, <https://openid.net/specs/openid-connect-discovery-1_0.html>.
fn fetch(agent: &ureq::Agent, issuer: &str) -> anyhow::Result<Known> {
    let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let Discovery { issuer: named, jwks_uri } = get(agent, &place)?;
    ensure!(named == issuer, "`{place}` names the issuer `{named}`: tokens will, too, so let --oidc-issuer be that");
    protected(&jwks_uri).context("`jwks_uri`")?;
    let Set { keys } = get(agent, &jwks_uri)?;
    // A key of a kind that is not known must not stand in the way of the others.
    let known: Known = keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).flat_map(usable).collect();
    ensure!(!known.is_empty(), "`{jwks_uri}` has no key for RS256, PS256, ES256 or EdDSA that has a `kid`");
    Ok(known)
}

fn get<T: DeserializeOwned>(agent: &ureq::Agent, url: &str) -> anyhow::Result<T> {
    let mut answer = agent.get(url).call().with_context(|| format!("cannot reach `{url}`"))?;
    ensure!(answer.status() == 200, "`{url}` answers with status {}", answer.status());
    let body = answer.body_mut().with_config().limit(LONGEST).read_to_vec();
    let body = body.with_context(|| format!("the answer of `{url}` cannot be read"))?;
    serde_json::from_slice(&body).with_context(|| format!("the answer of `{url}` is not what it should be"))
}

/// A key with its name, once for each way in which it may sign.
fn usable(key: Jwk) -> Vec<((String, Algorithm), DecodingKey)> {
    let algorithms = match &key.algorithm {
        AlgorithmParameters::RSA(_) => [Algorithm::RS256, Algorithm::PS256].as_slice(),
        AlgorithmParameters::EllipticCurve(parameters) if parameters.curve == EllipticCurve::P256 => {
            &[Algorithm::ES256]
        }
        AlgorithmParameters::OctetKeyPair(parameters) if parameters.curve == EllipticCurve::Ed25519 => {
            &[Algorithm::EdDSA]
        }
        _ => &[],
    };
    let common = &key.common;
    let signs = common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    let (Some(id), true, Ok(decoding)) = (&common.key_id, signs, DecodingKey::from_jwk(&key)) else {
        return Vec::new();
    };
    let fits = |algorithm: &&Algorithm| common.key_algorithm.is_none_or(|only| only == (**algorithm).into());
    algorithms.iter().filter(fits).map(|algorithm| ((id.clone(), *algorithm), decoding.clone())).collect()
}

/// Refuses a URL over which others could slip keys in: without TLS only this machine is believed.
fn protected(url: &str) -> anyhow::Result<()> {
    let parsed: Uri = url.parse().map_err(|_| anyhow!("`{url}` is no URL"))?;
    let host = parsed.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let there =
        !host.is_empty() && (parsed.scheme_str() == Some("https") || parsed.scheme_str() == Some("http") && local);
    ensure!(there, "`{url}` must begin with `https://`");
    Ok(())
}
