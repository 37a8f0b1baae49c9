//! HTTP Basic client credentials (RFC 6749 section 2.3.1): form-encoded, then base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::form::decode;
use crate::secret_text::SecretText;

/// Client id and secret from an `Authorization` header.
#[derive(Debug)]
pub struct BasicCredentials {
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`.
    pub client_secret: SecretText,
}

/// What is wrong with the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BasicError {
    /// Another scheme.
    #[error("the authorization scheme is not Basic")]
    OtherScheme,
    /// Not base64 of `id:secret`, both form-encoded.
    #[error("the Basic credentials are malformed")]
    Malformed,
}

impl BasicCredentials {
    /// Reads the header's value.
    pub fn from_header(value: &str) -> Result<Self, BasicError> {
        let (scheme, encoded) = value.split_once(' ').ok_or(BasicError::OtherScheme)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(BasicError::OtherScheme);
        }
        let bytes = Zeroizing::new(
            STANDARD
                .decode(encoded.trim())
                .map_err(|_| BasicError::Malformed)?,
        );
        let colon = bytes
            .iter()
            .position(|b| *b == b':')
            .ok_or(BasicError::Malformed)?;
        let client_id = decode(&bytes[..colon], 256).map_err(|_| BasicError::Malformed)?;
        let client_secret = decode(&bytes[colon + 1..], 1024).map_err(|_| BasicError::Malformed)?;
        Ok(Self {
            client_id,
            client_secret: SecretText::new(client_secret),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pair: &str) -> Result<(String, String), BasicError> {
        let credentials = BasicCredentials::from_header(&format!("Basic {}", STANDARD.encode(pair)))?;
        Ok((
            credentials.client_id.clone(),
            credentials.client_secret.expose().to_owned(),
        ))
    }

    #[test]
    fn tok_2_3_03__id_and_secret_are_form_decoded() {
        let expected = Ok(("cli-1".to_owned(), "s3cr-t.x_y~z".to_owned()));
        assert_eq!(read("cli%2D1:s3cr%2Dt%2Ex%5Fy%7Ez"), expected);
        assert_eq!(read("cli-1:s3cr-t.x_y~z"), expected);
        assert_eq!(
            read("a:p%3Aq%2B%25+%C3%A9"),
            Ok(("a".to_owned(), "p:q+% é".to_owned()))
        );
        // Not encoded, `+` means a space and a lone `%` is malformed.
        assert_eq!(read("a:p+q"), Ok(("a".to_owned(), "p q".to_owned())));
        assert_eq!(read("a:100%"), Err(BasicError::Malformed));
        assert_eq!(read("no colon"), Err(BasicError::Malformed));
    }

    #[test]
    fn the_scheme_is_case_insensitive() {
        assert!(BasicCredentials::from_header(&format!("bAsIc {}", STANDARD.encode("a:b"))).is_ok());
        assert_eq!(
            BasicCredentials::from_header("Bearer x").unwrap_err(),
            BasicError::OtherScheme
        );
    }
}
