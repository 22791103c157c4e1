//! Which Envoy the configuration is for.

use std::fmt;
use std::str::FromStr;

/// A version of Envoy, as far as its configuration depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u16,
    minor: u16,
}

/// Why no configuration can be rendered for a version.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVersion {
    /// It does not read as a version.
    #[error("`{0}` is no version of Envoy: write it like `{newest}`", newest = Version::NEWEST)]
    Unreadable(String),
    /// Routing by what the body holds needs a newer one.
    #[error("Envoy {0} is too old: {oldest} is the first that holds a large body for the filter", oldest = Version::OLDEST)]
    TooOld(Version),
}

// === impl Version ===

impl Version {
    /// The first that applies `request_body_buffer_limit` when the route is matched; 1.36 answers 413 in spite of it.
    pub const OLDEST: Self = Self::new(1, 37);
    /// The first that chooses the cluster anew for each attempt, so that one provider can stand in for another.
    pub const FAILS_OVER: Self = Self::new(1, 39);
    /// The newest that the configuration is tested with.
    pub const NEWEST: Self = Self::new(1, 40);

    /// Envoy `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Reads a version of any age; what follows the second number may be anything that follows a dot or a dash.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.trim_start_matches('v').split(['.', '-']);
        let (major, minor) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { major, minor })
    }
}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let version = Self::read(text).ok_or_else(|| InvalidVersion::Unreadable(text.to_owned()))?;
        if version < Self::OLDEST { Err(InvalidVersion::TooOld(version)) } else { Ok(version) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_may_be_short_or_full() {
        for text in ["1.40", "1.40.0", "v1.40.2", "1.40.0-dev"] {
            assert_eq!(text.parse(), Ok(Version::NEWEST), "{text}");
        }
    }

    #[test]
    fn what_is_too_old_or_no_version_is_refused() {
        assert_eq!("1.36.4".parse::<Version>(), Err(InvalidVersion::TooOld(Version::new(1, 36))));
        for text in ["", "1", "one.two", "1.x"] {
            assert_eq!(text.parse::<Version>(), Err(InvalidVersion::Unreadable(text.into())), "{text}");
        }
    }
}
