//! Times as text, in UTC.

use std::time::Duration;

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

/// Reads RFC 3339 section 5.6, in any zone.
pub fn parse_rfc3339(text: &str) -> Option<UnixMillis> {
    let (date, rest) = text.split_at_checked(10)?;
    let (year, month_and_day) = date.split_once('-')?;
    let (month, day) = month_and_day.split_once('-')?;
    let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
    let rest = rest.strip_prefix(['T', 't'])?;
    let (time, rest) = rest.split_at_checked(8)?;
    let mut parts = time.split(':').map(|part| number(part, 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    // A leap second is the second after it.
    let exists = hour < 24 && minute < 60 && second <= 60 && parts.next().is_none();
    let days = days_since_1970(year, month, day);
    if !exists || civil(days) != (year, month, day) {
        return None;
    }
    let (millis, zone) = fraction(rest)?;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - zone_seconds(zone)?;
    Some(UnixMillis(seconds * 1_000 + millis))
}

/// The milliseconds in front of the zone, rounded down, and the zone.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    let (digits, zone) = rest.split_at(end);
    let millis = digits.bytes().chain(*b"00").take(3);
    let millis = millis.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    (!digits.is_empty()).then_some((millis, zone))
}

/// How far a zone is ahead of UTC.
fn zone_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// So many digits and nothing else.
fn number(text: &str, digits: usize) -> Option<i64> {
    let is_number = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// The inverse of [`civil`].
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = (month + 9) % 12;
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// For people: `22 Nov 2026, 09:30 UTC`. Pages have no script that could know the reader's zone, so they name theirs.
pub(crate) fn for_people(time: UnixMillis) -> String {
    let (year, month, day) = civil(time.0.div_euclid(DAY));
    let within = time.0.rem_euclid(DAY);
    let month = usize::try_from(month - 1)
        .ok()
        .and_then(|month| MONTHS.get(month));
    format!(
        "{day} {} {year}, {:02}:{:02} UTC",
        month.copied().unwrap_or_default(),
        within / 3_600_000,
        within / 60_000 % 60
    )
}

/// How far away: `3 minutes ago`, `in 8 minutes`. Whole units: of the past those that are over, of the future the nearest.
pub(crate) fn from_now(time: UnixMillis, now: UnixMillis) -> String {
    let (past, away) = (time.0 <= now.0, now.0.abs_diff(time.0) / 1_000);
    let Some((length, unit)) = UNITS.iter().find(|(length, _)| away >= *length) else {
        return if past { "just now" } else { "in less than a minute" }.to_owned();
    };
    let count = (away + if past { 0 } else { length / 2 }) / length;
    let plural = if count == 1 { "" } else { "s" };
    if past {
        format!("{count} {unit}{plural} ago")
    } else {
        format!("in {count} {unit}{plural}")
    }
}

/// A length of time to wait, rounded up: `40 seconds`, `2 minutes`.
pub(crate) fn pause(length: Duration) -> String {
    let seconds = length.as_secs() + u64::from(length.subsec_nanos() > 0);
    let (count, unit) = if seconds < 90 {
        (seconds, "second")
    } else {
        (seconds.div_ceil(60), "minute")
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
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
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// Longest first, in seconds.
const UNITS: [(u64, &str); 5] = [
    (365 * 86_400, "year"),
    (30 * 86_400, "month"),
    (86_400, "day"),
    (3_600, "hour"),
    (60, "minute"),
];

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
        assert_eq!(
            for_people(UnixMillis(1_795_339_800_000)),
            "22 Nov 2026, 09:30 UTC"
        );
        assert_eq!(for_people(UnixMillis(-1)), "31 Dec 1969, 23:59 UTC");
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        let read = |text: &str| parse_rfc3339(text).map(|time| time.0);
        for time in [
            0,
            -1,
            951_782_400_000,
            1_709_251_199_123,
            4_107_542_400_000,
            -62_135_596_800_000,
        ] {
            assert_eq!(read(&rfc3339(UnixMillis(time))), Some(time));
        }
        assert_eq!(read("1970-01-01t02:00:00+02:00"), Some(0));
        assert_eq!(read("1969-12-31T23:29:59.9999-00:30"), Some(-1));
        assert_eq!(read("2016-12-31T23:59:60Z"), read("2017-01-01T00:00:00Z"));
        for wrong in [
            "",
            "2026-11-22",
            "2026-11-22 09:30:00Z",
            "2026-11-22T09:30:00",
            "2026-11-22T09:30Z",
            "2026-02-29T09:30:00Z",
            "2026-13-01T09:30:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T09:30:00.Z",
            "2026-11-22T09:30:00+2:00",
            "+026-11-22T09:30:00Z",
            "2026-11-22T09:30:00Zx",
            "２０26-11-22T09:30:00Z",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn how_far_away_reads_as_people_say_it() {
        let at = |seconds: i64| from_now(UnixMillis(seconds * 1_000), UnixMillis(0));
        assert_eq!(at(0), "just now");
        assert_eq!(at(-59), "just now");
        assert_eq!(at(59), "in less than a minute");
        assert_eq!(at(60), "in 1 minute");
        assert_eq!(at(7 * 86_400 - 20), "in 7 days");
        assert_eq!(at(-3 * 3_600 - 59), "3 hours ago");
        assert_eq!(at(-86_400), "1 day ago");
        assert_eq!(at(-45 * 86_400), "1 month ago");
        assert_eq!(at(800 * 86_400), "in 2 years");
        assert_eq!(pause(Duration::from_millis(39_001)), "40 seconds");
        assert_eq!(pause(Duration::from_secs(1)), "1 second");
        assert_eq!(pause(Duration::from_secs(91)), "2 minutes");
    }
}
