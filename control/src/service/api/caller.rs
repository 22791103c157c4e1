//! Who calls, and what they may do.

use std::net::IpAddr;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use super::problem::Problem;
use crate::service::Service;
use crate::service::access::{self, Permission, Role};
use crate::service::oidc::{self, Identity};
use crate::service::store::tokens;
use crate::service::time::now_us;

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name that entries of the chain call them.
    pub name: String,
    roles: Vec<Role>,
}

/// Lets a request through if its caller may use the route; the handler then knows who it is.
pub async fn check(
    State((service, permission)): State<(Service, Permission)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let caller = caller(&service, request.headers().get(AUTHORIZATION)).await?;
    if !caller.roles.iter().any(|role| role.may(permission)) {
        return Err(Problem::forbidden(&caller.name, &caller.roles));
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// Whoever shows a token, of this service or of the identity provider, is who it says. Without one, whoever is on this machine may do everything, unless tokens are required.
async fn caller(service: &Service, shown: Option<&HeaderValue>) -> Result<Caller, Problem> {
    let Some(shown) = shown else {
        return match service.rules.tokens {
            true => Err(Problem::unauthorized("show a token: `Authorization: Bearer ...`")),
            false => Ok(Caller { name: "local".to_owned(), roles: vec![Role::Admin] }),
        };
    };
    let secret = shown.to_str().ok().and_then(|shown| shown.strip_prefix("Bearer "));
    let secret = secret.ok_or_else(|| Problem::unauthorized("show a token as `Authorization: Bearer ...`"))?;
    if let Some(issuer) = service.issuer.as_ref().filter(|_| !access::is_token(secret)) {
        let refused = |reason: oidc::Refused| Problem::unauthorized(&format!("this token is refused: {reason}"));
        let Identity { name, roles } = issuer.identify(secret).await.map_err(refused)?;
        return Ok(Caller { name, roles });
    }
    let token = tokens::find(&service.store, access::hash(secret)).await?;
    match token.filter(|token| token.holds_at(now_us())) {
        Some(token) => Ok(Caller { name: token.name, roles: vec![token.role] }),
        None => Err(Problem::unauthorized("this token is not known, has expired, or was revoked")),
    }
}

/// Refuses what a browser sends on behalf of somebody's web page: the name in `Host` must be one of this machine, so that
/// no foreign name can be pointed here, and `Origin` must be, too. Where everybody must show a token any name will do: a
/// web page has none.
pub async fn is_addressed_here(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let names = [HOST, ORIGIN].map(|header| request.headers().get_all(header));
    let local = |value: &HeaderValue| value.to_str().is_ok_and(is_local);
    if service.rules.tokens || names.iter().all(|values| values.iter().all(local)) {
        return Ok(next.run(request).await);
    }
    Err(Problem::misdirected("this service answers to the names of its own machine only, such as `localhost`"))
}

/// Whether an authority, or the URL of one, is this machine's own.
fn is_local(name: &str) -> bool {
    let authority = name.split_once("://").map_or(name, |(_, authority)| authority);
    let host = match authority.rsplit_once(':') {
        // An address of IPv6 without brackets has no port.
        Some((host, port)) if !host.ends_with(':') && port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => authority,
    };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

// === impl Caller ===

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Only a route without a check gets here without a caller.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::unauthorized("nobody is known to call"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for name in
            ["localhost", "LOCALHOST:80", "127.0.0.1:18080", "[::1]:18080", "::1", "http://127.0.0.1:1", "127.9.9.9"]
        {
            assert!(is_local(name), "{name}");
        }
        for name in
            ["", "example.com", "localhost.example.com:80", "10.0.0.1", "null", "https://evil.example", "[::2]:1"]
        {
            assert!(!is_local(name), "{name}");
        }
    }
}
