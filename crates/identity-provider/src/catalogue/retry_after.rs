//! `Retry-After` (RFC 9110 section 10.2.3), from a stranger: bounded, and never a reason to fail.

use std::time::Duration;

use vouchsafe_model::UnixMillis;

/// How long to wait. Seconds, also fractional; or an HTTP date where `now` is known. What is negative, past or
/// unreadable is nothing; what is absurdly long is cut.
pub(super) fn parse(text: &str, now: Option<UnixMillis>) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return seconds_to_wait(seconds);
    }
    let (now, then) = (now?, http_date(text)?);
    let wait = now.until(then);
    if wait.is_zero() { None } else { Some(wait.min(MAX)) }
}

/// The same for a number in a body.
pub(super) fn seconds_to_wait(seconds: f64) -> Option<Duration> {
    if !seconds.is_finite() || seconds < 0.0 {
        return None;
    }
    Some(Duration::from_secs_f64(seconds.min(MAX.as_secs_f64())))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn http_date(text: &str) -> Option<UnixMillis> {
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let day = number(words.next()?, 2)?;
    let month = words
        .next()
        .and_then(|word| MONTHS.iter().position(|month| *month == word))?;
    let year = number(words.next()?, 4)?;
    let mut clock = words.next()?.split(':');
    let (hour, minute, second) = (
        number(clock.next()?, 2)?,
        number(clock.next()?, 2)?,
        number(clock.next()?, 2)?,
    );
    let in_range = (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if words.next() != Some("GMT") || words.next().is_some() || clock.next().is_some() || !in_range {
        return None;
    }
    let month = i64::try_from(month).ok()? + 1;
    let seconds = days_since_epoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(UnixMillis::from_seconds(seconds))
}

fn number(text: &str, digits: usize) -> Option<i64> {
    if text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// Days in the proleptic Gregorian calendar, counted from March so that the leap day comes last.
const fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

const MAX: Duration = Duration::from_secs(3_600);
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_dates_and_nonsense() {
        let now = Some(UnixMillis::from_seconds(784_111_777));
        for (text, expected) in [
            ("120", Some(120_000)),
            (" 1.5 ", Some(1_500)),
            ("0", Some(0)),
            ("31536000", Some(3_600_000)),
            ("1e300", Some(3_600_000)),
            ("-5", None),
            ("NaN", None),
            ("inf", None),
            ("soon", None),
            ("", None),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30_000)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 2094 08:49:37 GMT", Some(3_600_000)),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ] {
            assert_eq!(parse(text, now), expected.map(Duration::from_millis), "{text}");
        }
        assert_eq!(parse("Sun, 06 Nov 2094 08:49:37 GMT", None), None);
    }

    #[test]
    fn days_are_counted_across_leap_years() {
        assert_eq!(days_since_epoch(1970, 1, 1), 0);
        assert_eq!(days_since_epoch(2000, 3, 1), 11_017);
        assert_eq!(days_since_epoch(2026, 11, 22), 20_779);
    }
}
