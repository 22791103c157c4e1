//! The clock, and how moments are written.

use std::time::{SystemTime, UNIX_EPOCH};

const MICROS: u64 = 1_000_000;
const DAY: u64 = 86_400;

/// Microseconds since the Unix epoch.
pub fn now_us() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}

/// A moment as RFC 3339 writes it, in UTC: `2026-11-25T22:30:00.000000Z`.
pub fn rfc3339(us: u64) -> String {
    let (seconds, micros) = (us / MICROS, us % MICROS);
    let (year, month, day) = date(seconds / DAY);
    let (hour, minute, second) = (seconds % DAY / 3_600, seconds % 3_600 / 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// The date of a day, counted from 1 January 1970. Howard Hinnant's `civil_from_days`,
/// <https://howardhinnant.github.io/date_algorithms.html>.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// A span such as `90s`, `15m`, `2h` or `30d`, in microseconds.
pub fn span_us(text: &str) -> Option<u64> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => DAY,
        _ => return None,
    };
    let count: u64 = text.strip_suffix(unit)?.parse().ok()?;
    count.checked_mul(seconds)?.checked_mul(MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_rfc_3339_says() {
        for (us, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_798_761_599_999_999, "2026-12-31T23:59:59.999999Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
        ] {
            assert_eq!(rfc3339(us), text);
        }
    }

    #[test]
    fn spans_are_a_number_and_a_unit() {
        for (text, us) in [("90s", 90 * MICROS), ("15m", 900 * MICROS), ("2h", 7_200 * MICROS), ("1d", DAY * MICROS)] {
            assert_eq!(span_us(text), Some(us));
        }
        for text in ["", "h", "2", "2w", "-1h", "1.5h", "99999999999999999d"] {
            assert_eq!(span_us(text), None, "{text}");
        }
    }
}
