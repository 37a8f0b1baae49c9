//! RFC 6749 section 5.2: what a refusal looks like.

use super::checks;
use crate::exchange::GRANT;
use crate::target::Target;
use crate::token_endpoint::{Answer, nobodys_name};
use crate::verdict::{Checked, Miss, ensure};

checks![
    tok_5_2_01__every_error_is_uncached_json,
    tok_5_2_02__missing_and_unknown_grant_types_differ,
    tok_5_2_03__a_failed_basic_attempt_is_challenged,
    tok_5_2_04__an_unknown_client_looks_like_a_wrong_secret,
    tok_5_2_05__password_grant_and_implicit_response_do_not_exist,
];

/// RFC 6749 section 5.2.
async fn tok_5_2_01__every_error_is_uncached_json(target: &Target) -> Checked {
    for answer in errors(target).await? {
        if answer.is_slowed_down() {
            answer.is_error("invalid_client")?;
        }
        answer.is_uncached_json()?;
        let (status, error) = (answer.reply.status, answer.member("error"));
        ensure!(
            REGISTERED.contains(&error),
            "the code {error:?} is not registered"
        );
        let expected = if error == "invalid_client" { 401 } else { 400 };
        ensure!(status == expected, "{status} with {error}");
    }
    Ok(())
}

/// RFC 6749 section 5.2.
async fn tok_5_2_02__missing_and_unknown_grant_types_differ(target: &Target) -> Checked {
    let caller = target.caller(target.client()?)?;
    caller
        .request(&[("foo", "bar")])
        .await?
        .is_error("invalid_request")?;
    let unknown = caller.request(&[("grant_type", "nonsense")]).await?;
    unknown.is_error("unsupported_grant_type")
}

/// RFC 6749 section 5.2, RFC 7617 section 2.
async fn tok_5_2_03__a_failed_basic_attempt_is_challenged(target: &Target) -> Checked {
    let answer = nobody(target).await?;
    answer.is_error("invalid_client")?;
    let challenge = answer.reply.header("www-authenticate");
    let basic = challenge.to_ascii_lowercase().starts_with("basic realm=");
    ensure!(basic, "the challenge is {challenge:?}");
    Ok(())
}

/// RFC 6749 section 5.2; OAuth 2.1 section 9. Latency is not measured.
async fn tok_5_2_04__an_unknown_client_looks_like_a_wrong_secret(target: &Target) -> Checked {
    let client = target.client()?;
    let wrong = target.anonymous()?.basic(&client.id, WRONG);
    let wrong = wrong.request(&[("grant_type", GRANT)]).await?;
    wrong.is_error("invalid_client")?;
    wrong.is_same_as(&nobody(target).await?)
}

/// OAuth 2.1 section 10: both are gone.
async fn tok_5_2_05__password_grant_and_implicit_response_do_not_exist(target: &Target) -> Checked {
    let caller = target.caller(target.client()?)?;
    let password = [("grant_type", "password"), ("username", "a"), ("password", "b")];
    caller
        .request(&password)
        .await?
        .is_error("unsupported_grant_type")?;
    let implicit = target
        .authorization(target.redirected()?)?
        .with("response_type", "token");
    implicit.is_told("unsupported_response_type").await.map(|_| ())
}

/// Some errors that need no fixture, and some that do.
async fn errors(target: &Target) -> Result<Vec<Answer>, Miss> {
    let named = target.anonymous()?.always("client_id", &nobodys_name());
    let mut answers = vec![
        nobody(target).await?,
        named.request(&[("grant_type", GRANT)]).await?,
        named.request::<&str, &str>(&[]).await?,
        target.anonymous()?.raw(b"%".to_vec()).await?,
    ];
    if let Ok(client) = target.client() {
        let caller = target.caller(client)?;
        for grant in ["nonsense", "authorization_code", GRANT] {
            answers.push(caller.request(&[("grant_type", grant)]).await?);
        }
    }
    Ok(answers)
}

async fn nobody(target: &Target) -> Result<Answer, Miss> {
    target.nobody()?.request(&[("grant_type", GRANT)]).await
}

const WRONG: &str = "not-the-secret-not-the-secret-not-it";

/// The registry "OAuth Extensions Errors", token endpoint, as far as it may come up here, and RFC 6749's own.
const REGISTERED: &[&str] = &[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "interaction_required",
];
