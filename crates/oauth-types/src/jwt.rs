//! A JWT before anything about it is believed (RFC 7515 compact form).

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

/// The header members we look at. `jku`, `x5u`, `jwk` and `x5c` are never read: keys come from configuration alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct JwtHeader {
    /// `alg`.
    pub alg: String,
    /// `typ`.
    #[serde(default)]
    pub typ: Option<String>,
    /// `kid`: an opaque map key.
    #[serde(default)]
    pub kid: Option<String>,
    /// `crit`: any makes the token unusable here.
    #[serde(default)]
    pub crit: Option<serde_json::Value>,
    /// `b64`: must not be there.
    #[serde(default)]
    pub b64: Option<serde_json::Value>,
}

/// Not a JWT in compact form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JWT in compact form")]
pub struct MalformedJwt;

/// A JWT taken apart, not verified.
pub struct UnverifiedJwt<'a> {
    /// Header.
    pub header: JwtHeader,
    /// The claims, decoded.
    pub claims: Vec<u8>,
    /// What the signature covers.
    pub signing_input: &'a str,
    /// The signature, base64url.
    pub signature: &'a str,
    /// The same, decoded.
    pub signature_bytes: Vec<u8>,
}

impl<'a> UnverifiedJwt<'a> {
    /// Three base64url segments without padding or white space; objects without repeated members.
    pub fn parse(token: &'a str) -> Result<Self, MalformedJwt> {
        let (signing_input, signature) = token.rsplit_once('.').ok_or(MalformedJwt)?;
        let (header, claims) = signing_input.split_once('.').ok_or(MalformedJwt)?;
        if claims.contains('.') || signature.is_empty() {
            return Err(MalformedJwt);
        }
        let header = object(header)?;
        let claims = object(claims)?;
        let signature_bytes = URL_SAFE_NO_PAD.decode(signature).map_err(|_| MalformedJwt)?;
        let header = serde_json::from_slice(&header).map_err(|_| MalformedJwt)?;
        Ok(Self {
            header,
            claims,
            signing_input,
            signature,
            signature_bytes,
        })
    }
}

fn object(segment: &str) -> Result<Vec<u8>, MalformedJwt> {
    let bytes = URL_SAFE_NO_PAD.decode(segment).map_err(|_| MalformedJwt)?;
    let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
    deserializer
        .deserialize_map(UniqueMembers)
        .map_err(|_| MalformedJwt)?;
    deserializer.end().map_err(|_| MalformedJwt)?;
    Ok(bytes)
}

struct UniqueMembers;

/// Of a member; mostly it stands in the text as it is.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for UniqueMembers {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object without repeated members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            map.next_value::<IgnoredAny>()?;
            if !seen.insert(name) {
                return Err(serde::de::Error::custom("a member is repeated"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(header: &str, claims: &str) -> String {
        format!(
            "{}.{}.c2ln",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        )
    }

    #[test]
    fn jb_b_01__only_the_compact_form_is_read() {
        let good = token(r#"{"alg":"EdDSA","typ":"at+jwt"}"#, r#"{"sub":"s"}"#);
        assert_eq!(UnverifiedJwt::parse(&good).unwrap().header.alg, "EdDSA");
        for bad in [
            String::new(),
            "a.b".to_owned(),
            format!("{good}.x"),
            format!(" {good}"),
            format!("{good}\n"),
            format!("{good}="),
            token(r#"{"alg":"EdDSA","alg":"none"}"#, "{}"),
            token(r#"{"alg":"EdDSA"}"#, r#"{"sub":"a","sub":"b"}"#),
            token(r#"{"alg":"EdDSA"}"#, "[]"),
            token(r#"{"alg":"EdDSA"}"#, "{} {}"),
            token("{}", "{}"),
            good.rsplit_once('.').unwrap().0.to_owned() + ".",
        ] {
            assert!(UnverifiedJwt::parse(&bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = UnverifiedJwt::parse(&text);
        }
    }
}
