//! Named checks of a matched value: checksums, structure, ranges.
//!
//! A validator gets the matched text with its separators and says what it makes of it. It never panics, and takes time
//! linear in the text.

mod banking;
mod checksum;
mod health;
mod network;
mod numbers_africa_asia;
mod numbers_americas;
mod numbers_europe;
mod numbers_germany;
mod numbers_nordic;
mod numbers_pacific;
mod numbers_romance;
mod numbers_uk;
mod text;
mod tokens;
mod wallets;

pub(crate) use text::is_date;

/// What a validator makes of a matched value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The value is what the detector looks for.
    Valid,
    /// The value cannot be what the detector looks for.
    Invalid,
    /// The value could be; nothing in it proves it.
    Unsure,
    /// A value published as an example or for tests.
    Specimen,
}

/// A named check of a matched text.
pub type Validator = fn(&str) -> Check;

/// The validator of this name.
pub fn find(name: &str) -> Option<Validator> {
    TABLES.iter().copied().flatten().find(|(known, _)| *known == name).map(|(_, validator)| *validator)
}

/// The names of all validators, grouped by subject.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().copied().flatten().map(|(name, _)| *name)
}

type Table = &'static [(&'static str, Validator)];

const TABLES: &[Table] = &[
    banking::TABLE,
    wallets::TABLE,
    health::TABLE,
    network::TABLE,
    numbers_africa_asia::TABLE,
    numbers_americas::TABLE,
    numbers_europe::TABLE,
    numbers_germany::TABLE,
    numbers_nordic::TABLE,
    numbers_pacific::TABLE,
    numbers_romance::TABLE,
    numbers_uk::TABLE,
    tokens::TABLE,
];

// === impl Check ===

impl Check {
    /// `Valid` if it holds, else `Invalid`: for a check that proves the value.
    fn proves(holds: bool) -> Self {
        if holds { Self::Valid } else { Self::Invalid }
    }

    /// `Unsure` if it holds, else `Invalid`: for a check that only rules values out.
    fn allows(holds: bool) -> Self {
        if holds { Self::Unsure } else { Self::Invalid }
    }
}

#[cfg(test)]
mod tests;
