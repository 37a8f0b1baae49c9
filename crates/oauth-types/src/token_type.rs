//! Token type identifiers (RFC 8693 section 3).

use std::fmt;
use std::str::FromStr;

/// A registered token type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenType {
    /// OAuth 2.0 access token.
    AccessToken,
    /// OAuth 2.0 refresh token.
    RefreshToken,
    /// OpenID Connect ID token.
    IdToken,
    /// A JWT, whatever it is for.
    Jwt,
    /// SAML 1.1 assertion.
    Saml1,
    /// SAML 2.0 assertion.
    Saml2,
}

/// Not a registered token type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown token type")]
pub struct UnknownTokenType;

impl TokenType {
    /// The URN, exactly as registered.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::RefreshToken => "urn:ietf:params:oauth:token-type:refresh_token",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
            Self::Saml1 => "urn:ietf:params:oauth:token-type:saml1",
            Self::Saml2 => "urn:ietf:params:oauth:token-type:saml2",
        }
    }

    const ALL: [Self; 6] = [
        Self::AccessToken,
        Self::RefreshToken,
        Self::IdToken,
        Self::Jwt,
        Self::Saml1,
        Self::Saml2,
    ];
}

impl FromStr for TokenType {
    type Err = UnknownTokenType;

    fn from_str(text: &str) -> Result<Self, UnknownTokenType> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or(UnknownTokenType)
    }
}

impl fmt::Display for TokenType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn te_2_1_21__token_types_are_accepted_exactly_as_registered() {
        for known in TokenType::ALL {
            assert_eq!(known.as_str().parse(), Ok(known));
            assert!(known.as_str().to_uppercase().parse::<TokenType>().is_err());
        }
        assert!(
            "urn:ietf:params:oauth:token-type:access_token "
                .parse::<TokenType>()
                .is_err()
        );
        assert!("access_token".parse::<TokenType>().is_err());
    }
}
