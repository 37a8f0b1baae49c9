//! Durations as operators write them: `90d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A length of time in whole seconds, written as a number and one of `s`, `m`, `h`, `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lifetime(u64);

/// The text is no length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a length of time is a number and one of s, m, h, d, such as `90d`, and at most 100 years")]
pub struct InvalidLifetime;

impl Lifetime {
    /// As a duration.
    pub const fn as_duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl FromStr for Lifetime {
    type Err = InvalidLifetime;

    fn from_str(text: &str) -> Result<Self, InvalidLifetime> {
        let (seconds, digits) = UNITS
            .iter()
            .find_map(|(unit, seconds)| text.strip_suffix(*unit).map(|digits| (*seconds, digits)))
            .ok_or(InvalidLifetime)?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidLifetime);
        }
        let count: u64 = digits.parse().map_err(|_| InvalidLifetime)?;
        let total = count.checked_mul(seconds).ok_or(InvalidLifetime)?;
        if total > MAX_SECONDS {
            Err(InvalidLifetime)
        } else {
            Ok(Self(total))
        }
    }
}

impl TryFrom<String> for Lifetime {
    type Error = InvalidLifetime;

    fn try_from(text: String) -> Result<Self, InvalidLifetime> {
        text.parse()
    }
}

impl From<Lifetime> for String {
    fn from(lifetime: Lifetime) -> Self {
        lifetime.to_string()
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, seconds) = UNITS
            .iter()
            .find(|(_, seconds)| self.0 != 0 && self.0.is_multiple_of(*seconds))
            .unwrap_or(&("s", 1));
        write!(f, "{}{unit}", self.0 / seconds)
    }
}

const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
const MAX_SECONDS: u64 = 100 * 366 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_whole_unit_is_written_back() {
        for (text, seconds, back) in [
            ("90d", 7_776_000, "90d"),
            ("24h", 86_400, "1d"),
            ("90m", 5_400, "90m"),
            ("7s", 7, "7s"),
            ("0d", 0, "0s"),
        ] {
            let lifetime: Lifetime = text.parse().expect("valid");
            assert_eq!(lifetime.as_duration().as_secs(), seconds);
            assert_eq!(lifetime.to_string(), back);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "d",
            "90",
            "-1d",
            "1.5h",
            "1w",
            " 1d",
            "+1d",
            "99999999999999999999d",
            "40000d",
        ] {
            assert_eq!(text.parse::<Lifetime>(), Err(InvalidLifetime), "{text}");
        }
    }
}
