//! RFC 6749 section 2.3: client authentication.

use super::checks;
use crate::exchange::{ACCESS_TOKEN, GRANT};
use crate::fixture::AuthMethod;
use crate::target::Target;
use crate::verdict::{Checked, Miss, ensure};

checks![
    tok_2_3_01__one_method_per_request,
    tok_2_3_02__only_the_registered_method,
    tok_2_3_04__client_id_in_the_body_must_agree,
    tok_2_3_10__a_confidential_client_must_authenticate,
];

/// A request that reaches the grant: once the client is accepted it fails for another reason.
const BEYOND: &[(&str, &str)] = &[
    ("grant_type", GRANT),
    ("subject_token", "rubbish"),
    ("subject_token_type", ACCESS_TOKEN),
];

/// RFC 6749 section 2.3.
async fn tok_2_3_01__one_method_per_request(target: &Target) -> Checked {
    let client = target.client()?;
    let secret = client.secret.as_deref().unwrap_or_default();
    let both = target.anonymous()?.basic(&client.id, secret);
    let posted = both
        .clone()
        .always("client_id", &client.id)
        .always("client_secret", secret);
    posted.request(BEYOND).await?.is_error("invalid_request")?;
    let asserted = both
        .always("client_assertion", "x.y.z")
        .always("client_assertion_type", JWT_BEARER);
    asserted.request(BEYOND).await?.is_error("invalid_request")
}

/// RFC 7591 section 2; OAuth 2.1 section 2.4.
async fn tok_2_3_02__only_the_registered_method(target: &Target) -> Checked {
    target.client()?;
    for client in target.fixture.clients.iter().filter(|c| c.is_confidential()) {
        let other = match client.method {
            AuthMethod::ClientSecretBasic => AuthMethod::ClientSecretPost,
            _ => AuthMethod::ClientSecretBasic,
        };
        let answer = target.caller_by(client, other)?.request(BEYOND).await?;
        answer.is_error("invalid_client")?;
        let registered = target.caller(client)?.request(BEYOND).await?;
        let accepted = registered.member("error") != "invalid_client";
        ensure!(accepted, "the registered method of {} is refused", client.id);
    }
    Ok(())
}

/// RFC 6749 section 3.2.1.
async fn tok_2_3_04__client_id_in_the_body_must_agree(target: &Target) -> Checked {
    let basic = |client: &&crate::Client| client.method == AuthMethod::ClientSecretBasic;
    let client = target.fixture.clients.iter().find(basic);
    let client = client.ok_or_else(|| Miss::not_checked("the fixture names no client with HTTP Basic"))?;
    let caller = target.caller(client)?;
    let other = caller
        .clone()
        .always("client_id", "another-client")
        .request(BEYOND)
        .await?;
    let error = other.member("error");
    ensure!(
        matches!(error, "invalid_request" | "invalid_client"),
        "another client_id: {}",
        other.reply.seen()
    );
    let agreeing = caller.clone().always("client_id", &client.id);
    agreeing
        .request(BEYOND)
        .await?
        .is_same_as(&caller.request(BEYOND).await?)
}

/// RFC 6749 section 3.2.1.
async fn tok_2_3_10__a_confidential_client_must_authenticate(target: &Target) -> Checked {
    let caller = target.caller_by(target.client()?, AuthMethod::None)?;
    caller.request(BEYOND).await?.is_error("invalid_client")?;
    let Ok(exchange) = target.exchange().await else {
        return Ok(());
    };
    exchange.by(caller).send().await?.is_error("invalid_client")
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
