//! How a target becomes usable: the agent asks, is given a link, and the person follows it.

use url::Url;

use crate::browser::{Browser, Page, parameter};
use crate::fixture::User;
use crate::target::Target;
use crate::token_endpoint::Answer;
use crate::verdict::{Checked, Miss, ensure};

/// Sees to it that the exchange of the fixture succeeds: by the fixture's word, or by asking for it and going through
/// the pages of server and provider in the user's name.
pub(crate) async fn connect(target: &Target) -> Checked {
    target.audience()?;
    let fixture = target.fixture.exchange.as_ref();
    let Some(fixture) = fixture.filter(|fixture| fixture.connected || fixture.provider.is_some()) else {
        return Err(Miss::not_checked("the fixture's target is not connected"));
    };
    let mut request = target.exchange().await?;
    if let Some(scope) = &fixture.scope {
        request = request.with("scope", scope);
    }
    let answer = request.send().await?;
    if fixture.connected || answer.reply.status == 200 {
        return Ok(());
    }
    let link = link(&answer)?;
    let (mut browser, user) = (target.browser(), target.user()?);
    let mut page = browser.visit_as(&link, user).await?;
    for _ in 0..MOST_PAGES {
        let Some(form) = page.question() else { break };
        page = browser.submit(&page, &form, &form.agreed()).await?;
    }
    request.send().await?.token()?;
    Ok(())
}

/// A question that no person has answered: what the agent is told to let the user open.
pub(crate) async fn open_question(target: &Target) -> Result<String, Miss> {
    let beyond = target.fixture.exchange.as_ref();
    let beyond = beyond.and_then(|exchange| exchange.beyond.as_deref());
    let beyond = beyond.ok_or_else(|| Miss::not_checked("the fixture names no scope beyond"))?;
    let answer = target.connected().await?.with("scope", beyond).send().await?;
    if answer.reply.status == 200 {
        return Err(Miss::not_checked("the fixture's scope beyond is allowed already"));
    }
    link(&answer)
}

/// A browser that has agreed to go to the provider, and the address it was sent to there.
pub(crate) async fn departed(target: &Target, user: &User) -> Result<(Browser, Url), Miss> {
    let mut browser = target.browser();
    let page = browser.visit_as(&open_question(target).await?, user).await?;
    let form = page.question();
    let form = form.ok_or_else(|| Miss::failed(format!("{} instead of a question", page.seen())))?;
    let left = browser.post(&page, &form, &form.agreed()).await?;
    let to = left.redirect();
    let to = to.filter(|to| to.origin() != page.url.origin());
    let to = to.ok_or_else(|| Miss::not_checked("agreeing does not lead to a provider"))?;
    Ok((browser, to))
}

/// Goes through the provider's pages up to the address of the server that it sends the browser back to.
pub(crate) async fn callback(browser: &mut Browser, provider: &Url) -> Result<Url, Miss> {
    let back = parameter(provider, "redirect_uri").and_then(|uri| Url::parse(&uri).ok());
    let back = back.ok_or_else(|| Miss::not_checked("the provider is told no redirect_uri"))?;
    let mut page: Page = browser.open(provider.as_str()).await?;
    for _ in 0..MOST_PAGES {
        page = match (page.redirect(), page.question()) {
            (Some(to), _) if to.origin() == back.origin() && to.path() == back.path() => return Ok(to),
            (Some(to), _) => browser.open(to.as_str()).await?,
            (None, Some(form)) => browser.post(&page, &form, &form.agreed()).await?,
            (None, None) => break,
        };
    }
    Err(Miss::not_checked("the provider's pages do not lead back"))
}

/// The address that the agent gives to the user.
fn link(answer: &Answer) -> Result<String, Miss> {
    let uri = answer.member("interaction_uri");
    let is = answer.member("error") == "interaction_required" && !uri.is_empty();
    ensure!(
        is,
        "{} instead of interaction_required with a link",
        answer.reply.seen()
    );
    Ok(uri.to_owned())
}

const MOST_PAGES: usize = 8;
