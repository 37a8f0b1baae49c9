//! RFC 8693 section 2.1.1: resource, audience and what neither gives.

use super::checks;
use crate::target::Target;
use crate::verdict::{Checked, Miss, ensure};

checks![
    te_2_1_1_03__two_names_of_one_target_succeed,
    te_2_1_1_04__a_forbidden_target_looks_unknown,
    te_2_1_1_05__without_a_target_nothing_is_issued,
    te_2_1_1_06__look_alike_resources_match_nothing,
];

/// RFC 8693 section 2.1.1.
async fn te_2_1_1_03__two_names_of_one_target_succeed(target: &Target) -> Checked {
    let exchange = target.connected().await?.and("resource", target.resource()?);
    exchange.send().await?.token()?;
    Ok(())
}

/// RFC 8693 section 2.2.2; ours: no oracle.
async fn te_2_1_1_04__a_forbidden_target_looks_unknown(target: &Target) -> Checked {
    let forbidden = target
        .fixture
        .exchange
        .as_ref()
        .and_then(|e| e.forbidden.as_deref());
    let forbidden = forbidden.ok_or_else(|| Miss::not_checked("the fixture names no forbidden audience"))?;
    let exchange = target.exchange().await?;
    let refused = exchange.with("audience", forbidden).send().await?;
    refused.is_error("invalid_target")?;
    let unknown = exchange.with("audience", "a-target-that-does-not-exist");
    refused.is_same_as(&unknown.send().await?)
}

/// RFC 8693 section 2.1: what the server does then is up to it, except to issue for somewhere.
async fn te_2_1_1_05__without_a_target_nothing_is_issued(target: &Target) -> Checked {
    let answer = target.exchange().await?.without("audience").send().await?;
    let error = answer.member("error");
    ensure!(
        matches!(error, "invalid_target" | "invalid_request"),
        "{}",
        answer.reply.seen()
    );
    answer.is_error(error)
}

/// RFC 8707 section 2.
async fn te_2_1_1_06__look_alike_resources_match_nothing(target: &Target) -> Checked {
    let resource = target.resource()?;
    let exchange = target.exchange().await?.without("audience");
    let (scheme, rest) = resource.split_once("://").unwrap_or(("https", resource));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    for near in [
        format!("{}://{rest}", scheme.to_ascii_uppercase()),
        format!("{scheme}://{host}.evil.example{path}"),
        format!("{scheme}://{host}@evil.example{path}"),
        format!("{scheme}://evil@{rest}"),
        format!("{resource}/"),
        format!("{resource}x"),
    ] {
        let answer = exchange.and("resource", &near).send().await?;
        answer.is_error("invalid_target")?;
    }
    Ok(())
}
