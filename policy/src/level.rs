//! How sensitive something is: an ordered scale whose names the policy chooses.

use std::fmt;

/// A rung of the policy's scale of sensitivity; a higher one is more sensitive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(pub u8);

/// The ordered names of the levels, lowest first. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels(Vec<String>);

/// Why a list of names is no scale of levels.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLevels {
    /// There is no level at all.
    #[error("there must be at least one level")]
    Empty,
    /// More names than a level has room for.
    #[error("there are {0} levels; {max} is the most", max = Levels::MOST)]
    TooMany(usize),
    /// The same name stands twice.
    #[error("level `{0}` is named twice")]
    Twice(String),
}

// === impl Levels ===

impl Levels {
    /// The most levels a policy may have.
    pub const MOST: usize = 16;

    /// Takes the names of the levels, lowest first.
    pub fn new(names: Vec<String>) -> Result<Self, InvalidLevels> {
        if names.is_empty() {
            return Err(InvalidLevels::Empty);
        }
        if names.len() > Self::MOST {
            return Err(InvalidLevels::TooMany(names.len()));
        }
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(InvalidLevels::Twice(twice.clone()));
        }
        Ok(Self(names))
    }

    /// The level of this name.
    pub fn find(&self, name: &str) -> Option<Level> {
        let place = self.0.iter().position(|known| known == name)?;
        u8::try_from(place).ok().map(Level)
    }

    /// The name of a level; of a level off the scale, the highest one's.
    pub fn name(&self, level: Level) -> &str {
        self.0.get(usize::from(level.0)).or(self.0.last()).map_or("", String::as_str)
    }

    /// All names, lowest first.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// The most sensitive level: what counts for anything that could not be read.
    pub fn highest(&self) -> Level {
        Level(u8::try_from(self.0.len().saturating_sub(1)).unwrap_or(u8::MAX))
    }
}

/// `public`, `internal`, `confidential`, `restricted`: the scale that the packs are written for.
impl Default for Levels {
    fn default() -> Self {
        Self(["public", "internal", "confidential", "restricted"].map(String::from).to_vec())
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_as_they_are_named() {
        let levels = Levels::default();
        assert!(levels.find("public") < levels.find("restricted"));
        assert_eq!(levels.find("restricted"), Some(levels.highest()));
        assert_eq!(levels.find("secret"), None);
        assert_eq!(levels.name(Level(200)), "restricted");
    }

    #[test]
    fn a_scale_needs_distinct_names() {
        assert_eq!(Levels::new(vec![]), Err(InvalidLevels::Empty));
        assert_eq!(Levels::new(vec!["a".into(), "a".into()]), Err(InvalidLevels::Twice("a".into())));
    }
}
