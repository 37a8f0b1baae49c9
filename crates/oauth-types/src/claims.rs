//! Claims of our access tokens (RFC 9068 section 2.2, RFC 8693 section 4).

use serde::{Deserialize, Deserializer, Serialize};

use crate::scope::Scope;

/// `aud` (RFC 7519 section 4.1.3): one string or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Audience {
    /// From a list; one value is written as a string.
    pub fn of(mut values: Vec<String>) -> Self {
        if values.len() == 1 {
            Self::One(values.remove(0))
        } else {
            Self::Many(values)
        }
    }

    /// Whether `value` is named, compared exactly.
    pub fn names(&self, value: &str) -> bool {
        self.iter().any(|audience| audience == value)
    }

    /// The values.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values.as_slice(),
        }
        .iter()
        .map(String::as_str)
    }
}

/// A party in `act` or `may_act` (RFC 8693 sections 4.1 and 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// `sub`.
    pub sub: String,
    /// `iss`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// `client_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The actor before this one. Informational only: it authorises nothing (TE-4.1-05).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Self>>,
}

impl Actor {
    /// How many actors the chain has.
    pub fn depth(&self) -> usize {
        1 + self.act.as_ref().map_or(0, |inner| inner.depth())
    }
}

/// The claims of an access token of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// `iss`.
    pub iss: String,
    /// `sub`.
    pub sub: String,
    /// `aud`.
    pub aud: Audience,
    /// `client_id` (RFC 8693 section 4.3).
    pub client_id: String,
    /// `iat`, seconds.
    #[serde(deserialize_with = "numeric_date")]
    pub iat: i64,
    /// `nbf`, seconds.
    #[serde(
        default,
        deserialize_with = "optional_numeric_date",
        skip_serializing_if = "Option::is_none"
    )]
    pub nbf: Option<i64>,
    /// `exp`, seconds.
    #[serde(deserialize_with = "numeric_date")]
    pub exp: i64,
    /// `jti`.
    pub jti: String,
    /// `scope`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// `auth_time`, seconds (RFC 9068 section 2.2.1).
    #[serde(
        default,
        deserialize_with = "optional_numeric_date",
        skip_serializing_if = "Option::is_none"
    )]
    pub auth_time: Option<i64>,
    /// `cnf` (RFC 7800): the token is bound to a key, and worth nothing without its proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<serde_json::Value>,
    /// `may_act`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_act: Option<Actor>,
    /// `act`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
}

/// Whole seconds within the next thousand years: neither floats nor negative nor absurd numbers.
fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let seconds = i64::deserialize(deserializer)?;
    if (0..=MAX_DATE).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(serde::de::Error::custom("a numeric date is out of range"))
    }
}

fn optional_numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    numeric_date(deserializer).map(Some)
}

const MAX_DATE: i64 = 32_503_680_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(exp: &str) -> Result<AccessTokenClaims, serde_json::Error> {
        serde_json::from_str(&format!(
            r#"{{"iss":"i","sub":"s","aud":["a","b"],"client_id":"c","iat":1,"exp":{exp},"jti":"j","scope":"x y"}}"#
        ))
    }

    #[test]
    fn atk_41__only_whole_dates_in_range_are_read() {
        assert_eq!(claims("2").unwrap().exp, 2);
        for exp in ["1.5", "-1", "1e30", "99999999999999", "\"2\"", "null", "NaN"] {
            assert!(claims(exp).is_err(), "{exp}");
        }
    }

    #[test]
    fn one_audience_is_a_string() {
        assert_eq!(
            serde_json::to_string(&Audience::of(vec!["a".to_owned()])).unwrap(),
            r#""a""#
        );
        assert!(claims("2").unwrap().aud.names("b"));
        assert!(!claims("2").unwrap().aud.names("B"));
    }
}
