//! Lifetimes as providers write them.

use std::time::Duration;

use serde_json::Value;
use vouchsafe_model::UnixMillis;

use super::schema::{ExpiryRules, ExpiryUnit};

impl ExpiryRules {
    /// When the access token ends. `None` = it lives without bound, as far as anybody knows.
    pub(super) fn end(&self, stated: Option<&Value>, now: UnixMillis) -> Option<UnixMillis> {
        let Some(seconds) = stated.and_then(|value| self.seconds(value)) else {
            // Where every token ends, one whose end was not said ends soon: it is fetched again, and never passes for
            // one that lives without bound.
            let unsaid = self.always.then_some(UNSAID_SECONDS);
            return self
                .default_s
                .or(unsaid)
                .map(|seconds| now + Duration::from_secs(seconds.into()));
        };
        if self.zero_means_never && seconds == 0.0 {
            return None;
        }
        // A floor, so that a token that is over on arrival does not start a storm of refreshes (F25).
        bounded(seconds, MIN_SECONDS, now)
    }

    /// When the refresh token ends.
    pub(super) fn refresh_end(&self, stated: Option<&Value>, now: UnixMillis) -> Option<UnixMillis> {
        let seconds = self.seconds(stated?)?;
        if self.zero_means_never && seconds == 0.0 {
            None
        } else {
            bounded(seconds, 0.0, now)
        }
    }

    fn seconds(&self, value: &Value) -> Option<f64> {
        let number = match value {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        let seconds = match self.unit {
            ExpiryUnit::S => number,
            ExpiryUnit::Ms => number / 1000.0,
            ExpiryUnit::Min => number * 60.0,
        };
        seconds.is_finite().then_some(seconds)
    }
}

/// Beyond [`MAX_SECONDS`] a lifetime is no bound: it is a time stamp, a mistake, or as good as for ever. Cutting it
/// would understate how long the token is out there (AR-08).
fn bounded(seconds: f64, least: f64, now: UnixMillis) -> Option<UnixMillis> {
    if seconds > MAX_SECONDS {
        return None;
    }
    Some(now + Duration::from_secs_f64(seconds.max(least).floor()))
}

const MIN_SECONDS: f64 = 10.0;
const UNSAID_SECONDS: u32 = 60;
const MAX_SECONDS: f64 = 366.0 * 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn life(rules: &ExpiryRules, stated: &Value) -> Option<i64> {
        rules.end(Some(stated), NOW).map(|end| (end.0 - NOW.0) / 1000)
    }

    #[test]
    fn up_09__every_way_of_writing_a_lifetime_is_understood() {
        let rules = ExpiryRules::default();
        for (stated, seconds) in [
            (json!(3600), Some(3600)),
            (json!("3600"), Some(3600)),
            (json!(" 3600 "), Some(3600)),
            (json!(3599.9), Some(3599)),
            (json!("3599.9"), Some(3599)),
            (json!(0), Some(10)),
            (json!(-5), Some(10)),
            (json!("-5"), Some(10)),
            (json!(315_360_000), None),
            (json!(1_795_305_600), None),
            (json!(1e300), None),
            (json!("1e999"), None),
            (json!("NaN"), None),
            (json!("soon"), None),
            (json!(null), None),
            (json!(true), None),
            (json!([3600]), None),
        ] {
            assert_eq!(life(&rules, &stated), seconds, "{stated}");
        }
        assert_eq!(rules.end(None, NOW), None);
        let always = ExpiryRules {
            always: true,
            ..ExpiryRules::default()
        };
        assert_eq!(life(&always, &json!(null)), Some(60));
    }

    #[test]
    fn up_09__units_defaults_and_zero_are_the_entrys() {
        let ms = ExpiryRules {
            unit: ExpiryUnit::Ms,
            ..ExpiryRules::default()
        };
        assert_eq!(life(&ms, &json!(3_600_000)), Some(3600));
        let minutes = ExpiryRules {
            unit: ExpiryUnit::Min,
            ..ExpiryRules::default()
        };
        assert_eq!(life(&minutes, &json!("10")), Some(600));
        let never = ExpiryRules {
            zero_means_never: true,
            default_s: Some(60),
            ..ExpiryRules::default()
        };
        assert_eq!(life(&never, &json!(0)), None);
        assert_eq!(life(&never, &json!(null)), Some(60));
    }

    #[test]
    fn the_end_of_a_refresh_token_has_no_floor() {
        let rules = ExpiryRules::default();
        assert_eq!(
            rules.refresh_end(Some(&json!("15811200")), NOW),
            Some(UnixMillis(1_000_000 + 15_811_200_000))
        );
        assert_eq!(rules.refresh_end(Some(&json!(-1)), NOW), Some(NOW));
        assert_eq!(rules.refresh_end(None, NOW), None);
    }
}
