//! RFC 6749 sections 3.2 and 5.1: how the token endpoint reads, and what a success looks like.

use std::collections::BTreeSet;

use reqwest::Method;

use super::checks;
use crate::exchange::GRANT;
use crate::http::FORM;
use crate::target::Target;
use crate::token_endpoint::nobodys_name;
use crate::verdict::{Checked, ensure};

checks![
    tok_3_2_01__only_post_is_answered,
    tok_3_2_02__only_a_form_is_read,
    tok_3_2_03__a_repeated_parameter_is_refused,
    tok_3_2_04__an_empty_parameter_counts_as_absent,
    tok_3_2_05__unrecognised_parameters_are_ignored,
    tok_3_2_06__parameters_in_the_query_are_not_read,
    tok_3_2_07__query_and_body_never_merge,
    tok_3_2_09__sizes_and_counts_are_limited,
    tok_3_2_10__bad_bytes_are_invalid_requests,
    tok_5_1_01__a_success_is_uncached_json,
    tok_5_1_02__scope_is_returned_when_it_differs,
];

/// RFC 6749 section 3.2.
async fn tok_3_2_01__only_post_is_answered(target: &Target) -> Checked {
    let url = target.endpoint("token_endpoint")?;
    for method in [Method::GET, Method::PUT, Method::HEAD, Method::DELETE] {
        let reply = target.http.send(method.clone(), url, &[], None).await?;
        let (status, allow) = (reply.status, reply.header("allow"));
        ensure!(
            status == 405 && allow == "POST",
            "{method}: {status}, Allow: {allow}"
        );
    }
    Ok(())
}

/// RFC 6749 section 3.2 and appendix B.
async fn tok_3_2_02__only_a_form_is_read(target: &Target) -> Checked {
    let url = target.endpoint("token_endpoint")?;
    let body = |text: &str| Some(text.as_bytes().to_vec());
    for kind in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
    ] {
        let headers = [("content-type", kind)];
        let headers = if kind.is_empty() { &[] } else { headers.as_slice() };
        let reply = target
            .http
            .send(Method::POST, url, headers, body(r#"{"grant_type":"x"}"#))
            .await?;
        let refused = matches!(reply.status, 400 | 415) && reply.json()["error"] == "invalid_request";
        ensure!(refused, "{kind:?}: {}", reply.seen());
    }
    let name = nobodys_name();
    let named = format!("grant_type=x&client_id={name}");
    let charset = [(FORM.0, "application/x-www-form-urlencoded; charset=UTF-8")];
    let with = target
        .http
        .send(Method::POST, url, &charset, body(&named))
        .await?;
    let without = target.http.send(Method::POST, url, &[FORM], body(&named)).await?;
    ensure!(
        with.status == without.status && with.body == without.body,
        "a charset changes the answer to {}",
        with.seen()
    );
    Ok(())
}

/// RFC 6749 section 3.2.
async fn tok_3_2_03__a_repeated_parameter_is_refused(target: &Target) -> Checked {
    let caller = target.caller(target.client()?)?;
    for second in [GRANT, "authorization_code"] {
        let twice = [("grant_type", GRANT), ("grant_type", second)];
        caller.request(&twice).await?.is_error("invalid_request")?;
    }
    Ok(())
}

/// RFC 6749 section 3.2.
async fn tok_3_2_04__an_empty_parameter_counts_as_absent(target: &Target) -> Checked {
    let caller = target.caller(target.client()?)?;
    let empty = caller.request(&[("grant_type", "")]).await?;
    empty.is_error("invalid_request")?;
    empty.is_same_as(&caller.request::<&str, &str>(&[]).await?)?;
    let unsupported = caller
        .request(&[("grant_type", "nonsense"), ("scope", "")])
        .await?;
    unsupported.is_error("unsupported_grant_type")
}

/// RFC 6749 section 3.2.
async fn tok_3_2_05__unrecognised_parameters_are_ignored(target: &Target) -> Checked {
    let caller = target.caller(target.client()?)?;
    let with = [("grant_type", "nonsense"), ("foo", "bar")];
    let with = caller.request(&with).await?;
    with.is_same_as(&caller.request(&[("grant_type", "nonsense")]).await?)
}

/// RFC 6749 section 3.2; OAuth 2.1 section 3.2.2.
async fn tok_3_2_06__parameters_in_the_query_are_not_read(target: &Target) -> Checked {
    let caller = target.caller(target.client()?)?;
    let parameters = [("grant_type", "authorization_code"), ("code", "x")];
    let parameters = parameters.map(|(n, v)| (n.to_owned(), v.to_owned()));
    caller.in_query(&parameters).await?.is_error("invalid_request")?;
    let Ok(exchange) = target.connected().await else {
        return Ok(());
    };
    exchange.send_in_query().await?.is_error("invalid_request")
}

/// RFC 6749 section 3.2: of one name in both places the body's counts, or the request is refused.
async fn tok_3_2_07__query_and_body_never_merge(target: &Target) -> Checked {
    let caller = target.caller(target.client()?)?;
    for query in [
        "grant_type=authorization_code&code=x",
        "grant_type=nonsense",
        "scope=a",
    ] {
        let body = [("grant_type", "nonsense"), ("scope", "b")];
        let answer = caller.beside(query, &body).await?;
        let apart = ["invalid_request", "unsupported_grant_type"].contains(&answer.member("error"));
        ensure!(
            apart && answer.reply.status == 400,
            "{query:?} in the query: {}",
            answer.reply.seen()
        );
    }
    let Ok(exchange) = target.connected().await else {
        return Ok(());
    };
    let answer = exchange.beside("audience=a-target-that-does-not-exist").await?;
    let alone = answer.reply.status == 200 || answer.member("error") == "invalid_request";
    ensure!(alone, "an audience in both: {}", answer.reply.seen());
    Ok(())
}

/// Ours: refused before anything is read at length.
async fn tok_3_2_09__sizes_and_counts_are_limited(target: &Target) -> Checked {
    let caller = target.caller(target.client()?)?;
    let many = (0..2_000).map(|n| format!("p{n}=v")).collect::<Vec<String>>();
    let long = format!("grant_type={}", "x".repeat(200_000));
    let name = format!("grant_type=nonsense&{}=v", "n".repeat(200_000));
    for (what, body) in [
        ("2000 parameters", many.join("&")),
        ("a long value", long),
        ("a long name", name),
    ] {
        let answer = caller.raw(body.into_bytes()).await?;
        let refused = matches!(answer.reply.status, 400 | 413) && answer.member("error") == "invalid_request";
        ensure!(refused, "{what}: {}", answer.reply.seen());
    }
    Ok(())
}

/// RFC 6749 appendix B.
async fn tok_3_2_10__bad_bytes_are_invalid_requests(target: &Target) -> Checked {
    let caller = target.caller(target.client()?)?;
    for body in [
        b"grant_type=%".as_slice(),
        b"grant_type=%ff",
        b"grant_type=%00",
        b"grant_type=%c0%af",
        b"a=\xff",
    ] {
        caller.raw(body.to_vec()).await?.is_error("invalid_request")?;
    }
    Ok(())
}

/// RFC 6749 section 5.1, seen at the authorization code grant.
async fn tok_5_1_01__a_success_is_uncached_json(target: &Target) -> Checked {
    let answer = &target.sign_in().await?.token;
    answer.token()?;
    answer.is_uncached_json()?;
    let kind = answer.member("token_type");
    ensure!(!kind.is_empty(), "token_type is missing");
    ensure!(answer.json["expires_in"].is_u64(), "expires_in is no number");
    Ok(())
}

/// RFC 6749 section 5.1, seen at the authorization code grant: what the token says is what was asked for, or is told.
async fn tok_5_1_02__scope_is_returned_when_it_differs(target: &Target) -> Checked {
    let answer = &target.session().await?.token;
    let asked = target.client()?.scope.as_str();
    let told = answer.json["scope"].as_str();
    let granted = &target.access_token().await?.claims["scope"];
    ensure!(
        granted.is_string() || granted.is_null(),
        "the token's scope is {granted}"
    );
    let granted = granted.as_str().unwrap_or_default();
    let said = told.unwrap_or(asked);
    let set = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<String>>();
    ensure!(
        set(said) == set(granted),
        "the token has {granted:?}, the answer means {said:?}"
    );
    Ok(())
}
