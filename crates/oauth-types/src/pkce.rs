//! Proof key for code exchange (RFC 7636), S256 only.

use crate::secret_text::SecretText;

/// The text is no challenge or verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a PKCE value")]
pub struct InvalidPkce;

/// `code_challenge` by S256: 43 base64url characters (RFC 7636 section 4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Checks length and characters.
    pub fn parse(text: &str) -> Result<Self, InvalidPkce> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if text.len() == 43 && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPkce)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `code_verifier`: 43 to 128 unreserved characters (RFC 7636 section 4.1).
#[derive(Debug, Clone)]
pub struct CodeVerifier(SecretText);

impl CodeVerifier {
    /// Checks length and characters.
    pub fn parse(text: &str) -> Result<Self, InvalidPkce> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        if (43..=128).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(SecretText::from(text)))
        } else {
            Err(InvalidPkce)
        }
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pk_4_2_01__a_challenge_has_43_base64url_characters() {
        assert!(CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").is_ok());
        for text in [
            "",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c",
            &"a".repeat(44),
            &"=".repeat(43),
        ] {
            assert_eq!(CodeChallenge::parse(text), Err(InvalidPkce));
        }
    }

    #[test]
    fn pk_4_1_01__a_verifier_has_43_to_128_unreserved_characters() {
        assert!(CodeVerifier::parse(&"a".repeat(43)).is_ok());
        assert!(CodeVerifier::parse(&"~".repeat(128)).is_ok());
        assert!(CodeVerifier::parse(&"a".repeat(42)).is_err());
        assert!(CodeVerifier::parse(&"a".repeat(129)).is_err());
        assert!(CodeVerifier::parse(&"+".repeat(50)).is_err());
    }
}
