//! The story.

mod outcome;
mod record;
mod tokens;

use super::journey::Journey;
use super::parties::{Parties, SubjectToken};
use super::stage::{PERSONALITY, Stage};
use super::story::{Problem, Story, must, shortened};
use crate::cli::Output;

use outcome::asked;
use record::read_the_record;
use tokens::{first_token, revoke, warm_and_cold};

/// Tells it; `false` = a step did not hold, and which one has been said.
pub(super) async fn tell(stage: &Stage, parties: &Parties, output: &mut Output) -> bool {
    let mut story = Story::new(output);
    story.plain("Vouchsafe hands agents short-lived tokens for their users' accounts, and keeps the long-lived ones in a vault.");
    story.plain("This is the whole job, over HTTP, with a pretended provider. Tokens are real, and shown shortened.\n");
    story.plain(format_args!(
        "  Vouchsafe   {}   (database and keys in {})",
        stage.issuer(),
        stage.folder().display()
    ));
    story.plain(format_args!(
        "  provider    {}   (`{}` here; its access tokens live {SHORT_LIFE} seconds)",
        stage.upstream.issuer(PERSONALITY),
        parties.audience
    ));
    story.plain(format_args!("  user        {}", parties.username));
    story.plain(format_args!(
        "  agent       {}, allowed at most: calendar.read calendar.write",
        parties.client_id
    ));
    stage.upstream.set_access_ttl(PERSONALITY, SHORT_LIFE);
    match steps(stage, parties, &mut story).await {
        Ok(()) => {
            let steps = story.number();
            story.plain(format_args!("\nall {steps} steps held"));
            true
        }
        Err(problem) => {
            let step = story.number();
            story.plain(format_args!("\nstep {step} did not hold: {problem}"));
            false
        }
    }
}

async fn steps(stage: &Stage, parties: &Parties, story: &mut Story<'_>) -> Result<(), Problem> {
    let mut journey = Journey::begin(parties.clone()).await?;
    let subject = sign_in(&mut journey, parties, story).await?;
    connect(&mut journey, &subject, story).await?;
    let first = first_token(&journey, &subject, stage, story).await?;
    let second = warm_and_cold(&journey, &subject, &first, stage, story).await?;
    revoke(&journey, &subject, &second, stage, story).await?;
    read_the_record(&journey, stage, story).await
}

async fn sign_in(
    journey: &mut Journey,
    parties: &Parties,
    story: &mut Story<'_>,
) -> Result<SubjectToken, Problem> {
    story.step(format_args!(
        "{}'s browser comes from the agent and signs in at Vouchsafe.",
        parties.username
    ));
    let login = journey.arrive().await?;
    let consent = journey.sign_in(&login).await?;
    story.value(
        "page",
        format_args!("{} -> {}", login.heading(), consent.heading()),
    );

    story.step("The user allows the agent to act in their name. That opens no account yet.");
    let code = journey.allow(&consent).await?;
    story.value("code", shortened(&code));

    story.step("The agent redeems the code (PKCE) and holds a subject token: it says in whose name it asks.");
    let subject = journey.redeem(&code).await?;
    story.value(
        "subject token",
        format_args!(
            "{}, for {} seconds",
            shortened(&subject.access_token),
            subject.expires_in
        ),
    );
    Ok(subject)
}

async fn connect(
    journey: &mut Journey,
    subject: &SubjectToken,
    story: &mut Story<'_>,
) -> Result<(), Problem> {
    story.step("The agent asks to exchange it for a token of the provider. Nobody has allowed that, so it gets a link.");
    let (reason, link) = asked(journey.exchange(subject).await?)?;
    must(
        reason == "authorization_needed",
        format!("the reason is {reason}"),
    )?;
    story.value("error", format_args!("interaction_required, reason {reason}"));
    story.value("link", &link);

    story.step("The user opens the link, sees which agent asks for what, and agrees.");
    let interaction = journey.open_link(&link).await?;
    story.value("page", interaction.heading());
    let departure = journey.approve(&interaction).await?;
    story.value(
        "sent to",
        format_args!("{}{}", departure.origin().ascii_serialization(), departure.path()),
    );

    story.step("The provider asks the user too, and sends the browser back with a code.");
    let consent = journey.visit_provider(&departure).await?;
    story.value("page", consent.heading());
    let callback = journey.agree(&consent).await?;

    story
        .step("Vouchsafe redeems that code. The refresh token goes into the vault; no answer ever shows it.");
    let connected = journey.come_back(&callback).await?;
    must(
        connected.heading() == "Connected",
        format!("the page says \"{}\"", connected.heading()),
    )?;
    story.value("page", connected.heading());
    Ok(())
}

/// Seconds that the provider's tokens live in the first part.
const SHORT_LIFE: u64 = 10;
/// And in the second.
const LONG_LIFE: u64 = 600;
