//! A provider's address.

use std::{fmt, str::FromStr};

/// Where a provider listens. Written as a URL without user, query and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether it is reached by TLS.
    pub tls: bool,
    /// Its host name or address; an IPv6 address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What goes before the paths of its interface: empty, or `/` and more, never ending in `/`.
    pub base_path: String,
}

/// Why a text is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// It does not begin with a scheme that we speak.
    #[error("`{0}` does not begin with `https://` or `http://`")]
    Scheme(String),
    /// It has no host, or one with characters that no host has.
    #[error("`{0}` has no valid host")]
    Host(String),
    /// Its port is no port.
    #[error("`{0}` has no valid port")]
    Port(String),
    /// Its path has characters that no path has, or there is more than a path.
    #[error("`{0}` has more after the host than a plain path")]
    Path(String),
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(url: &str) -> Result<Self, InvalidEndpoint> {
        let (tls, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(InvalidEndpoint::Scheme(url.into())),
        };
        let (authority, path) = match rest.find('/').and_then(|at| rest.split_at_checked(at)) {
            Some((authority, path)) => (authority, path.trim_end_matches('/')),
            None => (rest, ""),
        };
        if !is_path(path) {
            return Err(InvalidEndpoint::Path(url.into()));
        }
        let (host, port) = split_port(authority);
        let host = is_host(host).then(|| host.trim_matches(['[', ']'])).ok_or(InvalidEndpoint::Host(url.into()))?;
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or(InvalidEndpoint::Port(url.into()))?,
            None if tls => 443,
            None => 80,
        };
        Ok(Self { tls, host: host.into(), port, base_path: path.into() })
    }
}

impl Endpoint {
    /// Host and port as a `Host` header names them: without a port that the scheme implies.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tls, host, port, base_path } = self;
        let scheme = if *tls { "https" } else { "http" };
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}{base_path}")
        } else {
            write!(f, "{scheme}://{host}:{port}{base_path}")
        }
    }
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        }
    }
}

/// Letters, digits and what may stand in a segment without being escaped; no `..`, which servers resolve differently.
fn is_path(path: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~' | b':' | b'@');
    path.bytes().all(plain) && path.split('/').all(|segment| segment != "." && segment != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_plain_url() {
        let cases = [
            ("https://api.openai.com", "https://api.openai.com:443"),
            ("http://127.0.0.1:11434/", "http://127.0.0.1:11434"),
            ("https://my.azure.com/openai/v1/", "https://my.azure.com:443/openai/v1"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[::1]", "http://[::1]:80"),
        ];
        for (url, whole) in cases {
            assert_eq!(url.parse::<Endpoint>().map(|endpoint| endpoint.to_string()), Ok(whole.into()));
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        let cases = [
            ("api.openai.com", "does not begin with"),
            ("ftp://x", "does not begin with"),
            ("https://", "no valid host"),
            ("https://user@host", "no valid host"),
            ("https://ho st", "no valid host"),
            ("https://[zz]", "no valid host"),
            ("https://host:0", "no valid port"),
            ("https://host:http", "no valid port"),
            ("https://host/a?b", "plain path"),
            ("https://host/a/../b", "plain path"),
        ];
        for (url, reason) in cases {
            let error = url.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains(reason), "{url}: {error}");
        }
    }
}
