//! The person whose account is exchanged for: signs in, allows, connects, over and over.

use std::time::Instant;

use reqwest::Url;
use vouchsafe::demo::{Exchanged, Journey, Page, Parties, Problem, SubjectToken};

use super::load::Request;
use crate::line::exchange_request;

/// A person with a browser, and the agent that asks in their name.
pub(super) struct Person {
    journey: Journey,
    parties: Parties,
    subject: Option<(SubjectToken, Instant)>,
    request: Request,
}

impl Person {
    pub(super) async fn new(parties: Parties) -> Result<Self, Problem> {
        Ok(Self {
            journey: Journey::begin(parties.clone()).await?,
            parties,
            subject: None,
            request: Request::default(),
        })
    }

    /// One exchange.
    pub(super) async fn exchange(&self) -> Result<Exchanged, Problem> {
        let subject = self.subject.as_ref();
        let (subject, _) = subject.ok_or_else(|| Problem::new("nobody has signed in yet"))?;
        self.journey.exchange(subject).await
    }

    /// Does whatever a person has to do until an exchange brings a token.
    pub(super) async fn restore(&mut self) -> Result<(), Problem> {
        if self.subject.as_ref().is_none_or(is_old) {
            self.sign_in().await?;
        }
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match self.exchange().await? {
                Exchanged::Token { .. } => return Ok(()),
                Exchanged::Ask { interaction_uri, .. } => self.agree(&interaction_uri).await?,
                // What the subject token rests on has ended.
                refused @ Exchanged::Refused { .. } => {
                    last = Some(refused);
                    self.sign_in().await?;
                }
            }
        }
        Err(Problem::new(format!("no exchange succeeds any more: {last:?}")))
    }

    /// A new subject token.
    pub(super) async fn sign_in(&mut self) -> Result<(), Problem> {
        let page = self.journey.arrive().await?;
        let page = self.signed_in(page).await?;
        let code = match page.redirect() {
            Ok(back) => code_of(back)?,
            Err(_asks) => self.journey.allow(&page).await?,
        };
        let subject = self.journey.redeem(&code).await?;
        self.request.replace(&self.bytes(&subject));
        self.subject = Some((subject, Instant::now()));
        Ok(())
    }

    /// Allows the agent what it asks for, and connects the account if it is not connected.
    async fn agree(&mut self, link: &Url) -> Result<(), Problem> {
        let page = self.journey.open_link(link).await?;
        let interaction = self.signed_in(page).await?;
        let departure = self.journey.approve(&interaction).await?;
        if departure.origin() == self.parties.issuer.origin() {
            // Leave was all that was missing.
            return self.journey.browser.open(&departure).await.map(drop);
        }
        let consent = self.journey.visit_provider(&departure).await?;
        let callback = self.journey.agree(&consent).await?;
        self.journey.come_back(&callback).await.map(drop)
    }

    async fn signed_in(&mut self, page: Page) -> Result<Page, Problem> {
        if page.url.path() == "/login" && page.redirect().is_err() {
            return self.journey.sign_in(&page).await;
        }
        Ok(page)
    }

    /// What agents send in this person's name.
    pub(super) const fn request(&self) -> &Request {
        &self.request
    }

    fn bytes(&self, subject: &SubjectToken) -> Vec<u8> {
        let Parties {
            client_id,
            client_secret,
            audience,
            scope,
            ..
        } = &self.parties;
        exchange_request(
            (client_id, client_secret),
            &subject.access_token,
            audience,
            &[("scope", scope)],
        )
    }
}

/// Whether it may end while it is in use.
fn is_old((subject, since): &(SubjectToken, Instant)) -> bool {
    since.elapsed().as_secs() > subject.expires_in / 2
}

fn code_of(back: &Url) -> Result<String, Problem> {
    let code = back.query_pairs().find(|(name, _)| name == "code");
    code.map(|(_, code)| code.into_owned())
        .ok_or_else(|| Problem::new("the browser came back without a code"))
}

/// Signing in anew, leave, a connection: each takes one.
const ATTEMPTS: usize = 8;
