//! Numbers of people and companies in the rest of Europe, and value added tax numbers of the Union.

use super::checksum::{luhn, mod11_10, weighted};
use super::text::{compact, digits, exactly, is_date, uniform, value};
use super::{Check, Validator, numbers_germany, numbers_nordic, numbers_romance, numbers_uk};

pub(super) const TABLE: &[(&str, Validator)] = &[
    ("vat-eu", vat_eu),
    ("nl-bsn", bsn),
    ("nl-btw", btw),
    ("be-rrn", rijksregister),
    ("be-enterprise", be_enterprise),
    ("pl-pesel", pesel),
    ("pl-nip", nip),
    ("pl-regon", regon),
    ("pl-id-card", dowod),
    ("cz-rc", rodne_cislo),
    ("hu-taj", taj),
    ("ro-cnp", cnp),
    ("bg-egn", egn),
    ("hr-oib", oib),
    ("rs-jmbg", jmbg),
    ("gr-afm", afm),
    ("gr-amka", amka),
    ("lu-matricule", matricule),
    ("ru-inn", inn),
    ("ru-snils", snils),
    ("ua-rnokpp", rnokpp),
    ("mrz-line", mrz_line),
];

/// A value added tax number with its country in front: the country's own check where it has a public one.
fn vat_eu(text: &str) -> Check {
    let value = compact(text);
    let (Some(country), Some(body)) = (value.get(..2), value.get(2..)) else { return Check::Invalid };
    let body = String::from_utf8_lossy(body).into_owned();
    let own = match country {
        b"AT" => body.strip_prefix('U').map(|body| by_name(numbers_germany::TABLE, "at-vat", body)),
        b"BE" => Some(be_enterprise(&body)),
        b"DE" => Some(by_name(numbers_germany::TABLE, "de-vat", &body)),
        b"DK" => Some(by_name(numbers_nordic::TABLE, "dk-cvr", &body)),
        b"EL" | b"GR" => Some(afm(&body)),
        b"ES" => Some(by_name(numbers_romance::TABLE, "es-vat", &body)),
        b"FI" => Some(by_name(numbers_nordic::TABLE, "fi-ytunnus", &body)),
        b"FR" => Some(by_name(numbers_romance::TABLE, "fr-vat", &body)),
        b"GB" | b"XI" => Some(by_name(numbers_uk::TABLE, "uk-vat", &body)),
        b"HR" => Some(oib(&body)),
        b"IT" => Some(by_name(numbers_romance::TABLE, "it-piva", &body)),
        b"NL" => Some(btw(&body)),
        b"PL" => Some(nip(&body)),
        b"PT" => Some(by_name(numbers_romance::TABLE, "pt-nif", &body)),
        b"SE" => body.strip_suffix("01").map(|body| by_name(numbers_nordic::TABLE, "se-orgnr", body)),
        b"BG" | b"CY" | b"CZ" | b"EE" | b"HU" | b"IE" | b"LT" | b"LU" | b"LV" | b"MT" | b"RO" | b"SI" | b"SK" => {
            Some(Check::Unsure)
        }
        _ => None,
    };
    own.unwrap_or(Check::Invalid)
}

fn by_name(table: &[(&str, Validator)], name: &str, body: &str) -> Check {
    table.iter().find(|(known, _)| *known == name).map_or(Check::Invalid, |(_, validator)| validator(body))
}

/// Dutch citizen service number: the 11-test, weights 9 to 2 and -1 (Rijksdienst voor Identiteitsgegevens).
fn bsn(text: &str) -> Check {
    let mut digits = digits(text);
    if digits.len() == 8 {
        digits.insert(0, 0);
    }
    let Ok(digits) = <[u8; 9]>::try_from(digits) else { return Check::Invalid };
    Check::proves(weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2, 10]).is_multiple_of(11) && !uniform(&digits))
}

/// Dutch tax number `123456789B01`: the 11-test, or since 2020 mod 97 of the whole behind `NL`.
fn btw(text: &str) -> Check {
    let value = compact(text);
    let head = value.get(..9).map(|head| String::from_utf8_lossy(head).into_owned()).unwrap_or_default();
    let whole = b"NL".iter().chain(&value).copied().collect::<Vec<_>>();
    let shaped = value.len() == 12 && value.get(9) == Some(&b'B');
    Check::proves(shaped && (bsn(&head) == Check::Valid || super::checksum::mod97(whole) == Some(1)))
}

/// Belgian national number: 97 minus the number mod 97, with a 2 in front for those born since 2000.
fn rijksregister(text: &str) -> Check {
    let Some(digits) = exactly::<11>(text) else { return Check::Invalid };
    let (head, check) = (digits.get(..9).map_or(0, value), u64::from(digits[9]) * 10 + u64::from(digits[10]));
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    // Months count from 0, 20 (sex unknown) or 40 (bis numbers); a part of the date may be unknown, as 00.
    let plausible = matches!(pair(2), 0..=12 | 20..=32 | 40..=52) && pair(4) <= 31;
    Check::proves(plausible && head > 0 && (97 - head % 97 == check || 97 - (2_000_000_000 + head) % 97 == check))
}

/// Belgian enterprise number: 97 minus the first eight digits mod 97.
fn be_enterprise(text: &str) -> Check {
    let mut digits = digits(text);
    if digits.len() == 9 {
        digits.insert(0, 0);
    }
    let (Some(head), Some(check)) =
        (digits.get(..8).map(value), digits.get(8..).filter(|check| check.len() == 2).map(value))
    else {
        return Check::Invalid;
    };
    Check::proves(digits.first().is_some_and(|first| *first < 2) && head > 0 && 97 - head % 97 == check)
}

/// PESEL: a date with the century in the month, weights 1 3 7 9 mod 10 (Ustawa o ewidencji ludności).
fn pesel(text: &str) -> Check {
    let Some(digits) = exactly::<11>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let century = match pair(2) / 20 {
        4 => 1800,
        other => 1900 + 100 * other,
    };
    let right = weighted(&digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10);
    Check::proves(right && is_date(century + pair(0), pair(2) % 20, pair(4)))
}

/// NIP: weights 6 5 7 2 3 4 5 6 7 mod 11.
fn nip(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    Check::proves(weighted(&digits, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == u32::from(digits[9]) && !uniform(&digits))
}

/// REGON of nine digits: weights 8 9 2 3 4 5 6 7 mod 11 mod 10.
fn regon(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    Check::proves(weighted(&digits, &[8, 9, 2, 3, 4, 5, 6, 7]) % 11 % 10 == u32::from(digits[8]) && !uniform(&digits))
}

/// Polish identity card: three letters, a check digit, five digits; weights 7 3 1 9 7 3 1 7 3 mod 10.
fn dowod(text: &str) -> Check {
    let value = compact(text);
    let shaped = value.len() == 9
        && value.iter().take(3).all(u8::is_ascii_alphabetic)
        && value.iter().skip(3).all(u8::is_ascii_digit);
    let sum: Option<u32> = value
        .iter()
        .zip([7, 3, 1, 9, 7, 3, 1, 7, 3])
        .map(|(byte, weight)| super::text::base36(*byte).map(|value| value * weight))
        .sum();
    Check::proves(shaped && sum.is_some_and(|sum| sum.is_multiple_of(10)))
}

/// Czech and Slovak birth number: a date (month plus 50 for women, plus 20 when a day ran full), divisible by 11 since 1954.
fn rodne_cislo(text: &str) -> Check {
    let digits = digits(text);
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let month = pair(2) % 50;
    let month = if month > 20 { month - 20 } else { month };
    let dated = super::text::is_short_date(pair(0), month, pair(4));
    match digits.len() {
        9 => Check::allows(dated && pair(0) < 54 && !uniform(&digits)),
        10 => Check::proves(
            dated
                && (value(&digits).is_multiple_of(11)
                    || value(digits.get(..9).unwrap_or_default()) % 11 == 10 && digits.last() == Some(&0)),
        ),
        _ => Check::Invalid,
    }
}

/// Hungarian social security number: weights 3 and 7 mod 10.
fn taj(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    Check::proves(weighted(&digits, &[3, 7, 3, 7, 3, 7, 3, 7]) % 10 == u32::from(digits[8]) && !uniform(&digits))
}

/// Romanian personal code: sex and century, a date, county, weights 2 7 9 1 4 6 3 5 8 2 7 9 mod 11.
fn cnp(text: &str) -> Check {
    let Some(digits) = exactly::<13>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let check = match weighted(&digits, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11 {
        10 => 1,
        rest => rest,
    };
    let county = matches!(pair(7), 1..=48 | 51 | 52 | 70 | 80..=83);
    Check::proves(
        digits[0] > 0
            && county
            && check == u32::from(digits[12])
            && super::text::is_short_date(pair(1), pair(3), pair(5)),
    )
}

/// Bulgarian citizen number: a date with the century in the month, weights 2 4 8 5 10 9 7 3 6 mod 11 mod 10.
fn egn(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let (century, month) = match pair(2) {
        month @ 21..=32 => (1800, month - 20),
        month @ 41..=52 => (2000, month - 40),
        month => (1900, month),
    };
    let right = weighted(&digits, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == u32::from(digits[9]);
    Check::proves(right && is_date(century + pair(0), month, pair(4)))
}

/// Croatian personal number: ISO 7064 mod 11,10.
fn oib(text: &str) -> Check {
    exactly::<11>(text).map_or(Check::Invalid, |digits| Check::proves(mod11_10(&digits) && !uniform(&digits)))
}

/// Citizen number of the successors of Yugoslavia: a date, region, weights 7 6 5 4 3 2 twice mod 11.
fn jmbg(text: &str) -> Check {
    let Some(digits) = exactly::<13>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let year = digits.get(4..7).map_or(0, value);
    let year = if year < 800 { 2000 + year } else { 1000 + year };
    let check = (11 - weighted(&digits, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
    Check::proves(check == u32::from(digits[12]) && is_date(year, pair(2), pair(0)))
}

/// Greek tax number: powers of two from 256, mod 11 mod 10.
fn afm(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    Check::proves(
        weighted(&digits, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == u32::from(digits[8]) && !uniform(&digits),
    )
}

/// Greek social security number: a date, Luhn.
fn amka(text: &str) -> Check {
    let Some(digits) = exactly::<11>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    Check::proves(luhn(&digits) && super::text::is_short_date(pair(4), pair(2), pair(0)))
}

/// Luxembourg's personal number: a date with four digits of the year, Luhn over the first eleven and the twelfth, Verhoeff over those and the last.
fn matricule(text: &str) -> Check {
    let Some(digits) = exactly::<13>(text) else { return Check::Invalid };
    let dated =
        is_date(digits.get(..4).map_or(0, value), digits.get(4..6).map_or(0, value), digits.get(6..8).map_or(0, value));
    let mut second: Vec<u8> = digits.iter().take(11).copied().collect();
    second.push(digits[12]);
    Check::proves(dated && digits.get(..12).is_some_and(luhn) && super::checksum::verhoeff(&second))
}

/// Russian tax number of a company (10 digits) or a person (12): weighted sums mod 11 mod 10.
fn inn(text: &str) -> Check {
    let digits = digits(text);
    let check = |weights: &[u32]| {
        digits.get(weights.len()).is_some_and(|check| weighted(&digits, weights) % 11 % 10 == u32::from(*check))
    };
    let right = match digits.len() {
        10 => check(&[2, 4, 10, 3, 5, 9, 4, 6, 8]),
        12 => check(&[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) && check(&[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]),
        _ => false,
    };
    Check::proves(right && !uniform(&digits))
}

/// Russian pension insurance number: weights 9 to 1, mod 101, 100 as 0.
fn snils(text: &str) -> Check {
    let Some(digits) = exactly::<11>(text) else { return Check::Invalid };
    let check = weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100;
    Check::proves(check == u32::from(digits[9]) * 10 + u32::from(digits[10]) && digits.iter().any(|digit| *digit != 0))
}

/// Ukrainian taxpayer number: days since 1899-12-31 in front, weights -1 5 7 9 4 6 10 5 7 mod 11 mod 10.
fn rnokpp(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    // Ten is minus one, modulo eleven.
    let check = weighted(&digits, &[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10;
    Check::proves(check == u32::from(digits[9]) && !uniform(&digits))
}

/// The second line of a passport's machine-readable zone: check digits of number, birth and expiry (ICAO Doc 9303-4, 4.2.2).
fn mrz_line(text: &str) -> Check {
    let Ok(line) = <&[u8; 44]>::try_from(text.as_bytes()) else { return Check::Invalid };
    let holds = |field: std::ops::Range<usize>, check: u8| {
        line.get(field).and_then(super::checksum::icao) == char::from(check).to_digit(10)
    };
    Check::proves(holds(0..9, line[9]) && holds(13..19, line[19]) && holds(21..27, line[27]))
}
