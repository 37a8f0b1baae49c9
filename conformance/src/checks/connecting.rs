//! Connect links, followed by browsers that should and should not: on a question that nobody answers.

use url::Url;

use super::checks;
use crate::browser::{Page, parameter};
use crate::connection::{callback, departed, open_question};
use crate::target::Target;
use crate::verdict::{Checked, Miss, ensure};

checks![
    cl_01__a_flow_begins_with_a_session,
    cl_02__a_link_opens_only_for_its_own_user,
    cl_03__a_callback_needs_flow_cookie_session_and_state,
    cl_04__another_person_cannot_finish,
    cl_06__a_page_with_a_click_comes_before_the_provider,
    ar_12__looking_at_a_question_consumes_nothing,
    up_01__each_flow_has_a_fresh_state,
    up_02__pkce_s256_is_sent_upstream,
];

/// Ours: without a session there is a sign-in form, and nothing else.
async fn cl_01__a_flow_begins_with_a_session(target: &Target) -> Checked {
    let page = target.browser().visit(&open_question(target).await?).await?;
    ensure!(
        page.sign_in_form().is_some() && page.question().is_none(),
        "without a session the link answers {}",
        page.seen()
    );
    Ok(())
}

/// Ours: the link is no secret, so it must be worth nothing to others.
async fn cl_02__a_link_opens_only_for_its_own_user(target: &Target) -> Checked {
    let link = open_question(target).await?;
    let mine = target.browser().visit_as(&link, target.user()?).await?;
    ensure!(
        mine.question().is_some(),
        "the user themself sees {}",
        mine.seen()
    );
    let other = target.browser().visit_as(&link, target.other_user()?).await?;
    ensure!(
        other.reply.is_client_error() && other.question().is_none(),
        "another user sees {}",
        other.seen()
    );
    Ok(())
}

/// RFC 9700 section 4.7: the browser that started. The answer of the provider is genuine, one binding is missing.
async fn cl_03__a_callback_needs_flow_cookie_session_and_state(target: &Target) -> Checked {
    let user = target.user()?;
    let (mut browser, provider) = departed(target, user).await?;
    let back = callback(&mut browser, &provider).await?;
    let state = parameter(&back, "state").unwrap_or_default();
    ensure!(!state.is_empty(), "the provider was given no state");
    let stranger = target.browser().open(back.as_str()).await?;
    is_refused(&stranger, "without session and cookie")?;
    let mut elsewhere = target.browser();
    elsewhere.visit_as(&open_question(target).await?, user).await?;
    is_refused(&elsewhere.open(back.as_str()).await?, "without the flow's cookie")?;
    for (what, changed) in [
        ("without state", without_state(&back)),
        ("with another state", with_state(&back, &format!("{state}x"))),
    ] {
        is_refused(&browser.open(changed.as_str()).await?, what)?;
    }
    Ok(())
}

/// RFC 9700 section 4.7: the starter hands the provider's answer to somebody else.
async fn cl_04__another_person_cannot_finish(target: &Target) -> Checked {
    let (mut browser, provider) = departed(target, target.user()?).await?;
    let back = callback(&mut browser, &provider).await?;
    let mut other = target.browser();
    let link = open_question(target).await?;
    other.visit_as(&link, target.other_user()?).await?;
    is_refused(&other.open(back.as_str()).await?, "with another user's session")
}

/// Ours: who is signed in, who asks, for what; and a button that only this page can press.
async fn cl_06__a_page_with_a_click_comes_before_the_provider(target: &Target) -> Checked {
    let (user, client) = (target.user()?, target.exchanger()?);
    let mut browser = target.browser();
    let page = browser.visit_as(&open_question(target).await?, user).await?;
    let form = page.question();
    let form = form.ok_or_else(|| Miss::failed(format!("{} instead of a question", page.seen())))?;
    let text = page.reply.text();
    let exchange = target.fixture.exchange.as_ref();
    let scope = exchange.and_then(|exchange| exchange.beyond.as_deref());
    for (what, name) in [
        ("the user", user.username.as_str()),
        ("the client", &client.id),
        ("the scope", scope.unwrap_or_default()),
    ] {
        ensure!(text.contains(name), "the page does not name {what}");
    }
    let forged: Vec<(String, String)> = form.button.clone().into_iter().collect();
    let forged = browser.post(&page, &form, &forged).await?;
    is_refused(&forged, "a click without the form's token")
}

/// Ours.
async fn ar_12__looking_at_a_question_consumes_nothing(target: &Target) -> Checked {
    let link = open_question(target).await?;
    let mut browser = target.browser();
    for time in ["the first time", "the second time"] {
        let page = browser.visit_as(&link, target.user()?).await?;
        ensure!(
            page.question().is_some(),
            "{time} the link answers {}",
            page.seen()
        );
    }
    let again = open_question(target).await?;
    ensure!(again == link, "the same request gets another link");
    let other = target.browser().visit_as(&link, target.other_user()?).await?;
    ensure!(other.question().is_none(), "another user is asked");
    Ok(())
}

/// RFC 9700 section 4.7.1.
async fn up_01__each_flow_has_a_fresh_state(target: &Target) -> Checked {
    let user = target.user()?;
    let state = |url: &Url| parameter(url, "state").unwrap_or_default();
    let one = state(&departed(target, user).await?.1);
    let two = state(&departed(target, user).await?.1);
    // 128 bits in base64url.
    ensure!(one.len() >= 22, "state has {} characters", one.len());
    ensure!(one != two, "two flows have one state");
    Ok(())
}

/// RFC 9700 section 2.1.1.
async fn up_02__pkce_s256_is_sent_upstream(target: &Target) -> Checked {
    let (_, provider) = departed(target, target.user()?).await?;
    let sent = |name: &str| parameter(&provider, name).unwrap_or_default();
    let (method, challenge) = (sent("code_challenge_method"), sent("code_challenge"));
    ensure!(
        method == "S256" && challenge.len() == 43,
        "code_challenge_method is {method:?}, the challenge has {} characters",
        challenge.len()
    );
    Ok(())
}

fn is_refused(page: &Page, what: &str) -> Checked {
    ensure!(
        page.reply.is_client_error(),
        "{what}: {} instead of a refusal",
        page.seen()
    );
    Ok(())
}

fn without_state(url: &Url) -> Url {
    let mut changed = url.clone();
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .into_owned()
        .filter(|(name, _)| name != "state")
        .collect();
    changed.query_pairs_mut().clear().extend_pairs(kept);
    changed
}

fn with_state(url: &Url, state: &str) -> Url {
    let mut changed = without_state(url);
    changed.query_pairs_mut().append_pair("state", state);
    changed
}
