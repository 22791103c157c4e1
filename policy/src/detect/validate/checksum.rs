//! The check-digit systems that the schemes share.

use super::text::base36;

/// Luhn, "mod 10": ISO/IEC 7812-1 annex B. The last digit is the check digit.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 1 { doubled(u32::from(*digit)) } else { u32::from(*digit) })
        .sum();
    digits.len() > 1 && sum.is_multiple_of(10)
}

/// Luhn over letters and digits, where a letter stands for its two digits (A is 10): ISO 6166.
pub(super) fn luhn_expanded(bytes: &[u8]) -> bool {
    let mut digits = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        match base36(*byte).and_then(|value| u8::try_from(value).ok()) {
            Some(value @ 0..10) => digits.push(value),
            Some(value) => digits.extend([value / 10, value % 10]),
            None => return false,
        }
    }
    luhn(&digits)
}

/// Sum of each digit times its weight.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// Sum of the weighted digits, where each product counts as the sum of its own two digits.
pub(super) fn weighted_crosswise(digits: &[u8], weights: &[u32]) -> u32 {
    digits
        .iter()
        .zip(weights)
        .map(|(digit, weight)| u32::from(*digit) * weight)
        .map(|product| product / 10 + product % 10)
        .sum()
}

/// Verhoeff's dihedral check (J. Verhoeff, "Error Detecting Decimal Codes", 1969). The last digit is the check digit.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    let end = digits.iter().rev().enumerate().try_fold(0, |sum, (place, digit)| {
        let row = PERMUTATION.get(place % 8)?;
        dihedral(sum, *row.get(usize::from(*digit))?)
    });
    digits.len() > 1 && end == Some(0)
}

/// Powers of the permutation (1 5 8 9 4 2 7 0)(3 6).
const PERMUTATION: [[u8; 10]; 8] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
    [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
    [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
    [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
    [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
    [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
    [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
];

/// The product in the dihedral group of order ten.
fn dihedral(left: u8, right: u8) -> Option<u8> {
    Some(match (left, right) {
        (0..5, 0..5) => (left + right) % 5,
        (0..5, 5..10) => (left + right) % 5 + 5,
        (5..10, 0..5) => (left - right) % 5 + 5,
        (5..10, 5..10) => (5 + left - right) % 5,
        _ => return None,
    })
}

/// The rest by 97 of letters and digits read as one number (A is 10): ISO 7064 mod 97-10.
pub(super) fn mod97(bytes: impl IntoIterator<Item = u8>) -> Option<u32> {
    bytes.into_iter().try_fold(0, |rest, byte| {
        base36(byte).map(|value| if value < 10 { rest * 10 + value } else { rest * 100 + value } % 97)
    })
}

/// ISO 7064 mod 11,10. The last digit is the check digit.
pub(super) fn mod11_10(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product, digit| match (product + u32::from(*digit)) % 10 {
        0 => 20 % 11,
        sum => sum * 2 % 11,
    });
    (product + u32::from(*check)) % 10 == 1
}

/// ISO 7064 mod 11-2: digits, and a last digit or `X` for ten.
pub(super) fn mod11_2(bytes: &[u8]) -> bool {
    let Some((check, body)) = bytes.split_last() else { return false };
    let rest =
        body.iter().try_fold(0, |rest, byte| byte.is_ascii_digit().then(|| (rest + u32::from(byte - b'0')) * 2 % 11));
    let check = match check {
        b'X' => Some(10),
        byte if byte.is_ascii_digit() => Some(u32::from(byte - b'0')),
        _ => None,
    };
    matches!((rest, check), (Some(rest), Some(check)) if (rest + check) % 11 == 1)
}

/// The check digit of the International Civil Aviation Organization (Doc 9303-3, 4.9): weights 7, 3, 1; `<` is 0.
pub(super) fn icao(bytes: &[u8]) -> Option<u32> {
    let sum: Option<u32> = bytes
        .iter()
        .zip([7, 3, 1].into_iter().cycle())
        .map(|(byte, weight)| if *byte == b'<' { Some(0) } else { base36(*byte).map(|value| value * weight) })
        .sum();
    sum.map(|sum| sum % 10)
}

/// The check of the article numbers GTIN, EAN-13 (GS1 General Specifications 7.9): weights 3 and 1 from the right.
pub(super) fn gs1(digits: &[u8]) -> bool {
    let sum: u32 =
        digits.iter().rev().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    digits.len() > 1 && sum.is_multiple_of(10)
}

/// Shannon's entropy of the bytes, in bits a byte.
pub(super) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let all = bytes.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / all)
        .map(|share| -share * share.log2())
        .sum()
}

/// CRC-32 as in ISO 3309 (zip, PNG, Ethernet).
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xEDB8_8320;
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::super::text::{compact, digits};
    use super::*;

    /// Every value that differs from this one in one digit only.
    fn neighbours(value: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        (0..value.len()).flat_map(move |place| {
            (1..10).map(move |by| {
                let mut other = value.to_vec();
                other[place] = (other[place] + by) % 10;
                other
            })
        })
    }

    /// Every value that has two differing adjacent digits swapped.
    fn swaps(value: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        (1..value.len()).filter(|place| value[*place] != value[*place - 1]).map(move |place| {
            let mut other = value.to_vec();
            other.swap(place, place - 1);
            other
        })
    }

    #[test]
    fn luhn_finds_every_single_wrong_digit() {
        let good = digits("79927398713");
        assert!(luhn(&good));
        assert!(neighbours(&good).all(|other| !luhn(&other)));
    }

    #[test]
    fn verhoeff_finds_every_single_wrong_digit_and_every_swap() {
        for good in ["2363", "12340", "84736430954837284567892"].map(digits) {
            assert!(verhoeff(&good), "{good:?}");
            assert!(neighbours(&good).all(|other| !verhoeff(&other)));
            assert!(swaps(&good).all(|other| !verhoeff(&other)));
        }
    }

    #[test]
    fn iso_7064_systems_check_their_own_examples() {
        assert!(mod11_10(&digits("07945")));
        assert!(neighbours(&digits("07945")).all(|other| !mod11_10(&other)));
        assert!(mod11_2(&compact("0794 0")) && !mod11_2(&compact("0795 0")) && mod11_2(b"079X"));
        assert_eq!(mod97(*b"79444"), Some(1));
    }

    #[test]
    fn published_check_digits_hold() {
        assert_eq!(icao(b"L898902C3"), Some(6));
        assert_eq!(icao(b"AB2134<<<"), Some(5));
        assert!(gs1(&digits("4006381333931")) && !gs1(&digits("4006381333932")));
        assert!(luhn_expanded(b"US0378331005") && !luhn_expanded(b"US0378331006"));
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn entropy_is_in_bits_a_byte() {
        assert!(entropy(b"aaaa") < 0.01);
        assert!((entropy(b"abcd") - 2.0).abs() < 0.01);
    }
}
