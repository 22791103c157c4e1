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
        }
    }
}
