//! Getting tokens: for less than the account allows, warm, cold, and never again.

use std::time::Duration;

use serde_json::Value;
use vouchsafe_fake_upstream::Endpoint;
use vouchsafe_model::Clock as _;
use vouchsafe_store::RecordRow;

use super::outcome::{asked, released};
use super::{LONG_LIFE, SHORT_LIFE};
use crate::clock::SystemClock;
use crate::demo::journey::Journey;
use crate::demo::parties::SubjectToken;
use crate::demo::stage::{PERSONALITY, Stage};
use crate::demo::story::{Problem, Story, must, shortened};

pub(super) async fn first_token(
    journey: &Journey,
    subject: &SubjectToken,
    stage: &Stage,
    story: &mut Story<'_>,
) -> Result<String, Problem> {
    story.step("The agent asks again, with the very same call, and gets a token: for calendar.read and nothing else.");
    let token = released(journey.exchange(subject).await?, story)?;
    story.say("(The consent also covers openid, by which Vouchsafe knows whose account it is. The agent did not ask for");
    story.say(" that, so Vouchsafe had the provider make a token for less.)");

    story.step("The agent calls the provider's API with it.");
    let answer = journey.call_api(&token).await?;
    must(
        answer.status.is_success(),
        format!("the API answered {}", answer.status),
    )?;
    story.value("account", &answer.body["account"]);
    story.value("may do", &answer.body["scopes"]);
    let may_do: Vec<&str> = answer.body["scopes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    // `offline_access` is a remark about the grant, not a power of the token: the refresh token stays in the vault.
    let powers: Vec<&str> = may_do
        .into_iter()
        .filter(|scope| *scope != "offline_access")
        .collect();
    must(
        powers == ["calendar.read"],
        "the token can do something else than was asked",
    )?;
    must(
        stage.upstream.successful_refresh_count(PERSONALITY) == 1,
        "the provider was asked for another number of tokens than one",
    )?;
    Ok(token)
}

pub(super) async fn warm_and_cold(
    journey: &Journey,
    subject: &SubjectToken,
    first: &str,
    stage: &Stage,
    story: &mut Story<'_>,
) -> Result<String, Problem> {
    story.step("The agent asks once more. The token still lives, so the provider is not bothered.");
    let refreshes = stage.upstream.refresh_count(PERSONALITY);
    let again = released(journey.exchange(subject).await?, story)?;
    must(again == first, "another token was released")?;
    must(
        stage.upstream.refresh_count(PERSONALITY) == refreshes,
        "the provider was asked",
    )?;
    story.say("The same token, and the provider saw no request.");

    story.step(format_args!(
        "The token expires: {} seconds of waiting. The provider's API no longer takes it.",
        SHORT_LIFE + 1
    ));
    SystemClock.sleep(Duration::from_secs(SHORT_LIFE + 1)).await;
    let answer = journey.call_api(first).await?;
    must(
        answer.status.as_u16() == 401,
        format!("the API answered {}", answer.status),
    )?;
    story.value("API", answer.status);

    story.step("The agent asks again. Vouchsafe refreshes, exactly once, and keeps the provider's next refresh token.");
    // From here on tokens live longer, so that what ends them is the revocation.
    stage.upstream.set_access_ttl(PERSONALITY, LONG_LIFE);
    let second = released(journey.exchange(subject).await?, story)?;
    must(second != first, "the expired token was released again")?;
    must(
        stage.upstream.refresh_count(PERSONALITY) == refreshes + 1,
        "the provider saw another number of refreshes than one",
    )?;
    let used = refresh_tokens(stage);
    must(
        used.windows(2).all(|pair| pair[0] != pair[1]),
        "a refresh token was used twice",
    )?;
    let shown: Vec<String> = used.iter().map(|token| shortened(token)).collect();
    story.value(
        "the provider saw",
        format_args!("refresh tokens {}, each once", shown.join(", then ")),
    );
    let answer = journey.call_api(&second).await?;
    must(
        answer.status.is_success(),
        format!("the API answered {}", answer.status),
    )?;
    story.value("API", answer.status);
    Ok(second)
}

pub(super) async fn revoke(
    journey: &Journey,
    subject: &SubjectToken,
    token: &str,
    stage: &Stage,
    story: &mut Story<'_>,
) -> Result<(), Problem> {
    story.step("An operator revokes the connection: one call of the admin API.");
    let records = journey.records().await?;
    let connection = fact(&records, "token.exchanged", "connection_id")?;
    let answer = journey.revoke(&connection).await?;
    for name in ["connection_id", "state", "forgotten", "exposed_until"] {
        story.value(name, plain(&answer[name]));
    }
    story.say("Upstream the grant is gone, and so is every secret of it here: its key is destroyed.");
    must(
        answer["state"] == "revoked_upstream",
        format!("the state is {}", answer["state"]),
    )?;
    must(answer["forgotten"] == true, "the secrets are not forgotten")?;

    story.step("The token that the agent still holds is dead at the provider.");
    let refused = journey.call_api(token).await?;
    must(
        refused.status.as_u16() == 401,
        format!("the API answered {}", refused.status),
    )?;
    must(
        stage.upstream.live_tokens(PERSONALITY).is_empty(),
        "the provider still honours a token",
    )?;
    story.value("API", refused.status);

    story.step("The next exchange fails cleanly, with a link for the user who wants to connect again.");
    let (reason, link) = asked(journey.exchange(subject).await?)?;
    story.value("error", format_args!("interaction_required, reason {reason}"));
    story.value("link", link);
    Ok(())
}

/// The refresh tokens that the provider was shown, in order.
fn refresh_tokens(stage: &Stage) -> Vec<String> {
    let calls = stage.upstream.journal_of(PERSONALITY, Endpoint::Token);
    calls
        .iter()
        .filter_map(|call| call.parameter("refresh_token").map(str::to_owned))
        .collect()
}

fn fact(records: &[RecordRow], event: &str, name: &str) -> Result<String, Problem> {
    let of_event = records.iter().rev().filter(|row| row.event == event);
    let mut bodies = of_event.filter_map(|row| serde_json::from_slice::<Value>(&row.body).ok());
    let found = bodies.find_map(|body| body["facts"][name].as_str().map(str::to_owned));
    found.ok_or_else(|| Problem::new(format!("no {event} on the record names its {name}")))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    }
}
