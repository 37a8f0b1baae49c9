//! What must never be found: any secret of the run, raw or encoded, in database or logs (VA-02, ATK-23, TV-16).

use std::fmt::Write as _;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// Finds secrets in bytes.
pub(crate) struct Needles {
    finder: AhoCorasick,
    names: Vec<String>,
}

impl Needles {
    /// Looks for these secrets: as they are, in every base64, in both hexadecimals, and URL-encoded.
    pub(crate) fn of<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut names = Vec::new();
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        for (name, secret) in secrets {
            // Anything shorter would be found by chance.
            assert!(secret.len() >= 12, "{name} is too short to be looked for");
            for (form, pattern) in forms(secret) {
                names.push(format!("{name} ({form})"));
                patterns.push(pattern.into_bytes());
            }
        }
        Self {
            finder: AhoCorasick::new(patterns).expect("the patterns fit"),
            names,
        }
    }

    /// The names of the secrets found, with what stands around the first.
    pub(crate) fn found_in(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for hit in self.finder.find_iter(bytes) {
            let name = format!("{} in {place}", self.names[hit.pattern().as_usize()]);
            if !found.iter().any(|known| known.starts_with(&name)) {
                let from = hit.start().saturating_sub(160);
                found.push(format!(
                    "{name}: …{}",
                    String::from_utf8_lossy(&bytes[from..hit.start()])
                ));
            }
        }
        found
    }
}

fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let hex = bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes text");
        text
    });
    let encoded: String = url::form_urlencoded::byte_serialize(bytes).collect();
    let mut forms = vec![
        ("raw", secret.to_owned()),
        ("hex", hex.clone()),
        ("HEX", hex.to_uppercase()),
        ("base64", STANDARD.encode(bytes)),
        ("base64, no padding", STANDARD_NO_PAD.encode(bytes)),
        ("base64url", URL_SAFE.encode(bytes)),
        ("base64url, no padding", URL_SAFE_NO_PAD.encode(bytes)),
        ("url-encoded", encoded),
    ];
    forms.dedup_by(|a, b| a.1 == b.1);
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_secret_is_found() {
        let needles = Needles::of([("canary", "canary+secret/with=signs")]);
        for hidden in [
            "x canary+secret/with=signs y",
            "63616e6172792b7365637265742f776974683d7369676e73",
            "Y2FuYXJ5K3NlY3JldC93aXRoPXNpZ25z",
            "canary%2Bsecret%2Fwith%3Dsigns",
        ] {
            assert!(
                !needles.found_in("a place", hidden.as_bytes()).is_empty(),
                "{hidden}"
            );
        }
        assert!(needles.found_in("a place", b"nothing here").is_empty());
    }
}
