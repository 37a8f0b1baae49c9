//! RFC 8693 section 2.1: who may ask, and with which tokens.

use super::checks;
use crate::exchange::ACCESS_TOKEN;
use crate::target::Target;
use crate::verdict::{Checked, ensure};

checks![
    te_2_1_01__a_complete_request_gets_a_token,
    te_2_1_02__the_client_authenticates_first,
    te_2_1_03__a_public_client_is_refused,
    te_2_1_04__a_client_not_registered_for_the_grant_is_refused,
    te_2_1_06__an_unknown_subject_token_type_is_refused,
    te_2_1_07__an_actor_token_needs_its_type,
    te_2_1_08__an_actor_token_type_needs_its_token,
    te_2_1_16__the_declared_type_must_be_true,
    te_2_1_19__a_subject_token_can_be_exchanged_again,
    te_2_1_21__token_types_are_exact,
    te_2_1_22__another_client_cannot_present_the_token,
    te_2_1_28__a_huge_token_is_refused,
];

/// RFC 8693 section 2.1.
async fn te_2_1_01__a_complete_request_gets_a_token(target: &Target) -> Checked {
    target.connection().await?;
    let complete = target.exchange().await?;
    complete.send().await?.token()?;
    for required in ["grant_type", "subject_token", "subject_token_type"] {
        let missing = complete.without(required).send().await?;
        missing.is_error("invalid_request")?;
        let empty = complete.with(required, "").send().await?;
        empty.is_error("invalid_request")?;
    }
    Ok(())
}

/// RFC 8693 section 2.1, RFC 6749 section 3.2.1.
async fn te_2_1_02__the_client_authenticates_first(target: &Target) -> Checked {
    let good = target.exchange().await?.by(target.nobody()?);
    let refused = good.send().await?;
    refused.is_error("invalid_client")?;
    let bad = good.with("subject_token", "rubbish").send().await?;
    refused.is_same_as(&bad)
}

/// Ours, on RFC 8693 section 5.
async fn te_2_1_03__a_public_client_is_refused(target: &Target) -> Checked {
    let public = target.caller(target.public_client()?)?;
    let answer = target.exchange().await?.by(public).send().await?;
    answer.is_error("unauthorized_client")
}

/// RFC 6749 section 5.2.
async fn te_2_1_04__a_client_not_registered_for_the_grant_is_refused(target: &Target) -> Checked {
    let other = target.caller(target.without_exchange()?)?;
    let answer = target.exchange().await?.by(other).send().await?;
    answer.is_error("unauthorized_client")
}

/// RFC 8693 sections 2.1 and 2.2.2.
async fn te_2_1_06__an_unknown_subject_token_type_is_refused(target: &Target) -> Checked {
    let exchange = target.exchange().await?;
    for unknown in ["urn:example:token-type:unknown", "access_token", "x"] {
        let answer = exchange.with("subject_token_type", unknown).send().await?;
        answer.is_error("invalid_request")?;
    }
    Ok(())
}

/// RFC 8693 section 2.1.
async fn te_2_1_07__an_actor_token_needs_its_type(target: &Target) -> Checked {
    let exchange = target.exchange().await?;
    let actor = exchange.parameter("subject_token");
    let answer = exchange.and("actor_token", actor).send().await?;
    answer.is_error("invalid_request")
}

/// RFC 8693 section 2.1.
async fn te_2_1_08__an_actor_token_type_needs_its_token(target: &Target) -> Checked {
    let exchange = target.exchange().await?;
    let answer = exchange.and("actor_token_type", ACCESS_TOKEN).send().await?;
    answer.is_error("invalid_request")
}

/// RFC 8693 section 2.1: an access token under another type's name.
async fn te_2_1_16__the_declared_type_must_be_true(target: &Target) -> Checked {
    let exchange = target.exchange().await?;
    for other in ["id_token", "refresh_token", "saml2"] {
        let declared = format!("urn:ietf:params:oauth:token-type:{other}");
        let answer = exchange.with("subject_token_type", &declared).send().await?;
        answer.is_error("invalid_request")?;
    }
    Ok(())
}

/// RFC 8693 section 2.1: nothing there makes a token single-use.
async fn te_2_1_19__a_subject_token_can_be_exchanged_again(target: &Target) -> Checked {
    let exchange = target.connected().await?;
    exchange.send().await?.token()?;
    exchange.send().await?.token()?;
    Ok(())
}

/// RFC 8693 section 3.
async fn te_2_1_21__token_types_are_exact(target: &Target) -> Checked {
    let exchange = target.exchange().await?;
    for near in [
        ACCESS_TOKEN.to_ascii_uppercase(),
        format!("{ACCESS_TOKEN} "),
        format!("{ACCESS_TOKEN}s"),
        ACCESS_TOKEN.replace("access_token", "Access_Token"),
        ACCESS_TOKEN.replace("urn:ietf", "URN:ietf"),
    ] {
        let answer = exchange.with("subject_token_type", &near).send().await?;
        answer.is_error("invalid_request")?;
    }
    Ok(())
}

/// RFC 8693 sections 2.1 and 4.4: the token names neither the second client nor anybody who may act.
async fn te_2_1_22__another_client_cannot_present_the_token(target: &Target) -> Checked {
    let second = target.caller(target.second_exchanger()?)?;
    let answer = target.exchange().await?.by(second).send().await?;
    answer.is_error("invalid_request")
}

/// Ours: a limit before any cryptography.
async fn te_2_1_28__a_huge_token_is_refused(target: &Target) -> Checked {
    let huge = "x".repeat(20_000);
    let answer = target
        .exchange()
        .await?
        .with("subject_token", &huge)
        .send()
        .await?;
    let refused = matches!(answer.reply.status, 400 | 413) && answer.member("error") == "invalid_request";
    ensure!(refused, "{}", answer.reply.seen());
    Ok(())
}
