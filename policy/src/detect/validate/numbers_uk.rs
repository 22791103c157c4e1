//! Numbers of people and companies in the United Kingdom and Ireland.

use super::checksum::weighted;
use super::text::{compact, compact_exactly, digits, exactly, number, uniform};
use super::{Check, Validator};

pub(super) const TABLE: &[(&str, Validator)] = &[
    ("uk-nino", nino),
    ("uk-nhs", nhs),
    ("uk-utr", utr),
    ("uk-vat", vat),
    ("uk-driving-licence", driving_licence),
    ("uk-chi", chi),
    ("ie-pps", pps),
];

/// National Insurance number: prefixes that are not allotted (HMRC NIM39110).
fn nino(text: &str) -> Check {
    let Some(value) = compact_exactly::<9>(text) else { return Check::Invalid };
    let unused: [&[u8]; 7] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
    let prefix = !b"DFIQUV".contains(&value[0])
        && !b"DFIOQUV".contains(&value[1])
        && !unused.contains(&value.get(..2).unwrap_or_default());
    let number = value.get(2..8).and_then(number);
    Check::allows(
        value[0].is_ascii_uppercase()
            && value[1].is_ascii_uppercase()
            && prefix
            && number.is_some()
            && (b'A'..=b'D').contains(&value[8]),
    )
}

/// NHS number: weights 10 to 2, 11 minus the sum mod 11 (NHS Data Dictionary).
fn nhs(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    let check = 11 - weighted(&digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    Check::proves(check % 11 == u32::from(digits[9]) && check != 10 && !uniform(&digits))
}

/// Scotland's Community Health Index: a date of birth in front, weights 10 to 2 mod 11.
fn chi(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    let day = digits[0] * 10 + digits[1];
    let month = digits[2] * 10 + digits[3];
    Check::proves(
        weighted(&digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
            && (1..=31).contains(&day)
            && (1..=12).contains(&month),
    )
}

/// Unique Taxpayer Reference: the first digit checks the others, weights 6 7 8 9 10 5 4 3 2 mod 11.
fn utr(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    let rest = weighted(digits.get(1..).unwrap_or_default(), &[6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11;
    let check = [2, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1].get(rest as usize);
    Check::proves(check == Some(&digits[0]) && !uniform(&digits))
}

/// Value added tax number: weights 8 to 2, 10 and 1, whose sum leaves 0, 42 or 55 by 97 (HMRC).
fn vat(text: &str) -> Check {
    let digits = digits(text);
    let Some(head) = digits.get(..9).filter(|_| matches!(digits.len(), 9 | 12)) else { return Check::Invalid };
    let sum = weighted(head, &[8, 7, 6, 5, 4, 3, 2, 10, 1]);
    Check::proves(!uniform(head) && matches!(sum % 97, 0 | 42 | 55))
}

/// Driver number: five letters of the surname, birth decade, month (plus 50), day and year, initials (DVLA INF45/1).
fn driving_licence(text: &str) -> Check {
    let Some(value) = compact_exactly::<16>(text) else { return Check::Invalid };
    let name = value.get(..5).unwrap_or_default();
    let letters = name.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let padded = letters > 0 && name.iter().skip(letters).all(|byte| *byte == b'9');
    let field = |range| value.get(range).and_then(number).unwrap_or(u64::MAX);
    let (month, day) = (field(6..8), field(8..10));
    let initials = value[11].is_ascii_alphabetic() && (value[12].is_ascii_alphabetic() || value[12] == b'9');
    Check::allows(
        padded && initials && field(5..11) != u64::MAX && matches!(month, 1..=12 | 51..=62) && (1..=31).contains(&day),
    )
}

/// Irish Personal Public Service number: weights 8 to 2, and 9 for a second letter, mod 23.
fn pps(text: &str) -> Check {
    let value = compact(text);
    let (Some(body), Some(check)) = (value.get(..7), value.get(7)) else { return Check::Invalid };
    let second = match value.get(8) {
        None | Some(b'W') => 0,
        Some(letter @ b'A'..=b'I') => u32::from(letter - b'A' + 1),
        Some(_) => return Check::Invalid,
    };
    let Some(digits) = number(body).map(|_| digits(&String::from_utf8_lossy(body))) else { return Check::Invalid };
    let rest = (weighted(&digits, &[8, 7, 6, 5, 4, 3, 2]) + 9 * second) % 23;
    Check::proves(value.len() <= 9 && b"WABCDEFGHIJKLMNOPQRSTUV".get(rest as usize) == Some(check))
}
