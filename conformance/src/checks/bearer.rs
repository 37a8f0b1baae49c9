//! RFC 6750: bearer tokens at an API of the server.

use reqwest::Method;

use super::checks;
use crate::connection::open_question;
use crate::fixture::Api;
use crate::http::Reply;
use crate::target::Target;
use crate::verdict::{Checked, Miss, ensure};

checks![
    bt_2_1_01__the_scheme_is_read_in_any_case,
    bt_2_3_01__a_token_in_the_query_is_not_read,
    bt_3_01__without_credentials_the_challenge_has_no_error,
    bt_3_02__a_bad_token_is_an_invalid_token,
    bt_3_03__too_little_scope_is_told_with_the_scope,
    bt_3_04__a_malformed_header_is_a_bad_request,
    bt_5_3_01__no_token_stands_in_a_page_an_address_or_a_cookie,
];

/// RFC 6750 section 2.1.
async fn bt_2_1_01__the_scheme_is_read_in_any_case(target: &Target) -> Checked {
    let (api, bearer) = api_and_bearer(target)?;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let reply = ask(target, &api.url, Some(&format!("{scheme} {bearer}"))).await?;
        ensure!(reply.status == 200, "{scheme}: {}", reply.status);
    }
    Ok(())
}

/// RFC 6750 section 2.3; OAuth 2.1 section 5.2.
async fn bt_2_3_01__a_token_in_the_query_is_not_read(target: &Target) -> Checked {
    let (api, bearer) = api_and_bearer(target)?;
    let joint = if api.url.contains('?') { '&' } else { '?' };
    let reply = ask(target, &format!("{}{joint}access_token={bearer}", api.url), None).await?;
    ensure!(reply.is_client_error(), "{}", reply.status);
    Ok(())
}

/// RFC 6750 section 3.
async fn bt_3_01__without_credentials_the_challenge_has_no_error(target: &Target) -> Checked {
    let challenge = challenge(&ask(target, &api(target)?.url, None).await?)?;
    ensure!(!challenge.contains("error"), "the challenge is {challenge}");
    Ok(())
}

/// RFC 6750 section 3.1.
async fn bt_3_02__a_bad_token_is_an_invalid_token(target: &Target) -> Checked {
    let reply = ask(target, &api(target)?.url, Some("Bearer rubbish")).await?;
    let challenge = challenge(&reply)?;
    let is = challenge.contains("error=\"invalid_token\"");
    ensure!(is, "the challenge is {challenge}");
    Ok(())
}

/// RFC 6750 section 3.1.
async fn bt_3_03__too_little_scope_is_told_with_the_scope(target: &Target) -> Checked {
    let api = api(target)?;
    let weak = api.weak_bearer.as_deref();
    let weak = weak.ok_or_else(|| Miss::not_checked("the fixture names no weak_bearer"))?;
    let reply = ask(target, &api.url, Some(&format!("Bearer {weak}"))).await?;
    let challenge = reply.header("www-authenticate");
    let told = challenge.contains("error=\"insufficient_scope\"") && challenge.contains("scope=\"");
    ensure!(
        reply.status == 403 && told,
        "{} with the challenge {challenge:?}",
        reply.status
    );
    Ok(())
}

/// RFC 6750 section 3.1.
async fn bt_3_04__a_malformed_header_is_a_bad_request(target: &Target) -> Checked {
    let url = &api(target)?.url;
    let reply = ask(target, url, Some("Bearer")).await?;
    ensure!(reply.status == 400, "no token: {}", reply.status);
    let twice = [("authorization", "Bearer one"), ("authorization", "Bearer two")];
    let reply = target.http.send(Method::GET, url, &twice, None).await?;
    ensure!(reply.status == 400, "two headers: {}", reply.status);
    Ok(())
}

/// RFC 6750 section 5.3: what the signed-in browser is sent once the tokens are there, and all that led to them.
async fn bt_5_3_01__no_token_stands_in_a_page_an_address_or_a_cookie(target: &Target) -> Checked {
    let session = target.session().await?;
    let mut tokens = vec![session.token.token()?.to_owned()];
    if let Ok(exchange) = target.connected().await {
        tokens.push(exchange.send().await?.token()?.to_owned());
    }
    let mut browser = session.browser.clone();
    let again = target.authorization(target.client()?)?;
    again.open_in(&mut browser).await?;
    if let Ok(link) = open_question(target).await {
        browser.visit(&link).await?;
    }
    for page in &browser.seen {
        let cookies = page.reply.all("set-cookie").collect::<String>();
        let places = [
            ("an address", page.url.as_str()),
            ("a redirect", page.reply.header("location")),
            ("a cookie", cookies.as_str()),
            ("a page", &page.reply.text()),
        ];
        for (place, text) in places {
            let found = tokens.iter().any(|token| text.contains(token.as_str()));
            ensure!(!found, "a token stands in {place} at {}", page.url.path());
        }
    }
    Ok(())
}

fn api(target: &Target) -> Result<&Api, Miss> {
    let api = target.fixture.api.as_ref();
    api.ok_or_else(|| Miss::not_checked("the fixture names no API"))
}

fn api_and_bearer(target: &Target) -> Result<(&Api, &str), Miss> {
    let api = api(target)?;
    let bearer = api.bearer.as_deref();
    let bearer = bearer.ok_or_else(|| Miss::not_checked("the fixture names no bearer token"))?;
    Ok((api, bearer))
}

async fn ask(target: &Target, url: &str, authorization: Option<&str>) -> Result<Reply, Miss> {
    let headers: Vec<(&str, &str)> = authorization.map(|v| ("authorization", v)).into_iter().collect();
    target.http.send(Method::GET, url, &headers, None).await
}

fn challenge(reply: &Reply) -> Result<String, Miss> {
    let challenge = reply.header("www-authenticate").to_owned();
    let is = reply.status == 401 && challenge.starts_with("Bearer");
    ensure!(is, "{} with the challenge {challenge:?}", reply.status);
    Ok(challenge)
}
