//! Numbers of people and companies in Africa, Asia and the Middle East.

use super::checksum::{luhn, mod11_2, verhoeff, weighted};
use super::text::{base36, compact, compact_exactly, digits, exactly, is_date, is_short_date, number, uniform, value};
use super::{Check, Validator};

pub(super) const TABLE: &[(&str, Validator)] = &[
    ("in-aadhaar", aadhaar),
    ("in-pan", pan),
    ("in-gstin", gstin),
    ("sg-nric-fin", nric),
    ("sg-uen", uen),
    ("cn-resident-id", resident_id),
    ("cn-uscc", social_credit_code),
    ("hk-id", hkid),
    ("jp-my-number", my_number),
    ("jp-corporate", corporate_number),
    ("kr-rrn", rrn),
    ("kr-frn", frn),
    ("kr-brn", brn),
    ("tw-id", tw_id),
    ("th-tnin", tnin),
    ("tr-tckn", tckn),
    ("tr-vkn", vkn),
    ("il-id", il_id),
    ("za-id", za_id),
    ("ng-nin", ng_nin),
    ("id-nik", nik),
    ("my-nric", my_kad),
    ("ir-melli", melli),
    ("sa-id", sa_id),
    ("ae-eid", emirates_id),
    ("eg-id", eg_id),
    ("kw-civil", kw_civil),
    ("kz-iin", iin),
    ("pk-cnic", cnic),
];

/// Aadhaar: not from 0 or 1, no palindrome, Verhoeff (UIDAI).
fn aadhaar(text: &str) -> Check {
    let Some(digits) = exactly::<12>(text) else { return Check::Invalid };
    let palindrome = digits.iter().eq(digits.iter().rev());
    Check::proves(digits[0] > 1 && !palindrome && verhoeff(&digits))
}

/// Permanent Account Number: the fourth letter is the kind of holder (Income Tax Department).
fn pan(text: &str) -> Check {
    let Some(value) = compact_exactly::<10>(text) else { return Check::Invalid };
    Check::allows(
        b"ABCFGHJLPTKE".contains(&value[3]) && value.get(5..9).and_then(number).is_some_and(|serial| serial > 0),
    )
}

/// GST identification number: a state, a PAN, `Z`; the check by factors 1 and 2 mod 36 proves (GSTN).
fn gstin(text: &str) -> Check {
    let Some(value) = compact_exactly::<15>(text) else { return Check::Invalid };
    if !value.get(..2).and_then(number).is_some_and(|state| matches!(state, 1..=37 | 97 | 99)) || value[13] != b'Z' {
        return Check::Invalid;
    }
    let sum: Option<u32> = value
        .iter()
        .take(14)
        .zip([1, 2].into_iter().cycle())
        .map(|(byte, factor)| base36(*byte).map(|value| value * factor).map(|product| product / 36 + product % 36))
        .sum();
    let right = sum.map(|sum| (36 - sum % 36) % 36) == base36(value[14]);
    // The document's examples are often made up without the check character.
    if right { Check::Valid } else { Check::Unsure }
}

/// Singapore NRIC and FIN: weights 2 7 6 5 4 3 2, a table of letters by series mod 11 (ICA).
fn nric(text: &str) -> Check {
    let Some(value) = compact_exactly::<9>(text) else { return Check::Invalid };
    let Some(body) = value.get(1..8).filter(|body| number(body).is_some()) else { return Check::Invalid };
    let body: Vec<u8> = body.iter().map(|byte| byte.wrapping_sub(b'0')).collect();
    let (offset, letters): (u32, &[u8; 11]) = match value[0] {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"KLJNPQRTUWX"),
        _ => return Check::Invalid,
    };
    let rest = (weighted(&body, &[2, 7, 6, 5, 4, 3, 2]) + offset) % 11;
    let place = if value[0] == b'M' { 10 - rest } else { rest };
    // Numbers in examples rarely carry the right letter, so a wrong one does not refuse.
    if letters.get(place as usize) == Some(&value[8]) { Check::Valid } else { Check::Unsure }
}

/// Singapore Unique Entity Number: weights by form (business, local company, other) mod 11 (ACRA).
fn uen(text: &str) -> Check {
    let value = compact(text);
    let Some((check, body)) = value.split_last() else { return Check::Invalid };
    let by = |alphabet: &[u8], weights: &[u32], letters: &[u8], offset: u32| {
        let sum: Option<u32> = body
            .iter()
            .zip(weights)
            .map(|(byte, weight)| {
                alphabet
                    .iter()
                    .position(|known| known == byte)
                    .and_then(|place| u32::try_from(place).ok())
                    .map(|place| place * weight)
            })
            .sum();
        sum.and_then(|sum| letters.get(((sum + 11 - offset) % 11) as usize)) == Some(check)
    };
    let digits = b"0123456789";
    Check::proves(match value.len() {
        9 => by(digits, &[10, 4, 9, 3, 8, 2, 7, 1], b"XMKECAWLJDB", 0),
        10 if value.first().is_some_and(u8::is_ascii_digit) => {
            by(digits, &[10, 8, 6, 4, 9, 7, 5, 3, 1], b"ZKCMDNERGWH", 0)
        }
        10 => by(b"ABCDEFGHJKLMNPQRSTUVWX0123456789", &[4, 3, 5, 3, 10, 2, 2, 5, 7], b"0123456789X", 5),
        _ => false,
    })
}

/// Chinese resident identity number: a region, a date, ISO 7064 mod 11-2 (GB 11643-1999).
fn resident_id(text: &str) -> Check {
    let Some(value) = compact_exactly::<18>(text) else { return Check::Invalid };
    let field = |range| value.get(range).and_then(number).unwrap_or(u64::MAX);
    let region = matches!(field(0..2), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83);
    let year = field(6..10);
    Check::proves(
        region && (1900..2100).contains(&year) && is_date(year, field(10..12), field(12..14)) && mod11_2(&value),
    )
}

/// Chinese unified social credit code: weights are the powers of 3 mod 31 (GB 32100-2015).
fn social_credit_code(text: &str) -> Check {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let Some(value) = compact_exactly::<18>(text) else { return Check::Invalid };
    let place = |byte: &u8| ALPHABET.iter().position(|known| known == byte);
    let mut weight = 1;
    let mut sum = 0;
    for byte in value.iter().take(17) {
        let Some(place) = place(byte) else { return Check::Invalid };
        sum += place * weight;
        weight = weight * 3 % 31;
    }
    Check::proves(place(&value[17]) == Some((31 - sum % 31) % 31) && value.get(2..8).and_then(number).is_some())
}

/// Hong Kong identity card: letters as 10 to 35, a space as 36, weights 9 to 2 mod 11 (Immigration Department).
fn hkid(text: &str) -> Check {
    let value = compact(text);
    let mut values: Vec<u32> = match value.len() {
        8 => vec![36],
        9 => vec![],
        _ => return Check::Invalid,
    };
    values.extend(value.iter().filter_map(|byte| base36(*byte)));
    let Some((check, body)) = values.split_last() else { return Check::Invalid };
    let sum: u32 = body.iter().zip((2..=9).rev()).map(|(value, weight)| value * weight).sum();
    Check::proves(body.len() == 8 && (sum + check).is_multiple_of(11) && *check < 11)
}

/// Japanese individual number: weights 6 5 4 3 2 7 6 5 4 3 2 mod 11 (Ordinance of MIC No. 85 of 2014).
fn my_number(text: &str) -> Check {
    let Some(digits) = exactly::<12>(text) else { return Check::Invalid };
    let check = match weighted(&digits, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    Check::proves(check == u32::from(digits[11]) && !uniform(&digits))
}

/// Japanese corporate number: the first digit is 9 minus a sum with weights 1 and 2 mod 9 (National Tax Agency).
fn corporate_number(text: &str) -> Check {
    let Some(digits) = exactly::<13>(text) else { return Check::Invalid };
    let sum: u32 = digits
        .iter()
        .skip(1)
        .rev()
        .zip([1, 2].into_iter().cycle())
        .map(|(digit, weight)| u32::from(*digit) * weight)
        .sum();
    Check::proves(u32::from(digits[0]) == 9 - sum % 9)
}

/// Korean resident registration number: a date, sex and century 1 to 4 or 9, 0; numbers given since October 2020 have no check digit,
/// so one of somebody born since then is not proved.
fn rrn(text: &str) -> Check {
    korean(text, |kind| matches!(kind, 1..=4), 11)
}

/// Korean foreigner registration number: as the resident's, with 5 to 8, and its check 2 higher.
fn frn(text: &str) -> Check {
    korean(text, |kind| matches!(kind, 5..=8), 13)
}

fn korean(text: &str, kind: fn(u8) -> bool, from: u32) -> Check {
    let Some(digits) = exactly::<13>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let century = if matches!(digits[6], 1 | 2 | 5 | 6) { 1900 } else { 2000 };
    if !kind(digits[6]) || !is_date(century + pair(0), pair(2), pair(4)) {
        return Check::Invalid;
    }
    let check = (from - weighted(&digits, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10;
    match (check == u32::from(digits[12]), century + pair(0) >= 2020) {
        (true, _) => Check::Valid,
        (false, true) => Check::Unsure,
        // Places of birth run to 96; a number with a higher one and a wrong check digit is none.
        (false, false) => Check::allows(pair(7) <= 96),
    }
}

/// Korean business registration number: weights 1 3 7 1 3 7 1 3 5, the ninth's product also by its tens, mod 10.
fn brn(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    let sum = weighted(&digits, &[1, 3, 7, 1, 3, 7, 1, 3, 5]) + u32::from(digits[8]) * 5 / 10;
    Check::proves((10 - sum % 10) % 10 == u32::from(digits[9]) && !uniform(&digits))
}

/// Taiwanese national number: the letter as two digits, weights 1 9 8 7 6 5 4 3 2 1 1 mod 10 (Ministry of the Interior).
fn tw_id(text: &str) -> Check {
    const ORDER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let Some(value) = compact_exactly::<10>(text) else { return Check::Invalid };
    let Some(letter) =
        ORDER.iter().position(|known| *known == value[0]).and_then(|place| u8::try_from(place + 10).ok())
    else {
        return Check::Invalid;
    };
    let Some(body) = value.get(1..).filter(|body| number(body).is_some()) else { return Check::Invalid };
    let expanded: Vec<u8> =
        [letter / 10, letter % 10].into_iter().chain(body.iter().map(|byte| byte.wrapping_sub(b'0'))).collect();
    Check::proves(weighted(&expanded, &[1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]).is_multiple_of(10))
}

/// Thai national number: weights 13 to 2, 11 minus the sum mod 11 mod 10 (Department of Provincial Administration).
fn tnin(text: &str) -> Check {
    let Some(digits) = exactly::<13>(text) else { return Check::Invalid };
    let sum = weighted(&digits, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    // The second and third digit are a province, 10 to 96 with gaps.
    let province = matches!(digits[1] * 10 + digits[2], 10..=27 | 30..=58 | 60..=67 | 70..=77 | 80..=86 | 90..=96);
    Check::proves(digits[0] != 0 && province && (11 - sum % 11) % 10 == u32::from(digits[12]) && !uniform(&digits))
}

/// Turkish identity number: two check digits over sums of odd and even places (NVİ).
fn tckn(text: &str) -> Check {
    let Some(digits) = exactly::<11>(text) else { return Check::Invalid };
    let every_second =
        |from: usize| digits.iter().take(9).skip(from).step_by(2).map(|digit| u32::from(*digit)).sum::<u32>();
    let (odd, even) = (every_second(0), every_second(1));
    let tenth = (odd * 7 + 1000 - even) % 10;
    Check::proves(digits[0] != 0 && tenth == u32::from(digits[9]) && (odd + even + tenth) % 10 == u32::from(digits[10]))
}

/// Turkish tax number: each digit shifted by its place, times a power of two, mod 9 (Gelir İdaresi).
fn vkn(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    let sum: u32 = digits
        .iter()
        .take(9)
        .zip((1..=9_u32).rev())
        .map(|(digit, place)| match (u32::from(*digit) + place) % 10 {
            0 => 0,
            shifted => match (shifted << place) % 9 {
                0 => 9,
                rest => rest,
            },
        })
        .sum();
    Check::proves((10 - sum % 10) % 10 == u32::from(digits[9]) && !uniform(&digits))
}

/// Israeli identity number: Luhn over nine digits.
fn il_id(text: &str) -> Check {
    Check::proves(exactly::<9>(text).is_some_and(|digits| luhn(&digits) && !uniform(&digits)))
}

/// South African identity number: a date, citizenship 0 to 2, Luhn (Department of Home Affairs).
fn za_id(text: &str) -> Check {
    let Some(digits) = exactly::<13>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    Check::proves(is_short_date(pair(0), pair(2), pair(4)) && digits[10] < 3 && luhn(&digits))
}

/// Nigerian national identification number: Verhoeff, as others check it; NIMC publishes no rule.
fn ng_nin(text: &str) -> Check {
    Check::proves(exactly::<11>(text).is_some_and(|digits| verhoeff(&digits) && !uniform(&digits)))
}

/// Indonesian NIK: a region, a date with the day plus 40 for women (Kementerian Dalam Negeri).
fn nik(text: &str) -> Check {
    let Some(digits) = exactly::<16>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let day = if pair(6) > 40 { pair(6) - 40 } else { pair(6) };
    Check::allows((11..=96).contains(&pair(0)) && is_short_date(pair(10), pair(8), day) && pair(2) > 0)
}

/// Malaysian identity card: a date, a place of birth (Jabatan Pendaftaran Negara).
fn my_kad(text: &str) -> Check {
    let Some(digits) = exactly::<12>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let place = !matches!(pair(6), 0 | 17..=20 | 69..=70 | 73 | 80 | 81 | 94..=97);
    Check::allows(is_short_date(pair(0), pair(2), pair(4)) && place)
}

/// Iranian national code: weights 10 to 2 mod 11 (Sazman-e Sabt-e Ahval).
fn melli(text: &str) -> Check {
    let Some(digits) = exactly::<10>(text) else { return Check::Invalid };
    let rest = weighted(&digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    let check = if rest < 2 { rest } else { 11 - rest };
    Check::proves(check == u32::from(digits[9]) && !uniform(&digits))
}

/// Saudi national or residence number: 1 or 2 in front, Luhn (Ministry of Interior).
fn sa_id(text: &str) -> Check {
    Check::proves(exactly::<10>(text).is_some_and(|digits| matches!(digits[0], 1 | 2) && luhn(&digits)))
}

/// Emirates identity number: 784, a year, Luhn (Federal Authority for Identity).
fn emirates_id(text: &str) -> Check {
    Check::proves(exactly::<15>(text).is_some_and(|digits| digits.starts_with(&[7, 8, 4]) && luhn(&digits)))
}

/// Egyptian national number: a century 2 or 3, a date, a governorate (Civil Status Organization).
fn eg_id(text: &str) -> Check {
    let Some(digits) = exactly::<14>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let century = match digits[0] {
        2 => 1900,
        3 => 2000,
        _ => return Check::Invalid,
    };
    Check::allows(is_date(century + pair(1), pair(3), pair(5)) && matches!(pair(7), 1..=35 | 88))
}

/// Kuwaiti civil number: a century 1 to 3, a date, weights 2 1 6 3 7 9 10 5 8 4 2 mod 11 (PACI).
fn kw_civil(text: &str) -> Check {
    let Some(digits) = exactly::<12>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let check = 11 - weighted(&digits, &[2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
    Check::proves(
        (1..=3).contains(&digits[0]) && is_short_date(pair(1), pair(3), pair(5)) && check == u32::from(digits[11]),
    )
}

/// Kazakh individual number: a date, a century 1 to 6, weights 1 to 11, then 3 to 11, 1, 2 mod 11.
fn iin(text: &str) -> Check {
    let Some(digits) = exactly::<12>(text) else { return Check::Invalid };
    let pair = |place: usize| digits.get(place..place + 2).map_or(0, value);
    let check = match weighted(&digits, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11 {
        10 => weighted(&digits, &[3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11,
        rest => rest,
    };
    Check::proves(
        is_short_date(pair(0), pair(2), pair(4)) && (1..=6).contains(&digits[6]) && check == u32::from(digits[11]),
    )
}

/// Pakistani identity card: thirteen digits, a province 1 to 7 in front (NADRA).
fn cnic(text: &str) -> Check {
    let digits = digits(text);
    Check::allows(
        digits.len() == 13 && digits.first().is_some_and(|first| (1..=7).contains(first)) && !uniform(&digits),
    )
}
