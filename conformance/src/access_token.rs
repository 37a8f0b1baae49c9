//! The server's own access tokens, where they are JWTs (RFC 9068).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::target::Target;
use crate::verdict::Miss;

/// A token, opened but not verified.
pub(crate) struct AccessToken {
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl Target {
    /// The user's token.
    pub(crate) async fn access_token(&self) -> Result<AccessToken, Miss> {
        let token = self.session().await?.token.token()?;
        let parts: Vec<Value> = token.split('.').filter_map(decode).collect();
        match parts.as_slice() {
            [header, claims] => Ok(AccessToken {
                header: header.clone(),
                claims: claims.clone(),
            }),
            _ => Err(Miss::not_checked("the server's access tokens are no JWTs")),
        }
    }
}

fn decode(segment: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(segment).ok()?;
    serde_json::from_slice(&bytes).ok()
}
