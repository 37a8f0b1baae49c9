//! The successful response (RFC 6749 section 5.1, RFC 8693 section 2.2.1).

use serde::Serialize;

use crate::scope::Scope;
use crate::secret_text::SecretText;
use crate::token_type::TokenType;

/// A token on its way out. No member is ever `null`: several client libraries choke on that.
#[derive(Debug)]
pub struct TokenResponse {
    /// `access_token`, byte for byte as received.
    pub access_token: SecretText,
    /// `issued_token_type`, for token exchange.
    pub issued_token_type: Option<TokenType>,
    /// `token_type`.
    pub token_type: &'static str,
    /// `expires_in`: seconds really left; absent when the token lives without bound.
    pub expires_in: Option<u64>,
    /// `scope`: what the token can really do.
    pub scope: Option<Scope>,
}

impl TokenResponse {
    /// Appends the JSON body.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        #[derive(Serialize)]
        struct Wire<'a> {
            access_token: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            issued_token_type: Option<&'static str>,
            token_type: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            expires_in: Option<u64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            scope: Option<&'a Scope>,
        }
        let wire = Wire {
            access_token: self.access_token.expose(),
            issued_token_type: self.issued_token_type.map(TokenType::as_str),
            token_type: self.token_type,
            expires_in: self.expires_in,
            scope: self.scope.as_ref(),
        };
        serde_json::to_writer(out, &wire).expect("a token response is plain");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn te_2_2_1_10__a_token_comes_out_byte_exact(token in ".{1,80}") {
            let response = TokenResponse {
                access_token: SecretText::new(token.clone()),
                issued_token_type: Some(TokenType::AccessToken),
                token_type: "Bearer",
                expires_in: Some(60),
                scope: None,
            };
            let mut body = Vec::new();
            response.write_json(&mut body);
            let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
            prop_assert_eq!(json["access_token"].as_str(), Some(token.as_str()));
            prop_assert!(json.get("scope").is_none() && json.get("refresh_token").is_none());
            let shown = format!("{response:?}");
            prop_assert!(shown.contains("SecretText(..)"));
        }
    }
}
