//! Addresses and numbers of devices, vehicles and people on networks.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::checksum::luhn;
use super::text::{base36, compact_exactly, digits, exactly, uniform};
use super::{Check, Validator};

pub(super) const TABLE: &[(&str, Validator)] = &[
    ("ipv4", ipv4),
    ("ipv6", ipv6),
    ("mac-address", mac_address),
    ("imei", imei),
    ("iccid", iccid),
    ("vin", vin),
    ("coordinates", coordinates),
    ("phone-intl", phone_intl),
    ("phone-nanp", phone_nanp),
    ("phone-national", phone_national),
];

/// The address before a prefix length and a zone.
fn address(text: &str) -> &str {
    text.split(['/', '%']).next().unwrap_or_default()
}

/// An address of four numbers to 255. Those that stand for no one machine (RFC 5735, 5737) are specimens.
fn ipv4(text: &str) -> Check {
    let Ok(parsed) = address(text).parse::<Ipv4Addr>() else { return Check::Invalid };
    if parsed.is_documentation() || parsed.is_loopback() || parsed.is_unspecified() || parsed.is_broadcast() {
        Check::Specimen
    } else {
        Check::Unsure
    }
}

/// An address of eight groups, shortened or not (RFC 4291). Those for documentation (RFC 3849), and loopback, are specimens.
fn ipv6(text: &str) -> Check {
    let Ok(parsed) = address(text).parse::<Ipv6Addr>() else { return Check::Invalid };
    // `::` alone is a path separator in many languages far more often than an address.
    if address(text) == "::" {
        return Check::Invalid;
    }
    let documentation = parsed.segments().starts_with(&[0x2001, 0xdb8]);
    if documentation || parsed.is_loopback() || parsed.is_unspecified() { Check::Specimen } else { Check::Unsure }
}

/// Six pairs with one separator; not all zero, not broadcast.
fn mac_address(text: &str) -> Check {
    let pairs = text.bytes().filter(u8::is_ascii_hexdigit).count() == 12;
    let mut separators = text.bytes().filter(|byte| !byte.is_ascii_hexdigit());
    let first = separators.next();
    let blank = ["0", "f", "F"]
        .iter()
        .any(|same| text.bytes().filter(u8::is_ascii_hexdigit).all(|byte| same.as_bytes().contains(&byte)));
    Check::allows(pairs && separators.all(|other| Some(other) == first) && !blank)
}

/// IMEI: fifteen digits, Luhn (3GPP TS 23.003).
fn imei(text: &str) -> Check {
    Check::proves(exactly::<15>(text).is_some_and(|digits| luhn(&digits) && !uniform(&digits)))
}

/// SIM card number: 89 in front, 19 or 20 digits, Luhn (ITU-T E.118).
fn iccid(text: &str) -> Check {
    let digits = digits(text);
    Check::proves(matches!(digits.len(), 19 | 20) && digits.starts_with(&[8, 9]) && luhn(&digits))
}

/// Vehicle identification number: the ninth place checks the others in North America (49 CFR 565.15), elsewhere it need not.
fn vin(text: &str) -> Check {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let Some(value) = compact_exactly::<17>(text) else { return Check::Invalid };
    let transliterate = |byte: u8| match byte {
        b'0'..=b'9' => base36(byte),
        b'A'..=b'H' => Some(u32::from(byte - b'A') + 1),
        b'J'..=b'N' | b'P' | b'R' => Some(u32::from(byte - b'J') + 1),
        b'S'..=b'Z' => Some(u32::from(byte - b'S') + 2),
        _ => None,
    };
    let sum: Option<u32> =
        value.iter().zip(WEIGHTS).map(|(byte, weight)| transliterate(*byte).map(|value| value * weight)).sum();
    let both = value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic);
    match sum.map(|sum| sum % 11) {
        Some(10) if both && value[8] == b'X' => Check::Valid,
        Some(rest) if both && base36(value[8]) == Some(rest) => Check::Valid,
        Some(_) if both => Check::Unsure,
        _ => Check::Invalid,
    }
}

/// A pair of degrees: latitude to 90, longitude to 180, not both zero.
fn coordinates(text: &str) -> Check {
    let mut degrees = text.split([',', ';', ' ']).filter(|part| !part.is_empty()).map(str::parse::<f64>);
    let (Some(Ok(latitude)), Some(Ok(longitude)), None) = (degrees.next(), degrees.next(), degrees.next()) else {
        return Check::Invalid;
    };
    Check::allows(latitude.abs() <= 90.0 && longitude.abs() <= 180.0 && (latitude, longitude) != (0.0, 0.0))
}

/// An international number: a country code in use, and eight to fifteen digits (ITU-T E.164).
fn phone_intl(text: &str) -> Check {
    let digits = digits(text);
    let Some([first, second, ..]) = digits.strip_prefix(&[0, 0]).or(Some(digits.as_slice())) else {
        return Check::Invalid;
    };
    let unused = matches!((first, second), (0, _) | (2, 8) | (8, 3 | 9) | (9, 9))
        && !digits.starts_with(&[9, 9, 2])
        && !matches!(digits.get(..3), Some([9, 9, 3..=6 | 8]));
    let plausible = (8..=15).contains(&digits.len()) && !(*first == 1 && digits.len() != 11);
    Check::allows(!unused && plausible && !uniform(digits.get(2..).unwrap_or_default()))
}

/// A number as dialled in its own country: seven to twelve digits that are no date.
fn phone_national(text: &str) -> Check {
    let digits = digits(text);
    let mut groups = text.split(['-', '/', '.']).map(str::len);
    let dated = matches!(
        (groups.next(), groups.next(), groups.next(), groups.next()),
        (Some(4), Some(1 | 2), Some(1 | 2), None) | (Some(1 | 2), Some(1 | 2), Some(2 | 4), None)
    );
    Check::allows((7..=12).contains(&digits.len()) && !dated && !uniform(&digits))
}

/// A North American number: area and exchange from 200, neither N11 (NANPA). 555-0100 to 555-0199 are for fiction.
fn phone_nanp(text: &str) -> Check {
    let digits = digits(text);
    let digits = digits.strip_prefix(&[1]).filter(|rest| rest.len() == 10).unwrap_or(&digits);
    let &[a1, a2, a3, e1, e2, e3, l1, l2, ..] = digits else { return Check::Invalid };
    let plausible = digits.len() == 10
        && a1 > 1
        && e1 > 1
        && (a2, a3) != (1, 1)
        && (e2, e3) != (1, 1)
        && a2 != 9
        && !uniform(digits);
    match (plausible, [e1, e2, e3, l1, l2] == [5, 5, 5, 0, 1]) {
        (false, _) => Check::Invalid,
        (true, true) => Check::Specimen,
        (true, false) => Check::Unsure,
    }
}
