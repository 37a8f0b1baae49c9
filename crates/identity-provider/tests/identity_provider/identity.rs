//! Whose account it is.

use vouchsafe_fake_upstream::{Endpoint, Fault};
use vouchsafe_identity_provider::ConnectError;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn up_03__an_id_token_with_another_nonce_is_refused() {
    refused_with(Fault::WrongNonce).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn up_08__an_id_token_of_another_issuer_is_refused() {
    refused_with(Fault::WrongIss).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn up_08__an_id_token_for_another_audience_is_refused() {
    refused_with(Fault::WrongAudience).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn up_08__an_openid_provider_without_an_id_token_is_refused() {
    refused_with(Fault::Field {
        pointer: "/id_token".to_owned(),
        value: None,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn up_08__an_id_token_that_was_tampered_with_is_refused() {
    let forged = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyLWFkYSJ9.";
    refused_with(Fault::Field {
        pointer: "/id_token".to_owned(),
        value: Some(forged.into()),
    })
    .await;
}

async fn refused_with(fault: Fault) {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    world.upstream.fault("oidc", Endpoint::Token, fault.clone(), 1);
    let outcome = world
        .try_connect(&world.ada, World::begin(&world.ada, &provider))
        .await;
    assert!(
        matches!(outcome, Err(ConnectError::IdentityUnverified)),
        "{fault:?}: {outcome:?}"
    );
    assert!(world.connections(&world.ada).await.is_empty());
    // Nobody may use what came, and revoking it kills nothing else: it goes.
    let shutdown = tokio::sync::watch::channel(false);
    let (idp, until) = (world.idp.clone(), shutdown.1);
    let jobs = tokio::spawn(async move { idp.run_jobs(until).await });
    for _ in 0..100 {
        if world.upstream.live_tokens("oidc").is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(world.upstream.live_tokens("oidc").is_empty(), "{fault:?}");
    shutdown.0.send(true).unwrap();
    jobs.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn up_08__an_expired_id_token_is_refused_and_a_little_skew_is_not() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    for (seconds, accepted) in [(30, true), (-100_000, false), (100_000, false)] {
        world.upstream.advance(seconds);
        let outcome = world
            .try_connect(&world.ada, World::begin(&world.ada, &provider))
            .await;
        world.upstream.advance(-seconds);
        assert_eq!(outcome.is_ok(), accepted, "{seconds}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn up_08__a_rotated_signing_key_is_looked_up_once_more() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    world.connect(&provider).await;
    world.connect(&provider).await;
    assert_eq!(world.upstream.journal_of("oidc", Endpoint::Jwks).len(), 1);
    world.upstream.rotate_signing_key().unwrap();
    world.connect(&provider).await;
    assert_eq!(world.upstream.journal_of("oidc", Endpoint::Jwks).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn up_08__the_account_is_the_sub_and_never_the_email() {
    let world = World::start().await;
    let provider = world.provider("oidc").await;
    let connection = world.connect(&provider).await;
    assert_eq!(connection.account_id, "user-ada");
    assert_eq!(connection.account_label.as_deref(), Some("ada"));
}

#[tokio::test(flavor = "multi_thread")]
async fn up_22__a_redirecting_or_huge_token_endpoint_is_not_followed() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let trap = format!("{}/oidc/token", world.upstream.base_url());
    for fault in [Fault::Redirect(trap), Fault::HugeBody(50_000_000)] {
        world.upstream.fault("grace", Endpoint::Token, fault, 1);
        let outcome = world
            .try_connect(&world.ada, World::begin(&world.ada, &provider))
            .await;
        assert!(
            matches!(outcome, Err(ConnectError::UpstreamUnavailable)),
            "{outcome:?}"
        );
    }
    assert!(world.upstream.journal_of("oidc", Endpoint::Token).is_empty());
}
