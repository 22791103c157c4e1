//! What an answer says of itself that its provider did not say.

/// An id and a time, for answers in formats that have them from providers whose formats do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What to name when asking about the answer: the decision's id.
    pub id: String,
    /// Now, in seconds since 1970.
    pub seconds: u64,
}

// === impl Stamp ===

impl Stamp {
    /// The time as RFC 3339 has it, in UTC.
    ///
    /// Days become dates by <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
    pub(crate) fn time(&self) -> String {
        let (days, second) = (self.seconds / 86_400, self.seconds % 86_400);
        let days = days.saturating_add(719_468);
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day_of_month = day - (153 * month + 2) / 5 + 1;
        let (year, month) = match month {
            10.. => (year + era * 400 + 1, month - 9),
            _ => (year + era * 400, month + 3),
        };
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("{year:04}-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl Stamp {
    /// The seconds since 1970 of a time in UTC as RFC 3339 has it; `None` if it is none.
    ///
    /// Dates become days by <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>.
    pub(crate) fn parse(time: &str) -> Option<u64> {
        let (date, clock) = time.strip_suffix('Z')?.split_once('T')?;
        let numbers = |text: &str, between: char| -> Option<[u64; 3]> {
            let numbers: Option<Vec<u64>> = text.split(between).map(|part| part.parse().ok()).collect();
            numbers?.try_into().ok()
        };
        let clock = clock.split('.').next()?;
        let ([year, month, day], [hour, minute, second]) = (numbers(date, '-')?, numbers(clock, ':')?);
        let fits = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        if !fits || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let day_of_year = (153 * month + 2) / 5 + day - 1;
        let year_of_era = year % 400;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = (year / 400 * 146_097 + day_of_era).checked_sub(719_468)?;
        Some(days * 86_400 + hour * 3600 + minute * 60 + second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_391_999, "2026-11-22T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Stamp { id: String::new(), seconds }.time(), date);
            assert_eq!(Stamp::parse(date), Some(seconds));
        }
    }
}
