//! Entries as [Standard Webhooks](https://www.standardwebhooks.com/): what is signed, and the body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use vouchsafe_model::Secret;

use super::format::Outgoing;
use crate::time_text::rfc3339;

/// The key that a receiver was given as `whsec_…`.
pub struct WebhookKey(Secret<Vec<u8>>);

/// The text is no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no `whsec_` with 24 to 64 bytes in base64 behind it")]
pub struct InvalidWebhookKey;

impl WebhookKey {
    /// Reads the key.
    pub fn parse(text: &Secret<String>) -> Result<Self, InvalidWebhookKey> {
        let encoded = text.expose().strip_prefix("whsec_").ok_or(InvalidWebhookKey)?;
        let key = STANDARD
            .decode(encoded)
            .map(Secret::new)
            .map_err(|_| InvalidWebhookKey)?;
        if (24..=64).contains(&key.expose().len()) {
            Ok(Self(key))
        } else {
            Err(InvalidWebhookKey)
        }
    }

    /// `webhook-signature` of a message: over its id, the seconds when it was sent, and its body.
    pub fn signature(&self, id: &str, seconds: i64, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose()).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The body: `type`, `timestamp` and `data`, as the specification recommends.
pub fn body(entry: &Outgoing) -> String {
    let Outgoing {
        time, event, json, ..
    } = entry;
    let kind = serde_json::Value::from(event.as_str()).to_string();
    let kind = crate::escape::json(&kind);
    format!(
        r#"{{"type":{kind},"timestamp":"{}","data":{json}}}"#,
        rfc3339(*time)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_published_vector() {
        let key = WebhookKey::parse(&Secret::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
        let signature = key.signature(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let short = format!("whsec_{}", STANDARD.encode([1; 23]));
        let long = format!("whsec_{}", STANDARD.encode([1; 65]));
        for text in [
            "",
            "whsec_",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_?",
            &short,
            &long,
        ] {
            assert!(WebhookKey::parse(&Secret::from(text)).is_err(), "{text}");
        }
    }
}
