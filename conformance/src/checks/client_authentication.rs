//! RFC 6749 section 2.3: client authentication.

use super::checks;
use crate::exchange::{ACCESS_TOKEN, GRANT};
use crate::fixture::{AuthMethod, Client};
use crate::target::Target;
use crate::verdict::{Checked, Miss, ensure};

checks![
    tok_2_3_01__one_method_per_request,
    tok_2_3_02__only_the_registered_method,
    tok_2_3_03__basic_credentials_are_form_decoded,
    tok_2_3_04__client_id_in_the_body_must_agree,
    tok_2_3_09__the_methods_listed_are_those_that_work,
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
    for client in target.fixture.clients.iter().filter(|c| c.is_used()) {
        let other = match client.method {
            AuthMethod::ClientSecretBasic => AuthMethod::ClientSecretPost,
            _ => AuthMethod::ClientSecretBasic,
        };
        let answer = target.caller_by(client, other)?.request(BEYOND).await?;
        answer.is_stranger()?;
        let registered = target.caller(client)?.request(BEYOND).await?;
        let accepted = registered.member("error") != "invalid_client";
        ensure!(accepted, "the registered method of {} is refused", client.id);
    }
    Ok(())
}

/// RFC 6749 section 2.3.1: every character may be encoded, and is decoded once.
async fn tok_2_3_03__basic_credentials_are_form_decoded(target: &Target) -> Checked {
    let client = with_basic(target)?;
    let secret = client.secret.as_deref().unwrap_or_default();
    let hex = |byte: u8| format!("%{byte:02X}");
    let encode = |text: &str| text.bytes().map(hex).collect::<Vec<String>>().concat();
    let present = async |id: &str, secret: &str| target.anonymous()?.pair(id, secret).request(BEYOND).await;
    let usual = target.caller(client)?.request(BEYOND).await?;
    let encoded = present(&encode(&client.id), &encode(secret)).await?;
    encoded.is_same_as(&usual)?;
    let twice = present(&encode(&client.id), &encode(&encode(secret))).await?;
    twice.is_stranger()?;
    let broken = present(&encode(&client.id), &format!("{secret}%")).await?;
    broken.is_stranger()
}

/// RFC 6749 section 3.2.1.
async fn tok_2_3_04__client_id_in_the_body_must_agree(target: &Target) -> Checked {
    let client = with_basic(target)?;
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

/// RFC 8414 section 2: each method of the list works for a client that is registered for it, and no other does.
async fn tok_2_3_09__the_methods_listed_are_those_that_work(target: &Target) -> Checked {
    let listed = target.list("token_endpoint_auth_methods_supported")?;
    for client in target.fixture.clients.iter().filter(|client| !client.guess) {
        let method = client.method.as_str();
        ensure!(
            listed.contains(&method),
            "a client uses {method}, which is not listed"
        );
    }
    let mut unseen = Vec::new();
    for method in &listed {
        let registered = |client: &&Client| client.method.as_str() == *method && !client.guess;
        let Some(client) = target.fixture.clients.iter().find(registered) else {
            unseen.push(*method);
            continue;
        };
        let answer = target.caller(client)?.request(BEYOND).await?;
        let works = answer.reply.is_client_error() && answer.member("error") != "invalid_client";
        ensure!(works, "{method} is listed, and gets {}", answer.reply.seen());
    }
    if !listed.iter().any(|method| method.ends_with("_jwt")) {
        let asserted = target
            .anonymous()?
            .always("client_assertion", "x.y.z")
            .always("client_assertion_type", JWT_BEARER);
        asserted.request(BEYOND).await?.is_stranger()?;
    }
    if unseen.is_empty() {
        return Ok(());
    }
    let unseen = unseen.join(", ");
    Err(Miss::not_checked(format!(
        "the fixture names no client with {unseen}"
    )))
}

/// RFC 6749 section 3.2.1.
async fn tok_2_3_10__a_confidential_client_must_authenticate(target: &Target) -> Checked {
    let caller = target.caller_by(target.client()?, AuthMethod::None)?;
    caller.request(BEYOND).await?.is_stranger()?;
    let Ok(exchange) = target.exchange().await else {
        return Ok(());
    };
    exchange.by(caller).send().await?.is_stranger()
}

fn with_basic(target: &Target) -> Result<&Client, Miss> {
    let basic = |client: &&Client| client.method == AuthMethod::ClientSecretBasic && client.is_used();
    let client = target.fixture.clients.iter().find(basic);
    client.ok_or_else(|| Miss::not_checked("the fixture names no client with HTTP Basic"))
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
