//! RFC 8693 section 2.2.2: each failure and its code.

use super::checks;
use crate::exchange::ACCESS_TOKEN;
use crate::target::Target;
use crate::token_endpoint::nobodys_name;
use crate::verdict::{Checked, ensure};

checks![
    te_2_2_2_01__a_bad_subject_or_actor_token_is_an_invalid_request,
    te_2_2_2_02__an_impossible_target_is_an_invalid_target,
    te_2_2_2_03__too_much_scope_is_an_invalid_scope,
    te_2_2_2_04__failed_client_authentication_is_invalid_client,
    te_2_2_2_05__a_grant_the_client_may_not_use_is_unauthorized,
    te_2_2_2_09__an_error_echoes_nothing,
];

/// RFC 8693 section 2.2.2: not `invalid_grant`.
async fn te_2_2_2_01__a_bad_subject_or_actor_token_is_an_invalid_request(target: &Target) -> Checked {
    let exchange = target.exchange().await?;
    let subject = exchange.parameter("subject_token");
    for bad in [
        "rubbish".to_owned(),
        "a.b.c".to_owned(),
        format!("{subject}x"),
        subject[..subject.len() - 4].to_owned(),
    ] {
        let answer = exchange.with("subject_token", &bad).send().await?;
        answer.is_error("invalid_request")?;
        let actor = exchange
            .and("actor_token", &bad)
            .and("actor_token_type", ACCESS_TOKEN);
        actor.send().await?.is_error("invalid_request")?;
    }
    Ok(())
}

/// RFC 8693 section 2.2.2.
async fn te_2_2_2_02__an_impossible_target_is_an_invalid_target(target: &Target) -> Checked {
    let exchange = target.exchange().await?;
    let audience = exchange.with("audience", "a-target-that-does-not-exist");
    audience.send().await?.is_error("invalid_target")?;
    let resource = exchange.and("resource", "https://elsewhere.example/");
    resource.send().await?.is_error("invalid_target")
}

/// RFC 6749 section 5.2: what was granted, and one thing more.
async fn te_2_2_2_03__too_much_scope_is_an_invalid_scope(target: &Target) -> Checked {
    let exchange = target.connected().await?;
    let granted = exchange.send().await?.member("scope").to_owned();
    let more = format!("{granted} a-scope-that-does-not-exist");
    let answer = exchange.with("scope", more.trim()).send().await?;
    answer.is_error("invalid_scope")
}

/// RFC 6749 section 5.2.
async fn te_2_2_2_04__failed_client_authentication_is_invalid_client(target: &Target) -> Checked {
    let exchange = target.exchange().await?;
    let answer = exchange.by(target.nobody()?).send().await?;
    answer.is_error("invalid_client")?;
    let challenge = answer.reply.header("www-authenticate");
    ensure!(!challenge.is_empty(), "there is no WWW-Authenticate");
    let posted = target
        .anonymous()?
        .always("client_id", &nobodys_name())
        .always("client_secret", "not-the-secret-not-the-secret");
    exchange.by(posted).send().await?.is_error("invalid_client")
}

/// RFC 6749 section 5.2.
async fn te_2_2_2_05__a_grant_the_client_may_not_use_is_unauthorized(target: &Target) -> Checked {
    let client = target.without_exchange().or_else(|_| target.public_client())?;
    let exchange = target.exchange().await?.by(target.caller(client)?);
    exchange.send().await?.is_error("unauthorized_client")
}

/// RFC 6749 section 5.2 on the characters of `error_description`.
async fn te_2_2_2_09__an_error_echoes_nothing(target: &Target) -> Checked {
    let exchange = target.exchange().await?;
    for name in [
        "subject_token",
        "subject_token_type",
        "audience",
        "resource",
        "scope",
        "requested_token_type",
    ] {
        let answer = exchange.with(name, CANARY).send().await?;
        ensure!(
            answer.reply.status >= 400,
            "a strange {name}: {}",
            answer.reply.seen()
        );
        ensure!(!answer.reply.text().contains("canary"), "{name} is echoed");
        let described = answer.member("error_description").bytes();
        let allowed = |b: u8| matches!(b, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        ensure!(
            described.into_iter().all(allowed),
            "a character of error_description is not allowed"
        );
    }
    Ok(())
}

const CANARY: &str = "canary\u{1b}[31m<script>'\"canary";
