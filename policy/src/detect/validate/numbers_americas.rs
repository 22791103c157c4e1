//! Numbers of people and companies in North and South America.

use super::checksum::{luhn, weighted};
use super::text::{compact, compact_exactly, digits, exactly, is_short_date, number, uniform, value};
use super::{Check, Validator};

pub(super) const TABLE: &[(&str, Validator)] = &[
    ("us-ssn", ssn),
    ("us-itin", itin),
    ("us-ein", ein),
    ("ca-sin", sin),
    ("br-cpf", cpf),
    ("br-cnpj", cnpj),
    ("br-pis", pis),
    ("mx-curp", curp),
    ("mx-rfc", rfc),
    ("mx-nss", imss),
    ("ar-cuit", cuit),
    ("cl-rut", rut),
    ("co-nit", nit),
    ("ec-cedula", cedula),
    ("pe-ruc", ruc),
    ("uy-ci", uy_ci),
    ("do-cedula", do_cedula),
];

/// Whether the separators, if any, are all one character.
fn one_separator(text: &str) -> bool {
    let mut separators = text.bytes().filter(|byte| !byte.is_ascii_digit());
    separators.next().is_none_or(|first| separators.all(|other| other == first))
}

/// Social Security number: numbers never assigned (Social Security Administration, POMS RM 10201.035), and ones made public.
fn ssn(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    let (area, group, serial) =
        (digits.get(..3).map_or(0, value), digits.get(3..5).map_or(0, value), digits.get(5..).map_or(0, value));
    let whole = value(&digits);
    let assigned = !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0;
    let typed = uniform(&digits) || matches!(whole, 123_456_789 | 987_654_321);
    if !assigned || typed || !one_separator(text) {
        return Check::Invalid;
    }
    // Printed on a wallet insert in 1938, and in a pamphlet of the Social Security Board in 1940.
    if matches!(whole, 78_051_120 | 219_099_999) { Check::Specimen } else { Check::Unsure }
}

/// Individual Taxpayer Identification Number: area 9xx, groups in use (IRS Publication 1915, IRM 3.21.263).
fn itin(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    let group = digits[3] * 10 + digits[4];
    Check::allows(digits[0] == 9 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99) && one_separator(text))
}

/// Employer Identification Number: prefixes in use (IRS, "How EINs are assigned").
fn ein(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    let prefix = digits[0] * 10 + digits[1];
    let unused = matches!(prefix, 0 | 7 | 8 | 9 | 17 | 18 | 19 | 28 | 29 | 49 | 69 | 70 | 78 | 79 | 89 | 96 | 97);
    Check::allows(!unused && !uniform(digits.get(2..).unwrap_or_default()))
}

/// Canadian Social Insurance Number: not from 0 or 8, Luhn (Service Canada).
fn sin(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    Check::proves(!matches!(digits[0], 0 | 8) && luhn(&digits) && !uniform(&digits) && one_separator(text))
}

/// 11 minus a weighted sum mod 11, where 10 and 11 become 0: Brazil's rule.
fn brazil(digits: &[u8], weights: &[u32]) -> u32 {
    match weighted(digits, weights) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

/// Cadastro de Pessoas Físicas: two digits, weights 10 to 2 and 11 to 2 mod 11 (Receita Federal).
fn cpf(text: &str) -> Check {
    let Some(digits) = exactly::<11>(text) else { return Check::Invalid };
    let first = brazil(&digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) == u32::from(digits[9]);
    let second = brazil(&digits, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) == u32::from(digits[10]);
    Check::proves(first && second && !uniform(&digits))
}

/// Cadastro Nacional da Pessoa Jurídica: two digits, weights 5..2 9..2 and 6..2 9..2 mod 11 (Receita Federal).
fn cnpj(text: &str) -> Check {
    let Some(digits) = exactly::<14>(text) else { return Check::Invalid };
    let first = brazil(&digits, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == u32::from(digits[12]);
    let second = brazil(&digits, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == u32::from(digits[13]);
    Check::proves(first && second && !uniform(&digits))
}

/// PIS/PASEP: weights 3 2 9 8 7 6 5 4 3 2 mod 11.
fn pis(text: &str) -> Check {
    let Some(digits) = exactly::<11>(text) else { return Check::Invalid };
    Check::proves(brazil(&digits, &[3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == u32::from(digits[10]) && !uniform(&digits))
}

/// Clave Única de Registro de Población: a date, sex, state, weights 18 to 2 mod 10 (RENAPO).
fn curp(text: &str) -> Check {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ";
    const STATES: &str =
        "AS BC BS CC CH CL CM CS DF DG GR GT HG JC MC MN MS NE NL NT OC PL QR QT SL SP SR TC TL TS VZ YN ZS";
    let Some(value) = compact_exactly::<18>(text) else { return Check::Invalid };
    let field = |range| value.get(range).and_then(number).unwrap_or(u64::MAX);
    let (year, month, day) = (field(4..6), field(6..8), field(8..10));
    let dated = year < 100 && is_short_date(year, month, day);
    let state = value
        .get(11..13)
        .and_then(|state| std::str::from_utf8(state).ok())
        .is_some_and(|state| STATES.split(' ').any(|known| known == state));
    let sum: Option<usize> = value
        .iter()
        .take(17)
        .zip((2..=18).rev())
        .map(|(byte, weight)| ALPHABET.bytes().position(|known| known == *byte).map(|place| place * weight))
        .sum();
    let check = sum.map(|sum| (10 - sum % 10) % 10);
    let right = check.is_some() && check == char::from(value[17]).to_digit(10).map(|digit| digit as usize);
    Check::proves(dated && state && matches!(value[10], b'H' | b'M' | b'X') && right)
}

/// Registro Federal de Contribuyentes: a date, weights 13 to 2 mod 11 (SAT, Anexo 19).
fn rfc(text: &str) -> Check {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ";
    let value: Vec<u8> = text
        .bytes()
        .filter(|byte| byte.is_ascii_alphanumeric() || *byte == b'&')
        .map(|byte| byte.to_ascii_uppercase())
        .take(14)
        .collect();
    let Some(from) = value.len().checked_sub(9).filter(|from| matches!(from, 3 | 4)) else { return Check::Invalid };
    let field = |start: usize| value.get(from + start..from + start + 2).and_then(number).unwrap_or(u64::MAX);
    if field(0) > 99 || !is_short_date(field(0), field(2), field(4)) {
        return Check::Invalid;
    }
    let padding = if from == 3 { 37 * 13 } else { 0 };
    let weights = (2..=13_usize).rev().skip(4 - from);
    let sum: Option<usize> = value
        .iter()
        .take(from + 8)
        .zip(weights)
        .map(|(byte, weight)| ALPHABET.bytes().position(|known| known == *byte).map(|place| place * weight))
        .sum();
    let check = sum.map(|sum| match 11 - (sum + padding) % 11 {
        11 => b'0',
        10 => b'A',
        rest => b'0' + rest as u8,
    });
    // Old and provisional numbers exist whose last character follows no rule.
    if check == value.last().copied() { Check::Valid } else { Check::Unsure }
}

/// Mexican social security number: Luhn over eleven digits (IMSS).
fn imss(text: &str) -> Check {
    Check::proves(exactly::<11>(text).is_some_and(|digits| luhn(&digits) && !uniform(&digits)))
}

/// Argentine CUIT and CUIL: weights 5 4 3 2 7 6 5 4 3 2 mod 11 (AFIP).
fn cuit(text: &str) -> Check {
    let Some(digits) = exactly::<11>(text) else { return Check::Invalid };
    let kind = matches!(digits[0] * 10 + digits[1], 20 | 23..=27 | 30 | 33 | 34 | 50 | 51 | 55);
    let check = match (11 - weighted(&digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 {
        10 => 9,
        rest => rest,
    };
    Check::proves(kind && check == u32::from(digits[10]))
}

/// Chilean RUT: weights 2 to 7 from the right mod 11, ten as K (Servicio de Impuestos Internos).
fn rut(text: &str) -> Check {
    let value = compact(text);
    let Some((check, body)) = value.split_last().filter(|(_, body)| matches!(body.len(), 7 | 8)) else {
        return Check::Invalid;
    };
    if number(body).is_none() {
        return Check::Invalid;
    }
    let sum: u32 = body
        .iter()
        .rev()
        .zip([2, 3, 4, 5, 6, 7].into_iter().cycle())
        .map(|(byte, weight)| u32::from(byte.wrapping_sub(b'0')) * weight)
        .sum();
    let right = match 11 - sum % 11 {
        11 => b'0',
        10 => b'K',
        rest => b'0' + rest as u8,
    };
    Check::proves(right == *check && !body.iter().all(|byte| *byte == b'0'))
}

/// Colombian NIT: weights 3 7 13 17 19 23 29 37 41 43 from the right mod 11 (DIAN).
fn nit(text: &str) -> Check {
    let digits = digits(text);
    let Some((check, body)) = digits.split_last().filter(|(_, body)| matches!(body.len(), 8..=10)) else {
        return Check::Invalid;
    };
    let sum: u32 = body
        .iter()
        .rev()
        .zip([3, 7, 13, 17, 19, 23, 29, 37, 41, 43])
        .map(|(digit, weight)| u32::from(*digit) * weight)
        .sum();
    let right = if sum % 11 < 2 { sum % 11 } else { 11 - sum % 11 };
    Check::proves(right == u32::from(*check) && !uniform(body))
}

/// Ecuadorian identity card: a province, Luhn (Registro Civil).
fn cedula(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    Check::proves(
        matches!(digits[0] * 10 + digits[1], 1..=24 | 30) && digits[2] < 6 && luhn(&digits) && !uniform(&digits),
    )
}

/// Dominican identity card: Luhn over eleven digits (Junta Central Electoral).
fn do_cedula(text: &str) -> Check {
    Check::proves(exactly::<11>(text).is_some_and(|digits| luhn(&digits) && !uniform(&digits)))
}

/// Peruvian RUC: a kind in front, weights 5 4 3 2 7 6 5 4 3 2 mod 11 (SUNAT).
fn ruc(text: &str) -> Check {
    let Some(digits) = exactly::<11>(text) else { return Check::Invalid };
    let check = (11 - weighted(&digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 10;
    Check::proves(matches!(digits[0] * 10 + digits[1], 10 | 15 | 16 | 17 | 20) && check == u32::from(digits[10]))
}

/// Uruguayan identity card: weights 2 9 8 7 6 3 4 mod 10 (Dirección Nacional de Identificación Civil).
fn uy_ci(text: &str) -> Check {
    let Some(digits) = exactly::<8>(text) else { return Check::Invalid };
    Check::proves(weighted(&digits, &[2, 9, 8, 7, 6, 3, 4, 1]).is_multiple_of(10) && !uniform(&digits))
}
