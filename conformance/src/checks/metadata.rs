//! RFC 8414: the metadata document, and the keys it points to.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::checks;
use crate::target::{Target, well_known};
use crate::verdict::{Checked, Miss, ensure};

checks![
    md_3_01__metadata_lies_at_its_well_known_place,
    md_3_02__the_issuer_is_exact_and_not_taken_from_headers,
    md_2_01__required_members_are_there,
    md_2_02__authentication_methods_are_explicit,
    md_2_05__what_is_advertised_works_and_nothing_else_does,
    md_3_2_01__no_list_is_empty,
    md_k_01__keys_are_public_and_distinct,
    pk_7_01__s256_is_the_only_challenge_method,
    iss_3_01__iss_is_announced,
];

/// RFC 8414 section 3.
async fn md_3_01__metadata_lies_at_its_well_known_place(target: &Target) -> Checked {
    let reply = target.document.as_ref().map_err(Clone::clone)?;
    let is = reply.status == 200 && reply.is_json() && reply.json().is_object();
    ensure!(is, "{} {}", reply.status, reply.header("content-type"));
    Ok(())
}

/// RFC 8414 sections 2 and 3.3.
async fn md_3_02__the_issuer_is_exact_and_not_taken_from_headers(target: &Target) -> Checked {
    let issuer = target.endpoint("issuer")?;
    ensure!(issuer == target.issuer, "issuer is {issuer:?}");
    let url = Url::parse(issuer).map_err(|_| Miss::failed("issuer is no URL"))?;
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    ensure!(url.scheme() == "https" || loopback, "issuer is not https");
    ensure!(
        url.query().is_none() && url.fragment().is_none(),
        "issuer has a query or a fragment"
    );
    let url = well_known(&target.issuer).unwrap_or_default();
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
    ] {
        let reply = target
            .http
            .send(Method::GET, &url, &[(name, value)], None)
            .await?;
        let changed = reply.text().contains("evil.example");
        ensure!(!changed, "the header {name} changes the document");
    }
    Ok(())
}

/// RFC 8414 section 2.
async fn md_2_01__required_members_are_there(target: &Target) -> Checked {
    let metadata = target.metadata()?;
    for member in [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "response_types_supported",
        "grant_types_supported",
        "code_challenge_methods_supported",
        "scopes_supported",
    ] {
        ensure!(!metadata[member].is_null(), "{member} is missing");
    }
    Ok(())
}

/// RFC 8414 section 2: without the member, HTTP Basic alone would be meant.
async fn md_2_02__authentication_methods_are_explicit(target: &Target) -> Checked {
    let methods = target.list("token_endpoint_auth_methods_supported")?;
    if methods.iter().any(|method| method.ends_with("_jwt")) {
        let algorithms = target.list("token_endpoint_auth_signing_alg_values_supported")?;
        let none = algorithms
            .iter()
            .any(|algorithm| algorithm.eq_ignore_ascii_case("none"));
        ensure!(!none, "the algorithm none is listed");
    }
    for client in &target.fixture.clients {
        let method = client.method.as_str();
        ensure!(
            methods.contains(&method),
            "a client uses {method}, which is not listed"
        );
    }
    Ok(())
}

/// RFC 8414 section 2: endpoints and grants.
async fn md_2_05__what_is_advertised_works_and_nothing_else_does(target: &Target) -> Checked {
    let members = target.metadata()?.as_object().into_iter().flatten();
    for (name, value) in members {
        let endpoint = name.ends_with("_endpoint") || name == "jwks_uri";
        if let (true, Some(url)) = (endpoint, value.as_str()) {
            let status = target.http.get(url).await?.status;
            ensure!(status != 404 && status < 500, "{name} answers {status}");
        }
    }
    let caller = target.caller(target.client()?)?;
    let listed = target.list("grant_types_supported")?;
    let grants = listed.iter().chain(GRANTS).filter(|grant| **grant != "implicit");
    for grant in grants.collect::<BTreeSet<_>>() {
        let answer = caller.request(&[("grant_type", grant)]).await?;
        let supported = answer.member("error") != "unsupported_grant_type";
        ensure!(
            supported == listed.contains(grant) && answer.reply.is_client_error(),
            "{grant} gets {}",
            answer.reply.seen()
        );
    }
    Ok(())
}

/// RFC 8414 section 3.2.
async fn md_3_2_01__no_list_is_empty(target: &Target) -> Checked {
    let members = target.metadata()?.as_object().into_iter().flatten();
    for (name, value) in members {
        let empty = value.as_array().is_some_and(Vec::is_empty);
        ensure!(!empty, "{name} is empty");
    }
    Ok(())
}

/// RFC 7517 sections 4 and 5, RFC 8414 section 2 on `jwks_uri`.
async fn md_k_01__keys_are_public_and_distinct(target: &Target) -> Checked {
    let jwks = target.http.get(target.endpoint("jwks_uri")?).await?.json();
    let keys = jwks["keys"]
        .as_array()
        .ok_or_else(|| Miss::failed("there are no keys"))?;
    ensure!(!keys.is_empty(), "the list of keys is empty");
    let mut ids = BTreeSet::new();
    for key in keys {
        let text = |member: &str| key[member].as_str().unwrap_or_default();
        ensure!(
            ids.insert(text("kid")) && !text("kid").is_empty(),
            "a kid is missing or repeated"
        );
        ensure!(
            text("use") == "sig" && !text("alg").is_empty(),
            "use or alg is missing"
        );
        ensure!(text("kty") != "oct", "a symmetric key is published");
        let private = PRIVATE.iter().any(|member| key.get(*member).is_some());
        ensure!(!private, "a private member is published");
    }
    Ok(())
}

/// RFC 8414 section 2, RFC 7636 section 4.2.
async fn pk_7_01__s256_is_the_only_challenge_method(target: &Target) -> Checked {
    let methods = target.list("code_challenge_methods_supported")?;
    ensure!(
        methods == ["S256"],
        "code_challenge_methods_supported is {methods:?}"
    );
    Ok(())
}

/// RFC 9207 section 3.
async fn iss_3_01__iss_is_announced(target: &Target) -> Checked {
    let announced = &target.metadata()?["authorization_response_iss_parameter_supported"];
    ensure!(*announced == Value::Bool(true), "it is {announced}");
    Ok(())
}

/// Grants that a server may know.
const GRANTS: &[&str] = &[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:saml2-bearer",
    "urn:openid:params:grant-type:ciba",
    crate::exchange::GRANT,
];

/// Private members of RSA, EC, OKP and symmetric keys (RFC 7518 section 6).
const PRIVATE: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
