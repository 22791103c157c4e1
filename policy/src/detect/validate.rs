//! Checks that tell a real identifier from one that only looks like it.

/// What a check says of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Its checksum or structure holds.
    Valid,
    /// It cannot be one.
    Invalid,
    /// It can be one; nothing proves it.
    Unsure,
    /// It is a value that is set aside for examples.
    Specimen,
}

/// A named check of a matched text.
pub type Validator = fn(&str) -> Check;

const CHECKS: &[(&str, Validator)] = &[("luhn", luhn)];

/// The check of this name.
pub fn find(name: &str) -> Option<Validator> {
    CHECKS.iter().find(|(known, _)| *known == name).map(|(_, check)| *check)
}

/// The names of all checks.
pub fn names() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|(name, _)| *name)
}

/// The Luhn checksum over all digits. ISO/IEC 7812-1, annex B.
fn luhn(value: &str) -> Check {
    let digits = value.chars().rev().filter_map(|c| c.to_digit(10));
    let weighted =
        digits.zip([1, 2].into_iter().cycle()).map(|(digit, weight)| digit * weight / 10 + digit * weight % 10);
    if weighted.sum::<u32>() % 10 == 0 { Check::Valid } else { Check::Invalid }
}
