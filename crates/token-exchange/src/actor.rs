//! The actor: on whose behalf is a token used (RFC 8693 section 2.1), recorded with every exchange.
//!
//! An actor token must be a token of ours that belongs to the authenticated client (TE-4.4-04): a leaked one is
//! useless to another client. Without one, the client itself is the actor (implicit delegation, TE-4.1-02).

use std::sync::Arc;

use serde_json::{Value, json};
use vouchsafe_model::UnixMillis;
use vouchsafe_oauth_types::{AccessTokenClaims, Actor, SecretText, TokenType};

use crate::client_auth::AuthenticatedClient;
use crate::own_tokens::Verifier;
use crate::refusal::Reason;

/// Verifies an actor token; its standing in the database is checked like a subject's.
pub(crate) fn read(
    verifier: &Verifier,
    token: (&SecretText, TokenType),
    presenter: (&AuthenticatedClient, UnixMillis),
) -> Result<Arc<AccessTokenClaims>, Reason> {
    let ((token, declared), (client, now)) = (token, presenter);
    if declared != TokenType::AccessToken {
        return Err(Reason::ActorTypeNotAccepted);
    }
    let claims = verifier
        .verify(token.expose(), now)
        .map_err(|_| Reason::ActorInvalid)?;
    if claims.client_id == client.registration().id.as_str() {
        Ok(claims)
    } else {
        Err(Reason::ActorInvalid)
    }
}

/// The chain after this exchange, newest outermost (TE-4.1-03), bounded, never cut short (TE-4.1-04).
pub(crate) fn chain(
    subject: &AccessTokenClaims,
    actor: Option<&AccessTokenClaims>,
    client: &AuthenticatedClient,
    longest: usize,
) -> Result<Actor, Reason> {
    let client_id = client.registration().id.to_string();
    let newest = Actor {
        sub: actor.map_or_else(|| client_id.clone(), |claims| claims.sub.clone()),
        iss: Some(subject.iss.clone()),
        client_id: Some(client_id),
        act: subject.act.clone().map(Box::new),
    };
    if newest.depth() > longest {
        Err(Reason::ActorChainTooLong)
    } else {
        Ok(newest)
    }
}

/// The chain as it stands on the record: client ids only, since an actor's `sub` may name a person.
pub(crate) fn recorded(chain: &Actor) -> Value {
    let mut actors = Vec::new();
    let mut next = Some(chain);
    while let Some(actor) = next {
        actors.push(json!(actor.client_id));
        next = actor.act.as_deref();
    }
    Value::Array(actors)
}
