//! Numbers of people and companies in Germany, Austria and Switzerland.

use super::checksum::{gs1, icao, mod11_10, weighted, weighted_crosswise};
use super::text::{base36, compact_exactly, exactly, number, uniform};
use super::{Check, Validator};

pub(super) const TABLE: &[(&str, Validator)] = &[
    ("de-steuer-id", steuer_id),
    ("de-rvnr", rentenversicherung),
    ("de-id", ausweis),
    ("de-id-shape", ausweis_shape),
    ("de-passport", reisepass),
    ("de-vat", ust_id),
    ("de-kvnr", krankenversicherung),
    ("de-lanr", arztnummer),
    ("at-svnr", sozialversicherung),
    ("at-vat", uid),
    ("ch-ahv", ahv),
    ("ch-uid", unternehmen),
];

/// Steuerliche Identifikationsnummer: ISO 7064 mod 11,10; in the first ten one digit stands twice or thrice, not more
/// (Bundeszentralamt für Steuern). The office's own published example numbers break the rule of the repeated digit, so it does not refuse.
fn steuer_id(text: &str) -> Check {
    let Some(digits) = exactly::<11>(text) else { return Check::Invalid };
    Check::proves(digits[0] != 0 && mod11_10(&digits) && !digits.get(1..9).is_some_and(uniform))
}

/// Versicherungsnummer of the pension insurance: area, date of birth, initial, serial; weighted cross sum mod 10 (VKVV § 4).
fn rentenversicherung(text: &str) -> Check {
    let Some(value) = compact_exactly::<12>(text) else { return Check::Invalid };
    let field = |range| value.get(range).and_then(number).unwrap_or(u64::MAX);
    let (day, month) = (field(2..4), field(4..6));
    let plausible =
        matches!(day, 1..=31 | 51..=81) && (1..=12).contains(&month) && field(6..8) < 100 && field(9..12) < 1000;
    let letter = value[8];
    if !plausible || !letter.is_ascii_uppercase() {
        return Check::Invalid;
    }
    let order = letter - b'A' + 1;
    let mut expanded: Vec<u8> = value.iter().take(8).map(|byte| byte.wrapping_sub(b'0')).collect();
    expanded.extend([order / 10, order % 10]);
    expanded.extend(value.iter().skip(9).take(2).map(|byte| byte.wrapping_sub(b'0')));
    let sum = if expanded.iter().all(|digit| *digit < 10) {
        weighted_crosswise(&expanded, &[2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1])
    } else {
        1000
    };
    Check::proves(sum < 1000 && sum % 10 == u32::from(value[11].wrapping_sub(b'0')))
}

/// The serial of an identity card or passport, with its check digit (7-3-1) in the ninth or tenth place.
fn ausweis(text: &str) -> Check {
    let value = super::text::compact(text);
    let checked =
        value.split_last().is_some_and(|(check, body)| base36(*check).is_some() && icao(body) == base36(*check));
    Check::proves(checked && is_serial(&value))
}

/// The serial of an identity card or passport, whatever its check digit.
fn ausweis_shape(text: &str) -> Check {
    Check::allows(is_serial(&super::text::compact(text)))
}

/// The serial of a passport: begins with one of C, F, G, H, J, K.
fn reisepass(text: &str) -> Check {
    let value = super::text::compact(text);
    Check::allows(is_serial(&value) && value.first().is_some_and(|byte| b"CFGHJK".contains(byte)))
}

/// Nine characters without vowels and look-alikes, and perhaps a check digit; four digits at least, so that it is no word.
fn is_serial(value: &[u8]) -> bool {
    let body = value.iter().take(9);
    let alphabet = body.clone().all(|byte| byte.is_ascii_digit() || b"CFGHJKLMNPRTVWXYZ".contains(byte));
    let digits = body.filter(|byte| byte.is_ascii_digit()).count();
    matches!(value.len(), 9 | 10)
        && alphabet
        && (4..9).contains(&digits)
        && value.iter().skip(9).all(u8::is_ascii_digit)
}

/// Umsatzsteuer-Identifikationsnummer: ISO 7064 mod 11,10.
fn ust_id(text: &str) -> Check {
    exactly::<9>(text).map_or(Check::Invalid, |digits| Check::proves(digits[0] != 0 && mod11_10(&digits)))
}

/// Krankenversichertennummer: the letter as two digits, weights 1 and 2 crosswise, mod 10 (GKV-Spitzenverband).
fn krankenversicherung(text: &str) -> Check {
    let Some(value) = compact_exactly::<10>(text) else { return Check::Invalid };
    let order = value[0].wrapping_sub(b'A').wrapping_add(1);
    if !value[0].is_ascii_uppercase() || value.iter().skip(1).any(|byte| !byte.is_ascii_digit()) {
        return Check::Invalid;
    }
    let mut expanded = vec![order / 10, order % 10];
    expanded.extend(value.iter().skip(1).take(8).map(|byte| byte.wrapping_sub(b'0')));
    Check::proves(
        weighted_crosswise(&expanded, &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2]) % 10 == u32::from(value[9].wrapping_sub(b'0')),
    )
}

/// Lebenslange Arztnummer: weights 4 and 9 over six digits, 10 minus the sum mod 10 (KBV).
fn arztnummer(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    let check = (10 - weighted(digits.get(..6).unwrap_or_default(), &[4, 9, 4, 9, 4, 9]) % 10) % 10;
    Check::proves(check == u32::from(digits[6]) && digits.iter().any(|digit| *digit != 0))
}

/// Austrian social insurance number: weights 3 7 9 5 8 4 2 1 6 around the fourth digit, mod 11; date of birth at the end.
fn sozialversicherung(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    let sum = weighted(&digits, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11;
    let (day, month) = (digits[4] * 10 + digits[5], digits[6] * 10 + digits[7]);
    Check::proves(digits[0] != 0 && sum == u32::from(digits[3]) && (1..=31).contains(&day) && (1..=15).contains(&month))
}

/// Austrian value added tax number: Luhn-like over seven digits, 10 minus (sum plus 4) mod 10.
fn uid(text: &str) -> Check {
    let Some(digits) = exactly::<8>(text) else { return Check::Invalid };
    let sum = weighted_crosswise(digits.get(..7).unwrap_or_default(), &[1, 2, 1, 2, 1, 2, 1]);
    Check::proves((10 - (sum + 4) % 10) % 10 == u32::from(digits[7]))
}

/// Swiss AHV number: 756 in front, the check of EAN-13.
fn ahv(text: &str) -> Check {
    Check::proves(exactly::<13>(text).is_some_and(|digits| digits.starts_with(&[7, 5, 6]) && gs1(&digits)))
}

/// Swiss enterprise number: weights 5 4 3 2 7 6 5 4 mod 11.
fn unternehmen(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    let check = (11 - weighted(&digits, &[5, 4, 3, 2, 7, 6, 5, 4]) % 11) % 11;
    Check::proves(check == u32::from(digits[8]) && !uniform(&digits))
}
