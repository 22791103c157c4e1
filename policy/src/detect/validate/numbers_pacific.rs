//! Numbers of people and companies in Australia and New Zealand.

use super::checksum::weighted;
use super::text::{compact_exactly, digits, exactly, uniform, value};
use super::{Check, Validator};

pub(super) const TABLE: &[(&str, Validator)] =
    &[("au-tfn", tfn), ("au-medicare", medicare), ("au-abn", abn), ("au-acn", acn), ("nz-ird", ird), ("nz-nhi", nhi)];

/// Australian Tax File Number: weights 1 4 3 7 5 8 6 9 10 mod 11 (Australian Taxation Office).
fn tfn(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    Check::proves(weighted(&digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11) && !uniform(&digits))
}

/// Australian Medicare number: weights 1 3 7 9 twice mod 10, then the issue (Services Australia).
fn medicare(text: &str) -> Check {
    let digits = digits(text);
    let Some(check) = digits.get(8).filter(|_| matches!(digits.len(), 10 | 11)) else { return Check::Invalid };
    let right = weighted(&digits, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == u32::from(*check);
    Check::proves(right && digits.first().is_some_and(|first| (2..=6).contains(first)))
}

/// Australian Business Number: weights 10 1 3 5 ... 19 after taking 1 from the first digit, mod 89 (Australian Business Register).
fn abn(text: &str) -> Check {
    let Some(digits) = exactly::<11>(text) else { return Check::Invalid };
    let sum = weighted(&digits, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    Check::proves(digits[0] > 0 && (sum - 10).is_multiple_of(89) && !uniform(&digits))
}

/// Australian Company Number: weights 8 to 1, 10 minus the sum mod 10 (ASIC).
fn acn(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    Check::proves(
        (10 - weighted(&digits, &[8, 7, 6, 5, 4, 3, 2, 1]) % 10) % 10 == u32::from(digits[8]) && !uniform(&digits),
    )
}

/// New Zealand IRD number: two sets of weights mod 11 (Inland Revenue).
fn ird(text: &str) -> Check {
    let mut digits = digits(text);
    if digits.len() == 8 {
        digits.insert(0, 0);
    }
    let Ok(digits) = <[u8; 9]>::try_from(digits) else { return Check::Invalid };
    let check = |weights: &[u32]| (11 - weighted(&digits, weights) % 11) % 11;
    let right = match check(&[3, 2, 7, 6, 5, 4, 3, 2]) {
        10 => check(&[7, 4, 3, 2, 5, 2, 7, 6]),
        first => first,
    };
    Check::proves((10_000_000..=150_000_000).contains(&value(&digits)) && right == u32::from(digits[8]))
}

/// New Zealand National Health Index: three letters without I and O as 1 to 24, weights 7 to 2 mod 11 (HISO 10046).
fn nhi(text: &str) -> Check {
    const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
    let Some(value) = compact_exactly::<7>(text) else { return Check::Invalid };
    let sum: Option<usize> = value
        .iter()
        .take(6)
        .enumerate()
        .map(|(place, byte)| {
            match byte {
                b'0'..=b'9' if place > 2 => Some(usize::from(byte - b'0')),
                _ => ALPHABET.iter().position(|known| known == byte).map(|order| order + 1),
            }
            .map(|value| value * (7 - place))
        })
        .sum();
    let shaped = value.iter().take(3).all(u8::is_ascii_alphabetic);
    Check::proves(shaped && sum.is_some_and(|sum| sum % 11 != 0 && value[6] == b'0' + ((11 - sum % 11) % 10) as u8))
}
