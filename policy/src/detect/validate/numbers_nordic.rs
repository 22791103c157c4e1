//! Numbers of people and companies in the Nordic and Baltic countries.

use super::checksum::{luhn, weighted};
use super::text::{compact_exactly, digits, exactly, is_date, is_short_date, number, uniform, value};
use super::{Check, Validator};

pub(super) const TABLE: &[(&str, Validator)] = &[
    ("se-personnummer", personnummer),
    ("se-orgnr", organisationsnummer),
    ("fi-hetu", hetu),
    ("fi-ytunnus", y_tunnus),
    ("dk-cpr", cpr),
    ("dk-cvr", cvr),
    ("no-fnr", foedselsnummer),
    ("no-orgnr", orgnr),
    ("is-kennitala", kennitala),
    ("ee-isikukood", isikukood),
    ("lv-pk", personas_kods),
];

/// Swedish personal number: a date (its day plus 60 for coordination numbers), Luhn over the last ten digits (Skatteverket SKV 704).
fn personnummer(text: &str) -> Check {
    let digits = digits(text);
    let Some(last) =
        digits.len().checked_sub(10).filter(|over| matches!(over, 0 | 2)).and_then(|from| digits.get(from..))
    else {
        return Check::Invalid;
    };
    let &[y1, y2, m1, m2, d1, d2, ..] = last else { return Check::Invalid };
    let pair = |tens: u8, ones: u8| u64::from(tens) * 10 + u64::from(ones);
    let (year, month) = (pair(y1, y2), pair(m1, m2));
    let day = pair(d1, d2);
    let day = if day > 60 { day - 60 } else { day };
    let dated = match digits.as_slice() {
        [c1, c2, ..] if digits.len() == 12 => {
            matches!(pair(*c1, *c2), 18..=20) && is_date(pair(*c1, *c2) * 100 + year, month, day)
        }
        _ => is_short_date(year, month, day),
    };
    Check::proves(dated && luhn(last))
}

/// Swedish organisation number: the third digit at least 2, Luhn.
fn organisationsnummer(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    Check::proves(digits[0] != 0 && digits[2] >= 2 && luhn(&digits) && !uniform(&digits))
}

/// Finnish personal identity code: date, century sign, serial, mod 31 (Digital and Population Data Services Agency).
fn hetu(text: &str) -> Check {
    let bytes = text.as_bytes();
    let field = |range| bytes.get(range).and_then(number);
    let (Some(day), Some(month), Some(year), Some(serial)) = (field(0..2), field(2..4), field(4..6), field(7..10))
    else {
        return Check::Invalid;
    };
    let century = match bytes.get(6).map(u8::to_ascii_uppercase) {
        Some(b'+') => 1800,
        Some(b'-' | b'U'..=b'Y') => 1900,
        Some(b'A'..=b'F') => 2000,
        _ => return Check::Invalid,
    };
    let rest = (((day * 100 + month) * 100 + year) * 1000 + serial) % 31;
    let check = b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(rest as usize).copied();
    let right = check == bytes.get(10).map(u8::to_ascii_uppercase) && bytes.len() == 11;
    Check::proves(right && is_date(century + year, month, day) && serial >= 2)
}

/// Finnish business id: weights 7 9 10 5 8 4 2 mod 11.
fn y_tunnus(text: &str) -> Check {
    let Some(digits) = exactly::<8>(text) else { return Check::Invalid };
    let rest = weighted(&digits, &[7, 9, 10, 5, 8, 4, 2]) % 11;
    Check::proves(rest != 1 && (11 - rest) % 11 == u32::from(digits[7]) && !uniform(&digits))
}

/// Danish personal number: a date; the check by mod 11 is no longer kept since 2007 (CPR-kontoret), so it proves only.
fn cpr(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    if !is_short_date(pair(4), pair(2), pair(0)) {
        return Check::Invalid;
    }
    if weighted(&digits, &[4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11) { Check::Valid } else { Check::Unsure }
}

/// Danish company number: weights 2 7 6 5 4 3 2 1 mod 11.
fn cvr(text: &str) -> Check {
    let Some(digits) = exactly::<8>(text) else { return Check::Invalid };
    Check::proves(digits[0] != 0 && weighted(&digits, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11))
}

/// Norwegian birth number or D-number (day plus 40): two checks mod 11 (Skatteetaten).
fn foedselsnummer(text: &str) -> Check {
    let Some(digits) = exactly::<11>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let day = pair(0);
    let day = if day > 40 { day - 40 } else { day };
    let first = weighted(&digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11);
    let second = weighted(&digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11);
    Check::proves(first && second && is_short_date(pair(4), pair(2), day))
}

/// Norwegian organisation number: weights 3 2 7 6 5 4 3 2 mod 11, first digit 8 or 9.
fn orgnr(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    Check::proves(digits[0] >= 8 && weighted(&digits, &[3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11))
}

/// Icelandic number: a date (day plus 40 for companies), weights 3 2 7 6 5 4 3 2 mod 11, century digit 8, 9 or 0.
fn kennitala(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let day = pair(0);
    let day = if day > 40 { day - 40 } else { day };
    let right = weighted(&digits, &[3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11) && matches!(digits[9], 8 | 9 | 0);
    Check::proves(right && is_short_date(pair(4), pair(2), day))
}

/// Estonian and Lithuanian personal code: century and sex, a date, weights 1..9,1 then 3..9,1,2,3 mod 11.
fn isikukood(text: &str) -> Check {
    let Some(digits) = exactly::<11>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let century = match digits[0] {
        1 | 2 => 1800,
        3 | 4 => 1900,
        5 | 6 => 2000,
        _ => return Check::Invalid,
    };
    let check = match weighted(&digits, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11 {
        10 => weighted(&digits, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10,
        rest => rest,
    };
    Check::proves(check == u32::from(digits[10]) && is_date(century + pair(1), pair(3), pair(5)))
}

/// Latvian personal code: numbers before 2017 hold a date and check by weights 1 6 3 7 9 10 5 8 4 2; newer ones begin with 32.
fn personas_kods(text: &str) -> Check {
    let Some(value) = compact_exactly::<11>(text) else { return Check::Invalid };
    let Some(digits) = exactly::<11>(text).filter(|_| number(&value).is_some()) else { return Check::Invalid };
    if digits[0] == 3 && digits[1] >= 2 {
        return Check::Unsure;
    }
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, super::text::value);
    let check = (1101 - weighted(&digits, &[1, 6, 3, 7, 9, 10, 5, 8, 4, 2])) % 11 % 10;
    Check::proves(check == u32::from(digits[10]) && is_short_date(pair(4), pair(2), pair(0)))
}
