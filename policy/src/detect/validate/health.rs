//! Numbers of health care: providers, patients, medicines.

use super::checksum::{luhn, weighted};
use super::text::{compact_exactly, digits, exactly, uniform};
use super::{Check, Validator};

pub(super) const TABLE: &[(&str, Validator)] =
    &[("us-npi", npi), ("us-dea", dea), ("us-mbi", mbi), ("ca-ohip", ohip), ("au-ihi", ihi), ("icd10", icd10)];

/// National Provider Identifier: 1 or 2 in front, Luhn behind 80840 (CMS, 45 CFR 162.406).
fn npi(text: &str) -> Check {
    let Some(number) = exactly::<10>(text) else { return Check::Invalid };
    let whole: Vec<u8> = [8, 0, 8, 4, 0].into_iter().chain(number).collect();
    Check::proves(matches!(number[0], 1 | 2) && luhn(&whole) && !uniform(number.get(1..9).unwrap_or_default()))
}

/// Drug Enforcement Administration number: (1st + 3rd + 5th) + 2 (2nd + 4th + 6th), its last digit is the seventh.
fn dea(text: &str) -> Check {
    let Some(digits) = exactly::<7>(text.get(2..).unwrap_or_default()) else { return Check::Invalid };
    Check::proves(weighted(&digits, &[1, 2, 1, 2, 1, 2]) % 10 == u32::from(digits[6]) && !uniform(&digits))
}

/// Medicare Beneficiary Identifier: a class for each of eleven places, letters without S L O I B Z (CMS, "Understanding the MBI").
fn mbi(text: &str) -> Check {
    const CLASSES: &[u8; 11] = b"1AXNAXNAANN";
    let Some(value) = compact_exactly::<11>(text) else { return Check::Invalid };
    let letter = |byte: &u8| byte.is_ascii_uppercase() && !b"SLOIBZ".contains(byte);
    let fits = value.iter().zip(CLASSES).all(|(byte, class)| match class {
        b'1' => (b'1'..=b'9').contains(byte),
        b'N' => byte.is_ascii_digit(),
        b'A' => letter(byte),
        _ => letter(byte) || byte.is_ascii_digit(),
    });
    Check::allows(fits)
}

/// Ontario health number: Luhn over ten digits.
fn ohip(text: &str) -> Check {
    Check::proves(exactly::<10>(text).is_some_and(|digits| digits[0] != 0 && luhn(&digits) && !uniform(&digits)))
}

/// Australian health identifiers: 80036 in front, Luhn over sixteen digits (AS 5017).
fn ihi(text: &str) -> Check {
    let digits = digits(text);
    Check::proves(digits.len() == 16 && digits.starts_with(&[8, 0, 0, 3, 6]) && luhn(&digits))
}

/// ICD-10: a chapter letter; U is for special purposes.
fn icd10(text: &str) -> Check {
    Check::allows(text.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase()))
}
