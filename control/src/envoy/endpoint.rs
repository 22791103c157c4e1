//! Where a provider answers.

use std::net::IpAddr;
use std::str::FromStr;

/// Scheme, host and port of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether to speak TLS.
    pub tls: bool,
    /// A host name or an IP address, without brackets.
    pub host: String,
    /// A TCP port.
    pub port: u16,
}

/// Why a text is no endpoint.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Neither `http://` nor `https://`.
    #[error("`{0}` must begin with `http://` or `https://`")]
    Scheme(String),
    /// No host name, or one with something in it that no host name has.
    #[error("`{0}` has no valid host name")]
    Host(String),
    /// No TCP port.
    #[error("`{0}` has no valid port")]
    Port(String),
}

// === impl Endpoint ===

impl Endpoint {
    /// The address, if the host is one and not a name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// What belongs into the Host header: the port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == Self::usual_port(self.tls) { host } else { format!("{host}:{}", self.port) }
    }

    const fn usual_port(tls: bool) -> u16 {
        if tls { 443 } else { 80 }
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    /// Reads `http[s]://host[:port][/base/path]`. The base path is the adapter's affair.
    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let (tls, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(InvalidEndpoint::Scheme(url.to_owned())),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = split_port(authority).ok_or_else(|| InvalidEndpoint::Host(url.to_owned()))?;
        let port = match port {
            Some(port) => {
                port.parse().ok().filter(|port| *port != 0).ok_or_else(|| InvalidEndpoint::Port(url.to_owned()))?
            }
            None => Self::usual_port(tls),
        };
        let named = |host: &str| {
            !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        };
        if host.parse::<IpAddr>().is_err() && !named(host) {
            return Err(InvalidEndpoint::Host(url.to_owned()));
        }
        Ok(Self { tls, host: host.to_ascii_lowercase(), port })
    }
}

/// Splits `host:port` and `[v6]:port`; the host comes without brackets.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let Some(rest) = authority.strip_prefix('[') else {
        return Some(authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))));
    };
    let (host, after) = rest.split_once(']')?;
    match after {
        "" => Some((host, None)),
        _ => Some((host, Some(after.strip_prefix(':')?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_a_scheme_a_host_and_a_port() {
        let cases = [
            ("https://api.openai.com", true, "api.openai.com", 443, "api.openai.com"),
            ("https://api.openai.com/v1", true, "api.openai.com", 443, "api.openai.com"),
            ("http://127.0.0.1:11434", false, "127.0.0.1", 11434, "127.0.0.1:11434"),
            ("http://[::1]:8080/x", false, "::1", 8080, "[::1]:8080"),
            ("http://Ollama.local", false, "ollama.local", 80, "ollama.local"),
        ];
        for (url, tls, host, port, authority) in cases {
            let endpoint: Endpoint = url.parse().unwrap();
            assert_eq!(endpoint, Endpoint { tls, host: host.into(), port });
            assert_eq!(endpoint.authority(), authority);
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_the_reason() {
        let cases = [
            ("api.openai.com", "`api.openai.com` must begin with `http://` or `https://`"),
            ("https://", "`https://` has no valid host name"),
            ("https://user@host", "`https://user@host` has no valid host name"),
            ("https://[::1", "`https://[::1` has no valid host name"),
            ("https://host:99999", "`https://host:99999` has no valid port"),
            ("https://host:0", "`https://host:0` has no valid port"),
        ];
        for (url, reason) in cases {
            assert_eq!(url.parse::<Endpoint>().unwrap_err().to_string(), reason);
        }
    }
}
