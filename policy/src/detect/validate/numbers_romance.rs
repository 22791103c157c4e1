//! Numbers of people and companies in France, Spain, Italy and Portugal.

use super::checksum::{luhn, weighted};
use super::text::{base36, compact, compact_exactly, digits, exactly, number, uniform};
use super::{Check, Validator};

pub(super) const TABLE: &[(&str, Validator)] = &[
    ("fr-nir", nir),
    ("fr-siren", siren),
    ("fr-vat", tva),
    ("es-nif", nif),
    ("es-nie", nie),
    ("es-cif", cif),
    ("es-vat", es_vat),
    ("es-nss", seguridad_social),
    ("it-codice-fiscale", codice_fiscale),
    ("it-piva", piva),
    ("pt-nif", contribuinte),
];

/// Numéro d'inscription au répertoire: 97 minus the number mod 97; Corsica's 2A counts as 19, 2B as 18 (INSEE).
fn nir(text: &str) -> Check {
    let Some(value) = compact_exactly::<15>(text) else { return Check::Invalid };
    let department = value.get(5..7).unwrap_or_default();
    let department = match department {
        b"2A" => b"19",
        b"2B" => b"18",
        other => other,
    };
    let body: Vec<u8> = value.iter().take(5).chain(department).chain(value.iter().skip(7).take(6)).copied().collect();
    let (Some(body), Some(key), Some(month)) =
        (number(&body), value.get(13..).and_then(number), value.get(3..5).and_then(number))
    else {
        return Check::Invalid;
    };
    let plausible = matches!(value[0], b'1'..=b'4' | b'7' | b'8') && matches!(month, 1..=12 | 20..=42 | 50..=99);
    Check::proves(plausible && 97 - body % 97 == key)
}

/// SIREN (9 digits) or SIRET (14): Luhn (INSEE). The post office's SIRETs, which break it, are not told apart.
fn siren(text: &str) -> Check {
    let digits = digits(text);
    let head = digits.get(..9).unwrap_or_default();
    Check::proves(matches!(digits.len(), 9 | 14) && luhn(head) && luhn(&digits) && !uniform(head))
}

/// Numéro de TVA intracommunautaire: key = (12 + 3 (SIREN mod 97)) mod 97; keys with letters are not proved.
fn tva(text: &str) -> Check {
    let value = compact(text);
    let value = value.strip_prefix(b"FR").unwrap_or(&value);
    let (Some(key), Some(siren)) = (value.get(..2), value.get(2..).filter(|body| body.len() == 9).and_then(number))
    else {
        return Check::Invalid;
    };
    match number(key) {
        Some(key) => Check::proves((12 + 3 * (siren % 97)) % 97 == key),
        None => Check::Unsure,
    }
}

const CONTROL: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

fn control_letter(number: u64) -> Option<u8> {
    CONTROL.get((number % 23) as usize).copied()
}

/// Spanish NIF: the letter is the number mod 23 (Real Decreto 1553/2005). Seven digits are an old number without its zero.
fn nif(text: &str) -> Check {
    let value = compact(text);
    let Some((letter, body)) = value.split_last().filter(|(_, body)| matches!(body.len(), 7 | 8)) else {
        return Check::Invalid;
    };
    Check::proves(number(body).is_some_and(|body| body > 0 && control_letter(body) == Some(*letter)))
}

/// Spanish NIE: X, Y, Z stand for 0, 1, 2, then as the NIF.
fn nie(text: &str) -> Check {
    let Some(mut value) = compact_exactly::<9>(text) else { return Check::Invalid };
    value[0] = match value[0] {
        b'X' => b'0',
        b'Y' => b'1',
        b'Z' => b'2',
        _ => return Check::Invalid,
    };
    Check::proves(value.get(..8).and_then(number).and_then(control_letter) == Some(value[8]))
}

/// Spanish CIF of companies: even digits summed, odd ones doubled crosswise; a digit or a letter as the check (Orden EHA/451/2008).
fn cif(text: &str) -> Check {
    let Some(value) = compact_exactly::<9>(text) else { return Check::Invalid };
    let Some(body) = value.get(1..8).filter(|body| number(body).is_some()) else { return Check::Invalid };
    let digits: Vec<u8> = body.iter().map(|byte| byte.wrapping_sub(b'0')).collect();
    let check = (10 - super::checksum::weighted_crosswise(&digits, &[2, 1, 2, 1, 2, 1, 2]) % 10) % 10;
    let letter = b"JABCDEFGHI".get(check as usize).copied();
    let right = Some(value[8]) == letter || base36(value[8]) == Some(check);
    Check::proves(b"ABCDEFGHJNPQRSUVW".contains(&value[0]) && right)
}

/// Spanish value added tax number: a NIF, NIE or CIF behind `ES`.
fn es_vat(text: &str) -> Check {
    let value = compact(text);
    let body = String::from_utf8_lossy(value.strip_prefix(b"ES").unwrap_or(&value)).into_owned();
    Check::proves([nif, nie, cif].iter().any(|check| check(&body) == Check::Valid))
}

/// Spanish social security number: the first ten digits mod 97.
fn seguridad_social(text: &str) -> Check {
    let value = compact(text);
    let (Some(province), Some(serial), Some(check)) = (
        value.get(..2).and_then(number),
        value.get(2..10).and_then(number),
        value.get(10..).filter(|check| check.len() == 2).and_then(number),
    ) else {
        return Check::Invalid;
    };
    let whole = if serial < 10_000_000 { province * 10_000_000 + serial } else { province * 100_000_000 + serial };
    Check::proves((1..=66).contains(&province) && serial > 0 && whole % 97 == check)
}

/// Codice fiscale: odd and even places by their tables, mod 26 (Decreto Ministeriale 23/12/1976).
fn codice_fiscale(text: &str) -> Check {
    const ODD: [u32; 36] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16,
        10, 22, 25, 24, 23,
    ];
    let Some(value) = compact_exactly::<16>(text) else { return Check::Invalid };
    let even = |value: u32| if value < 10 { value } else { value - 10 };
    let sum: Option<u32> = value
        .iter()
        .take(15)
        .enumerate()
        .map(|(place, byte)| {
            base36(*byte)
                .and_then(|value| if place % 2 == 0 { ODD.get(value as usize).copied() } else { Some(even(value)) })
        })
        .sum();
    Check::proves(sum.and_then(|sum| u8::try_from(sum % 26).ok()).map(|check| b'A' + check) == Some(value[15]))
}

/// Partita IVA: Luhn over eleven digits.
fn piva(text: &str) -> Check {
    Check::proves(exactly::<11>(text).is_some_and(|digits| luhn(&digits) && !uniform(&digits)))
}

/// Portuguese NIF: weights 9 to 2 mod 11; a rest of 0 or 1 checks as 0 (Decreto-Lei 14/2013).
fn contribuinte(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    let check = match weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    Check::proves(digits[0] != 0 && check == u32::from(digits[8]) && !uniform(&digits))
}
