//! The pieces of a matched text that validators work on.

/// No number that a validator knows has more digits or letters; longer text is cut off and fails on its length.
const MOST: usize = 128;

/// The decimal digits of the text, in order, as numbers.
pub(super) fn digits(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').take(MOST).collect()
}

/// The decimal digits of the text, if there are exactly `N`.
pub(super) fn exactly<const N: usize>(text: &str) -> Option<[u8; N]> {
    <[u8; N]>::try_from(digits(text).as_slice()).ok()
}

/// The letters and digits of the text in upper case, without separators.
pub(super) fn compact(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_uppercase()).take(MOST).collect()
}

/// The letters and digits of the text in upper case, if there are exactly `N`.
pub(super) fn compact_exactly<const N: usize>(text: &str) -> Option<[u8; N]> {
    <[u8; N]>::try_from(compact(text).as_slice()).ok()
}

/// The value of a digit or letter: 0 to 9, then A to Z as 10 to 35, as most national schemes count.
pub(super) fn base36(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(36)
}

/// The number that these bytes write in decimal; none if one is no digit, or there are more than 18.
pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || bytes.len() > 18 {
        return None;
    }
    bytes.iter().try_fold(0, |sum: u64, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

/// The number that these digits write; the higher ones fall away past 64 bits.
pub(super) fn value(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum: u64, digit| sum.wrapping_mul(10).wrapping_add(u64::from(*digit)))
}

/// Whether all digits are the same: what people type to fill a field.
pub(super) fn uniform(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair.first() == pair.last())
}

/// Whether the day exists in the Gregorian calendar.
pub(crate) fn is_date(year: u64, month: u64, day: u64) -> bool {
    let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Whether two digits each of year, month and day make a day of this or the last century.
pub(super) fn is_short_date(year: u64, month: u64, day: u64) -> bool {
    is_date(1900 + year, month, day) || is_date(2000 + year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_fall_away() {
        assert_eq!(digits("1-2 é3"), [1, 2, 3]);
        assert_eq!(compact("ab-1.2"), *b"AB12");
        assert_eq!(exactly::<2>("1 2 3"), None);
        assert_eq!(number(b"0123"), Some(123));
        assert_eq!(number(b"12x"), None);
    }

    #[test]
    fn a_date_must_exist() {
        assert!(is_date(2024, 2, 29) && is_date(2000, 2, 29));
        assert!(!is_date(1900, 2, 29) && !is_date(2023, 13, 1) && !is_date(2023, 4, 31) && !is_date(2023, 4, 0));
        assert!(is_short_date(0, 2, 29));
    }
}
