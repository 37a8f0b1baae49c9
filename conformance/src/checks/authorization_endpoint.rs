//! RFC 6749 section 4.1 and RFC 9207: the authorization endpoint.

use super::checks;
use crate::authorization::STATE;
use crate::browser::Page;
use crate::target::Target;
use crate::verdict::{Checked, Miss, ensure};

checks![
    az_3_1_02__an_unknown_client_or_redirect_uri_gets_a_page,
    az_3_1_03__redirect_uris_are_compared_exactly,
    az_3_1_05__a_repeated_parameter_is_refused,
    az_3_1_06__other_errors_go_back_with_state_and_issuer,
    az_4_1_01__only_the_code_response_type_exists,
    az_4_1_02__state_comes_back_byte_for_byte,
    az_4_1_09__pages_cannot_be_framed_or_scripted,
    iss_2_01__every_authorization_response_carries_the_issuer,
];

/// RFC 6749 section 4.1.2.1.
async fn az_3_1_02__an_unknown_client_or_redirect_uri_gets_a_page(target: &Target) -> Checked {
    let good = target.authorization(target.redirected()?)?;
    good.with("client_id", "a-client-that-does-not-exist")
        .is_page("an unknown client")
        .await?;
    good.without("redirect_uri").is_page("no redirect_uri").await?;
    good.with("redirect_uri", "https://evil.example/")
        .is_page("an unregistered redirect_uri")
        .await?;
    Ok(())
}

/// RFC 9700 section 2.1; OAuth 2.1 section 2.3.1.
async fn az_3_1_03__redirect_uris_are_compared_exactly(target: &Target) -> Checked {
    let client = target.redirected()?;
    let good = target.authorization(client)?;
    let registered = client.redirect_uri.as_deref().unwrap_or_default();
    for near in [
        format!("{registered}/"),
        format!("{registered}?x=1"),
        format!("{registered}#x"),
        format!("{registered}/../x"),
        registered.to_ascii_uppercase(),
        registered.replacen("://", "://x@", 1),
        registered.replacen("://", "://x.", 1),
    ] {
        good.with("redirect_uri", &near).is_page(&near).await?;
    }
    Ok(())
}

/// RFC 6749 section 3.1.
async fn az_3_1_05__a_repeated_parameter_is_refused(target: &Target) -> Checked {
    let good = target.authorization(target.redirected()?)?;
    let told = good
        .and("response_type", "code")
        .is_told("invalid_request")
        .await?;
    let state = told.parameter("state");
    ensure!(state == STATE, "state is {state:?}");
    Ok(())
}

/// RFC 6749 section 4.1.2.1, RFC 9207 section 2.
async fn az_3_1_06__other_errors_go_back_with_state_and_issuer(target: &Target) -> Checked {
    let good = target.authorization(target.redirected()?)?;
    let issuer = target.endpoint("issuer")?;
    for (what, request, error) in [
        (
            "an unknown scope",
            good.with("scope", "a-scope-that-does-not-exist"),
            "invalid_scope",
        ),
        (
            "no response_type",
            good.without("response_type"),
            "invalid_request",
        ),
    ] {
        let told = request.is_told(error).await?;
        let (state, iss) = (told.parameter("state"), told.parameter("iss"));
        ensure!(
            state == STATE && iss == issuer,
            "{what}: state {state:?}, iss {iss:?}"
        );
    }
    Ok(())
}

/// RFC 6749 section 4.1.2.1; OAuth 2.1 section 10.1.
async fn az_4_1_01__only_the_code_response_type_exists(target: &Target) -> Checked {
    let good = target.authorization(target.redirected()?)?;
    for other in ["token", "id_token", "code token", "none"] {
        good.with("response_type", other)
            .is_told("unsupported_response_type")
            .await?;
    }
    Ok(())
}

/// RFC 6749 section 4.1.2.
async fn az_4_1_02__state_comes_back_byte_for_byte(target: &Target) -> Checked {
    let good = target.authorization(target.redirected()?)?;
    let long = "long state ".repeat(100);
    for state in [STATE, long.as_str()] {
        let told = good.with("state", state).with("response_type", "token");
        let told = told.is_told("unsupported_response_type").await?;
        let back = told.parameter("state");
        ensure!(
            back == state,
            "{} bytes of state came back as {}",
            state.len(),
            back.len()
        );
    }
    if let Ok(session) = target.session().await {
        let back = session.response.parameter("state");
        ensure!(back == STATE, "with the code, state is {back:?}");
    }
    Ok(())
}

/// RFC 9700 sections 4.2.4 and 4.16. Looks at the error page, the sign-in page and every page on the way to a code.
async fn az_4_1_09__pages_cannot_be_framed_or_scripted(target: &Target) -> Checked {
    let good = target.authorization(target.redirected()?)?;
    let mut pages = vec![
        good.with("client_id", "a-client-that-does-not-exist")
            .open()
            .await?,
        good.open().await?,
    ];
    if let Ok(session) = target.session().await {
        pages.extend(session.browser.shown().cloned());
    }
    pages.retain(|page| page.reply.is_page());
    if pages.is_empty() {
        return Err(Miss::not_checked("the server showed no page"));
    }
    pages.iter().try_for_each(is_locked_down)
}

/// RFC 9207 section 2.
async fn iss_2_01__every_authorization_response_carries_the_issuer(target: &Target) -> Checked {
    let good = target.authorization(target.redirected()?)?;
    let issuer = target.endpoint("issuer")?;
    let refused = good.with("response_type", "token");
    let iss = refused
        .is_told("unsupported_response_type")
        .await?
        .parameter("iss");
    ensure!(iss == issuer, "with an error, iss is {iss:?}");
    if let Ok(session) = target.session().await {
        let iss = session.response.parameter("iss");
        ensure!(iss == issuer, "with a code, iss is {iss:?}");
    }
    Ok(())
}

fn is_locked_down(page: &Page) -> Result<(), Miss> {
    let path = page.url.path();
    let policy = page.reply.header("content-security-policy");
    ensure!(
        policy.contains("frame-ancestors 'none'"),
        "{path} can be framed: {policy:?}"
    );
    let scripts = policy.contains("script-src") || policy.contains("default-src");
    ensure!(
        scripts && !policy.contains("unsafe-"),
        "{path} can be scripted: {policy:?}"
    );
    let frame = page.reply.header("x-frame-options");
    ensure!(
        frame.eq_ignore_ascii_case("deny"),
        "{path}: X-Frame-Options is {frame:?}"
    );
    let referrer = page.reply.header("referrer-policy");
    ensure!(
        referrer == "no-referrer",
        "{path}: Referrer-Policy is {referrer:?}"
    );
    let text = page.reply.text();
    let remote = ["src=\"http", "src=\"//", "rel=\"stylesheet\" href=\"http"];
    ensure!(
        !remote.iter().any(|mark| text.contains(mark)),
        "{path} loads something from elsewhere"
    );
    Ok(())
}
