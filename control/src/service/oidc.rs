//! Callers whom an identity provider vouches for, by the JWTs of OpenID Connect.

mod keys;
mod verifier;

use std::path::PathBuf;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::Value;
use tokio::sync::watch;

use super::access::Role;
use keys::Keys;

/// Whom to believe, and what.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The identity provider whose JWTs are taken, by OpenID Connect: `https://...`, as its tokens name it. Then nobody may do
    /// anything without a token, of the provider or of the service.
    #[arg(long, requires_all = ["oidc_audience", "oidc_role"], value_name = "URL")]
    pub oidc_issuer: Option<String>,

    /// Whom its tokens must be for: what they name as their audience.
    #[arg(long, requires = "oidc_issuer", value_name = "NAME")]
    pub oidc_audience: Option<String>,

    /// The claim that says what somebody is: its name, or a JSON Pointer such as /realm_access/roles. It is text or a list.
    #[arg(long, default_value = "roles", value_name = "CLAIM")]
    pub oidc_role_claim: String,

    /// What a value of that claim makes somebody here, such as mesh-admins=admin. Whoever has several values may do what
    /// each of them allows.
    #[arg(long, value_parser = value_role, requires = "oidc_issuer", value_name = "VALUE=ROLE")]
    pub oidc_role: Vec<(String, Role)>,

    /// The authorities that the provider's own certificate must be from, PEM, instead of those that browsers trust.
    #[arg(long, requires = "oidc_issuer", value_name = "FILE")]
    pub oidc_ca: Option<PathBuf>,
}

/// The identity provider.
pub struct Issuer {
    url: String,
    role_claim: String,
    roles: Vec<(String, Role)>,
    validation: Validation,
    keys: Keys,
}

/// Whom it vouches for.
#[derive(Debug)]
pub struct Identity {
    /// A name that nobody else has.
    pub name: String,
    /// What they are here.
    pub roles: Vec<Role>,
}

/// Why a token is not believed. None of it repeats what stands in the token.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("it is no JWT that is signed in a way that is taken")]
    Unreadable,
    #[error("it is signed in a way that is not taken: let it be RS256, PS256, ES256 or EdDSA")]
    Algorithm,
    #[error("it has a header that must be understood, and is not (`crit`)")]
    Critical,
    #[error("it names no key (`kid`)")]
    NoKey,
    #[error("the identity provider has no such key, as far as is known here")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it has expired")]
    Expired,
    #[error("it does not hold yet")]
    Immature,
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is for another audience")]
    Audience,
    #[error("it says `{0}` not at all, or in a way that cannot be read")]
    Claim(String),
}

/// How its tokens may be signed. Nothing that takes a shared secret is here, and nothing that is no signature.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];
/// How far the provider's clock may be off, in seconds.
const LEEWAY: u64 = 30;
/// The longest name of somebody at their provider, <https://openid.net/specs/openid-connect-core-1_0.html#IDToken>.
const LONGEST_SUBJECT: usize = 255;

// === impl Issuer ===

impl Issuer {
    /// The provider that is to be believed, if there is one.
    pub fn new(options: &Options) -> anyhow::Result<Option<Self>> {
        let Options { oidc_issuer: Some(url), oidc_audience: Some(audience), oidc_role_claim, oidc_role, oidc_ca } =
            options.clone()
        else {
            return Ok(None);
        };
        verifier::install();
        let mut validation = Validation { leeway: LEEWAY, validate_nbf: true, ..Validation::default() };
        validation.set_audience(&[audience]);
        validation.set_issuer(&[&url]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let keys = Keys::new(&url, oidc_ca.as_deref())?;
        Ok(Some(Self { url, role_claim: oidc_role_claim, roles: oidc_role, validation, keys }))
    }

    /// Whom a token names, if it is to be believed.
    pub async fn identify(&self, token: &str) -> Result<Identity, Refused> {
        let header = decode_header(token).map_err(|_| Refused::Unreadable)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Refused::Algorithm);
        }
        if header.crit.is_some() {
            return Err(Refused::Critical);
        }
        let key = self.keys.find(header.kid.ok_or(Refused::NoKey)?, header.alg).await.ok_or(Refused::UnknownKey)?;
        let validation = Validation { algorithms: vec![header.alg], ..self.validation.clone() };
        self.identity(&decode::<Value>(token, &key, &validation)?.claims)
    }

    /// Has the provider's keys at hand until the service ends.
    pub async fn keep(&self, ending: watch::Receiver<bool>) {
        self.keys.keep(ending).await;
    }

    fn identity(&self, claims: &Value) -> Result<Identity, Refused> {
        let subject = claims.get("sub").and_then(Value::as_str);
        let fits =
            |subject: &&str| (1..=LONGEST_SUBJECT).contains(&subject.len()) && !subject.contains(char::is_control);
        let subject = subject.filter(fits).ok_or_else(|| Refused::Claim("sub".to_owned()))?;
        let values = values(claims, &self.role_claim);
        let roles = self.roles.iter().filter(|(value, _)| values.contains(&value.as_str())).map(|(_, role)| *role);
        Ok(Identity { name: format!("{subject} ({})", self.url), roles: roles.collect() })
    }
}

/// The values of a claim: text, or each text of a list.
fn values<'c>(claims: &'c Value, claim: &str) -> Vec<&'c str> {
    let claim = if claim.starts_with('/') { claims.pointer(claim) } else { claims.get(claim) };
    match claim {
        Some(Value::String(value)) => vec![value],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

// A value may have an equals sign in it, as the name of a group in LDAP has.
fn value_role(text: &str) -> Result<(String, Role), String> {
    let (value, role) = text.rsplit_once('=').filter(|(value, _)| !value.is_empty()).ok_or("write it as VALUE=ROLE")?;
    let role = Role::named(role).ok_or_else(|| format!("there is no role `{role}`, but {}", Role::names()))?;
    Ok((value.to_owned(), role))
}

// === impl Refused ===

impl From<jsonwebtoken::errors::Error> for Refused {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidSignature => Self::Signature,
            ErrorKind::ExpiredSignature => Self::Expired,
            ErrorKind::ImmatureSignature => Self::Immature,
            ErrorKind::InvalidIssuer => Self::Issuer,
            ErrorKind::InvalidAudience => Self::Audience,
            ErrorKind::InvalidAlgorithm => Self::Algorithm,
            ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => Self::Claim(claim.clone()),
            _ => Self::Unreadable,
        }
    }
}
