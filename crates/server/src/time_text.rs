//! Times as text, in UTC.

use vouchsafe_model::UnixMillis;

/// RFC 3339 with milliseconds: `2026-11-22T09:30:00.000Z`.
pub(crate) fn rfc3339(time: UnixMillis) -> String {
    let (day, within) = (time.0.div_euclid(DAY), time.0.rem_euclid(DAY));
    let (year, month, day) = civil(day);
    let (hour, minute, second) = (within / 3_600_000, within / 60_000 % 60, within / 1_000 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        within % 1_000
    )
}

/// For people: `2026-11-22 09:30 UTC`.
pub(crate) fn for_people(time: UnixMillis) -> String {
    let text = rfc3339(time);
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => text,
    }
}

/// Year, month and day of a day since 1970-01-01, in the Gregorian calendar. Counts in years from March, so that the
/// leap day is the last of its year (after Hinnant, "chrono-compatible low-level date algorithms").
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * from_march + 2) / 5 + 1)
}

const DAY: i64 = 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_read_as_they_should() {
        assert_eq!(rfc3339(UnixMillis(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(UnixMillis(-1)), "1969-12-31T23:59:59.999Z");
        assert_eq!(rfc3339(UnixMillis(951_782_400_000)), "2000-02-29T00:00:00.000Z");
        assert_eq!(rfc3339(UnixMillis(1_709_251_199_123)), "2024-02-29T23:59:59.123Z");
        assert_eq!(rfc3339(UnixMillis(4_107_542_400_000)), "2100-03-01T00:00:00.000Z");
        assert_eq!(for_people(UnixMillis(1_795_339_800_000)), "2026-11-22 09:30 UTC");
    }
}
