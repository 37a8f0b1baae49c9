//! Client authentication: Basic or in the body (RFC 6749 section 2.3.1).

use crate::errors::TokenError;
use crate::request::Request;
use crate::state::State;

/// The authenticated client's id.
pub(crate) fn authenticate(state: &State, request: &Request) -> Result<String, TokenError> {
    let in_body = request.parameter("client_secret");
    let (client_id, client_secret) = match (request.authorization_scheme(), in_body) {
        (Some(_), Some(_)) => return Err(TokenError::Request("two ways of client authentication at once")),
        (Some(_), None) => request.basic().ok_or(TokenError::Client)?,
        (None, Some(secret)) => {
            let id = request.parameter("client_id").ok_or(TokenError::Client)?;
            (id.to_owned(), secret.to_owned())
        }
        (None, None) => return Err(TokenError::Client),
    };
    let client = state.client(&client_id).ok_or(TokenError::Client)?;
    if client.client_secret == client_secret {
        Ok(client_id)
    } else {
        Err(TokenError::Client)
    }
}
