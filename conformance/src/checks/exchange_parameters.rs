//! RFC 8693 section 2.1: the parameters that say what is wanted.

use super::checks;
use crate::exchange::ACCESS_TOKEN;
use crate::target::Target;
use crate::verdict::{Checked, ensure};

checks![
    te_2_1_09__repeated_resources_are_all_or_nothing,
    te_2_1_10__audiences_and_resources_are_all_or_nothing,
    te_2_1_11__other_repeated_parameters_are_refused,
    te_2_1_12__a_resource_is_an_absolute_uri_without_fragment,
    te_2_1_13__audiences_are_compared_exactly,
    te_2_1_14__malformed_or_unknown_scope_is_refused,
    te_2_1_15__the_requested_token_type_is_exact_or_refused,
    te_2_1_26__unknown_parameters_are_ignored,
];

/// RFC 8693 section 2.1, RFC 8707 section 2.
async fn te_2_1_09__repeated_resources_are_all_or_nothing(target: &Target) -> Checked {
    let resource = target.resource()?;
    let exchange = target.connected().await?.with("resource", resource);
    exchange.and("resource", resource).send().await?.token()?;
    let unknown = exchange.and("resource", "https://elsewhere.example/");
    unknown.send().await?.is_error("invalid_target")
}

/// RFC 8693 section 2.1.
async fn te_2_1_10__audiences_and_resources_are_all_or_nothing(target: &Target) -> Checked {
    let exchange = target.connected().await?;
    let again = exchange.and("audience", target.audience()?);
    again.send().await?.token()?;
    if let Ok(resource) = target.resource() {
        again.and("resource", resource).send().await?.token()?;
    }
    for (name, value) in [("audience", NOWHERE), ("resource", "https://elsewhere.example/")] {
        let answer = exchange.and(name, value).send().await?;
        answer.is_error("invalid_target")?;
    }
    Ok(())
}

/// RFC 6749 section 3.2.
async fn te_2_1_11__other_repeated_parameters_are_refused(target: &Target) -> Checked {
    let exchange = target.exchange().await?;
    let subject = exchange.parameter("subject_token");
    for (name, value) in [
        ("subject_token", subject),
        ("subject_token_type", ACCESS_TOKEN),
        ("foo", "bar"),
    ] {
        let twice = exchange.with(name, value).and(name, value).send().await?;
        twice.is_error("invalid_request")?;
    }
    for (name, value) in [("scope", "a"), ("requested_token_type", ACCESS_TOKEN)] {
        let twice = exchange.and(name, value).and(name, value).send().await?;
        twice.is_error("invalid_request")?;
    }
    Ok(())
}

/// RFC 8693 section 2.1, RFC 8707 section 2.
async fn te_2_1_12__a_resource_is_an_absolute_uri_without_fragment(target: &Target) -> Checked {
    let exchange = target.exchange().await?;
    for bad in [
        "api",
        "/api",
        "//api.example",
        "https://api.example/#fragment",
        "https://",
    ] {
        let answer = exchange.and("resource", bad).send().await?;
        answer.is_error("invalid_target")?;
    }
    if let Ok(resource) = target.resource() {
        let answer = exchange.and("resource", &format!("{resource}#x")).send().await?;
        answer.is_error("invalid_target")?;
    }
    Ok(())
}

/// RFC 8693 section 2.1.
async fn te_2_1_13__audiences_are_compared_exactly(target: &Target) -> Checked {
    let exchange = target.exchange().await?;
    let audience = target.audience()?;
    for near in [
        audience.to_ascii_uppercase(),
        format!("{audience}/"),
        format!("{audience} "),
        format!(" {audience}"),
        audience.replacen(&audience[..1], &format!("%{:02x}", audience.as_bytes()[0]), 1),
        audience[..audience.len() - 1].to_owned(),
    ] {
        if near != audience {
            let answer = exchange.with("audience", &near).send().await?;
            answer.is_error("invalid_target")?;
        }
    }
    Ok(())
}

/// RFC 6749 sections 3.3 and 5.2.
async fn te_2_1_14__malformed_or_unknown_scope_is_refused(target: &Target) -> Checked {
    let exchange = target.connected().await?;
    for scope in [
        "a  b",
        " a",
        "a ",
        "a\"b",
        "a\\b",
        "a\tb",
        "\u{e9}",
        UNKNOWN_SCOPE,
    ] {
        let answer = exchange.with("scope", scope).send().await?;
        answer.is_error("invalid_scope")?;
    }
    Ok(())
}

/// RFC 8693 section 2.1.
async fn te_2_1_15__the_requested_token_type_is_exact_or_refused(target: &Target) -> Checked {
    let exchange = target.connected().await?;
    let unasked = exchange.send().await?;
    unasked.token()?;
    ensure!(
        !unasked.member("issued_token_type").is_empty(),
        "issued_token_type is missing"
    );
    let asked = exchange.and("requested_token_type", ACCESS_TOKEN).send().await?;
    asked.token()?;
    let issued = asked.member("issued_token_type");
    ensure!(
        issued == ACCESS_TOKEN,
        "{issued:?} was issued for an access token"
    );
    for unsupported in [
        "urn:ietf:params:oauth:token-type:saml1",
        "urn:example:unknown",
        "access_token",
    ] {
        let answer = exchange.and("requested_token_type", unsupported).send().await?;
        answer.is_error("invalid_request")?;
    }
    Ok(())
}

/// RFC 6749 section 3.2.
async fn te_2_1_26__unknown_parameters_are_ignored(target: &Target) -> Checked {
    let exchange = target.connected().await?.and("foo", "bar").and("act", "{}");
    exchange.send().await?.token()?;
    Ok(())
}

const NOWHERE: &str = "a-target-that-does-not-exist";
const UNKNOWN_SCOPE: &str = "a-scope-that-does-not-exist";
