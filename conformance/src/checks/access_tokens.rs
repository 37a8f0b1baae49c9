//! RFC 9068: the server's own access tokens, seen at the user's token.

use super::checks;
use crate::target::Target;
use crate::verdict::{Checked, ensure};

checks![
    at_2_1_01__access_tokens_are_typed_and_name_their_key,
    at_2_2_01__required_claims_are_there,
    at_2_2_02__the_audience_is_never_the_client,
    at_2_2_03__the_lifetime_is_short,
    te_4_2_01__scope_is_one_string,
];

/// RFC 9068 section 2.1.
async fn at_2_1_01__access_tokens_are_typed_and_name_their_key(target: &Target) -> Checked {
    let header = target.access_token().await?.header;
    let text = |member: &str| header[member].as_str().unwrap_or_default();
    ensure!(text("typ") == "at+jwt", "typ is {:?}", text("typ"));
    let algorithm = text("alg");
    let asymmetric = !algorithm.starts_with("HS") && !algorithm.eq_ignore_ascii_case("none");
    ensure!(asymmetric && !algorithm.is_empty(), "alg is {algorithm:?}");
    let jwks = target.http.get(target.endpoint("jwks_uri")?).await?.json();
    let mut keys = jwks["keys"].as_array().into_iter().flatten();
    let known = keys.any(|key| key["kid"] == header["kid"] && key["alg"] == header["alg"]);
    ensure!(known, "no published key has this kid and alg");
    Ok(())
}

/// RFC 9068 section 2.2.
async fn at_2_2_01__required_claims_are_there(target: &Target) -> Checked {
    let claims = target.access_token().await?.claims;
    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        ensure!(!claims[claim].is_null(), "{claim} is missing");
    }
    let issuer = target.endpoint("issuer")?;
    ensure!(claims["iss"] == issuer, "iss is {}", claims["iss"]);
    let client = &target.client()?.id;
    ensure!(
        claims["client_id"] == client.as_str(),
        "client_id is {}",
        claims["client_id"]
    );
    Ok(())
}

/// RFC 9068 section 3.
async fn at_2_2_02__the_audience_is_never_the_client(target: &Target) -> Checked {
    let claims = target.access_token().await?.claims;
    let audience = match &claims["aud"] {
        serde_json::Value::Array(several) => several.clone(),
        one => vec![one.clone()],
    };
    let client = target.client()?.id.as_str();
    let good = |one: &serde_json::Value| {
        one.as_str()
            .is_some_and(|text| !text.is_empty() && text != client)
    };
    ensure!(
        !audience.is_empty() && audience.iter().all(good),
        "aud is {}",
        claims["aud"]
    );
    Ok(())
}

/// RFC 9068 section 2.2; ours: a quarter of an hour at most.
async fn at_2_2_03__the_lifetime_is_short(target: &Target) -> Checked {
    let claims = target.access_token().await?.claims;
    let life = claims["exp"]
        .as_i64()
        .zip(claims["iat"].as_i64())
        .map(|(exp, iat)| exp - iat);
    let short = life.is_some_and(|life| (1..=900).contains(&life));
    ensure!(short, "it lives {} seconds", life.unwrap_or_default());
    Ok(())
}

/// RFC 8693 section 4.2.
async fn te_4_2_01__scope_is_one_string(target: &Target) -> Checked {
    let scope = &target.access_token().await?.claims["scope"];
    ensure!(scope.is_string() || scope.is_null(), "scope is {scope}");
    Ok(())
}
