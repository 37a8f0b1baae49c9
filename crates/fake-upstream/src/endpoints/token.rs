//! The token endpoint: codes and refresh tokens.

use super::client_auth::authenticate;
use super::{openid, token_reply};
use crate::errors::{TokenError, refusal};
use crate::ledger::{Code, Redemption, RefreshRequest, TokenSet};
use crate::personality::{Personality, Wire};
use crate::provider::Provider;
use crate::reply::Reply;
use crate::request::Request;
use crate::state::State;

/// Tokens and what is said beside them.
pub(super) struct Issued {
    pub(super) sets: Vec<TokenSet>,
    pub(super) id_token: Option<String>,
    pub(super) refreshed: bool,
}

/// Answers a token request.
pub(crate) fn token(state: &State, provider: &Provider, request: &Request) -> Reply {
    let issued =
        authenticate(state, request).and_then(|client_id| match grant_type(provider.personality, request) {
            Some("authorization_code") => redeem(state, provider, request, &client_id),
            Some("refresh_token") => refresh(state, provider, request, &client_id),
            Some(_) => Err(TokenError::GrantType),
            None => Err(TokenError::Request("grant_type is missing")),
        });
    match issued {
        Ok(issued) => token_reply::success(provider.personality, request, &issued, state.now()),
        Err(error) => refusal(provider.personality, request, error),
    }
}

fn redeem(
    state: &State,
    provider: &Provider,
    request: &Request,
    client_id: &str,
) -> Result<Issued, TokenError> {
    let redemption = Redemption {
        code: request
            .parameter("code")
            .ok_or(TokenError::Request("code is missing"))?,
        client_id,
        redirect_uri: request.parameter("redirect_uri"),
        code_verifier: request.parameter("code_verifier"),
        scope: request.parameter("scope"),
    };
    let (code, sets) = provider.ledger().redeem(&state.mint(provider), &redemption)?;
    let id_token = id_token(state, provider, request, &sets, Some(&code));
    Ok(Issued {
        sets,
        id_token,
        refreshed: false,
    })
}

fn refresh(
    state: &State,
    provider: &Provider,
    request: &Request,
    client_id: &str,
) -> Result<Issued, TokenError> {
    if provider.personality.wire == Wire::GithubOauthApp {
        return Err(TokenError::GrantType);
    }
    let missing = TokenError::Request("refresh_token is missing");
    let asked = RefreshRequest {
        refresh_token: request.parameter("refresh_token").ok_or(missing)?,
        client_id,
        scope: request.parameter("scope"),
    };
    let set = provider.ledger().refresh(&state.mint(provider), &asked)?;
    provider.refreshes().succeeded += 1;
    let sets = vec![set];
    let id_token = id_token(state, provider, request, &sets, None);
    Ok(Issued {
        sets,
        id_token,
        refreshed: true,
    })
}

fn id_token(
    state: &State,
    provider: &Provider,
    request: &Request,
    sets: &[TokenSet],
    code: Option<&Code>,
) -> Option<String> {
    let set = sets.first()?;
    let asked = set.scopes.iter().any(|scope| scope == "openid");
    (asked && provider.personality.is_openid_provider()).then(|| {
        let nonce = code.and_then(|code| code.nonce.as_deref());
        openid::id_token(state, provider.personality, set, nonce, request.fault.as_ref())
    })
}

/// GitHub and Slack take a code without a `grant_type`.
fn grant_type<'a>(personality: &Personality, request: &'a Request) -> Option<&'a str> {
    let lenient = matches!(
        personality.wire,
        Wire::GithubOauthApp | Wire::GithubApp | Wire::Slack
    );
    request
        .parameter("grant_type")
        .or(lenient.then_some("authorization_code"))
}
